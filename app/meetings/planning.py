"""Making a meeting from what a diagram asks: its rule, its day, and its first roll from the register.

Not for running it (service, tellers, closing).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import insert, select

from app.clock import SHANGHAI
from app.extensions import db
from app.identity.register import NotInRegister, RegisterRow, register_of
from app.meetings import cooling, lawful_day, queries, rolls
from app.models import Meeting, RollEntry, Unit
from app.runtime.groups import resolve_groups
from workflows.errors import Phrase, Refusal, message

OPENING = time(9, 0)
EARLIEST_HOUR = 6
LONGEST_AHEAD = timedelta(days=3660)


class MeetingNotPlannable(Refusal):
    """The diagram gives no meeting that can be held."""

    code = "meeting.not_plannable"
    text = message("The meeting cannot be planned: {reason}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a diagram says about a meeting. Instants are aware; `wish` may be None."""

    case_id: int
    ref: str
    element: str
    unit_id: int
    kind: str
    body: str
    matter: str
    title: str
    agenda: str
    venue: str
    items: list[dict[str, str]]
    rule: dict[str, Any]
    earliest: datetime
    wish: datetime | None
    basis: str
    secret: bool
    convener: str
    tellers: str
    previous_id: int | None
    now: datetime


def plan(wanted: Plan) -> Meeting:
    """Write the meeting with its roll from the unit's register. Raises MeetingNotPlannable.

    It is never before `earliest`, nor before a matter that was not passed may return.
    """
    groups = resolve_groups([wanted.convener, wanted.tellers], unit_path=_path_of(wanted.unit_id))
    if wanted.convener not in groups:
        raise MeetingNotPlannable(reason=Phrase(message("no group of this unit or above it may convene it")))
    if len({item["key"] for item in wanted.items}) < len(wanted.items):
        raise MeetingNotPlannable(reason=Phrase(message("two items on the agenda have the same key")))
    previous = _previous(wanted)
    again = cooling.may_return_at(wanted.unit_id, wanted.matter, wanted.title[:200], now=wanted.now)
    earliest = max(wanted.earliest, again) if again and wanted.kind == "vote" else wanted.earliest
    meeting = Meeting(
        case_id=wanted.case_id,
        ref=wanted.ref,
        element=wanted.element,
        unit_id=wanted.unit_id,
        kind=wanted.kind,
        body=wanted.body,
        matter=wanted.matter,
        title=wanted.title[:200],
        agenda=wanted.agenda,
        venue=wanted.venue[:200],
        items=wanted.items,
        basis=_basis(wanted),
        secret=_secret(wanted),
        rule=wanted.rule,
        round=previous.round + 1 if previous else 1,
        previous_id=previous.id if previous else None,
        convener_group_id=groups.get(wanted.convener),
        teller_group_id=groups.get(wanted.tellers),
        state="planned",
        scheduled_at=scheduled_at(earliest, wanted.wish),
        counts={},
        result={},
        minutes={},
    )
    assert meeting.scheduled_at is not None
    lawful_day.renew(meeting, at=meeting.scheduled_at)
    db.session.add(meeting)
    db.session.flush()
    load_roll(meeting, members_of(wanted.unit_id, wanted.body))
    return meeting


def scheduled_at(earliest: datetime, wish: datetime | None) -> datetime:
    """The wish where it is lawful, else the first morning from `earliest` on."""
    if wish is not None and wish - earliest > LONGEST_AHEAD:
        raise MeetingNotPlannable(reason=Phrase(message("the wished date is more than ten years ahead")))
    moment = max(earliest, wish) if wish else earliest
    local = moment.astimezone(SHANGHAI)
    if local.hour < EARLIEST_HOUR:
        local = datetime.combine(local.date(), OPENING, SHANGHAI)
    return local


def members_of(unit_id: int, body: str) -> list[RegisterRow]:
    """The members of a body by the register; nobody for bodies whose list comes as a file."""
    try:
        return register_of(unit_id, body)
    except NotInRegister:
        return []


def load_roll(meeting: Meeting, people: Iterable[Any]) -> int:
    """Put these members of the body on the roll, or one a household of them; returns how many."""
    members = list(people)
    everybody = len(members)
    if meeting.basis == "household":
        members = rolls.one_a_household(members)
    if members:
        db.session.execute(
            insert(RollEntry),
            [
                {
                    "meeting_id": meeting.id,
                    "elector_id": getattr(e, "id", None),
                    "name": e.name,
                    "household": e.household,
                    "identity_digest": e.identity_digest,
                    "identity_tail": e.identity_tail,
                    "woman": e.woman,
                    "marks": e.marks,
                }
                for e in members
            ],
        )
    meeting.roll_size = len(members)
    meeting.counts = {"electors": everybody}
    return len(members)


def _basis(wanted: Plan) -> str:
    """By person, unless households are asked for and the body's rule allows them."""
    return "household" if wanted.basis == "household" and wanted.rule.get("household_basis") else "person"


def _secret(wanted: Plan) -> bool:
    """As asked, where the rule of the body allows that kind of ballot."""
    ballots = wanted.rule.get("ballots") or ["secret", "show_of_hands"]
    return "secret" in ballots if wanted.secret else "show_of_hands" not in ballots


def _previous(wanted: Plan) -> Meeting | None:
    if wanted.previous_id is None:
        return None
    found = queries.meeting(wanted.previous_id)
    if found is None or found.case_id != wanted.case_id:
        raise MeetingNotPlannable(reason=Phrase(message("the meeting before it is not of this case")))
    return found


def _path_of(unit_id: int) -> str:
    return db.session.scalar(select(Unit.path).where(Unit.id == unit_id)) or ""
