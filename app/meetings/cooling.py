"""From when a matter that a body has not passed may be put to a vote again.

The time is the figure `cooldown_days` kept with the decision. A matter is the same where unit, kind of matter
and title are, whatever their spaces and marks. Not for telling people why: the process does.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from app.extensions import db
from app.models import Decision
from app.runtime.world import world_of_unit
from workflows.services.calendar import Calendar

LONGEST = timedelta(days=3660)
UNITS = ("calendar_days", "working_days")


def may_return_at(unit_id: int, matter: str, title: str, *, now: datetime) -> datetime | None:
    """The end of the time, at `now`, within which the matter may not be voted on again; None where it may."""
    calendar = world_of_unit(unit_id, now=now).calendar
    assert isinstance(calendar, Calendar)
    rows = db.session.execute(
        select(Decision.title, Decision.decided_at, Decision.rule).where(
            Decision.unit_id == unit_id,
            Decision.matter == matter,
            Decision.meeting_id.is_not(None),
            Decision.passed.is_(False),
            Decision.annulled_at.is_(None),
            Decision.decided_at > now - LONGEST,
        )
    ).all()
    ends = []
    for row in rows:
        days = row.rule.get("cooldown_days")
        unit = (row.rule.get("units") or {}).get("cooldown_days")
        if _plain(row.title) == _plain(title) and isinstance(days, int) and unit in UNITS:
            ends.append(calendar.end_of_period(row.decided_at, days, unit))
    return max((end for end in ends if end > now), default=None)


def _plain(title: str) -> str:
    return "".join(c for c in title.casefold() if c.isalnum())
