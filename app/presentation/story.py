"""What happened in a case, told for people: who did what when, and what they said; from its records.

Reads the chain of records and the definition's names; who may read a case is decided before. Not the
official record itself: that is exported whole elsewhere, with the bookkeeping that is left out here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from app.extensions import db
from app.forms import Asking, choice_form
from app.models import FileRow, Record, StepRow, Task
from app.presentation.story_answers import LONGEST_SAID, Said, answered
from app.runtime import reading
from app.runtime.reading import Seen
from workflows.forms import Form
from workflows.model import Element
from workflows.parsing import Definition

MOST_LINES = 500
UNTOLD = frozenset(("people.members", "delegation.look_up", "notice.check"))
"""Effects that only look something up: they leave nothing to tell."""
_BY_ITSELF = ("effect.", "timer.", "deadline.", "incident.raised", "linked_case.", "case.completed")
_TARGETS = {"notice": "notice_id", "meeting": "meeting_id"}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. `by_person`: somebody did it; else it followed by itself and `who` is empty.

    `about`: what can be opened, as (notice, meeting or case; its id).
    """

    seq: int
    at: datetime
    kind: str
    title: str
    who: str
    on_behalf_of: str
    said: tuple[Said, ...]
    by_person: bool
    about: tuple[str, str] | None = None


def story(case_id: int, *, now: datetime, english: bool, limit: int = MOST_LINES) -> list[Line]:
    """The case's latest lines in order, made of at most `limit` records."""
    rows = db.session.execute(
        select(
            Record.seq,
            Record.at,
            Record.kind,
            Record.element,
            Record.actor,
            Record.on_behalf_of,
            Record.detail,
        )
        .where(Record.case_id == case_id)
        .order_by(Record.seq.desc())
        .limit(min(limit, MOST_LINES))
    ).all()
    seen = reading.see(case_id, now=now)
    teller = _Teller(case_id, seen, english=english)
    lines = [line for row in reversed(rows) if (line := teller.line(row)) is not None]
    return _with_file_names(lines)


class _Teller:
    """Tells records one after the other, keeping what the case has learnt up to each."""

    def __init__(self, case_id: int, seen: Seen, *, english: bool) -> None:
        self.english = english
        self.seen = seen
        self.definition = seen.definition
        self.places = _Places(case_id, seen.definition)
        self.tasks = _tasks_of(case_id)
        self.known: dict[str, Any] = {}

    def line(self, row: Any) -> Line | None:
        detail = row.detail if isinstance(row.detail, Mapping) else {}
        task = self.tasks.get(detail.get("task")) if row.kind == "task.completed" else None
        process = task.process if task else self.places.of(row.element, row.at)
        element = self.definition.element(process, row.element) if row.element else None
        step = self._name(element) or row.element
        said = tuple(self._said(row.kind, element, task, detail))
        self._learn(row.kind, element, detail)
        if row.kind == "effect.done" and (not row.element or detail.get("effect") in UNTOLD):
            return None
        by_person = bool(row.actor) and not row.kind.startswith(_BY_ITSELF) and ".thrown" not in row.kind
        return Line(
            seq=row.seq,
            at=row.at,
            kind=row.kind,
            title=_title(row.kind, step, detail),
            who=row.actor if by_person else "",
            on_behalf_of=row.on_behalf_of if by_person else "",
            said=said,
            by_person=by_person,
            about=_about(row.kind, detail),
        )

    def _name(self, element: Element | None) -> str:
        return ((self.english and element.name_en) or element.name) if element else ""

    def _said(
        self, kind: str, element: Element | None, task: Any, detail: Mapping[str, Any]
    ) -> Iterator[Said]:
        for key, label in (("reason", gettext("Reason")), ("message", gettext("What happened"))):
            if isinstance(detail.get(key), str) and detail[key]:
                yield Said(label, str(detail[key])[:LONGEST_SAID])
        answer = detail.get({"task.completed": "answer", "case.started": "data"}.get(kind, ""))
        if not isinstance(answer, Mapping):
            return
        yield from answered(
            answer,
            self._form(kind, element, task),
            asking=Asking(data=self.known, world=self.seen.world),
            english=self.english,
            strays=kind == "task.completed",  # what another process handed over is not what a person said
        )

    def _form(self, kind: str, element: Element | None, task: Any) -> Form | None:
        if kind == "case.started":
            start = self.definition.start_form
            return self.definition.forms.get(start) if start else None
        form = self.definition.form(element.process, element.form) if element and element.form else None
        return form or (choice_form(task.choices) if task is not None and task.choices else None)

    def _learn(self, kind: str, element: Element | None, detail: Mapping[str, Any]) -> None:
        """Keep what answers and effects gave, as choices of later forms are made of it."""
        given = detail.get({"task.completed": "answer", "case.started": "data"}.get(kind, "data"))
        if not isinstance(given, Mapping):
            return
        if kind == "effect.done":
            name = element.properties.get("result", "") if element else ""
            self.known |= {name: dict(given)} if name else dict(given)
        elif kind in ("task.completed", "case.started"):
            self.known |= given


class _Places:
    """Which process a record's element stood in: ids repeat among the processes that a case calls."""

    def __init__(self, case_id: int, definition: Definition) -> None:
        parts = (definition.part, *definition.called.values())
        found = Counter(element for part in parts for element in part.elements)
        self._only = {e: part.elements[e].process for part in parts for e in part.elements}
        self._repeated = sorted(element for element, times in found.items() if times > 1)
        self._case_id = case_id
        self._visits: dict[str, list[Any]] | None = None

    def of(self, element: str, at: datetime) -> str:
        """The process of the visit that was entered, left or open then."""
        if element not in self._repeated:
            return self._only.get(element, "")
        visits = self._read().get(element, [])
        near = sorted(visits, key=lambda v: (v.left_at != at, v.entered_at != at, not _spans(v, at)))
        return str(near[0].process) if near else self._only[element]

    def _read(self) -> dict[str, list[Any]]:
        if self._visits is None:
            rows = db.session.execute(
                select(StepRow.element, StepRow.process, StepRow.entered_at, StepRow.left_at)
                .where(StepRow.case_id == self._case_id, StepRow.element.in_(self._repeated[:500]))
                .order_by(StepRow.id.desc())
                .limit(5_000)
            )
            self._visits = {}
            for row in rows:
                self._visits.setdefault(row.element, []).append(row)
        return self._visits


def _spans(visit: Any, at: datetime) -> bool:
    return bool(visit.entered_at <= at and (visit.left_at is None or visit.left_at >= at))


def _tasks_of(case_id: int) -> dict[Any, Any]:
    rows = db.session.execute(
        select(Task.id, Task.process, Task.choices).where(Task.case_id == case_id).limit(5_000)
    )
    return {row.id: row for row in rows}


def _about(kind: str, detail: Mapping[str, Any]) -> tuple[str, str] | None:
    """What a line can open: the notice that was posted, the meeting that is planned, the linked case."""
    if kind == "effect.waiting" and detail.get("kind") in ("notice", "meeting", "case") and detail["target"]:
        return str(detail["kind"]), str(detail["target"])
    if kind == "effect.done" and isinstance(detail.get("data"), Mapping):
        for what, key in _TARGETS.items():
            if detail["data"].get(key):
                return what, str(detail["data"][key])
    if kind.startswith("meeting.") and detail.get("meeting"):
        return "meeting", str(detail["meeting"])
    if kind == "linked_case.ended" and detail.get("case"):
        return "case", str(detail["case"])
    return None


def _title(kind: str, step: str, detail: Mapping[str, Any]) -> str:
    titles: dict[str, str] = {
        "case.started": gettext("The case was started"),
        "case.completed": gettext("The case was completed"),
        "case.cancelled": gettext("The case was called off"),
        "case.suspended": gettext("The case was suspended"),
        "case.resumed": gettext("The case goes on"),
        "task.completed": step or str(detail.get("name", "")),
        "task.claimed": gettext("Taken: %(step)s", step=step),
        "task.given_back": gettext("Given back: %(step)s", step=step),
        "task.assigned": gettext("Handed on: %(step)s", step=step),
        "message.received": gettext("A message arrived: %(step)s", step=step),
        "signal.received": gettext("A signal arrived: %(step)s", step=step),
        "timer.fired": gettext("The time was over: %(step)s", step=step),
        "deadline.reached": gettext("The time was over: %(step)s", step=step),
        "effect.waiting": gettext("Waits for: %(step)s", step=step),
        "effect.refused": gettext("Could not go on: %(step)s", step=step),
        "incident.raised": gettext("Stuck: %(step)s", step=step),
        "incident.retried": gettext("Tried again: %(step)s", step=step),
        "linked_case.ended": gettext("A linked case ended: %(step)s", step=step),
        "meeting.closed": gettext("The meeting was closed: %(step)s", step=step),
        "meeting.adjourned": gettext("The meeting was adjourned: %(step)s", step=step),
        "notice.interrupted": gettext("The notice was interrupted: %(step)s", step=step),
        "objection.contact_opened": gettext("The contact of an objector was opened"),
    }
    return str(titles.get(kind) or step or kind)


def _with_file_names(lines: Sequence[Line]) -> list[Line]:
    ids = sorted({i for line in lines for said in line.said for i, _name in said.files})
    if not ids:
        return list(lines)
    rows = db.session.execute(select(FileRow.id, FileRow.name).where(FileRow.id.in_(ids[:500])))
    known = {row.id: row.name for row in rows}
    return [replace(line, said=tuple(_named(said, known) for said in line.said)) for line in lines]


def _named(said: Said, known: Mapping[str, str]) -> Said:
    return replace(said, files=tuple((i, known[i]) for i, _name in said.files if i in known))
