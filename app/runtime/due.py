"""Due timers: claimed one by one, each fired in a transaction of its own. Safe for any number of workers.

The claim is the lock of the timer's case (`SKIP LOCKED` on PostgreSQL, so that a busy case delays only
itself); firing deletes the row, so a crash before the commit leaves it due. A timer whose firing fails is
left in peace for a growing while and told in the log; it stays due.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import Select, func, select
from sqlalchemy.exc import DBAPIError

from app.clock import machine_now
from app.extensions import db
from app.models import Case, StartTimer, Timer
from app.runtime import runner, start_timers
from app.runtime.backoff import pause
from app.runtime.held import MOVING
from app.runtime.refusals import CaseOver, CaseSuspended, NoSuchCase
from app.runtime.tables import table
from app.runtime.transaction import Busy, note_hold, transaction

log = logging.getLogger("minyi.due")

_cases = table(Case)
_starts = table(StartTimer)
_timers = table(Timer)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A due timer whose case this transaction holds."""

    id: int
    case_id: int
    ref: str
    due_at: datetime


@dataclass(slots=True)
class _Resting:
    """Timers whose last firing failed, by kind and id: until when (machine time) and how often."""

    until: dict[tuple[str, int], tuple[datetime, int]] = field(default_factory=dict)

    def ids(self, kind: str) -> list[int]:
        """Those that are not to be tried now."""
        machine = machine_now()
        return sorted(i for (k, i), (until, _n) in self.until.items() if k == kind and until > machine)

    def rest(self, kind: str, timer_id: int) -> None:
        """Leave one in peace for a while."""
        attempts = self.until.get((kind, timer_id), (None, 0))[1]
        self.until[kind, timer_id] = (machine_now() + pause(attempts), attempts + 1)


def fire_due(now: datetime, limit: int = 1000, *, wait: bool = False) -> int:
    """Fire what is due at `now`, the longest due first; opens its own transactions. Returns how many fired.

    `wait`: wait for a case that somebody is at instead of leaving it for the next time.
    """
    fired = 0
    acts = (("timer", lambda: _claim_and_fire(now, wait=wait)), ("start", lambda: _start_one(now)))
    for kind, act in acts:
        while fired < limit:
            outcome = _attempt(kind, act)
            if outcome is None:
                break
            fired += outcome
    return fired


def claim(now: datetime, limit: int = 1, *, wait: bool = False) -> list[Claimed]:
    """Due timers of cases that nobody is at, their cases locked; inside a transaction."""
    note_hold()
    query = (
        _due(select(_timers.c.id, _timers.c.case_id, _timers.c.ref, _timers.c.due_at))
        .where(_timers.c.due_at <= now, _timers.c.id.not_in(_resting().ids("timer")))
        .order_by(_timers.c.due_at, _timers.c.id)
        .limit(limit)
        .with_for_update(of=_cases, skip_locked=not wait)
    )
    return [Claimed(*row) for row in db.session.connection().execute(query)]


def next_instant() -> datetime | None:
    """When the next timer is due that could be fired; it may lie in the past."""
    connection = db.session.connection()
    resting = _resting()
    inside = connection.execute(
        _due(select(func.min(_timers.c.due_at))).where(_timers.c.id.not_in(resting.ids("timer")))
    ).scalar()
    starts = connection.execute(
        select(func.min(_starts.c.due_at)).where(_starts.c.id.not_in(resting.ids("start")))
    ).scalar()
    return min((at for at in (inside, starts) if at is not None), default=None)


def _due(query: Select[Any]) -> Select[Any]:
    return query.join_from(_timers, _cases, _cases.c.id == _timers.c.case_id).where(
        _timers.c.paused.is_(False), _cases.c.state.in_(MOVING)
    )


def _attempt(kind: str, act: Callable[[], bool]) -> bool | None:
    """One transaction: True, something fired; False, it failed and rests; None, nothing is due."""
    try:
        with transaction():
            return act() or None
    except _Failed as failed:
        _resting().rest(kind, failed.timer_id)
        if not isinstance(failed.__cause__, NoSuchCase | CaseOver | CaseSuspended):
            log.error("%s %s could not fire", kind, failed.timer_id, exc_info=failed.__cause__)
        return False
    except Busy:
        return None


class _Failed(Exception):
    """Firing this timer failed; the cause is the reason."""

    def __init__(self, timer_id: int) -> None:
        self.timer_id = timer_id


def _claim_and_fire(now: datetime, *, wait: bool) -> bool:
    claimed = claim(now, wait=wait)
    if not claimed:
        return False
    timer = claimed[0]
    try:
        runner.fire_timer(timer.case_id, timer.ref, now=now)
    except DBAPIError:
        raise  # others are at the same rows, or the database is away: nothing is wrong with the timer
    except Exception as fault:
        raise _Failed(timer.id) from fault
    return True


def _start_one(now: datetime) -> bool:
    found = start_timers.next_due(db.session.connection(), now, frozenset(_resting().ids("start")))
    if found is None:
        return False
    try:
        start_timers.fire(found[0], now=now)
    except DBAPIError:
        raise
    except Exception as fault:
        raise _Failed(found[0]) from fault
    return True


def _resting() -> _Resting:
    extensions: dict[str, Any] = current_app.extensions
    resting: _Resting | None = extensions.get("minyi.resting")
    return resting if resting is not None else extensions.setdefault("minyi.resting", _Resting())
