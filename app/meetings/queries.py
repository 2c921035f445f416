"""Reads of meetings, rolls and counts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, distinct, func, or_, select, true

from app.extensions import db
from app.http import decode_cursor, page
from app.models import (
    BallotCount,
    Case,
    Group,
    Meeting,
    Membership,
    Person,
    RollEntry,
    Subscription,
    Unit,
)
from app.runtime.actor import Actor
from app.runtime.sight import in_own_units, sees_case


def meeting(meeting_id: int) -> Meeting | None:
    """One meeting."""
    return db.session.get(Meeting, meeting_id)


def locked_meeting(meeting_id: int) -> Meeting | None:
    """One meeting, its case's row locked first and then its own: the order in which the runner locks."""
    case_id = db.session.scalar(select(Meeting.case_id).where(Meeting.id == meeting_id))
    if case_id is None:
        return None
    db.session.execute(select(Case.id).where(Case.id == case_id).with_for_update())
    return db.session.scalars(
        select(Meeting)
        .where(Meeting.id == meeting_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def seen_meetings(actor: Actor) -> ColumnElement[bool]:
    """The meetings this person may see: of cases they see, of own units, and those their groups run."""
    if actor.has_role("admin"):
        return true()
    groups = sorted(actor.groups) or [-1]
    return or_(
        in_own_units(actor, Meeting.unit_id),
        Meeting.convener_group_id.in_(groups),
        Meeting.teller_group_id.in_(groups),
        Meeting.case_id.in_(select(Case.id).where(sees_case(actor))),
    )


def meetings(
    actor: Actor, *, case_id: int | None, open_only: bool, limit: int, cursor: str
) -> tuple[list[Meeting], str | None]:
    """Meetings that this person may see, newest first."""
    wanted = select(Meeting).where(seen_meetings(actor)).order_by(Meeting.id.desc()).limit(limit + 1)
    if case_id is not None:
        wanted = wanted.where(Meeting.case_id == case_id)
    if open_only:
        wanted = wanted.where(Meeting.state.in_(("planned", "roll_frozen", "open", "counting")))
    place = decode_cursor(cursor, (int,))
    if place:
        wanted = wanted.where(Meeting.id < place[0])
    return page(db.session.scalars(wanted).all(), limit, lambda m: (m.id,))


def may_see(actor: Actor, meeting_id: int) -> bool:
    """Whether the person may see this meeting."""
    found = db.session.scalar(select(Meeting.id).where(Meeting.id == meeting_id, seen_meetings(actor)))
    return found is not None


def usernames_of(group_ids: Sequence[int | None]) -> list[str]:
    """Active officials of these groups, by username."""
    wanted = [g for g in group_ids if g is not None]
    if not wanted:
        return []
    rows = db.session.scalars(
        select(distinct(Person.username))
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.group_id.in_(wanted), Person.active)
        .order_by(Person.username)
        .limit(50)
    )
    return list(rows)


def group_name(group_id: int | None) -> str:
    """The name of a group, "" for none."""
    return (db.session.scalar(select(Group.name).where(Group.id == group_id)) or "") if group_id else ""


def unit_name(unit_id: int) -> str:
    """The name of a unit."""
    return db.session.scalar(select(Unit.name).where(Unit.id == unit_id)) or ""


def roll(
    meeting_id: int, *, q: str, limit: int, cursor: str, absent_only: bool = False
) -> tuple[list[RollEntry], str | None]:
    """The roll by name; `q` finds by a piece of the name, the household or the last digits of the ID."""
    wanted = (
        select(RollEntry)
        .where(RollEntry.meeting_id == meeting_id)
        .order_by(RollEntry.name, RollEntry.id)
        .limit(limit + 1)
    )
    text = q.strip()
    if text:
        wanted = wanted.where(
            or_(
                RollEntry.name.contains(text, autoescape=True),
                RollEntry.household.startswith(text, autoescape=True),
                RollEntry.identity_tail == text.upper(),
            )
        )
    if absent_only:
        wanted = wanted.where(RollEntry.present.is_(False))
    place = decode_cursor(cursor, (str, int))
    if place:
        wanted = wanted.where(
            or_(RollEntry.name > place[0], (RollEntry.name == place[0]) & (RollEntry.id > place[1]))
        )
    return page(db.session.scalars(wanted).all(), limit, lambda e: (e.name, e.id))


def entries(meeting_id: int, ids: Sequence[int]) -> dict[int, RollEntry]:
    """Roll entries of this meeting by id."""
    rows = db.session.scalars(
        select(RollEntry).where(RollEntry.meeting_id == meeting_id, RollEntry.id.in_(list(ids)))
    )
    return {row.id: row for row in rows}


def whole_roll(meeting_id: int) -> list[RollEntry]:
    """Every entry of a roll, by id."""
    return list(
        db.session.scalars(select(RollEntry).where(RollEntry.meeting_id == meeting_id).order_by(RollEntry.id))
    )


def presence(meeting_id: int) -> dict[str, int]:
    """How many are present: people, households, women, and those among them who may not vote."""
    row = db.session.execute(_presence(meeting_id)).one()
    return {
        "present": row.present,
        "households_present": row.households,
        "women_present": row.women or 0,
        "delegates_present": row.present,
        "recused_present": row.recused or 0,
    }


def _presence(meeting_id: int) -> Select[*tuple[int, ...]]:
    return select(
        func.count().label("present"),
        func.count(distinct(RollEntry.household)).label("households"),
        func.count().filter(RollEntry.woman.is_(True)).label("women"),
        func.count().filter(RollEntry.recused.is_(True)).label("recused"),
    ).where(RollEntry.meeting_id == meeting_id, RollEntry.present.is_(True))


def ballot_counts(meeting_id: int) -> list[BallotCount]:
    """Every count entered, in order."""
    return list(
        db.session.scalars(
            select(BallotCount).where(BallotCount.meeting_id == meeting_id).order_by(BallotCount.id)
        )
    )


def latest_entry_at(meeting_id: int) -> datetime | None:
    """When somebody last signed in."""
    return db.session.scalar(select(func.max(RollEntry.signed_at)).where(RollEntry.meeting_id == meeting_id))


def open_meetings_of(case_id: int) -> list[Meeting]:
    """Meetings of a case that are not over."""
    return list(
        db.session.scalars(
            select(Meeting).where(
                Meeting.case_id == case_id,
                Meeting.state.not_in(("closed", "adjourned", "cancelled")),
            )
        )
    )


def case_reached(meeting: Meeting) -> bool:
    """Whether the case waits at this meeting now."""
    found = db.session.scalar(
        select(Subscription.id).where(
            Subscription.case_id == meeting.case_id,
            Subscription.ref == meeting.ref,
            Subscription.kind == "meeting",
            Subscription.target_id == meeting.id,
        )
    )
    return found is not None
