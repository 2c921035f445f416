"""The effects on notices and objections that diagrams name: post, check, withdraw, settle.

They run inside the act of a case and answer at once. What people do to a notice is in `service`; the
effects on decisions are in `decisions`.
"""

import hashlib
import re
from dataclasses import asdict
from datetime import datetime

from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.http import instant_text
from app.models import Case, Notice, Objection
from app.notices import arguments as arg
from app.notices import decisions as _decisions  # noqa: F401  # its effects register on import
from app.notices import queries
from app.notices.queries import ENDED, INTERRUPTED, POSTED, WITHDRAWN
from app.notices.refusals import ArgumentUnusable, NoObjectionHere, NoSuchNotice, ObjectionSettled
from app.runtime import messages
from app.runtime.effects import CaseEnded, Done, EffectCall, effect, on_case_end
from app.runtime.held import MOVING, SUSPENDED
from workflows.errors import message
from workflows.services.calendar import Calendar, last_day

CHANGED = "notice_changed"
TITLE_LENGTH = 200
LONGEST_TEXT = 100_000
LONGEST_REPLY = 20_000
MOST_DAYS = 3650
UNITS = ("calendar_days", "working_days", "hours")
CHANNELS = ("board", "portal")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")


def register(_app: Flask) -> None:
    """The effects register on import; nothing of them belongs to one application."""


@effect("notice.post")
def post(call: EffectCall) -> Done:
    """Post a notice, whose period begins now and ends by law at 24:00 of its last day.

    Arguments: kind, title, text, days, unit (calendar_days, working_days, hours), objections (yes or no),
    facts and figures (tables, shown beside the text), channels, previous (the notice that this one
    replaces: it ends as interrupted). Gives notice_id, posted_from, posted_to, seed, provisional (the end
    lies beyond the announced calendar). Raises ArgumentUnusable, NoSuchNotice.
    """
    days, unit = arg.whole(call, "days", most=MOST_DAYS), _one_of(call, "unit", UNITS)
    kind = arg.text(call, "kind", longest=40)
    if not _KIND.fullmatch(kind):
        raise ArgumentUnusable(argument="kind", reason=message("small letters and underscores are expected"))
    posted_to = _end_of_period(call, days, unit)
    calendar = call.world.calendar
    provisional = isinstance(calendar, Calendar) and calendar.is_provisional(last_day(posted_to))
    period = {"days": days, "unit": unit, "provisional": provisional}
    previous = _own(call, arg.row_id(call, "previous", needed=False))
    notice = Notice(
        case_id=call.case_id,
        ref=call.ref,
        element=call.element.id,
        unit_id=call.unit_id,
        kind=kind,
        title=arg.shortened(arg.text(call, "title", longest=LONGEST_TEXT), TITLE_LENGTH),
        text=arg.text(call, "text", longest=LONGEST_TEXT),
        facts=arg.mapping(call, "facts"),
        rule=arg.mapping(call, "figures") | {"period": period},
        objections_open=arg.flag(call, "objections"),
        channels=arg.listing(call, "channels", str, most=20) or list(CHANNELS),
        state=POSTED,
        posted_from=call.now,
        posted_to=posted_to,
        previous_id=previous.id if previous else None,
        reason=arg.text(call, "correction", longest=LONGEST_REPLY, needed=False) if previous else "",
    )
    if previous is not None and previous.state == POSTED:
        previous.state, previous.ended_at = INTERRUPTED, call.now
    db.session.add(notice)
    db.session.flush()
    return Done(
        {
            "notice_id": str(notice.id),
            "posted_from": instant_text(notice.posted_from),
            "posted_to": instant_text(posted_to),
            "seed": seed_of(notice, case_no=call.case_no),
            "provisional": provisional,
        }
    )


@effect("notice.check")
def check(call: EffectCall) -> Done:
    """Say how a notice stands now: over or not, interrupted, objections by outcome.

    Its row is locked first, so that an objection which is just coming in is counted. Raises NoSuchNotice.
    """
    notice = _own(call, arg.row_id(call, "notice_id"))
    if notice is None:
        raise NoSuchNotice
    return Done(asdict(queries.standing(notice, now=call.now)))


@effect("notice.withdraw")
def withdraw(call: EffectCall) -> Done:
    """Take a notice down, for a reason that stays with it. One that is down already stays as it is."""
    notice = _own(call, arg.row_id(call, "notice_id"))
    if notice is None:
        raise NoSuchNotice
    reason = arg.text(call, "reason", longest=LONGEST_REPLY)
    if notice.state == POSTED:
        _take_down(notice, reason=reason, now=call.now)
        db.session.flush()
    return Done()


@effect("objection.settle")
def settle(call: EffectCall) -> Done:
    """Write how the objection that opened this case was settled, and tell the case of its notice.

    Arguments: outcome (upheld, minor, unfounded, withdrawn), reply (what the objector reads). Raises
    ArgumentUnusable, NoObjectionHere, ObjectionSettled.
    """
    outcome = _one_of(call, "outcome", queries.OUTCOMES)
    reply = arg.text(call, "reply", longest=LONGEST_REPLY)
    objection = _objection_of(call.case_id)
    if objection is None:
        raise NoObjectionHere
    if objection.settled_at is not None:
        raise ObjectionSettled
    _settle(objection, outcome=outcome, reply=reply, now=call.now)
    return Done()


@on_case_end(Notice.case_id, Objection.case_id)
def end_notices(ended: CaseEnded) -> None:
    """A case has ended: its notices stay up to their end, or come down where it was cancelled.

    The case of an objection that ends without having settled it counts as withdrawn, so that the notice
    does not wait for ever.
    """
    for notice in db.session.scalars(
        select(Notice)
        .where(Notice.case_id == ended.case_id, Notice.state == POSTED)
        .order_by(Notice.id)
        .with_for_update()
    ).all():
        if notice.posted_to is not None and notice.posted_to <= ended.now:
            notice.state, notice.ended_at = ENDED, notice.posted_to
        elif ended.state == "cancelled":
            _take_down(notice, reason=queries.cancel_reason(ended.case_id), now=ended.now)
    objection = _objection_of(ended.case_id)
    if objection is not None and objection.settled_at is None:
        _settle(objection, outcome=WITHDRAWN, reply=queries.cancel_reason(ended.case_id), now=ended.now)
    db.session.flush()


def seed_of(notice: Notice, *, case_no: str) -> str:
    """What lots are drawn from: SHA-256 over the posted notice, which anybody can compute again.

    Case number, kind, begin and end (UTC, to the second), title and text, one line each.
    """
    ends = instant_text(notice.posted_to) if notice.posted_to else ""
    lines = (case_no, notice.kind, instant_text(notice.posted_from), ends, notice.title, notice.text)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _end_of_period(call: EffectCall, days: int, unit: str) -> datetime:
    calendar = call.world.calendar
    if not isinstance(calendar, Calendar):
        raise ArgumentUnusable(argument="days", reason=message("there is no calendar here"))
    return calendar.end_of_period(call.now, days, unit)  # type: ignore[arg-type]


def _own(call: EffectCall, notice_id: int | None) -> Notice | None:
    """A notice of this very case, locked. Raises NoSuchNotice."""
    if notice_id is None:
        return None
    notice = db.session.scalars(
        select(Notice)
        .where(Notice.id == notice_id, Notice.case_id == call.case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if notice is None:
        raise NoSuchNotice
    return notice


def _take_down(notice: Notice, *, reason: str, now: datetime) -> None:
    notice.state, notice.ended_at, notice.reason = WITHDRAWN, now, reason


def _objection_of(case_id: int) -> Objection | None:
    return db.session.scalars(
        select(Objection)
        .where(Objection.case_id == case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def _settle(objection: Objection, *, outcome: str, reply: str, now: datetime) -> None:
    """Write the outcome; the case of the notice that is up now hears of it, if it still goes on."""
    objection.outcome, objection.reply, objection.settled_at = outcome, reply, now
    db.session.flush()
    notice = db.session.get(Notice, objection.notice_id)
    if notice is None:
        return
    latest = queries.latest_of(notice)
    state = db.session.scalar(select(Case.state).where(Case.id == latest.case_id))
    if state in (*MOVING, SUSPENDED):
        messages.deliver(CHANGED, str(latest.id), {"why": "objection_settled"}, now=now)


def _one_of(call: EffectCall, name: str, known: tuple[str, ...]) -> str:
    value = arg.text(call, name, longest=40)
    if value not in known:
        raise ArgumentUnusable(argument=name, reason=message("it is not one of the known words"))
    return value
