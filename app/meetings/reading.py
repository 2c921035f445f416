"""Lists of meetings and of rolls for who may see them."""

from typing import Any

from app.meetings import presenting, queries, service
from app.runtime.actor import Actor


def list_meetings(
    by: Actor, *, case_id: int | None = None, limit: int = 50, cursor: str = "", open_only: bool = False
) -> dict[str, Any]:
    """A page of meetings, newest first."""
    found, following = queries.meetings(by, case_id=case_id, open_only=open_only, limit=limit, cursor=cursor)
    known = presenting.known_of(found)
    return {"items": [presenting.shown(m, known) for m in found], "next": following}


def list_roll(
    meeting_id: int, *, by: Actor, q: str = "", limit: int = 50, cursor: str = "", absent: bool = False
) -> dict[str, Any]:
    """A page of a roll. Raises NoSuchMeeting."""
    meeting = service.shown(meeting_id, by=by)
    found, following = queries.roll(meeting.id, q=q, limit=limit, cursor=cursor, absent_only=absent)
    return {"items": found, "next": following}


def door_list(meeting_id: int, *, by: Actor) -> list[list[Any]]:
    """The whole roll as [id, name, household, last places, present], by name. Raises NoSuchMeeting."""
    meeting = service.shown(meeting_id, by=by)
    return [
        [str(row.id), row.name, row.household, row.identity_tail, row.present]
        for row in queries.door_list(meeting.id)
    ]
