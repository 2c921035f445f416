"""What ends with a case: its waits and incidents, what slices keep for it, and the case that waits for it.

One SELECT says what there is, so that a plain case pays for nothing else.
"""

from typing import Any

from sqlalchemy import Row, Table, bindparam, delete, literal, select, update
from sqlalchemy.sql.expression import ColumnElement, Select

from app.extensions import db
from app.models import IncidentRow, Subscription, Timer
from app.runtime import effects, kicks
from app.runtime.effects import CaseEnded
from app.runtime.held import Held
from app.runtime.tables import table
from workflows.model import Data

_timers = table(Timer)
_subscriptions = table(Subscription)
_incidents = table(IncidentRow)
_CASE = bindparam("case", type_=_timers.c.case_id.type)
_END_TIMERS = delete(_timers).where(_timers.c.case_id == _CASE)
_END_SUBSCRIPTIONS = delete(_subscriptions).where(_subscriptions.c.case_id == _CASE)
_STUCK = (_incidents.c.case_id == _CASE) & _incidents.c.resolved_at.is_(None)
_END_INCIDENTS = update(_incidents).where(_STUCK).values(resolved_at=bindparam("at"))
_AWAITED = (_subscriptions.c.kind == "case") & (_subscriptions.c.target_id == _CASE)
_WAITING = select(_subscriptions.c.case_id, _subscriptions.c.ref).where(_AWAITED)

Left = Row[Any]


def look(held: Held) -> Left:
    """What there is of a case that is over."""
    return db.session.connection().execute(_looking(effects.end_handlers()), {"case": held.id}).one()


def end_waits(held: Held, left: Left) -> None:
    """Nothing of the case is waited for any more."""
    connection = db.session.connection()
    if left.timers:
        connection.execute(_END_TIMERS, {"case": held.id})
    if left.subscriptions:
        connection.execute(_END_SUBSCRIPTIONS, {"case": held.id})
    if left.incidents:
        connection.execute(_END_INCIDENTS, {"case": held.id, "at": held.now})


def tell(held: Held, left: Left, *, outcome: str, data: Data) -> None:
    """Call the handlers of slices that keep something for the case; owe its end to who waits for it."""
    ended = CaseEnded(
        case_id=held.id,
        definition=held.definition_key,
        unit_id=held.unit_id,
        state=held.state,
        outcome=outcome,
        data=data,
        now=held.now,
        by=held.by,
    )
    for name, (handler, _columns) in effects.end_handlers().items():
        if left._mapping[name]:
            handler(ended)
    if left.awaited:
        for row in db.session.connection().execute(_WAITING, {"case": held.id}).all():
            kicks.owe("case_ended", {"ref": row.ref, "ended": held.id}, case_id=row.case_id, now=held.now)


def _looking(handlers: effects.EndHandlers) -> Select[*tuple[Any, ...]]:
    """The SELECT; made anew when a slice has registered another handler."""
    names = tuple(handlers)
    if names not in _made:
        wanted: dict[str, ColumnElement[bool]] = {
            "timers": _any(_timers, _timers.c.case_id == _CASE),
            "subscriptions": _any(_subscriptions, _subscriptions.c.case_id == _CASE),
            "incidents": _any(_incidents, _STUCK),
            "awaited": _any(_subscriptions, _AWAITED),
        }
        for name, (_handler, columns) in handlers.items():
            kept = [_any(column.table, column == _CASE) for column in columns]
            wanted[name] = db.or_(*kept) if kept else literal(True)  # noqa: FBT003
        _made[names] = select(*(each.label(name) for name, each in wanted.items()))
    return _made[names]


_made: dict[tuple[str, ...], Select[*tuple[Any, ...]]] = {}


def _any(of: Table, where: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(literal(1)).select_from(of).where(where).exists()
