"""One process folder, read: its diagram normalised and linted, its forms and decisions parsed."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from workflows.decisions import Decision, parse_dmn
from workflows.errors import Problem, Unpublishable, message
from workflows.forms import Form, parse_form
from workflows.lint import Known, lint
from workflows.model import Files
from workflows.normalise import normalise, read_xml
from workflows.normalise.xml import Node

MOST_FILES = 200
MOST_CHARACTERS = 10_000_000


@dataclass(slots=True)
class Folder:
    """What one folder holds, and what is wrong with it."""

    files: Files
    file: str = ""
    root: Node = None
    process: Node = None
    called_here: tuple[Node, ...] = ()
    forms: dict[str, Form] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The id of its process."""
        return str(self.process.get("id"))

    @property
    def processes(self) -> tuple[Node, ...]:
        """The process, and those of the same file that it calls."""
        return (self.process, *self.called_here)


def read_folder(
    files: Files,
    *,
    key: str,
    effects: Collection[str],
    services: Collection[str],
    known_process: Callable[[str], bool],
) -> Folder:
    """Read and check everything in `files`. `key` names the process wanted, "" for the first.

    Raises: Unpublishable when there is no process to go on with; other problems are kept in the result.
    """
    folder = Folder(files)
    _measure(files)
    _read_forms(folder)
    _read_decisions(folder)
    try:
        folder.file = _diagram(files)
        folder.root = read_xml(files[folder.file], folder.file)
        done = normalise(
            folder.root, file=folder.file, key=key, services={*effects, *services}, files=files.keys()
        )
    except Unpublishable as refused:
        raise Unpublishable(
            [*refused.problems, *folder.problems], [*refused.warnings, *folder.warnings]
        ) from refused
    folder.process, folder.called_here = done.process, done.called
    folder.problems += done.problems
    folder.warnings += done.warnings
    if done.problems:
        return folder
    known = Known(
        files=files,
        forms=folder.forms,
        decisions=folder.decisions,
        services={*effects, *services},
        process=known_process,
        own=frozenset(str(process.get("id")) for process in folder.processes),
    )
    for process in folder.processes:
        found = lint(process, file=folder.file, known=known)
        folder.problems += found.problems
        folder.warnings += found.warnings
    return folder


def _measure(files: Files) -> None:
    size = sum(len(text) for text in files.values())
    if size > MOST_CHARACTERS:
        raise Unpublishable(
            [
                Problem(
                    "parse.files",
                    message("The folder has {count} million characters; at most {limit} million are read."),
                    message("Remove embedded pictures, or split the process into several."),
                    params={"count": round(size / 1e6, 1), "limit": MOST_CHARACTERS // 1_000_000},
                )
            ]
        )


def _diagram(files: Files) -> str:
    diagrams = sorted(name for name in files if name.lower().endswith((".bpmn", ".bpmn20.xml", ".bpmn2")))
    if len(diagrams) == 1 and len(files) <= MOST_FILES:
        return diagrams[0]
    if len(files) > MOST_FILES:
        text = message("The folder has {count} files; at most {limit} are read.")
    elif diagrams:
        text = message("The folder has {count} .bpmn files; one folder is one process.")
    else:
        text = message("There is no .bpmn file.")
    raise Unpublishable(
        [
            Problem(
                "parse.files",
                text,
                message("Put one .bpmn, and the .form and .dmn files that it uses, into one folder."),
                params={
                    "count": len(files) if len(files) > MOST_FILES else len(diagrams),
                    "limit": MOST_FILES,
                },
            )
        ]
    )


def _read_forms(folder: Folder) -> None:
    for name, text in sorted(folder.files.items()):
        if name.endswith(".form"):
            try:
                folder.forms[name] = parse_form(text, name)
            except Unpublishable as refused:
                folder.problems += refused.problems
                folder.warnings += refused.warnings


def _read_decisions(folder: Folder) -> None:
    for name, text in sorted(folder.files.items()):
        if name.endswith(".dmn"):
            try:
                decisions = parse_dmn(text, name)
            except Unpublishable as refused:
                folder.problems += refused.problems
                folder.warnings += refused.warnings
            else:
                for identity, decision in decisions.items():
                    folder.decisions.setdefault(identity, decision)
                folder.decisions.update(_by_file(name, decisions))


def _by_file(name: str, decisions: dict[str, Decision]) -> dict[str, Decision]:
    """The file's name stands for its one decision: the one that no other in the file asks for."""
    asked = {required.id for decision in decisions.values() for required in decision.requires}
    final = [decision for identity, decision in decisions.items() if identity not in asked]
    return {name: final[0]} if len(final) == 1 else {}
