"""Reads of tasks: the inbox by view, one task, who may do it, drafts."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, Text, and_, cast, or_, select, true
from sqlalchemy.orm import aliased

from app.extensions import db
from app.http import bad_cursor, decode_cursor, page
from app.models import Case, Definition, Draft, Group, Membership, Person, Task, Unit
from app.runtime.actor import Actor
from app.runtime.sight import OPEN, holds, may_take, sees_case, sees_task

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]
View = Literal["mine", "claimable", "done", "all"]
VIEWS: tuple[View, ...] = ("mine", "claimable", "done", "all")
MOST_ELIGIBLE = 20


def tasks(
    actor: Actor,
    *,
    view: View = "mine",
    case: int | None = None,
    element: str = "",
    overdue: bool | None = None,
    definition: str = "",
    unit: int | None = None,
    q: str = "",
    now: datetime,
    limit: int,
    cursor: str = "",
) -> tuple[list[AnyRow], str | None]:
    """Tasks of a view, the most urgent first: by deadline, those without one last. done: the latest first."""
    wanted = _TASKS.where(_in_view(actor, view))
    if case is not None:
        wanted = wanted.where(Task.case_id == case)
    if element:
        wanted = wanted.where(Task.element == element)
    if definition:
        wanted = wanted.where(Task.definition == definition)
    if unit is not None:
        wanted = wanted.where(Task.unit_id == unit)
    if q:
        texts = (Task.name, Task.name_en, Case.title, Case.case_no)
        wanted = wanted.where(or_(*(each.contains(q, autoescape=True) for each in texts)))
    if overdue is not None:
        late = and_(Task.due_at.is_not(None), Task.due_at < now)
        wanted = wanted.where(late if overdue else or_(Task.due_at.is_(None), Task.due_at >= now))
    if view == "done":
        after = decode_cursor(cursor, (int,))
        if after is not None:
            wanted = wanted.where(Task.id < after[0])
        rows = db.session.execute(wanted.order_by(Task.id.desc()).limit(limit + 1)).all()
        return page(rows, limit, lambda row: (row.id,))
    wanted = wanted.order_by(Task.due_at.asc().nulls_last(), Task.id).limit(limit + 1)
    rows = db.session.execute(wanted.where(_after(cursor))).all()
    return page(rows, limit, lambda row: (row.due_at.isoformat() if row.due_at else None, row.id))


def task(actor: Actor, task_id: int) -> AnyRow | None:
    """One task, open or not, if this person may see it."""
    seen = or_(sees_case(actor), holds(actor), may_take(actor), Task.done_by == actor.id)
    return db.session.execute(_TASKS.where(Task.id == task_id, seen)).one_or_none()


def counts(actor: Actor, *, now: datetime) -> dict[str, int]:
    """How many tasks are in my views: mine, claimable, overdue (of mine and claimable)."""
    held, takeable = holds(actor), may_take(actor)
    base = select(db.func.count()).select_from(Task).join(Case, Case.id == Task.case_id)
    late = and_(or_(held, takeable), Task.due_at < now)
    row = db.session.execute(
        select(
            base.where(held).scalar_subquery().label("mine"),
            base.where(takeable).scalar_subquery().label("claimable"),
            base.where(late).scalar_subquery().label("overdue"),
        )
    ).one()
    return dict(row._mapping)


def eligible(row: AnyRow, *, limit: int = MOST_ELIGIBLE) -> list[AnyRow]:
    """Who may complete this open task now (`runtime.access`, in SQL): username and name, by username."""
    if row.state not in OPEN:
        return []
    if row.assignee_id is not None:
        who: ColumnElement[bool] = Person.id == row.assignee_id
    else:
        who = candidates(row)
    return list(
        db.session.execute(
            select(Person.id, Person.username, Person.name, Person.title)
            .where(Person.active, who)
            .order_by(Person.username)
            .limit(limit)
        ).all()
    )


def candidates(row: AnyRow) -> ColumnElement[bool]:
    """The people to whom the task would fall if nobody held it."""
    if row.group_id is not None:
        return Person.id.in_(select(Membership.person_id).where(Membership.group_id == row.group_id))
    if row.starter_id is not None:
        return Person.id == int(row.starter_id)
    return and_(Person.unit_id == row.unit_id, _is_official())


def is_candidate(row: AnyRow, username: str) -> AnyRow | None:
    """The active person of this name if the task could be theirs: its group, or whom the diagram names."""
    named = Person.id == row.assignee_id if row.assignee_id is not None else candidates(row)
    return db.session.execute(
        select(Person.id, Person.username, Person.name).where(
            Person.username == username, Person.active, or_(candidates(row), named)
        )
    ).one_or_none()


def draft(task_id: int, person_id: int) -> AnyRow | None:
    """What this person has typed into a task and not sent."""
    return db.session.execute(
        select(Draft.data, Draft.saved_at).where(Draft.task_id == task_id, Draft.person_id == person_id)
    ).one_or_none()


def name_of(person_id: int) -> str:
    """A person's name; empty for nobody."""
    return db.session.execute(select(Person.name).where(Person.id == person_id)).scalar() or ""


def _is_official() -> ColumnElement[bool]:
    return cast(Person.roles, Text).contains('"official"')


def _in_view(actor: Actor, view: View) -> ColumnElement[bool]:
    if view == "mine":
        return holds(actor)
    if view == "claimable":
        return may_take(actor)
    if view == "done":
        return and_(Task.state == "done", Task.done_by == actor.id)
    return and_(Task.state.in_(OPEN), sees_task(actor))  # what one holds or may take is among them


def _after(cursor: str) -> ColumnElement[bool]:
    place = decode_cursor(cursor, (str, int)) if cursor else None
    if place is None:
        return true()
    due_text, last_id = place
    if last_id is None:
        raise bad_cursor()
    if due_text is None:
        return and_(Task.due_at.is_(None), Task.id > last_id)
    try:
        due = datetime.fromisoformat(due_text)
    except ValueError:
        due = None
    if due is None or due.tzinfo is None:
        raise bad_cursor()
    return or_(Task.due_at > due, and_(Task.due_at == due, Task.id > last_id), Task.due_at.is_(None))


def _select() -> AnySelect:
    holder = aliased(Person)
    return (
        select(
            Task.id,
            Task.case_id,
            Case.case_no,
            Case.title.label("case_title"),
            Case.state.label("case_state"),
            Case.starter_id,
            Task.definition,
            Definition.name.label("definition_name"),
            Definition.name_en.label("definition_name_en"),
            Task.process,
            Task.element,
            Task.ref,
            Task.name,
            Task.name_en,
            Task.state,
            Task.assignee_id,
            Task.named,
            holder.username.label("assignee"),
            holder.name.label("assignee_name"),
            Task.group_id,
            Group.key.label("group"),
            Group.name.label("group_name"),
            Task.unit_id,
            Unit.name.label("unit_name"),
            Unit.name_en.label("unit_name_en"),
            Unit.path.label("unit_path"),
            Task.form,
            Task.item,
            Task.choices,
            Task.created_at,
            Task.claimed_at,
            Task.due_at,
            Task.done_at,
            Task.row_version.label("version"),
        )
        .join(Case, Case.id == Task.case_id)
        .join(Definition, Definition.key == Task.definition)
        .join(Unit, Unit.id == Task.unit_id)
        .outerjoin(holder, holder.id == Task.assignee_id)
        .outerjoin(Group, Group.id == Task.group_id)
    )


_TASKS = _select()
"""What lists and pages show of a task; made once."""
