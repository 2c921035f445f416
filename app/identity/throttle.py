"""Counts failures of one thing by one source, and says when there were too many. Machine time.

Only failures count; a success forgets them. Offices share one address: a source is a name and an address
together, so that nobody is locked out by a colleague's mistakes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app.errors import Throttled
from app.extensions import db
from app.models import FailedAttempt
from app.runtime.transaction import transaction


@dataclass(frozen=True, slots=True)
class Limit:
    """So many failures of a kind within so much time."""

    kind: str
    failures: int
    window: timedelta


def check(limit: Limit, *source: str, now: datetime) -> None:
    """Let a source try. Raises Throttled where it has failed too often; the wait ends with the window."""
    row = db.session.execute(
        select(FailedAttempt.failures, FailedAttempt.since).where(
            FailedAttempt.key == _key(limit, source), FailedAttempt.since > now - limit.window
        )
    ).one_or_none()
    if row is not None and row.failures >= limit.failures:
        raise Throttled(seconds=max(1, ceil((row.since + limit.window - now).total_seconds())))


def failed(limit: Limit, *source: str, now: datetime) -> None:
    """Count one failure; opens its own transaction, so that it stays whatever is refused afterwards."""
    start = now - limit.window
    with transaction() as session:
        session.execute(delete(FailedAttempt).where(FailedAttempt.since <= now - timedelta(days=1)))
        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        over = FailedAttempt.since <= start
        session.execute(
            insert(FailedAttempt)
            .values(key=_key(limit, source), failures=1, since=now)
            .on_conflict_do_update(
                index_elements=["key"],
                set_={
                    "failures": case((over, 1), else_=FailedAttempt.failures + 1),
                    "since": case((over, now), else_=FailedAttempt.since),
                },
            )
        )


def forget(limit: Limit, *source: str) -> None:
    """Forget the failures of a source; call inside the transaction of the success."""
    db.session.execute(delete(FailedAttempt).where(FailedAttempt.key == _key(limit, source)))


def _key(limit: Limit, source: tuple[str, ...]) -> str:
    digest = sha256("\0".join(source).encode("utf-8", "replace")).hexdigest()
    return f"{limit.kind}:{digest[:64]}"
