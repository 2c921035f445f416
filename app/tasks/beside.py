"""What stands beside a task's form: where it is in the diagram, who could receive it; the inbox's filters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, or_, select

from app.extensions import db
from app.models import Case, Definition, Person, StepRow, Task, Unit
from app.runtime import reading
from app.runtime.actor import Actor
from app.runtime.sight import holds, may_take
from app.tasks import queries
from app.tasks.queries import AnyRow

MOST_RECEIVERS = 200
Mark = Literal["here", "done", "incident"]


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody to whom a task can be handed."""

    username: str
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a filter with its name."""

    value: str
    name: str
    name_en: str


def diagram_of(row: AnyRow, *, now: datetime) -> tuple[str, str, dict[str, Mark]]:
    """The key and the BPMN text of the process that holds a task, and the marks of its shapes."""
    part = reading.see(row.case_id, now=now).definition.part_of(row.process)
    ends = (".bpmn", ".bpmn2", ".bpmn20.xml")
    text = next((part.files[name] for name in sorted(part.files) if name.lower().endswith(ends)), "")
    visits = db.session.execute(
        select(
            StepRow.element,
            func.count().filter(StepRow.left_at.is_(None)).label("open"),
            func.count().filter(StepRow.how == "left").label("done"),
        )
        .where(StepRow.case_id == row.case_id, StepRow.process.in_(sorted(part.scopes)))
        .group_by(StepRow.element)
        .limit(5_000)
    )
    marks: dict[str, Mark] = {}
    for each in visits:
        if each.open or each.done:
            marks[each.element] = "here" if each.open else "done"
    return part.key, text, marks


def receivers(row: AnyRow) -> list[Receiver]:
    """The active people to whom this task could be handed, by name."""
    rows = db.session.execute(
        select(Person.username, Person.name, Person.title)
        .where(Person.active, queries.candidates(row))
        .order_by(Person.name, Person.username)
        .limit(MOST_RECEIVERS)
    )
    return [Receiver(*each) for each in rows]


def may_hand_on(row: AnyRow, actor: Actor) -> bool:
    """Whether this person may hand the task to somebody: head of its group, or administrator."""
    return actor.has_role("admin") or (row.group_id is not None and row.group_id in actor.heads)


def filters(actor: Actor) -> tuple[list[Option], list[Option]]:
    """The processes and the units of the person's open tasks, for the inbox's filter."""
    mine = or_(holds(actor), may_take(actor))
    processes = db.session.execute(
        select(Definition.key, Definition.name, Definition.name_en)
        .join(Task, Task.definition == Definition.key)
        .join(Case, Case.id == Task.case_id)
        .where(mine)
        .distinct()
        .order_by(Definition.name)
        .limit(100)
    )
    units = db.session.execute(
        select(Unit.id, Unit.name, Unit.name_en)
        .join(Task, Task.unit_id == Unit.id)
        .join(Case, Case.id == Task.case_id)
        .where(mine)
        .distinct()
        .order_by(Unit.name)
        .limit(200)
    )
    return [Option(*p) for p in processes], [Option(str(u.id), u.name, u.name_en) for u in units]
