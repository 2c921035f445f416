"""`compile_process`: reads a folder and those it calls, refuses what is wrong, builds the Definition."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.exceptions import SpiffWorkflowException

from workflows.errors import Phrase, Problem, Unpublishable, message
from workflows.model import Files
from workflows.normalise.graph import scopes, starts_plainly
from workflows.normalise.xml import Node, attribute, bpmn
from workflows.parsing.calls import call_towards, called_by, calls_out, reached
from workflows.parsing.definition import Definition, Part, files_hash
from workflows.parsing.elements import elements_of
from workflows.parsing.folder import Folder, read_folder
from workflows.parsing.spiff import build
from workflows.parsing.starts import message_starts, timer_starts
from workflows.services import SERVICES

Callee = Callable[[str], Files | None]

MOST_PROCESSES = 50
_PARSER_FAILS = (
    SpiffWorkflowException,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


def no_callee(key: str) -> Files | None:
    """Knows no other process."""
    return None


def compile_process(
    files: Files,
    *,
    callee: Callee = no_callee,
    effects: Collection[str] = (),
    services: Collection[str] | None = None,
) -> Definition:
    """Check the files of one process folder and make them runnable.

    `callee` gives the files of a called process by its key, None when there is none. `effects` are the
    names that service tasks may ask the application for; `services` those that the core computes itself
    (default: all registered).

    Raises: Unpublishable, with every problem found on its shape, and never anything else.
    """
    computed = SERVICES if services is None else services
    return _Compiler(callee, frozenset(effects), frozenset(computed)).compile(files)


@dataclass(slots=True)
class _Compiler:
    callee: Callee
    effects: frozenset[str]
    services: frozenset[str]
    fetched: dict[str, Files | None] = field(default_factory=dict)
    folders: dict[str, Folder] = field(default_factory=dict)  # called, by key

    def compile(self, files: Files) -> Definition:
        main = self._read(files, key="")
        self._follow_calls(main)
        self._check_ids_across(main)
        if main.problems:
            raise Unpublishable(main.problems, main.warnings)
        return self._definition(main)

    def _read(self, files: Files, *, key: str) -> Folder:
        return read_folder(
            files,
            key=key,
            effects=self.effects,
            services=self.services,
            known_process=lambda called: self._files_of(called) is not None,
        )

    def _files_of(self, key: str) -> Files | None:
        if key not in self.fetched:
            self.fetched[key] = self.callee(key)
        return self.fetched[key]

    def _follow_calls(self, main: Folder) -> None:
        """Read every called process, breadth first; what is wrong in one is told on the call of it."""
        self._check_inner_starts(main)
        waiting = [(call, call) for call in calls_out(main)]
        while waiting:
            call, origin = waiting.pop(0)
            key = call.get("calledElement") or ""
            if key == main.key or key in self.folders:
                continue
            files = self._files_of(key)
            if files is None:
                continue  # lint has told it on the call
            if len(self.folders) >= MOST_PROCESSES:
                main.problems.append(
                    _on(main, origin, "flow.too_many_calls", *_TOO_MANY, limit=MOST_PROCESSES)
                )
                return
            try:
                folder = self._read(files, key=key)
                problems = list(folder.problems)
            except Unpublishable as refused:
                problems = refused.problems
            if problems:
                main.problems.append(
                    _on(
                        main,
                        origin,
                        "flow.called_broken",
                        *_BROKEN,
                        key=key,
                        first=Phrase(problems[0].message, **problems[0].params),
                    )
                )
                continue
            if folder.key != key:
                main.problems.append(_on(main, origin, "flow.called_unknown", *_OTHER_KEY, key=key))
                continue
            if not starts_plainly(folder.process):
                main.problems.append(_on(main, origin, "flow.called_start", *_NO_START, key=key))
                continue
            self.folders[key] = folder
            waiting += [(inner, origin) for inner in calls_out(folder)]
        self._check_recursion(main)

    def _check_inner_starts(self, main: Folder) -> None:
        waits = {p.get("id") for p in main.called_here if not starts_plainly(p)}
        for process in main.processes:
            for call in process.iter(bpmn("callActivity")):
                key = call.get("calledElement")
                if key in waits:
                    main.problems.append(_on(main, call, "flow.called_start", *_NO_START, key=key))

    def _check_recursion(self, main: Folder) -> None:
        """Refuse a process that calls itself, directly or through others, in this file or another."""
        processes = [each for folder in (main, *self.folders.values()) for each in folder.processes]
        calls = {str(each.get("id")): called_by(each) for each in processes}
        for key in calls:
            if key in reached(calls, key):
                on = call_towards(main, calls, key)
                main.problems.append(_on(main, on, "flow.recursion", *_RECURSION, key=key))
                return

    def _check_ids_across(self, main: Folder) -> None:
        holder: dict[str, str] = {}
        for folder in (main, *self.folders.values()):
            for process in folder.processes:
                for scope in scopes(process):
                    if scope.id in holder:
                        main.problems.append(
                            Problem(
                                "flow.same_id",
                                message("The id “{id}” names a sub-process in both “{one}” and “{other}”."),
                                message("Give one of the two sub-processes another id."),
                                element=scope.id,
                                file=main.file,
                                params={"id": scope.id, "one": holder[scope.id], "other": folder.key},
                            )
                        )
                    holder.setdefault(scope.id, folder.key)

    def _definition(self, main: Folder) -> Definition:
        specs: dict[str, object] = {}
        parts: dict[str, Part] = {}
        for folder in (main, *self.folders.values()):
            specs.update(_build(folder, main))
            for process in folder.processes:
                part = _part(folder, process)
                parts[part.key] = part
        part = parts[main.key]
        called = {key: each for key, each in parts.items() if key != main.key}
        process = main.process
        return Definition(
            key=main.key,
            name=part.name,
            name_en=part.name_en,
            category=attribute(process, "category"),
            startable_by=_listed(attribute(process, "startableBy")),
            start_form=attribute(process, "startForm"),
            title_from=attribute(process, "titleFrom"),
            startable=starts_plainly(process),
            elements=part.elements,
            called=called,
            calls=tuple(sorted(called)),
            message_starts=message_starts(main.root, process),
            timer_starts=timer_starts(process),
            forms=part.forms,
            decisions=part.decisions,
            files=dict(main.files),
            warnings=tuple(main.warnings),
            hash=files_hash(main.files, *(self.folders[key].files for key in sorted(self.folders))),
            part=part,
            spec=specs.pop(main.key),
            subspecs=specs,
            by_scope={scope: each for each in parts.values() for scope in each.scopes},
        )


def _part(folder: Folder, process: Node) -> Part:
    return Part(
        key=str(process.get("id")),
        name=" ".join((process.get("name") or process.get("id") or "").split()),
        name_en=attribute(process, "nameEn"),
        elements=elements_of(process),
        forms=folder.forms,
        decisions=folder.decisions,
        scopes=frozenset(scope.id for scope in scopes(process)),
        calls=tuple(sorted(called_by(process))),
        files=folder.files,
    )


def _build(folder: Folder, main: Folder) -> dict[str, object]:
    try:
        return build(folder.root, [str(process.get("id")) for process in folder.processes])
    except ValidationException as refused:
        element, reason = str(refused.id or ""), str(refused)
        cause: Exception = refused
    except _PARSER_FAILS as other:
        element, reason = "", repr(other)
        cause = other
    raise Unpublishable(
        [
            Problem(
                "parse.engine",
                message("The engine cannot read this: {reason}"),
                message("Redraw this part more simply, and tell the developers."),
                element=element,
                file=folder.file,
                params={"reason": reason[:300]},
            )
        ],
        main.warnings,
    ) from cause


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.replace("，", ",").split(",") if name.strip())


def _on(folder: Folder, node: Node, code: str, text: str, hint: str, **params: object) -> Problem:
    name = node.get("name") or node.get("id") or ""
    return Problem(
        code, text, hint, element=node.get("id") or "", file=folder.file, params={"name": name, **params}
    )


_TOO_MANY = (
    message("More than {limit} processes are called, directly or through others."),
    message("Draw some of the called parts as sub-processes."),
)
_BROKEN = (
    message("“{name}” calls “{key}”, which has a problem of its own: {first}"),
    message("Correct and publish the called process first."),
)
_OTHER_KEY = (
    message("“{name}” calls “{key}”, but the files kept under that key hold another process."),
    message("Give the called process the id that is called."),
)
_NO_START = (
    message("“{name}” calls “{key}”, which begins only by a message, a signal or a timer."),
    message("Draw a plain start event in the called process."),
)
_RECURSION = (
    message("“{key}” calls itself, directly or through others; it would never end."),
    message("Draw the repetition as a loop, or start a linked case."),
)
