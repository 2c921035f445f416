"""The moved clock of rehearsals and tests: how far, and moving it on past every due instant in order.

Only with the setting `sandbox`. The offset is a row, so that web and worker agree; it is read once an
application context. While it moves, the worker keeps its hands off the timers.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Flask, current_app, g, has_app_context
from sqlalchemy import delete, select

from app import clock
from app.clock import machine_now
from app.errors import Invalid, NotFound, WrongState
from app.extensions import db
from app.models import SettingRow
from app.runtime import due, kicks, messages
from app.runtime.tables import table, upsert
from app.runtime.transaction import transaction
from workflows.errors import message

OFFSET = "sandbox_offset"
MOVING_UNTIL = "sandbox_moving_until"
MOST_FIRINGS = 100_000
LAST_YEAR = 2200
_PATIENCE = timedelta(seconds=30)
_settings = table(SettingRow)
_CACHED = "minyi_clock_offset"


class ClockGoesForwardOnly(Invalid):
    """The sandbox clock cannot be turned back."""

    code = "clock_backwards"
    text = message("The clock can only be moved forward, and not beyond the year 2200.")


class ClockIsMoving(WrongState):
    """Somebody else is moving the clock."""

    code = "clock_moving"
    text = message("Somebody is moving the clock just now. Wait for it to arrive.")


class TooManyFirings(WrongState):
    """The processes fire timers without end."""

    code = "too_many_firings"
    text = message("{limit} timers fired before the clock arrived. It stands at the last of them.")


class NoSandbox(NotFound):
    """The product's clock is the machine's here."""

    code = "no_sandbox"


@dataclass(frozen=True, slots=True)
class Advanced:
    """Where the clock stands and how many timers have fired."""

    now: datetime
    fired: int


def install(app: Flask) -> None:
    """Let the offset row move this application's clock, where the setting allows it."""
    if app.config["SETTINGS"].sandbox:
        clock.install(app, offset)


def offset() -> timedelta:
    """How far the clock is moved; one SELECT an application context."""
    known: timedelta | None = g.get(_CACHED) if has_app_context() else None
    if known is None:
        text = _read(OFFSET)
        known = timedelta(microseconds=int(text)) if text else timedelta(0)
        setattr(g, _CACHED, known)
    return known


def refuse_without() -> None:
    """Refuse where the clock is the machine's. Raises NoSandbox."""
    if not current_app.config["SETTINGS"].sandbox:
        raise NoSandbox


def is_moving() -> bool:
    """Whether somebody moves the clock just now: timers are theirs to fire."""
    if not current_app.config["SETTINGS"].sandbox:
        return False
    text = _read(MOVING_UNTIL)
    return bool(text) and datetime.fromisoformat(text) > machine_now()


def advance(target: datetime) -> Advanced:
    """Move the clock to `target`, stopping at each due instant in order with `now` equal to it.

    What is due has fired when this returns. Opens its own transactions. Raises: NoSandbox,
    ClockGoesForwardOnly, ClockIsMoving, TooManyFirings.
    """
    refuse_without()
    target = target.astimezone(UTC)
    _take_the_clock(target)
    fired = 0
    try:
        stopped = machine_now() + offset()
        while (instant := _next(target)) is not None:
            stopped = max(stopped, instant)
            _set(stopped)
            fired += _fire_all(stopped, MOST_FIRINGS - fired)
            if fired >= MOST_FIRINGS:
                raise TooManyFirings(limit=MOST_FIRINGS)
        _set(target)
    finally:
        with transaction() as session:
            session.connection().execute(delete(_settings).where(_settings.c.name == MOVING_UNTIL))
    return Advanced(target, fired)


def _fire_all(now: datetime, limit: int) -> int:
    """Everything due at this instant, and what follows from it at the same instant."""
    fired = 0
    patience = time.monotonic() + _PATIENCE.total_seconds()
    while True:
        count = due.fire_due(now, limit - fired, wait=True)
        count += messages.sweep(now)
        while kicks.work_off(now, at_once=True) and time.monotonic() < patience:
            continue
        fired += count
        following = _next(now)
        if following is None or fired >= limit or time.monotonic() > patience:
            return fired


def _next(until: datetime) -> datetime | None:
    db.session.rollback()
    instant = due.next_instant()
    return instant if instant is not None and instant <= until else None


def _take_the_clock(target: datetime) -> None:
    with transaction() as session:
        connection = session.connection()
        connection.execute(
            upsert(connection, _settings).values(name=MOVING_UNTIL, value="").on_conflict_do_nothing()
        )
        held = connection.execute(
            select(_settings.c.value).where(_settings.c.name == MOVING_UNTIL).with_for_update()
        ).scalar_one()
        if held and datetime.fromisoformat(held) > machine_now():
            raise ClockIsMoving
        g.pop(_CACHED, None)
        if target < machine_now() + offset() or target.year > LAST_YEAR:
            raise ClockGoesForwardOnly
        _write(MOVING_UNTIL, (machine_now() + _PATIENCE).isoformat())


def _set(instant: datetime) -> None:
    """The clock shows `instant` now, and goes on from there."""
    moved = instant - machine_now()
    with transaction():
        _write(OFFSET, str(moved // timedelta(microseconds=1)))
        _write(MOVING_UNTIL, (machine_now() + _PATIENCE).isoformat())
    g.pop(_CACHED, None)


def _read(name: str) -> str:
    value = db.session.connection().execute(select(_settings.c.value).where(_settings.c.name == name))
    return value.scalar() or ""


def _write(name: str, value: str) -> None:
    connection = db.session.connection()
    connection.execute(
        upsert(connection, _settings)
        .values(name=name, value=value)
        .on_conflict_do_update(index_elements=["name"], set_={"value": value})
    )
