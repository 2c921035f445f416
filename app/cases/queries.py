"""Reads of cases: lists, one case with all that it waits for, its history, its visits by element."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from app.extensions import db
from app.http import decode_cursor, page
from app.models import (
    Case,
    CaseLink,
    Definition,
    FileContent,
    FileRow,
    Group,
    IncidentRow,
    Person,
    Record,
    StepRow,
    Subscription,
    Task,
    Timer,
    Unit,
)
from app.runtime.actor import Actor
from app.runtime.sight import OPEN, sees_case

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]
MOST_PARTS = 500
"""Open tasks, waits, incidents and links of one case that are listed with it."""


@dataclass(frozen=True, slots=True)
class CaseParts:
    """What belongs to one case as it stands now."""

    open_tasks: Sequence[AnyRow]
    timers: Sequence[AnyRow]
    subscriptions: Sequence[AnyRow]
    incidents: Sequence[AnyRow]
    links: Sequence[int]


def cases(
    actor: Actor,
    *,
    state: str = "",
    definition: str = "",
    unit: int | None = None,
    q: str = "",
    started_by_me: bool = False,
    limit: int,
    cursor: str = "",
) -> tuple[list[AnyRow], str | None]:
    """Cases that this person may see, the newest first. `unit`: of this unit and those below it."""
    wanted = _select().where(sees_case(actor))
    if state:
        wanted = wanted.where(Case.state == state)
    if definition:
        wanted = wanted.where(Case.definition == definition)
    if unit is not None:
        top = aliased(Unit)
        path = select(top.path).where(top.id == unit).scalar_subquery()
        wanted = wanted.where(or_(Case.unit_id == unit, Unit.path.like(path.concat("%"))))
    if q:
        wanted = wanted.where(
            or_(Case.title.contains(q, autoescape=True), Case.case_no.contains(q, autoescape=True))
        )
    if started_by_me:
        wanted = wanted.where(Case.starter_id == actor.id)
    after = decode_cursor(cursor, (int,))
    if after is not None:
        wanted = wanted.where(Case.id < after[0])
    rows = db.session.execute(wanted.order_by(Case.id.desc()).limit(limit + 1)).all()
    return page(rows, limit, lambda row: (row.id,))


def case(actor: Actor, case_id: int) -> AnyRow | None:
    """One case if this person may see it."""
    return db.session.execute(_select().where(Case.id == case_id, sees_case(actor))).one_or_none()


def parts(case_id: int) -> CaseParts:
    """The open tasks, waits, incidents and links of a case; a bounded number of each."""
    return CaseParts(
        open_tasks=_open_tasks(case_id),
        timers=db.session.execute(
            select(Timer.ref, Timer.element, Timer.due_at)
            .where(Timer.case_id == case_id)
            .order_by(Timer.due_at, Timer.id)
            .limit(MOST_PARTS)
        ).all(),
        subscriptions=db.session.execute(
            select(
                Subscription.ref,
                Subscription.element,
                Subscription.kind,
                Subscription.name,
                Subscription.key,
                Subscription.target_id,
            )
            .where(Subscription.case_id == case_id)
            .order_by(Subscription.id)
            .limit(MOST_PARTS)
        ).all(),
        incidents=db.session.execute(
            select(
                IncidentRow.n,
                IncidentRow.element,
                IncidentRow.code,
                IncidentRow.message,
                IncidentRow.params,
                IncidentRow.raised_at,
                IncidentRow.resolved_at,
            )
            .where(IncidentRow.case_id == case_id)
            .order_by(IncidentRow.n)
            .limit(MOST_PARTS)
        ).all(),
        links=_links(case_id),
    )


def history(case_id: int, *, limit: int, cursor: str = "") -> tuple[list[AnyRow], str | None]:
    """What happened in a case, in order."""
    after = decode_cursor(cursor, (int,))
    wanted = select(
        Record.seq,
        Record.at,
        Record.kind,
        Record.element,
        Record.actor,
        Record.on_behalf_of,
        Record.detail,
        Record.hash,
    ).where(Record.case_id == case_id)
    if after is not None:
        wanted = wanted.where(Record.seq > after[0])
    rows = db.session.execute(wanted.order_by(Record.seq).limit(limit + 1)).all()
    return page(rows, limit, lambda row: (row.seq,))


def visits(case_id: int, processes: Sequence[str]) -> list[AnyRow]:
    """Per element of these processes: how often it was entered, when last, and how many visits are open."""
    open_incident = (
        select(IncidentRow.n)
        .where(
            IncidentRow.case_id == StepRow.case_id,
            IncidentRow.ref == StepRow.ref,
            IncidentRow.resolved_at.is_(None),
        )
        .exists()
    )
    return list(
        db.session.execute(
            select(
                StepRow.element,
                func.count().label("count"),
                func.max(StepRow.entered_at).label("entered_at"),
                func.count().filter(StepRow.left_at.is_(None)).label("open"),
                func.count().filter(StepRow.how == "left").label("done"),
                func.count().filter(and_(StepRow.left_at.is_(None), open_incident)).label("stuck"),
            )
            .where(StepRow.case_id == case_id, StepRow.process.in_(sorted(processes)))
            .group_by(StepRow.element)
            .order_by(StepRow.element)
            .limit(20_000)
        ).all()
    )


def unit(unit_id: int) -> AnyRow | None:
    """A unit's id, name and path, or None."""
    return db.session.execute(select(Unit.id, Unit.name, Unit.path).where(Unit.id == unit_id)).one_or_none()


def file_for(actor: Actor, file_id: str) -> AnyRow | None:
    """An attachment with its bytes, for who uploaded it or may see its case."""
    return db.session.execute(
        select(FileRow.name, FileRow.type, FileRow.size, FileContent.content)
        .join(FileContent, FileContent.sha256 == FileRow.sha256)
        .outerjoin(Case, Case.id == FileRow.case_id)
        .where(
            FileRow.id == file_id,
            or_(FileRow.uploaded_by == actor.id, and_(Case.id.is_not(None), sees_case(actor))),
        )
    ).one_or_none()


def _select() -> AnySelect:
    starter = aliased(Person)
    return (
        select(
            Case.id,
            Case.case_no,
            Case.definition,
            Definition.name.label("definition_name"),
            Definition.name_en.label("definition_name_en"),
            Case.version,
            Case.title,
            Case.unit_id,
            Unit.name.label("unit_name"),
            Unit.name_en.label("unit_name_en"),
            Unit.path.label("unit_path"),
            starter.username.label("starter"),
            starter.name.label("starter_name"),
            Case.starter_id,
            Case.parent_id,
            Case.state,
            Case.outcome,
            Case.started_at,
            Case.ended_at,
        )
        .join(Definition, Definition.key == Case.definition)
        .join(Unit, Unit.id == Case.unit_id)
        .outerjoin(starter, starter.id == Case.starter_id)
    )


def _open_tasks(case_id: int) -> Sequence[AnyRow]:
    holder = aliased(Person)
    return db.session.execute(
        select(
            Task.id,
            Task.element,
            Task.name,
            Task.name_en,
            Task.state,
            holder.username.label("assignee"),
            holder.name.label("assignee_name"),
            Group.key.label("group"),
            Group.name.label("group_name"),
            Task.created_at,
            Task.due_at,
            Task.row_version.label("version"),
        )
        .outerjoin(holder, holder.id == Task.assignee_id)
        .outerjoin(Group, Group.id == Task.group_id)
        .where(Task.case_id == case_id, Task.state.in_(OPEN))
        .order_by(Task.id)
        .limit(MOST_PARTS)
    ).all()


def _links(case_id: int) -> list[int]:
    there = select(CaseLink.other_id.label("id")).where(CaseLink.case_id == case_id)
    children = select(Case.id).where(Case.parent_id == case_id)
    both = there.union(children).subquery()
    return list(db.session.execute(select(both.c.id).order_by(both.c.id).limit(MOST_PARTS)).scalars())
