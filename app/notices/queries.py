"""Reads of notices and objections, for cases and officials. What the public reads is in `portal.queries`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.extensions import db
from app.models import Case, Notice, Objection, Record

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
