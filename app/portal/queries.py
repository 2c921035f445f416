"""Reads of what everybody may see: posted notices, published decisions. No figures beyond what is public."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, not_, or_, select

from app.extensions import db
from app.http import decode_cursor, page
from app.models import Case, Decision, Meeting, Notice, Objection, Task, Unit

POSTED, ENDED = "posted", "ended"


@dataclass(frozen=True, slots=True)
class Place:
    """A unit with the names of those above it, the outermost first."""

    id: int
    name: str
    name_en: str
    above: tuple[str, ...] = ()
    above_en: tuple[str, ...] = ()

    @property
    def full(self) -> str:
        """The name with the unit right above it, as people say it."""
        return "".join((*self.above[-1:], self.name))

    @property
    def full_en(self) -> str:
        """The same in English, the smaller first; "" where the unit has no English name."""
        return ", ".join((self.name_en, *self.above_en[-1:])) if self.name_en else ""


@dataclass(frozen=True, slots=True)
class PublicNotice:
    """A notice as everybody sees it; `state` is reckoned at the instant of asking."""

    row: Notice
    unit: Place
    case_no: str
    state: str
    takes_objections: bool
    next_id: int | None = None


@dataclass(frozen=True, slots=True)
class PublicDecision:
    """A published decision."""

    row: Decision
    unit: Place


def notices(
    *, now: datetime, unit_id: int | None, kind: str, state: str, q: str, limit: int, cursor: str
) -> tuple[list[PublicNotice], str | None]:
    """Notices, the newest first; `state`: posted (up now), past, or "" for all. `unit_id`: it and below."""
    wanted = select(Notice, Case.case_no).join(Case, Case.id == Notice.case_id)
    wanted = wanted.order_by(Notice.id.desc()).limit(limit + 1)
    if unit_id is not None:
        wanted = wanted.where(Notice.unit_id.in_(_with_those_below(unit_id)))
    if kind:
        wanted = wanted.where(Notice.kind == kind)
    if state:
        wanted = wanted.where(_is_up(now) if state == POSTED else not_(_is_up(now)))
    if q:
        wanted = wanted.where(
            or_(Notice.title.icontains(q, autoescape=True), Notice.text.icontains(q, autoescape=True))
        )
    place = decode_cursor(cursor, (int,))
    if place:
        wanted = wanted.where(Notice.id < place[0])
    rows, following = page(list(db.session.execute(wanted).all()), limit, lambda row: (row[0].id,))
    units = places([row[0].unit_id for row in rows])
    return [_public(row[0], row[1], units, now) for row in rows], following


def notice(notice_id: int, *, now: datetime) -> PublicNotice | None:
    """One notice."""
    row = db.session.execute(
        select(Notice, Case.case_no).join(Case, Case.id == Notice.case_id).where(Notice.id == notice_id)
    ).one_or_none()
    if row is None:
        return None
    after = db.session.scalar(
        select(Notice.id).where(Notice.previous_id == notice_id).order_by(Notice.id.desc()).limit(1)
    )
    return _public(row[0], row[1], places([row[0].unit_id]), now, after)


def locked_notice(notice_id: int) -> Notice | None:
    """One notice, its case's row locked first and then its own: the order in which the runner locks."""
    case_id = db.session.scalar(select(Notice.case_id).where(Notice.id == notice_id))
    if case_id is None:
        return None
    db.session.execute(select(Case.id).where(Case.id == case_id).with_for_update())
    return db.session.scalars(
        select(Notice)
        .where(Notice.id == notice_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def is_up(row: Notice, now: datetime) -> bool:
    """Whether a notice is posted and its period is not over."""
    return row.state == POSTED and (row.posted_to is None or now < row.posted_to)


def decisions(
    *, unit_id: int | None, matter: str, q: str, limit: int, cursor: str
) -> tuple[list[PublicDecision], str | None]:
    """Published decisions, the latest published first; annulled ones are among them."""
    wanted = (
        select(Decision)
        .where(Decision.published_at.is_not(None))
        .order_by(Decision.id.desc())
        .limit(limit + 1)
    )
    if unit_id is not None:
        wanted = wanted.where(Decision.unit_id.in_(_with_those_below(unit_id)))
    if matter:
        wanted = wanted.where(Decision.matter == matter)
    if q:
        wanted = wanted.where(
            or_(Decision.title.icontains(q, autoescape=True), Decision.item.icontains(q, autoescape=True))
        )
    place = decode_cursor(cursor, (int,))
    if place:
        wanted = wanted.where(Decision.id < place[0])
    rows, following = page(db.session.scalars(wanted).all(), limit, lambda row: (row.id,))
    units = places([row.unit_id for row in rows])
    return [PublicDecision(row, units[row.unit_id]) for row in rows], following


def decision(decision_id: int) -> PublicDecision | None:
    """One published decision."""
    row = db.session.scalars(
        select(Decision).where(Decision.id == decision_id, Decision.published_at.is_not(None))
    ).one_or_none()
    return None if row is None else PublicDecision(row, places([row.unit_id])[row.unit_id])


def decisions_beside(row: Decision) -> list[Decision]:
    """The other published items of the same meeting."""
    if row.meeting_id is None:
        return []
    return list(
        db.session.scalars(
            select(Decision)
            .where(
                Decision.meeting_id == row.meeting_id,
                Decision.id != row.id,
                Decision.published_at.is_not(None),
            )
            .order_by(Decision.id)
            .limit(100)
        )
    )


def notices_of_decision(row: Decision, also: Sequence[Decision]) -> list[Notice]:
    """The notices of its case that speak of it or of the items voted with it, and of the result."""
    ids = {str(each.id) for each in (row, *also)}
    found = db.session.scalars(
        select(Notice)
        .where(Notice.case_id == row.case_id, Notice.kind.in_(("decision", "result")))
        .order_by(Notice.id)
        .limit(20)
    )
    return [each for each in found if each.kind == "result" or str(each.facts.get("decision_id")) in ids]


def meeting(meeting_id: int, case_id: int) -> Meeting | None:
    """The meeting that a notice of this case speaks of."""
    return db.session.scalars(
        select(Meeting).where(Meeting.id == meeting_id, Meeting.case_id == case_id)
    ).one_or_none()


def objection_by_receipt(receipt_no: str) -> Objection | None:
    """The objection with this receipt number."""
    return db.session.scalars(select(Objection).where(Objection.receipt_no == receipt_no)).one_or_none()


def latest_due(case_id: int | None) -> datetime | None:
    """When the work that a case is at must be done."""
    return db.session.scalar(
        select(Task.due_at)
        .where(Task.case_id == case_id, Task.state.in_(("open", "claimed")))
        .order_by(Task.id.desc())
        .limit(1)
    )


def first_claimed(case_id: int | None) -> datetime | None:
    """When somebody first took a task of a case in hand."""
    return db.session.scalar(
        select(Task.claimed_at)
        .where(Task.case_id == case_id, Task.claimed_at.is_not(None))
        .order_by(Task.claimed_at)
        .limit(1)
    )


def units_with_notices() -> list[Place]:
    """The units that have ever posted a notice, by path: what the list can be narrowed to."""
    rows = db.session.scalars(
        select(Unit).where(Unit.id.in_(select(Notice.unit_id).distinct())).order_by(Unit.path).limit(500)
    ).all()
    found = places([row.id for row in rows])
    return [found[row.id] for row in rows]


def places(unit_ids: Sequence[int]) -> dict[int, Place]:
    """Units by id, with the names of those above."""
    rows = db.session.execute(select(Unit).where(Unit.id.in_(set(unit_ids)))).scalars().all()
    above = {int(part) for row in rows for part in row.path.split("/") if part}
    names = {
        found.id: (found.name, found.name_en or found.name)
        for found in db.session.execute(select(Unit.id, Unit.name, Unit.name_en).where(Unit.id.in_(above)))
    }
    found_places = {}
    for row in rows:
        outer = [names[int(part)] for part in row.path.split("/") if part and int(part) != row.id]
        found_places[row.id] = Place(
            row.id, row.name, row.name_en, tuple(zh for zh, _en in outer), tuple(en for _zh, en in outer)
        )
    return found_places


def _public(
    row: Notice, case_no: str, units: dict[int, Place], now: datetime, next_id: int | None = None
) -> PublicNotice:
    up = is_up(row, now)
    state = ENDED if row.state == POSTED and not up else row.state
    return PublicNotice(row, units[row.unit_id], case_no, state, up and row.objections_open, next_id)


def _is_up(now: datetime) -> ColumnElement[bool]:
    return and_(Notice.state == POSTED, or_(Notice.posted_to.is_(None), Notice.posted_to > now))


def _with_those_below(unit_id: int) -> Any:
    path = select(Unit.path).where(Unit.id == unit_id).scalar_subquery()
    return select(Unit.id).where(Unit.path.startswith(path))
