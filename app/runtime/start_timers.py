"""Processes that a date or a cycle starts: when the next case begins, as rows.

A case begun by a timer belongs to the outermost unit and has no starter. Not for timers inside a case.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from app.extensions import db
from app.models import StartTimer, Unit
from app.runtime import runner, world
from app.runtime.refusals import NoSuchUnit
from app.runtime.tables import table
from workflows import timers
from workflows.parsing import Definition, TimerStart
from workflows.timers import Due

_rows = table(StartTimer)
_units = table(Unit)


def arm(definition: Definition, *, now: datetime) -> None:
    """Note when the timer starts of a newly published version are due; a date that has passed is not."""
    rows = []
    for start in definition.timer_starts:
        due = _first(start, now)
        if start.kind == "date" and due.at <= now:
            continue
        rows.append(
            {
                "definition": definition.key,
                "element": start.element,
                "due_at": due.at,
                "schedule": _stored(due),
            }
        )
    if rows:
        db.session.connection().execute(insert(_rows), rows)


def next_due(connection: Connection, now: datetime, skip: frozenset[int]) -> tuple[int, datetime] | None:
    """The start timer that has been due longest, locked against others: (id, due instant)."""
    row = connection.execute(
        select(_rows.c.id, _rows.c.due_at)
        .where(_rows.c.due_at <= now, _rows.c.id.not_in(skip))
        .order_by(_rows.c.due_at, _rows.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    return None if row is None else (row.id, row.due_at)


def fire(timer_id: int, *, now: datetime) -> None:
    """Begin the case and arm the next; inside the transaction that holds the row."""
    connection = db.session.connection()
    row = connection.execute(select(_rows).where(_rows.c.id == timer_id)).one_or_none()
    unit_id = root_unit()
    if row is None or row.due_at is None or row.due_at > now:
        return
    if unit_id is None:
        raise NoSuchUnit
    due = _restored(row.schedule)
    following = timers.following(due)
    if following is None:
        connection.execute(delete(_rows).where(_rows.c.id == timer_id))
    else:
        connection.execute(
            update(_rows)
            .where(_rows.c.id == timer_id)
            .values(due_at=following.at, schedule=_stored(following))
        )
    runner.start_case(row.definition, data={}, by=None, unit_id=unit_id, now=now, start=row.element)


def root_unit() -> int | None:
    """The outermost unit: where cases belong that no unit asked for."""
    return (
        db.session.connection()
        .execute(select(_units.c.id).where(_units.c.parent_id.is_(None)).order_by(_units.c.id).limit(1))
        .scalar()
    )


def _first(start: TimerStart, now: datetime) -> Due:
    kind: Any = start.kind
    unit_id = root_unit()
    seen = world.world_of_unit(unit_id, now=now) if unit_id is not None else None
    value = timers.timer_expression(start.expression, kind).evaluate({}, seen)
    return timers.due(kind, value, now)


def _stored(due: Due) -> dict[str, Any]:
    stored = asdict(due)
    stored["at"] = due.at.isoformat()
    stored["anchor"] = due.anchor.isoformat() if due.anchor else None
    return stored


def _restored(stored: dict[str, Any]) -> Due:
    anchor = stored["anchor"]
    return Due(
        at=datetime.fromisoformat(stored["at"]),
        repeats_left=stored["repeats_left"],
        interval=stored["interval"],
        anchor=datetime.fromisoformat(anchor) if anchor else None,
        count=stored["count"],
    )
