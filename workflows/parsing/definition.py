"""What the files of a process become: a checked, runnable, unchanging Definition.

One Definition holds everything that a case of it needs, the called processes included: a case is one
engine workflow. The engine's own objects are the private `spec` and `subspecs`; only `workflows` uses them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.decisions import Decision
from workflows.errors import Problem
from workflows.forms import Form
from workflows.model import Element, Files


@dataclass(frozen=True, slots=True)
class MessageStart:
    """A message or signal that starts a case."""

    element: str
    name: str
    correlation: str = ""  # an expression over the message's data
    signal: bool = False


@dataclass(frozen=True, slots=True)
class TimerStart:
    """A moment that starts a case: `expression` gives a date, or a cycle (`kind`)."""

    element: str
    kind: str  # date, duration or cycle
    expression: str


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One process of a Definition: its own, or one that it calls, with that folder's forms and decisions."""

    key: str
    name: str
    name_en: str
    elements: Mapping[str, Element]  # those of its sub-processes included; ids are unique in a file
    forms: Mapping[str, Form]  # by file name
    decisions: Mapping[str, Decision]  # by file name and by decision id
    scopes: frozenset[str]  # its own id and those of its sub-processes
    calls: tuple[str, ...]  # keys of the processes that it calls itself
    files: Files = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A process that can run. Immutable, shared by all its cases and by threads."""

    key: str
    name: str
    name_en: str
    category: str
    startable_by: tuple[str, ...]  # group names; empty: every official
    start_form: str  # file name of the form that a start asks for, "" without
    title_from: str  # the data name that gives a case its title, "" without
    startable: bool  # whether a person may start it: it has a plain start event
    elements: Mapping[str, Element]  # its own; for those of called processes see `element`
    called: Mapping[str, Part]  # every process that it calls, directly or not
    calls: tuple[str, ...]  # their keys, sorted
    message_starts: tuple[MessageStart, ...]
    timer_starts: tuple[TimerStart, ...]
    forms: Mapping[str, Form]
    decisions: Mapping[str, Decision]
    files: Files
    warnings: tuple[Problem, ...]
    hash: str  # sha256 over its files and those of the called processes
    part: Part
    spec: Any
    subspecs: Mapping[str, Any]
    by_scope: Mapping[str, Part]  # process or sub-process id → the part that holds it

    def part_of(self, process: str) -> Part:
        """The part that holds this process or sub-process; its own for an unknown one."""
        return self.by_scope.get(process, self.part)

    def element(self, process: str, element: str) -> Element | None:
        """The element of a visit: `process` is the id of the process or sub-process that holds it."""
        return self.part_of(process).elements.get(element)

    def form(self, process: str, name: str) -> Form | None:
        """The form with this file name in the folder of the process that holds the task."""
        return self.part_of(process).forms.get(name)

    def decision(self, process: str, name: str) -> Decision | None:
        """The decision with this file name or id in the folder of the process that holds the task."""
        return self.part_of(process).decisions.get(name)


def files_hash(*folders: Files) -> str:
    """sha256 over the folders' files: names sorted, line ends as LF."""
    digest = hashlib.sha256()
    for folder in folders:
        for name in sorted(folder):
            text = folder[name].replace("\r\n", "\n").encode("utf-8", "surrogatepass")
            digest.update(f"{name}\0{len(text)}\0".encode("utf-8", "surrogatepass"))
            digest.update(text)
    return digest.hexdigest()
