"""Work outside the database (mail, text messages, hooks): owed with the act, done after it, retried.

A row is claimed by compare-and-swap and leased; its sender runs outside any transaction and gets the row's
id, the same at every attempt, so that the other side can tell a repetition. A kind without a sender stays
owed. Times are the machine's. Not for other cases: `kicks`.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from app.clock import machine_now
from app.extensions import db
from app.models import Outbox
from app.runtime import doorbell
from app.runtime.backoff import pause
from app.runtime.tables import table
from app.runtime.transaction import transaction

log = logging.getLogger("minyi.outbox")

MOST_ATTEMPTS = 12
"""After these a row is marked failed and waits for an administrator (`again`)."""
LEASE = timedelta(minutes=5)

_outbox = table(Outbox)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a sender gets. `id` is the same at every attempt."""

    id: int
    kind: str
    payload: dict[str, Any]
    case_id: int | None
    attempt: int


Sender = Callable[[Letter], None]
_senders: dict[str, Sender] = {}


def sender(kind: str) -> Callable[[Sender], Sender]:
    """Register who sends letters of this kind. It raises when it could not; outside any transaction."""

    def mark(function: Sender) -> Sender:
        _senders[kind] = function
        return function

    return mark


def owe(kind: str, payload: dict[str, Any], case_id: int | None = None) -> int:
    """Owe a letter with the present transaction; returns its id. The worker is woken after the commit."""
    machine = machine_now()
    letter_id = (
        db.session.connection()
        .execute(
            insert(_outbox)
            .values(kind=kind, payload=payload, case_id=case_id, created_at=machine, available_at=machine)
            .returning(_outbox.c.id)
        )
        .scalar_one()
    )
    doorbell.ring_after_commit()
    return int(letter_id)


def deliver_due(machine: datetime | None = None, limit: int = 100) -> int:
    """Send what is owed and due (machine time); opens its own transactions. Returns how many were sent."""
    at = machine or machine_now()
    rows = db.session.connection().execute(
        select(_outbox.c.id, _outbox.c.attempts)
        .where(
            _outbox.c.done_at.is_(None),
            _outbox.c.failed.is_(False),
            _outbox.c.kind.in_(sorted(_senders)),
            _outbox.c.available_at <= at,
        )
        .order_by(_outbox.c.available_at, _outbox.c.id)
        .limit(limit)
    )
    due = rows.all()
    db.session.rollback()
    sent = 0
    for row in due:
        letter = _claim(row.id, row.attempts, at)
        if letter is not None:
            sent += _send(letter)
    return sent


def again(letter_id: int) -> None:
    """Try a failed letter again; inside a transaction."""
    db.session.connection().execute(
        update(_outbox)
        .where(_outbox.c.id == letter_id, _outbox.c.done_at.is_(None))
        .values(failed=False, attempts=0, available_at=machine_now())
    )


def _claim(letter_id: int, attempts: int, at: datetime) -> Letter | None:
    """Take the row for one attempt; None when another worker was first."""
    mine = (_outbox.c.id == letter_id) & (_outbox.c.attempts == attempts)
    free = _outbox.c.done_at.is_(None) & _outbox.c.failed.is_(False) & (_outbox.c.available_at <= at)
    with transaction() as session:
        row = (
            session.connection()
            .execute(
                update(_outbox)
                .where(mine, free)
                .values(attempts=attempts + 1, available_at=at + LEASE)
                .returning(_outbox.c.id, _outbox.c.kind, _outbox.c.payload, _outbox.c.case_id)
            )
            .one_or_none()
        )
    return None if row is None else Letter(row.id, row.kind, row.payload, row.case_id, attempts + 1)


def _send(letter: Letter) -> bool:
    try:
        _senders[letter.kind](letter)
    except Exception as fault:  # whatever went wrong outside is written down and tried again
        log.warning("letter %s (%s), attempt %s", letter.id, letter.kind, letter.attempt, exc_info=True)
        values: dict[str, Any] = {
            "error": repr(fault)[:2000],
            "failed": letter.attempt >= MOST_ATTEMPTS,
            "available_at": machine_now() + pause(letter.attempt),
        }
    else:
        values = {"done_at": machine_now(), "error": ""}
    finally:
        db.session.rollback()
    with transaction() as session:
        session.connection().execute(
            update(_outbox)
            .where(_outbox.c.id == letter.id, _outbox.c.attempts == letter.attempt)
            .values(values)
        )
    return "done_at" in values
