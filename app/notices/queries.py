"""Reads of notices and objections, for cases and officials. What the public reads is in `portal.queries`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select, true

from app.extensions import db
from app.http import decode_cursor, page
from app.models import Case, Notice, Objection, Record, Subscription, Task, Unit
from app.runtime.actor import Actor
from app.runtime.sight import OPEN, in_own_units, sees_case

LONGEST_CHAIN = 200
POSTED, ENDED, INTERRUPTED, WITHDRAWN = "posted", "ended", "interrupted", "withdrawn"
UPHELD, MINOR, UNFOUNDED = "upheld", "minor", "unfounded"
OUTCOMES = (UPHELD, MINOR, UNFOUNDED, WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a notice stands at an instant. Objections to the notices it follows count with it."""

    covered: bool
    interrupted: bool
    open_objections: int
    upheld: int
    minor: int
    unfounded: int
    withdrawn: int


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


def line_of(notice: Notice) -> list[Notice]:
    """The notice and those it follows, newest first."""
    line = [notice]
    while line[-1].previous_id is not None and len(line) < LONGEST_CHAIN:
        before = db.session.get(Notice, line[-1].previous_id)
        if before is None:
            break
        line.append(before)
    return line


def latest_of(notice: Notice) -> Notice:
    """The newest notice that follows this one, or itself."""
    latest = notice
    for _step in range(LONGEST_CHAIN):
        after = db.session.scalars(
            select(Notice).where(Notice.previous_id == latest.id).order_by(Notice.id.desc()).limit(1)
        ).one_or_none()
        if after is None:
            break
        latest = after
    return latest


def objections_to(notice_ids: Sequence[int]) -> list[Objection]:
    """Every objection to these notices, oldest first."""
    rows = db.session.scalars(
        select(Objection)
        .where(Objection.notice_id.in_(notice_ids))
        .order_by(Objection.id)
        .execution_options(populate_existing=True)
    )
    return list(rows)


def standing(notice: Notice, *, now: datetime) -> Standing:
    """How the notice stands at `now`.

    A slip that was found before this notice went up is corrected by it and no longer counts as minor.
    """
    found = objections_to([each.id for each in line_of(notice)])
    outcomes = [
        each.outcome
        for each in found
        if each.outcome != MINOR
        or each.notice_id == notice.id
        or (each.settled_at is not None and each.settled_at > notice.posted_from)
    ]
    return Standing(
        covered=notice.posted_to is not None and now >= notice.posted_to,
        interrupted=notice.state == INTERRUPTED,
        open_objections=outcomes.count(""),
        upheld=outcomes.count(UPHELD),
        minor=outcomes.count(MINOR),
        unfounded=outcomes.count(UNFOUNDED),
        withdrawn=outcomes.count(WITHDRAWN),
    )


def cancel_reason(case_id: int) -> str:
    """Why a case was cancelled, as its record says; "" where it was not."""
    detail = db.session.scalar(
        select(Record.detail)
        .where(Record.case_id == case_id, Record.kind == "case.cancelled")
        .order_by(Record.seq.desc())
        .limit(1)
    )
    return str((detail or {}).get("reason", ""))


@dataclass(frozen=True, slots=True)
class OfficeNotice:
    """A notice as officials list it. `state` as stored; whether it is over is reckoned by `state_at`."""

    row: Notice
    unit: str
    unit_en: str
    case_no: str
    objections: int
    open_objections: int

    def state_at(self, now: datetime) -> str:
        """Posted, ended, interrupted or withdrawn at an instant."""
        over = self.row.posted_to is not None and self.row.posted_to <= now
        return ENDED if self.row.state == POSTED and over else self.row.state


def notices(
    actor: Actor, *, now: datetime, state: str, q: str, limit: int, cursor: str
) -> tuple[list[OfficeNotice], str | None]:
    """Notices of cases and units that this person may see, newest first. `state`: posted, past or ""."""
    wanted = _notices_seen(actor).order_by(Notice.id.desc()).limit(limit + 1)
    up = and_(Notice.state == POSTED, or_(Notice.posted_to.is_(None), Notice.posted_to > now))
    if state:
        wanted = wanted.where(up if state == POSTED else not_(up))
    if q:
        wanted = wanted.where(Notice.title.icontains(q, autoescape=True))
    place = decode_cursor(cursor, (int,))
    if place:
        wanted = wanted.where(Notice.id < place[0])
    rows, following = page(list(db.session.execute(wanted).all()), limit, lambda row: (row[0].id,))
    return [OfficeNotice(*row) for row in rows], following


def seen_notice(actor: Actor, notice_id: int) -> OfficeNotice | None:
    """One notice, if this person may see it."""
    row = db.session.execute(_notices_seen(actor).where(Notice.id == notice_id)).one_or_none()
    return None if row is None else OfficeNotice(*row)


def seen_objection(actor: Actor, objection_id: int) -> Objection | None:
    """One objection, if this person may see its case."""
    return db.session.scalars(
        select(Objection)
        .join(Case, Case.id == Objection.case_id)
        .where(Objection.id == objection_id, sees_case(actor))
    ).one_or_none()


def seen_objections(actor: Actor, notice_id: int) -> list[Objection]:
    """The objections to a notice whose cases this person may see, oldest first."""
    rows = db.session.scalars(
        select(Objection)
        .join(Case, Case.id == Objection.case_id)
        .where(Objection.notice_id == notice_id, sees_case(actor))
        .order_by(Objection.id)
        .limit(500)
    )
    return list(rows)


def case_of_own_notice(actor: Actor, notice_id: int) -> int | None:
    """The case of a notice of this person's own unit or below; None for another's."""
    own: ColumnElement[bool] = true() if actor.has_role("admin") else in_own_units(actor, Notice.unit_id)
    return db.session.scalar(select(Notice.case_id).where(Notice.id == notice_id, own))


def is_waited_for(notice_id: int) -> bool:
    """Whether a case waits for news of this notice."""
    found = db.session.scalar(
        select(Subscription.id)
        .where(
            Subscription.kind == "message",
            Subscription.name == "notice_changed",
            Subscription.key == str(notice_id),
        )
        .limit(1)
    )
    return found is not None


def case_goes_on(case_id: int) -> bool:
    """Whether a case has not ended."""
    return db.session.scalar(select(Case.state).where(Case.id == case_id)) not in ("completed", "cancelled")


def handles(actor: Actor, case_id: int) -> bool:
    """Whether this person holds an open task of a case, or could take one."""
    mine = or_(
        Task.assignee_id == actor.id,
        and_(Task.assignee_id.is_(None), Task.group_id.in_(sorted(actor.groups) or [-1])),
    )
    found = db.session.scalar(
        select(Task.id).where(Task.case_id == case_id, Task.state.in_(OPEN), mine).limit(1)
    )
    return found is not None


def due_of(case_id: int | None) -> datetime | None:
    """When the open task of a case is due."""
    return db.session.scalar(
        select(Task.due_at).where(Task.case_id == case_id, Task.state.in_(OPEN)).order_by(Task.id).limit(1)
    )


def _notices_seen(actor: Actor) -> Select[Notice, str, str, str, int, int]:
    total = select(func.count()).where(Objection.notice_id == Notice.id).scalar_subquery()
    unsettled = (
        select(func.count())
        .where(Objection.notice_id == Notice.id, Objection.settled_at.is_(None))
        .scalar_subquery()
    )
    seen = (
        true()
        if actor.has_role("admin")
        else or_(
            in_own_units(actor, Notice.unit_id), Notice.case_id.in_(select(Case.id).where(sees_case(actor)))
        )
    )
    return (
        select(Notice, Unit.name, Unit.name_en, Case.case_no, total, unsettled)
        .join(Unit, Unit.id == Notice.unit_id)
        .join(Case, Case.id == Notice.case_id)
        .where(seen)
    )
