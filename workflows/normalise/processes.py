"""Chooses the processes of a file that run, and puts them through every rewriting pass."""

from collections.abc import Collection
from dataclasses import dataclass

from workflows.errors import Problem, Unpublishable, message
from workflows.normalise.events import settle_events
from workflows.normalise.flow import settle_flow
from workflows.normalise.gateways import settle_exits
from workflows.normalise.graph import FLOW_NODES, scopes, starts_plainly
from workflows.normalise.loops import settle_loops
from workflows.normalise.notes import Notes
from workflows.normalise.references import drop_data, resolve_references
from workflows.normalise.spelling import join_names
from workflows.normalise.tasks import settle_tasks
from workflows.normalise.vendors import adopt
from workflows.normalise.xml import BPMN, Node, bpmn, check_ids, local, named

MOST_NODES = 1000


@dataclass(frozen=True, slots=True)
class Normalised:
    """A diagram after rewriting, and what was told.

    `process` is the one that runs; `called` those of the same file that it calls.
    """

    root: Node
    process: Node
    called: tuple[Node, ...]
    problems: list[Problem]
    warnings: list[Problem]


def normalise(
    root: Node, *, file: str, key: str = "", services: Collection[str] = (), files: Collection[str] = ()
) -> Normalised:
    """Rewrite the tree in place.

    `key` names the process wanted; without it, the first that can be started. `services` are the names
    that a service task may use, `files` those beside the diagram.

    Raises: Unpublishable when there is no process to work on.
    """
    notes = Notes(file)
    _check_root(root, file)
    notes.problems += check_ids(root, file)
    if notes.problems:
        raise Unpublishable(notes.problems, notes.warnings)
    process = _choose(root, key, notes)
    called: list[Node] = []
    waiting = [process]
    while waiting:
        each = waiting.pop(0)
        if _is_too_long(each, notes):
            raise Unpublishable(notes.problems, notes.warnings)
        _rewrite(each, root, notes, services=services, files=files)
        for node in _called_here(each, root):
            if node is not process and node not in called:
                called.append(node)
                waiting.append(node)
    _tell_others(root, (process, *called), notes)
    for each in (process, *called):
        each.set("isExecutable", "true")
        drop_data(each, root, notes)
    return Normalised(root, process, tuple(called), notes.problems, notes.warnings)


def _rewrite(
    process: Node, root: Node, notes: Notes, *, services: Collection[str], files: Collection[str]
) -> None:
    """The passes, in an order in which each finds what it needs."""
    if process.get("isExecutable") != "true":
        notes.warn(
            "parse.not_executable",
            message("“{name}” is not marked as executable; it is run all the same."),
            message("Mark the process as executable."),
            process,
        )
    adopt(process, root, notes, files=files)
    resolve_references(process, root, notes)
    settle_tasks(process, root, notes, services=services)
    settle_loops(process, root, notes)
    join_names(process, notes)
    for scope in scopes(process):
        settle_events(scope, root, notes)
    taken = {str(node.get("id")) for node in root.iter() if node.get("id")}
    for scope in scopes(process):
        settle_flow(scope, notes, taken=taken)
    every = {scope.id: scope for scope in scopes(process)}
    for scope in every.values():
        settle_exits(scope, every, notes)


def _is_too_long(process: Node, notes: Notes) -> bool:
    count = sum(1 for node in process.iter() if local(node) in FLOW_NODES)
    if count <= MOST_NODES:
        return False
    notes.refuse(
        "parse.too_long",
        message("“{name}” has {count} shapes; a process has at most {limit}."),
        message("Draw its parts as processes of their own, and call them."),
        process,
        count=count,
        limit=MOST_NODES,
    )
    return True


def _check_root(root: Node, file: str) -> None:
    if root.tag == bpmn("definitions"):
        return
    found = str(root.tag)
    if found.rpartition("}")[2] == "definitions":
        text = message("The file is no BPMN 2.0: its namespace is “{namespace}”, not “{expected}”.")
    else:
        text = message("The file is no BPMN 2.0: it begins with “{tag}”.")
    params = {
        "namespace": found.rpartition("}")[0].strip("{")[:120],
        "tag": found.rpartition("}")[2][:80],
        "expected": BPMN,
    }
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
    """A person can start it, or a message or a moment, or nothing is said."""
    if starts_plainly(process):
        return 2
    return 1 if process.find(bpmn("startEvent")) is not None else 0


def _called_here(process: Node, root: Node) -> list[Node]:
    called = {call.get("calledElement") for call in process.iter(bpmn("callActivity"))}
    return [node for node in root.findall(bpmn("process")) if node.get("id") in called]


def _tell_others(root: Node, used: tuple[Node, ...], notes: Notes) -> None:
    """Other pools and message flows are drawn for people: said once, and taken out of what runs."""
    for node in root.findall(bpmn("process")):
        if node in used:
            continue
        if _has_shapes(node):
            notes.warn(
                "parse.other_process",
                message("The file also has the process “{name}”, which is only drawn; “{main}” is run."),
                message("Put it into a folder of its own to run it."),
                node,
                main=named(used[0]),
            )
        root.remove(node)
    if next(root.iter(bpmn("messageFlow")), None) is not None:
        notes.warn(
            "parse.message_flow",
            message(
                "Message flows between pools are only drawn; events and tasks find their message by name."
            ),
            message("Give both ends the same message."),
            used[0],
        )
