"""What happened in a case, told for people: who did what when, and what they said; from its records.

Reads the chain of records and the definition's names; who may read a case is decided before. Not the
official record itself: that is exported whole elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from app.extensions import db
from app.models import FileRow, Record
from app.runtime import reading
from workflows.forms import Field, Form
from workflows.parsing import Definition

MOST_LINES = 500
LONGEST_SAID = 600
"""Characters of one answer that the story shows."""


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: its label, its words, and the files that it names as (id, name)."""

    label: str
    text: str
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. `by_person`: somebody did it, as against the system."""

    seq: int
    at: datetime
    kind: str
    title: str
    who: str
    on_behalf_of: str
    said: tuple[Said, ...]
    by_person: bool


def story(
    case_id: int, *, now: datetime, english: bool, limit: int = MOST_LINES, after: int = 0
) -> list[Line]:
    """The case's lines in order, at most `limit` after the one numbered `after`."""
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
        .where(Record.case_id == case_id, Record.seq > after)
        .order_by(Record.seq)
        .limit(min(limit, MOST_LINES))
    ).all()
    names = Names(reading.see(case_id, now=now).definition, english=english)
    return _with_file_names([_line(row, names) for row in rows])


class Names:
    """What the shapes and fields of a case's processes are called, in the reader's language."""

    def __init__(self, definition: Definition, *, english: bool) -> None:
        self.english = english
        self.parts = (definition.part, *definition.called.values())
        self.start_form = definition.forms.get(definition.start_form) if definition.start_form else None

    def of(self, element: str) -> str:
        """The name of a shape; its id where it has none."""
        for part in self.parts:
            if found := part.elements.get(element):
                return (self.english and found.name_en) or found.name or element
        return element

    def form_of(self, element: str) -> Form | None:
        """The form of a task, or of a process that is started with one."""
        for part in self.parts:
            found = part.elements.get(element)
            if found is not None:
                return part.forms.get(found.form) if found.form else None
        return None

    def article(self, element: str) -> str:
        """The article of law behind a step."""
        return next((p.elements[element].article for p in self.parts if element in p.elements), "")


def _line(row: Any, names: Names) -> Line:
    detail = row.detail if isinstance(row.detail, Mapping) else {}
    return Line(
        seq=row.seq,
        at=row.at,
        kind=row.kind,
        title=_title(row.kind, names.of(row.element) if row.element else "", detail),
        who=row.actor,
        on_behalf_of=row.on_behalf_of,
        said=tuple(_said(row.kind, row.element, detail, names)),
        by_person=bool(row.actor),
    )


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
    }
    return str(titles.get(kind) or step or kind)


def _said(kind: str, element: str, detail: Mapping[str, Any], names: Names) -> Iterator[Said]:
    for key, label in (("reason", gettext("Reason")), ("message", gettext("What happened"))):
        if isinstance(detail.get(key), str) and detail[key]:
            yield Said(label, str(detail[key])[:LONGEST_SAID])
    answer = detail.get({"task.completed": "answer", "case.started": "data"}.get(kind, ""))
    if not isinstance(answer, Mapping):
        return
    form = names.start_form if kind == "case.started" else names.form_of(element)
    fields = form.fields_by_key() if form else {}
    for key, value in answer.items():
        if kind == "case.started" and key not in fields:
            continue  # what another process handed over is not what a person said
        said = _answered(fields.get(key), key, value, english=names.english)
        if said is not None:
            yield said


def _answered(field: Field | None, key: str, value: Any, *, english: bool) -> Said | None:
    if value in (None, "", [], {}):
        return None
    label = (
        key
        if field is None
        else (english and (field.label_en or field.properties.get("label_en"))) or field.label
    )
    if field is not None and field.type == "filepicker":
        ids = value if isinstance(value, list) else [value]
        return Said(str(label or key), "", tuple((str(i), "") for i in ids))
    options = {o.value: (english and o.label_en) or o.label for o in field.options} if field else {}
    return Said(str(label or key), _words(value, options)[:LONGEST_SAID])


def _words(value: Any, options: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    if isinstance(value, list):
        return "、".join(_words(each, options) for each in value[:100])
    if isinstance(value, Mapping):
        return "；".join(f"{k}：{_words(v, {})}" for k, v in value.items() if v not in (None, "", []))
    return options.get(str(value), str(value))


def _with_file_names(lines: list[Line]) -> list[Line]:
    ids = sorted({i for line in lines for said in line.said for i, _name in said.files})
    if not ids:
        return lines
    rows = db.session.execute(select(FileRow.id, FileRow.name).where(FileRow.id.in_(ids[:500])))
    known = {row.id: row.name for row in rows}
    return [
        Line(
            line.seq,
            line.at,
            line.kind,
            line.title,
            line.who,
            line.on_behalf_of,
            tuple(
                Said(s.label, s.text, tuple((i, known[i]) for i, _name in s.files if i in known))
                for s in line.said
            ),
            line.by_person,
        )
        for line in lines
    ]
