"""Messages that came before anybody waited: a case that begins to wait takes what is there for it.

A message without a receiver is kept for ever. Not for sending: `messages`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, or_, select

from app.extensions import db
from app.models import InboxMessage
from app.runtime.held import Held
from app.runtime.records import Entry
from app.runtime.tables import table
from workflows.model import Data, Wait

_inbox = table(InboxMessage)


@dataclass(frozen=True, slots=True)
class Kept:
    """A message in the inbox."""

    id: int
    name: str
    key: str
    data: Data
    case_id: int | None


def matches(wait_name: str, wait_key: str, *, name: str, key: str, addressed: bool) -> bool:
    """Whether a wait is for a message: by name and key; one addressed to the case may leave the key out."""
    return wait_name == name and (wait_key == key or (addressed and not key))


def keep(name: str, key: str, data: Data, *, case_id: int | None, now: datetime) -> int:
    """Keep a message until somebody waits for it; returns its id."""
    return int(
        db.session.connection()
        .execute(
            insert(_inbox)
            .values(name=name, key=key, data=data, case_id=case_id, received_at=now)
            .returning(_inbox.c.id)
        )
        .scalar_one()
    )


def take(held: Held, *, waits: Sequence[Wait] | None = None) -> list[Entry]:
    """Deliver what the inbox holds for the waits that this act opened (or for these), each message once."""
    source = held.instance.changes().waits if waits is None else waits
    listening = [wait for wait in source if wait.kind == "message"]
    if not listening:
        return []
    entries: list[Entry] = []
    for message in _kept(sorted({wait.name for wait in listening}), held.id):
        open_refs = {wait.ref for wait in held.instance.waits()}
        wait = next((w for w in listening if w.ref in open_refs and _fits(w, message)), None)
        if wait is None:
            continue
        listening.remove(wait)
        db.session.connection().execute(delete(_inbox).where(_inbox.c.id == message.id))
        held.instance.deliver(wait.ref, message.data)
        entries.append(Entry("message.received", wait.element, _detail(message)))
    return entries


def _fits(wait: Wait, message: Kept) -> bool:
    addressed = message.case_id is not None
    return matches(wait.name, wait.key, name=message.name, key=message.key, addressed=addressed)


def _detail(message: Kept) -> dict[str, Any]:
    return {"name": message.name, "key": message.key, "data": message.data}


def _kept(names: Sequence[str], case_id: int) -> list[Kept]:
    rows = db.session.connection().execute(
        select(_inbox.c.id, _inbox.c.name, _inbox.c.key, _inbox.c.data, _inbox.c.case_id)
        .where(_inbox.c.name.in_(names), or_(_inbox.c.case_id.is_(None), _inbox.c.case_id == case_id))
        .order_by(_inbox.c.id)
        .limit(200)
        .with_for_update(skip_locked=True)
    )
    return [Kept(row.id, row.name, row.key, row.data, row.case_id) for row in rows]
