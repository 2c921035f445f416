"""At the door: signing people in, taking them back, written proxies, recusals. One transaction each."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import update

from app.clock import SHANGHAI
from app.extensions import db
from app.meetings import queries
from app.meetings.refusals import (
    AttendanceRefused,
    CaseNotThere,
    CountingHasBegun,
    RollNotFrozen,
    TooEarly,
)
from app.meetings.service import HOUSEHOLD_WRITTEN, held, under_the_law_of
from app.models import Meeting, RollEntry
from app.runtime.actor import Actor
from app.runtime.transaction import transaction

LATE_BY = timedelta(minutes=10)
"""The case reaches its meeting a moment after the hour it is called for; the door does not close for that."""


def sign_in(
    meeting_id: int,
    *,
    present: Sequence[int],
    absent: Sequence[int],
    proxies: Mapping[int, str],
    by: Actor,
    now: datetime,
) -> Meeting:
    """Note who is here (again, if sent again: everybody counts once), who is not, and who is represented.

    The first sign-in opens the meeting, under the law of that day; the door is open all day of the meeting.
    Whoever a person who leaves was the proxy of leaves with them. Raises RollNotFrozen, TooEarly,
    CaseNotThere, CountingHasBegun, BodyMayNotDecide, AttendanceRefused with the ids that are not on the roll
    or proxies that the rule does not allow.
    """
    with transaction():
        meeting = held(meeting_id, by=by, step="attendance")
        _may_sign_in(meeting, now)
        if meeting.state == "roll_frozen":
            under_the_law_of(meeting, now)
        known = queries.entries(meeting.id, [*present, *absent, *proxies])
        _check_ids(known, present, absent, proxies)
        _check_proxies(meeting, known, present, absent, proxies)
        stamp = {"signed_at": now, "signed_by": by.id}
        gone = _left_alone(meeting, known, [*absent, *proxies])
        away = {"present": False, "by_proxy": "", "signed_at": None, "signed_by": None}
        _mark(meeting, [*absent, *(e.id for e in gone)], **away)
        _mark(meeting, [i for i in present if i not in proxies], present=True, by_proxy="", **stamp)
        for entry_id, proxy in proxies.items():
            _mark(meeting, [entry_id], present=True, by_proxy=proxy[:60], **stamp)
        if meeting.state == "roll_frozen":
            meeting.state = "open"
            meeting.opened_at = now
        meeting.present = queries.presence(meeting.id)["present"]
        meeting.row_version += 1
    return meeting


def recuse(meeting_id: int, entry_id: int, *, recused: bool, by: Actor) -> Meeting:
    """Mark somebody as recused: stays in the base, does not vote.

    Raises CountingHasBegun, AttendanceRefused.
    """
    with transaction():
        meeting = held(meeting_id, by=by, step="recuse")
        if meeting.state == "counting":
            raise CountingHasBegun
        known = queries.entries(meeting.id, [entry_id])
        _check_ids(known, [entry_id], [], {})
        _mark(meeting, [entry_id], recused=recused)
        meeting.row_version += 1
    return meeting


def _may_sign_in(meeting: Meeting, now: datetime) -> None:
    if meeting.state == "planned":
        raise RollNotFrozen
    if meeting.state == "counting":
        raise CountingHasBegun
    day = meeting.scheduled_at.astimezone(SHANGHAI) if meeting.scheduled_at else None
    if day and now.astimezone(SHANGHAI).date() < day.date():
        raise TooEarly(when=f"{day:%Y-%m-%d %H:%M}")
    if meeting.scheduled_at and now < meeting.scheduled_at + LATE_BY:  # people come before the hour
        if not queries.case_stands(meeting):
            raise CaseNotThere
    elif not queries.case_reached(meeting):
        raise CaseNotThere


def _check_ids(
    known: Mapping[int, RollEntry], present: Sequence[int], absent: Sequence[int], proxies: Mapping[int, str]
) -> None:
    errors = [
        _error(f"{path}.{n}", gettext("This person is not on the roll."))
        for path, ids in (("present", present), ("absent", absent), ("proxies", list(proxies)))
        for n, entry_id in enumerate(ids)
        if entry_id not in known
    ]
    if set(absent) & (set(present) | set(proxies)):
        errors.append(_error("absent", gettext("Somebody is given as present and as absent.")))
    if errors:
        raise AttendanceRefused(errors[:50])


def _check_proxies(
    meeting: Meeting,
    known: Mapping[int, RollEntry],
    present: Sequence[int],
    absent: Sequence[int],
    proxies: Mapping[int, str],
) -> None:
    """A written proxy within the household who is here in person, where the body's rule allows it."""
    if not proxies:
        return
    if meeting.rule.get("proxy") != HOUSEHOLD_WRITTEN:
        raise AttendanceRefused([_error("proxies", gettext("The rule of this body allows no proxies."))])
    households = sorted({known[i].household for i in proxies} - {""})
    members = queries.of_households(meeting.id, households)
    in_person = {e.id for e in members if e.present and not e.by_proxy} | set(present)
    in_person -= {*absent, *proxies}
    errors = []
    for entry_id, proxy in proxies.items():
        who = known[entry_id]
        named = [e for e in members if e.household == who.household and e.name == proxy and e.id != entry_id]
        if not named:
            text = gettext("Only a member of the same household can be the proxy.")
            errors.append(_error(f"proxies.{entry_id}", text))
        elif not any(e.id in in_person for e in named):
            text = gettext("%(proxy)s is not here in person: sign the proxy in first.", proxy=proxy)
            errors.append(_error(f"proxies.{entry_id}", text))
    if errors:
        raise AttendanceRefused(errors[:50])


def _mark(meeting: Meeting, ids: Sequence[int], **values: Any) -> None:
    if ids:
        db.session.execute(
            update(RollEntry)
            .where(RollEntry.meeting_id == meeting.id, RollEntry.id.in_(list(ids)))
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def _left_alone(meeting: Meeting, known: Mapping[int, RollEntry], ids: Sequence[int]) -> list[RollEntry]:
    """Whom these people, who are not here in person any more, stood in for."""
    return queries.represented_by(meeting.id, [known[i] for i in ids]) if ids else []


def _error(path: str, text: str) -> dict[str, str]:
    return {"path": path, "message": text, "code": "refused"}
