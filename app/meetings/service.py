"""Before and at the door: the roll, freezing it, signing people in, recusals. Tells who may do each step.

Counting is `tellers`, ending it `closing`. Each function is one transaction; permission by role is the
guard's matter, by group it is here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import delete, update

from app.clock import SHANGHAI
from app.extensions import db
from app.identity.register_reading import ImportReport, read_register
from app.meetings import planning, queries, rolls
from app.meetings.counting import quorum
from app.meetings.refusals import (
    AttendanceRefused,
    CaseNotThere,
    CountingHasBegun,
    MeetingOver,
    NoSuchMeeting,
    NotOfThisMeeting,
    RollIsEmpty,
    RollIsFrozen,
    RollNotFrozen,
    RollRefused,
    TooEarly,
)
from app.models import Meeting, RollEntry
from app.runtime.actor import Actor
from app.runtime.transaction import transaction
from workflows.services.calendar import legal_day

OVER = ("closed", "adjourned", "cancelled")


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
        raise NotOfThisMeeting(group="、".join(n for n in map(queries.group_name, groups) if n))
    if meeting.state in OVER:
        raise MeetingOver
    return meeting


def groups_for(meeting: Meeting, step: str) -> list[int]:
    """The groups that may do a step; without enough tellers of their own the conveners count as well."""
    conveners = [meeting.convener_group_id] if meeting.convener_group_id else []
    tellers = [meeting.teller_group_id] if meeting.teller_group_id else []
    if step != "ballots":
        return [*conveners, *tellers] if step == "attendance" else conveners
    return tellers if len(queries.usernames_of(tellers)) > 1 else [*tellers, *conveners]


def eligible(meeting: Meeting) -> dict[str, list[str]]:
    """Step → usernames of those who may do it."""
    steps = ("roll", "freeze", "attendance", "recuse", "ballots", "close", "adjourn")
    if meeting.state in OVER:
        return {step: [] for step in steps}
    by_groups: dict[tuple[int, ...], list[str]] = {}
    found = {}
    for step in steps:
        key = tuple(groups_for(meeting, step))
        if key not in by_groups:
            by_groups[key] = queries.usernames_of(key)
        found[step] = by_groups[key]
    return found


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
    report = ImportReport()
    candidates = read_register(content, legal_day(now), report)
    if report.problems:
        raise RollRefused([_error(f"{p.line}:{p.column}", p.message) for p in report.problems[:200]])
    people = [
        _Listed(c.name, c.household, c.number.digest, c.number.tail, c.number.woman, c.marks)
        for c in candidates
    ]
    with transaction():
        meeting = held(meeting_id, by=by, step="roll")
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

    Raises RollIsEmpty; RollIsFrozen when it is done already.
    """
    with transaction():
        meeting = held(meeting_id, by=by, step="freeze")
        if meeting.state != "planned":
            raise RollIsFrozen
        entries = queries.whole_roll(meeting.id)
        if not entries:
            raise RollIsEmpty
        electors = int(meeting.counts.get("electors") or len(entries))
        meeting.roll_size = len(entries)
        meeting.counts = rolls.bases(entries, electors=electors)
        meeting.state = "roll_frozen"
        meeting.frozen_at = now
        meeting.row_version += 1
    return meeting


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

    The first sign-in opens the meeting. Raises RollNotFrozen, TooEarly, CaseNotThere, CountingHasBegun,
    AttendanceRefused with the ids that are not on the roll or proxies that the rule does not allow.
    """
    with transaction():
        meeting = held(meeting_id, by=by, step="attendance")
        _may_sign_in(meeting, now)
        known = queries.entries(meeting.id, [*present, *absent, *proxies])
        _check_ids(known, present, absent, proxies)
        _check_proxies(meeting, known, proxies)
        stamp = {"signed_at": now, "signed_by": by.id}
        _mark(meeting, [i for i in absent if i not in proxies], present=False, by_proxy="", signed_at=None)
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


def standing(meeting: Meeting) -> Any:
    """The quorum as it stands: a Reckoning over who is present now."""
    return quorum(meeting.rule, _bases(meeting), queries.presence(meeting.id))


def _bases(meeting: Meeting) -> dict[str, int]:
    if meeting.frozen_at is not None:
        return dict(meeting.counts)
    entries = queries.whole_roll(meeting.id)
    return rolls.bases(entries, electors=int(meeting.counts.get("electors") or len(entries)))


def _may_sign_in(meeting: Meeting, now: datetime) -> None:
    if meeting.state == "planned":
        raise RollNotFrozen
    if meeting.state == "counting":
        raise CountingHasBegun
    day = meeting.scheduled_at.astimezone(SHANGHAI) if meeting.scheduled_at else None
    if day and now.astimezone(SHANGHAI).date() < day.date():
        raise TooEarly(when=f"{day:%Y-%m-%d %H:%M}")
    if not queries.case_reached(meeting):
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
    both = set(present) & set(absent)
    if both:
        errors.append(_error("absent", gettext("Somebody is given as present and as absent.")))
    if errors:
        raise AttendanceRefused(errors[:50])


def _check_proxies(meeting: Meeting, known: Mapping[int, RollEntry], proxies: Mapping[int, str]) -> None:
    """A written proxy within the household, and only where the rule of the body allows it."""
    if not proxies:
        return
    if meeting.rule.get("proxy") != "household_written":
        raise AttendanceRefused([_error("proxies", gettext("The rule of this body allows no proxies."))])
    members: dict[str, set[str]] = {}
    for entry in queries.whole_roll(meeting.id):
        members.setdefault(entry.household, set()).add(entry.name)
    errors = [
        _error(f"proxies.{entry_id}", gettext("Only a member of the same household can be the proxy."))
        for entry_id, proxy in proxies.items()
        if proxy == known[entry_id].name or proxy not in members[known[entry_id].household]
    ]
    if errors:
        raise AttendanceRefused(errors)


def _mark(meeting: Meeting, ids: Sequence[int], **values: Any) -> None:
    if ids:
        db.session.execute(
            update(RollEntry)
            .where(RollEntry.meeting_id == meeting.id, RollEntry.id.in_(list(ids)))
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def _error(path: str, text: str) -> dict[str, str]:
    return {"path": path, "message": text, "code": "refused"}
