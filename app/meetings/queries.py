"""Reads of meetings, rolls and counts."""

from collections.abc import Iterable, Sequence
from typing import Any

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


def members_of_groups(group_ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """Group → (username, name) of its active officials, by username, at most 50 a group."""
    wanted = sorted(set(group_ids))
    found: dict[int, list[tuple[str, str]]] = {group: [] for group in wanted}
    if wanted:
        rows = db.session.execute(
            select(Membership.group_id, Person.username, Person.name)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.group_id.in_(wanted), Person.active)
            .order_by(Person.username)
            .limit(50 * len(wanted))
        )
        for group, username, name in rows:
            found[group].append((username, name))
    return found


def group_names(group_ids: Sequence[int]) -> list[tuple[str, str]]:
    """(name, English name) of these groups."""
    rows = db.session.execute(
        select(Group.name, Group.name_en).where(Group.id.in_(group_ids)).order_by(Group.id)
    )
    return [(row.name, row.name_en) for row in rows]


def unit_names(unit_id: int) -> tuple[str, str]:
    """(name, English name) of a unit."""
    row = db.session.execute(select(Unit.name, Unit.name_en).where(Unit.id == unit_id)).one_or_none()
    return (row.name, row.name_en) if row else ("", "")


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


def door_list(meeting_id: int) -> Sequence[Any]:
    """What the door needs of everybody on a roll, by name."""
    return db.session.execute(
        select(RollEntry.id, RollEntry.name, RollEntry.household, RollEntry.identity_tail, RollEntry.present)
        .where(RollEntry.meeting_id == meeting_id)
        .order_by(RollEntry.name, RollEntry.id)
        .limit(50_000)
    ).all()


def entries(meeting_id: int, ids: Sequence[int]) -> dict[int, RollEntry]:
    """Roll entries of this meeting by id."""
    rows = db.session.scalars(
        select(RollEntry).where(RollEntry.meeting_id == meeting_id, RollEntry.id.in_(list(ids)))
    )
    return {row.id: row for row in rows}


def roll_counts(meeting_id: int) -> dict[str, int]:
    """How many are on a roll: `people`, `households`, `women`."""
    row = db.session.execute(_counts().where(RollEntry.meeting_id == meeting_id)).one()
    return {"people": row.people, "households": row.households, "women": row.women}


def presence(meeting_id: int) -> dict[str, int]:
    """How many are present: people, households, women, and those among them who may not vote."""
    wanted = _counts().where(RollEntry.meeting_id == meeting_id, RollEntry.present.is_(True))
    return _present(db.session.execute(wanted).one())


def presence_of(meeting_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """`presence` of several meetings at once; meetings where nobody is present are left out."""
    rows = db.session.execute(
        _counts()
        .add_columns(RollEntry.meeting_id)
        .where(RollEntry.meeting_id.in_(list(meeting_ids)), RollEntry.present.is_(True))
        .group_by(RollEntry.meeting_id)
    )
    return {row.meeting_id: _present(row) for row in rows}


def _counts() -> Select[*tuple[Any, ...]]:
    """People, households, women and recused among roll entries. Who has no household is one of their own."""
    return select(
        func.count().label("people"),
        (
            func.count(distinct(func.nullif(RollEntry.household, "")))
            + func.count().filter(RollEntry.household == "")
        ).label("households"),
        func.count().filter(RollEntry.woman.is_(True)).label("women"),
        func.count().filter(RollEntry.recused.is_(True)).label("recused"),
    )


def _present(row: Any) -> dict[str, int]:
    return {
        "present": row.people,
        "households_present": row.households,
        "women_present": row.women,
        "delegates_present": row.people,
        "recused_present": row.recused,
    }


def of_households(meeting_id: int, households: Sequence[str]) -> list[RollEntry]:
    """Everybody of these households, by id."""
    return list(
        db.session.scalars(
            select(RollEntry)
            .where(RollEntry.meeting_id == meeting_id, RollEntry.household.in_(list(households)))
            .order_by(RollEntry.id)
        )
    )


def represented_by(meeting_id: int, entries: Sequence[RollEntry]) -> list[RollEntry]:
    """Who is present only through one of these people as a written proxy."""
    names = {(e.household, e.name) for e in entries}
    rows = db.session.scalars(
        select(RollEntry)
        .where(
            RollEntry.meeting_id == meeting_id,
            RollEntry.by_proxy != "",
            RollEntry.household.in_([e.household for e in entries]),
        )
        .order_by(RollEntry.id)
    )
    return [row for row in rows if (row.household, row.by_proxy) in names]


def ballot_counts(*meeting_ids: int) -> list[BallotCount]:
    """Every count entered at these meetings, in order."""
    return list(
        db.session.scalars(
            select(BallotCount).where(BallotCount.meeting_id.in_(meeting_ids)).order_by(BallotCount.id)
        )
    )


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


def case_stands(meeting: Meeting) -> bool:
    """Whether the case of the meeting is neither suspended nor over."""
    state = db.session.scalar(select(Case.state).where(Case.id == meeting.case_id))
    return state in ("running", "incident")


def case_reached(meeting: Meeting) -> bool:
    """Whether the case stands and waits at this meeting now."""
    found = db.session.scalar(
        select(Subscription.id)
        .join(Case, Case.id == Subscription.case_id)
        .where(
            Case.state.in_(("running", "incident")),
            Subscription.case_id == meeting.case_id,
            Subscription.ref == meeting.ref,
            Subscription.kind == "meeting",
            Subscription.target_id == meeting.id,
        )
    )
    return found is not None
