"""Figures of processes, exact and bounded: counted and ranked by the database, interpolated here.

Times are milliseconds inside, seconds outside. A percentile is the linear interpolation between the two
ranks around it (PostgreSQL's percentile_cont), computed alike on both databases.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, and_, case, cast, extract, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.extensions import db
from app.models import (
    Case,
    Definition,
    InboxMessage,
    IncidentRow,
    Outbox,
    StepRow,
    Task,
    Timer,
    Unit,
)
from app.runtime.actor import Actor
from app.runtime.sight import OPEN, in_own_units

AnyRow = Row[*tuple[Any, ...]]
PERCENTS = (50, 90, 95)
MOST_ELEMENTS = 5_000
_WAITING_KINDS = (
    "userTask",
    "manualTask",
    "task",
    "receiveTask",
    "serviceTask",
    "sendTask",
    "businessRuleTask",
    "callActivity",
    "subProcess",
    "transaction",
    "intermediateCatchEvent",
    "boundaryEvent",
)


@dataclass(frozen=True, slots=True)
class Span:
    """Which steps are counted: of this unit and below; completed between `since` and `until`."""

    definition: str
    since: datetime
    until: datetime
    version: int | None = None
    unit_path: str = ""


@dataclass(slots=True)
class ElementFigures:
    """One shape's figures; times in milliseconds."""

    process: str
    element: str
    open: int = 0
    overdue: int = 0
    oldest_open_at: datetime | None = None
    completed: int = 0
    with_deadline: int = 0
    breached: int = 0
    wait: dict[int, float] = field(default_factory=dict)
    work: dict[int, float] = field(default_factory=dict)
    target: dict[int, float] = field(default_factory=dict)


def bottlenecks(actor: Actor, span: Span, *, now: datetime) -> list[ElementFigures]:
    """Figures of every shape of a process where something waits, for the units this person supervises."""
    where = _where(actor, span)
    found = {(row.process, row.element): _counted(row) for row in _counts(where, span, now)}
    for name, duration in (("wait", _WAIT), ("work", _WORK), ("target", _TARGET)):
        for key, ranks in _percentiles(where, span, duration).items():
            if key in found:
                setattr(found[key], name, ranks)
    return list(found.values())


def last_bundle(definition: str) -> int | None:
    """The bundle of the newest case of a process: where the names of its shapes are."""
    return db.session.execute(
        select(Case.bundle_id).where(Case.definition == definition).order_by(Case.id.desc()).limit(1)
    ).scalar()


def knows(definition: str) -> bool:
    """Whether a process of this key was published."""
    return db.session.get(Definition, definition) is not None


def unit_path(unit_id: int) -> str | None:
    """The path of a unit, or None."""
    return db.session.execute(select(Unit.path).where(Unit.id == unit_id)).scalar()


def published() -> int:
    """How many processes are published."""
    return db.session.execute(select(func.count()).select_from(Definition)).scalar_one()


def depths(now: datetime, machine: datetime) -> dict[str, int]:
    """How much waits in each queue. `now`: product time; `machine`: machine time."""
    owed = select(func.count()).select_from(Outbox).where(Outbox.done_at.is_(None))
    row = db.session.execute(
        select(
            select(func.count())
            .select_from(Timer)
            .where(Timer.due_at <= now, Timer.paused.is_(False))
            .scalar_subquery()
            .label("timers_due"),
            select(func.count()).select_from(Timer).scalar_subquery().label("timers"),
            owed.where(Outbox.failed.is_(False)).scalar_subquery().label("outbox"),
            owed.where(Outbox.failed.is_(False), Outbox.available_at <= machine)
            .scalar_subquery()
            .label("outbox_due"),
            owed.where(Outbox.failed.is_(True)).scalar_subquery().label("outbox_failed"),
            select(func.count()).select_from(InboxMessage).scalar_subquery().label("inbox"),
            select(func.count())
            .select_from(IncidentRow)
            .where(IncidentRow.resolved_at.is_(None))
            .scalar_subquery()
            .label("incidents"),
            select(func.count())
            .select_from(Task)
            .where(Task.state.in_(OPEN))
            .scalar_subquery()
            .label("tasks"),
            select(func.count())
            .select_from(Task)
            .where(Task.state.in_(OPEN), Task.due_at < now)
            .scalar_subquery()
            .label("tasks_overdue"),
        )
    ).one()
    return dict(row._mapping)


def cases_by_state() -> dict[str, int]:
    """How many cases are in each state."""
    rows = db.session.execute(select(Case.state, func.count()).group_by(Case.state).order_by(Case.state))
    return {row.state: row[1] for row in rows}


def milliseconds(
    later: InstrumentedAttribute[Any] | ColumnElement[Any],
    earlier: InstrumentedAttribute[Any] | ColumnElement[Any],
) -> ColumnElement[int]:
    """`later` - `earlier` in whole milliseconds, as this database computes it."""
    if db.engine.dialect.name == "postgresql":
        return cast(func.round(extract("epoch", later - earlier) * 1000), BigInteger)
    return cast(func.round((func.julianday(later) - func.julianday(earlier)) * 86_400_000), BigInteger)


def _where(actor: Actor, span: Span) -> list[ColumnElement[bool]]:
    conditions = [StepRow.definition == span.definition, StepRow.kind.in_(_WAITING_KINDS)]
    if span.version is not None:
        conditions.append(StepRow.version == span.version)
    if span.unit_path:
        below = select(Unit.id).where(Unit.path.startswith(span.unit_path, autoescape=True))
        conditions.append(StepRow.unit_id.in_(below))
    if not actor.has_role("admin"):
        conditions.append(in_own_units(actor, StepRow.unit_id))
    return conditions


def _done_in(span: Span) -> ColumnElement[bool]:
    return and_(StepRow.how == "left", StepRow.left_at >= span.since, StepRow.left_at < span.until)


def _counts(where: Sequence[ColumnElement[bool]], span: Span, now: datetime) -> Sequence[AnyRow]:
    open_ = StepRow.left_at.is_(None)
    done = _done_in(span)
    return db.session.execute(
        select(
            StepRow.process,
            StepRow.element,
            func.count().filter(open_).label("open"),
            func.count().filter(and_(open_, StepRow.due_at < now)).label("overdue"),
            func.min(case((open_, StepRow.entered_at))).label("oldest_open_at"),
            func.count().filter(done).label("completed"),
            func.count().filter(and_(done, StepRow.due_at.is_not(None))).label("with_deadline"),
            func.count().filter(and_(done, StepRow.left_at > StepRow.due_at)).label("breached"),
        )
        .where(*where, or_(open_, done))
        .group_by(StepRow.process, StepRow.element)
        .order_by(StepRow.process, StepRow.element)
        .limit(MOST_ELEMENTS)
    ).all()


def _counted(row: AnyRow) -> ElementFigures:
    return ElementFigures(**row._mapping)


def _percentiles(
    where: Sequence[ColumnElement[bool]], span: Span, duration: Any
) -> dict[tuple[str, str], dict[int, float]]:
    """Per shape the wanted percentiles: only the rows at the ranks around them leave the database."""
    length = duration()
    timed = (
        select(StepRow.process, StepRow.element, length.label("length"))
        .where(*where, _done_in(span), length.is_not(None))
        .subquery()
    )
    group = [timed.c.process, timed.c.element]
    ranked = select(
        *group,
        timed.c.length,
        (func.row_number().over(partition_by=group, order_by=timed.c.length) - 1).label("rank"),
        func.count().over(partition_by=group).label("many"),
    ).subquery()
    near = or_(
        *(
            and_(
                ranked.c.rank * 100 > (ranked.c.many - 1) * p - 100,
                ranked.c.rank * 100 < (ranked.c.many - 1) * p + 100,
            )
            for p in PERCENTS
        )
    )
    wanted: Select[*tuple[Any, ...]] = select(ranked).where(near).limit(MOST_ELEMENTS * 2 * len(PERCENTS))
    lengths: dict[tuple[str, str], dict[int, int]] = {}
    many: dict[tuple[str, str], int] = {}
    for row in db.session.execute(wanted):
        key = (row.process, row.element)
        lengths.setdefault(key, {})[row.rank] = row.length
        many[key] = row.many
    return {key: {p: _at(found, many[key], p) for p in PERCENTS} for key, found in lengths.items()}


def _at(lengths: dict[int, int], many: int, percent: int) -> float:
    below, rest = divmod((many - 1) * percent, 100)
    low = lengths[below]
    return low + (lengths[below + 1] - low) * rest / 100 if rest else float(low)


def _wait() -> ColumnElement[int]:
    return milliseconds(
        func.coalesce(StepRow.claimed_at, StepRow.left_at, type_=StepRow.left_at.type), StepRow.entered_at
    )


def _work() -> ColumnElement[int]:
    return milliseconds(StepRow.left_at, StepRow.claimed_at)


def _target() -> ColumnElement[int]:
    return milliseconds(StepRow.due_at, StepRow.entered_at)


_WAIT, _WORK, _TARGET = _wait, _work, _target
