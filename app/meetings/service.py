"""Before the meeting: its roll, and freezing it. Tells who may do each step of a meeting.

The door is `attendance`, counting `tellers`, ending it `closing`. Each function is one transaction;
permission by role is the guard's matter, by group it is here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import get_locale, gettext
from sqlalchemy import delete

from app.extensions import db
from app.identity.register import voting_age
from app.identity.register_columns import CAPACITY
from app.identity.register_reading import ImportReport, read_register
from app.meetings import lawful_day, planning, queries, rolls
from app.meetings.counting import Reckoning, quorum
from app.meetings.refusals import (
    MeetingOver,
    NoSuchMeeting,
    NotOfThisMeeting,
    RollIsEmpty,
    RollIsFrozen,
    RollRefused,
)
from app.models import Meeting, RollEntry
from app.runtime.actor import Actor
from app.runtime.transaction import transaction
from workflows.services.calendar import legal_day

OVER = ("closed", "adjourned", "cancelled")
MEMBERS_ASSEMBLY = "collective_members_assembly"  # of members with full civil capacity
STEPS = ("roll", "freeze", "attendance", "recuse", "ballots", "close", "adjourn")
HOUSEHOLD_WRITTEN = "household_written"  # the only kind of proxy that a rule may allow
Members = Mapping[int, Sequence[tuple[str, str]]]


def shown(meeting_id: int, *, by: Actor) -> Meeting:
    """One meeting that the person may see. Raises NoSuchMeeting."""
    meeting = queries.meeting(meeting_id)
    if meeting is None or not queries.may_see(by, meeting_id):
        raise NoSuchMeeting
    return meeting


def held(meeting_id: int, *, by: Actor, step: str) -> Meeting:
    """The meeting locked for a step of this person. Raises NoSuchMeeting, NotOfThisMeeting, MeetingOver."""
    meeting = queries.locked_meeting(meeting_id)
    if meeting is None or not queries.may_see(by, meeting_id):
        raise NoSuchMeeting
    groups = groups_for(meeting, step)
    if not by.groups.intersection(groups):
        english = str(get_locale()) == "en"
        names = [(en if english else "") or name for name, en in queries.group_names(groups)]
        raise NotOfThisMeeting(group=(", " if english else "、").join(names) or "–")
    if meeting.state in OVER:
        raise MeetingOver
    return meeting


def groups_for(meeting: Meeting, step: str, members: Members | None = None) -> list[int]:
    """The groups that may do a step; without enough tellers of their own the conveners count as well."""
    conveners = [meeting.convener_group_id] if meeting.convener_group_id else []
    tellers = [meeting.teller_group_id] if meeting.teller_group_id else []
    if step != "ballots":
        return [*conveners, *tellers] if step == "attendance" else conveners
    if members is None:
        members = queries.members_of_groups(tellers)
    enough = len({username for group in tellers for username, _name in members.get(group, [])}) > 1
    return tellers if enough else [*tellers, *conveners]


def eligible(meeting: Meeting, members: Members | None = None) -> dict[str, dict[str, str]]:
    """Step → username → name of those who may do it. `members` where the groups are known already."""
    if meeting.state in OVER:
        return {step: {} for step in STEPS}
    if members is None:
        members = queries.members_of_groups(groups_of(meeting))
    return {
        step: dict(sorted(p for g in groups_for(meeting, step, members) for p in members.get(g, [])))
        for step in STEPS
    }


def groups_of(*meetings: Meeting) -> list[int]:
    """The groups that have a part in these meetings."""
    return [g for m in meetings for g in (m.convener_group_id, m.teller_group_id) if g is not None]


def load_from_unit(meeting_id: int, unit_id: int | None, *, by: Actor) -> Meeting:
    """Make the roll anew from the register of the meeting's unit.

    Raises RollIsFrozen; RollRefused for another unit, or where the register holds nobody of this body.
    """
    with transaction():
        meeting = held(meeting_id, by=by, step="roll")
        if unit_id not in (None, meeting.unit_id):
            text = gettext("The roll comes from the register of the meeting's own unit.")
            raise RollRefused([_error("from_unit", text)])
        people = planning.members_of(meeting.unit_id, meeting.body)
        replace_roll(meeting, people, gettext("The register holds nobody of this body."))
    return meeting


def load_from_file(meeting_id: int, content: bytes, *, by: Actor, now: datetime) -> Meeting:
    """Make the roll anew from a CSV or XLSX list, whole or not at all.

    Raises RollIsFrozen; RollRefused with the line and column of everything that is wrong.
    """
    called = shown(meeting_id, by=by)
    day = max(now, called.scheduled_at or now)  # whoever comes of age before the meeting takes part
    report = ImportReport()
    age = voting_age(called.unit_id, called.body, now=day)
    db.session.rollback()
    candidates = read_register(content, legal_day(day), report, from_age=age)
    if report.problems:
        raise RollRefused([_error(f"{p.line}:{p.column}", p.message) for p in report.problems[:200]])
    with transaction():
        meeting = held(meeting_id, by=by, step="roll")
        people = [
            _Listed(c.name, c.household, c.number.digest, c.number.tail, c.number.woman, c.marks)
            for c in candidates
            if meeting.body != MEMBERS_ASSEMBLY or c.marks.get(CAPACITY)
        ]
        replace_roll(meeting, people, gettext("The file lists nobody."))
    return meeting


@dataclass(frozen=True, slots=True)
class _Listed:
    """Somebody of a list, as a roll needs them."""

    name: str
    household: str
    identity_digest: bytes
    identity_tail: str
    woman: bool
    marks: dict[str, Any]


def replace_roll(meeting: Meeting, people: Sequence[Any], nobody: str) -> None:
    """Put these people on the roll instead of those on it. Raises RollIsFrozen, RollRefused(`nobody`)."""
    if meeting.state != "planned":
        raise RollIsFrozen
    db.session.execute(delete(RollEntry).where(RollEntry.meeting_id == meeting.id))
    if not planning.load_roll(meeting, people):
        raise RollRefused([_error("file", nobody)])
    meeting.row_version += 1


def freeze(meeting_id: int, *, by: Actor, now: datetime) -> Meeting:
    """Settle who may take part; from here on quorum and majority are measured against this roll.

    The figures become those of the meeting's day. Raises RollIsEmpty, BodyMayNotDecide; RollIsFrozen when it
    is done already.
    """
    with transaction():
        meeting = held(meeting_id, by=by, step="freeze")
        if meeting.state != "planned":
            raise RollIsFrozen
        counted = queries.roll_counts(meeting.id)
        if not counted["people"]:
            raise RollIsEmpty
        under_the_law_of(meeting, max(now, meeting.scheduled_at or now))
        meeting.roll_size = counted["people"]
        meeting.counts = rolls.bases(counted, electors=int(meeting.counts.get("electors") or 0))
        meeting.state = "roll_frozen"
        meeting.frozen_at = now
        meeting.row_version += 1
    return meeting


def standing(meeting: Meeting, presence: Mapping[str, int] | None = None) -> Reckoning:
    """The quorum as it stands over who is present now (`presence` where it is known already)."""
    return quorum(meeting.rule, _bases(meeting), presence or queries.presence(meeting.id))


def under_the_law_of(meeting: Meeting, at: datetime) -> None:
    """Give the meeting the figures in force at that moment. Raises BodyMayNotDecide."""
    lawful_day.renew(meeting, at=at)
    lawful_day.may_decide(meeting, at=at)


def _bases(meeting: Meeting) -> dict[str, int]:
    if meeting.frozen_at is not None:
        return dict(meeting.counts)
    return rolls.bases(queries.roll_counts(meeting.id), electors=int(meeting.counts.get("electors") or 0))


def _error(path: str, text: str) -> dict[str, str]:
    return {"path": path, "message": text, "code": "refused"}
