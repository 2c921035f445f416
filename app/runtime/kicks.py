"""What an act owes to other cases: messages thrown, the end of a linked case. Exactly once, after the commit.

A transaction moves one case and holds one lock; whatever must move another is a row (in `outbox`, kind
"kick.…") written with the act. It is worked off right after the commit, in a transaction of its own that
also deletes the row; the worker finds those that a crash left over. So two cases that send to each other
can never wait for each other's lock.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.clock import machine_now
from app.extensions import db
from app.models import Outbox
from app.runtime.backoff import pause
from app.runtime.refusals import CaseOver, CaseSuspended, NoSuchCase
from app.runtime.tables import table
from app.runtime.transaction import Busy, after_commit, transaction

log = logging.getLogger("minyi.kicks")
PREFIX = "kick."
GRACE = timedelta(seconds=2)
"""The worker leaves a kick this long to the process that made it."""

MOST_INLINE = 50
"""Kicks in a row after one act. Cases that send to each other for ever keep the worker busy, not a person."""

_QUEUE = "minyi_kicks"
_outbox = table(Outbox)


@dataclass(frozen=True, slots=True)
class Kick:
    """What is owed to other cases. `case_id`: the case it is for or from, by kind."""

    payload: dict[str, Any]
    case_id: int | None
    now: datetime


Handler = Callable[[Kick], None]
_handlers: dict[str, Handler] = {}


def kick(kind: str) -> Callable[[Handler], Handler]:
    """Register how kicks of this kind are worked off: inside a transaction, which they do not open."""

    def mark(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return mark


def owe(kind: str, payload: dict[str, Any], *, case_id: int | None, now: datetime) -> None:
    """Write a kick with the present act; it is worked off right after the commit."""
    machine = machine_now()
    kick_id = (
        db.session.connection()
        .execute(
            insert(_outbox)
            .values(
                kind=PREFIX + kind,
                payload=payload,
                case_id=case_id,
                created_at=machine,
                available_at=machine + GRACE,
            )
            .returning(_outbox.c.id)
        )
        .scalar_one()
    )
    after_commit(lambda: _soon(kick_id, now))


def work_off(now: datetime, limit: int = 100, *, at_once: bool = False) -> int:
    """Work off kicks that were left over; returns how many. For the worker and the sandbox.

    `at_once`: those of this moment too, which their own process may still be about to do.
    """
    done = 0
    rows = db.session.connection().execute(
        select(_outbox.c.id)
        .where(
            _outbox.c.done_at.is_(None),
            _outbox.c.kind.startswith(PREFIX),
            _outbox.c.available_at <= machine_now() + (GRACE if at_once else timedelta(0)),
        )
        .order_by(_outbox.c.id)
        .limit(limit)
    )
    owed = rows.scalars().all()
    db.session.rollback()
    for kick_id in owed:
        done += try_now(kick_id, now)
    return done


def hurry(case_id: int) -> None:
    """What was put off because the case was suspended is tried again at once."""
    connection = db.session.connection()
    mine = (_outbox.c.case_id == case_id) & _outbox.c.kind.startswith(PREFIX) & _outbox.c.done_at.is_(None)
    connection.execute(update(_outbox).where(mine).values(available_at=machine_now()))


def _soon(kick_id: int, now: datetime) -> None:
    """Work it off now, or after the one that led to it; beyond MOST_INLINE the worker goes on."""
    info = db.session.info
    if _QUEUE in info:
        info[_QUEUE].append(kick_id)
        return
    queue = info[_QUEUE] = deque([kick_id])
    try:
        for _ in range(MOST_INLINE):
            if not queue:
                return
            try_now(queue.popleft(), now)
    finally:
        del info[_QUEUE]


def try_now(kick_id: int, now: datetime) -> bool:
    """One attempt. A kick that cannot be worked off stays owed; a fault is told in the log and in its row."""
    try:
        with transaction() as session:
            row = (
                session.connection()
                .execute(
                    select(_outbox)
                    .where(_outbox.c.id == kick_id, _outbox.c.done_at.is_(None))
                    .with_for_update(skip_locked=True)
                )
                .one_or_none()
            )
            if row is None:
                return False
            try:
                _handlers[row.kind.removeprefix(PREFIX)](Kick(row.payload, row.case_id, now))
            except (CaseOver, NoSuchCase) as gone:
                log.info("kick %s: nobody is left to tell (%s)", kick_id, gone.code)
            session.connection().execute(delete(_outbox).where(_outbox.c.id == kick_id))
    except (Busy, CaseSuspended) as refusal:
        _put_off(kick_id, refusal.code)
        return False
    except Exception as fault:  # stays owed, with its reason
        log.exception("kick %s failed", kick_id)
        _put_off(kick_id, repr(fault)[:2000])
        return False
    return True


def _put_off(kick_id: int, reason: str) -> None:
    with transaction() as session:
        connection = session.connection()
        attempts = connection.execute(select(_outbox.c.attempts).where(_outbox.c.id == kick_id)).scalar()
        if attempts is None:
            return
        connection.execute(
            update(_outbox)
            .where(_outbox.c.id == kick_id)
            .values(attempts=attempts + 1, available_at=machine_now() + pause(attempts), error=reason)
        )
