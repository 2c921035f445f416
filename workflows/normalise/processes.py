"""Chooses the processes of a file that run, and puts them through every rewriting pass."""

from collections.abc import Collection
from dataclasses import dataclass

from workflows.errors import Problem, Unpublishable, message
from workflows.normalise.graph import FLOW_NODES, SUBPROCESSES
from workflows.normalise.notes import Notes
from workflows.normalise.xml import BPMN, Node, bpmn, check_ids, child, local


@dataclass(frozen=True, slots=True)
class Normalised:
    """A diagram after rewriting: the process that runs, those of the same file that it calls, and what was told."""

    root: Node
    process: Node
    called: tuple[Node, ...]
    problems: list[Problem]
    warnings: list[Problem]


def normalise(root: Node, *, file: str, key: str = "", services: Collection[str] = ()) -> Normalised:
    """Rewrite the tree in place.

    `key` names the process wanted; without it, the first that can be started. `services` are the names
    that a service task may use.

    Raises: Unpublishable when there is no process to work on.
    """
    notes = Notes(file)
    _check_root(root, file)
    notes.problems += check_ids(root, file)
    if notes.problems:
        raise Unpublishable(notes.problems, notes.warnings)
    process = _choose(root, key, notes)
    process.set("isExecutable", "true")
    return Normalised(root, process, (), notes.problems, notes.warnings)


def _check_root(root: Node, file: str) -> None:
    if root.tag == bpmn("definitions"):
        return
    found = str(root.tag)
    if found.rpartition("}")[2] == "definitions" and BPMN not in found:
        text = message("The file is no BPMN 2.0: its namespace is “{namespace}”.")
    else:
        text = message("The file is no BPMN 2.0: it begins with “{tag}”.")
    params = {"namespace": found.rpartition("}")[0].strip("{")[:120], "tag": found.rpartition("}")[2][:80]}
    hint = message("Export the diagram as BPMN 2.0 XML, and upload that file.")
    raise Unpublishable([Problem("xml.not_bpmn", text, hint, file=file, params=params)])


def _choose(root: Node, key: str, notes: Notes) -> Node:
    processes = [node for node in root.findall(bpmn("process")) if _has_shapes(node)]
    if not processes:
        notes.refuse(
            "parse.no_process",
            message("The file has no process with any shape in it."),
            message("Draw at least a start event, a task and an end event."),
        )
        raise Unpublishable(notes.problems, notes.warnings)
    for node in processes:
        if key and node.get("id") == key:
            return node
    marked = [node for node in processes if node.get("isExecutable") == "true"] or processes
    return max(marked, key=_startability)


def _has_shapes(process: Node) -> bool:
    return bool(process.get("id")) and any(local(node) in FLOW_NODES for node in process)


def _startability(process: Node) -> int:
    starts = process.findall(bpmn("startEvent"))
    plain = [s for s in starts if not any(local(d).endswith("EventDefinition") for d in s)]
    return 2 if plain else 1 if starts else 0


__all__ = ["SUBPROCESSES", "Normalised", "child", "normalise"]
