"""What officials do to notices and objections: report an interruption, open a contact for a reason.

Both are written into the record of the case. What a case itself does to its notices is in `effects`.
"""

from datetime import datetime

from flask_babel import gettext as _

from app.errors import Invalid
from app.extensions import db
from app.identity import sealed
from app.models import Notice, Objection
from app.notices import queries
from app.notices.effects import CHANGED
from app.notices.queries import INTERRUPTED, POSTED
from app.notices.refusals import (
    ContactNotOpen,
    NoSuchNotice,
    NoSuchObjection,
    NotHandlingObjection,
    NoticeNotUp,
)
from app.runtime import held as holding
from app.runtime import messages, saving
from app.runtime.actor import Actor
from app.runtime.held import MOVING, SUSPENDED
from app.runtime.records import Entry
from app.runtime.transaction import transaction

LONGEST_REASON = 2000


def interrupt(notice_id: int, *, reason: str, by: Actor, now: datetime) -> Notice:
    """Report that a notice was torn down, hidden or wrong: its case hears of it and posts it anew.

    Possible while it is up, and afterwards as long as its case still waits. Raises NoSuchNotice (also for one
    of another unit), NoticeNotUp, CaseOver, Invalid.
    """
    reason = _checked_reason(reason)
    with transaction() as session:
        case_id = queries.case_of_own_notice(by, notice_id)
        if case_id is None:
            raise NoSuchNotice
        held = holding.hold(case_id, now=now, by=by, states=(*MOVING, SUSPENDED))
        notice = queries.locked_notice(notice_id)
        if notice is None:
            raise NoSuchNotice
        if notice.state != POSTED or not (_runs(notice, now) or queries.is_waited_for(notice_id)):
            raise NoticeNotUp
        notice.state, notice.ended_at, notice.reason = INTERRUPTED, now, reason
        session.flush()
        detail = {"notice": str(notice_id), "title": notice.title, "reason": reason}
        saving.record_only(held, [Entry("notice.interrupted", notice.element, detail)], state=held.state)
        messages.deliver(CHANGED, str(notice_id), {"why": INTERRUPTED}, now=now, by=by)
    return db.session.get_one(Notice, notice_id)


def open_contact(objection_id: int, *, reason: str, by: Actor, now: datetime) -> str:
    """How to reach the objector, for whoever handles the objection now; the reason goes into the record.

    Raises NoSuchObjection, NotHandlingObjection, ContactNotOpen, SealBroken, Invalid.
    """
    reason = _checked_reason(reason)
    with transaction():
        objection = queries.seen_objection(by, objection_id)
        if objection is None:
            raise NoSuchObjection
        if objection.settled_at is not None or objection.contact is None or objection.case_id is None:
            raise ContactNotOpen
        if not queries.handles(by, objection.case_id):
            raise NotHandlingObjection
        contact = sealed.unseal(objection.contact)
        held = holding.hold(objection.case_id, now=now, by=by, states=(*MOVING, SUSPENDED))
        entry = Entry("objection.contact_opened", "", {"objection": str(objection_id), "reason": reason})
        saving.record_only(held, [entry], state=held.state)
    return contact


def seen_objection(objection_id: int, *, by: Actor) -> Objection:
    """An objection that this person may see. Raises NoSuchObjection."""
    objection = queries.seen_objection(by, objection_id)
    if objection is None:
        raise NoSuchObjection
    return objection


def seen_notice(notice_id: int, *, by: Actor) -> queries.OfficeNotice:
    """A notice that this person may see. Raises NoSuchNotice."""
    notice = queries.seen_notice(by, notice_id)
    if notice is None:
        raise NoSuchNotice
    return notice


def may_interrupt(notice: Notice, *, by: Actor, now: datetime) -> bool:
    """Whether the button is shown: of one's own units, up or still waited for."""
    if notice.state != POSTED or queries.case_of_own_notice(by, notice.id) is None:
        return False
    return queries.case_goes_on(notice.case_id) and (_runs(notice, now) or queries.is_waited_for(notice.id))


def _runs(notice: Notice, now: datetime) -> bool:
    return notice.posted_to is None or now < notice.posted_to


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Invalid([{"path": "reason", "code": "required", "message": _("Give the reason.")}])
    if len(reason) > LONGEST_REASON or "\0" in reason:
        text = _("At most %(most)s characters.", most=LONGEST_REASON)
        raise Invalid([{"path": "reason", "code": "length", "message": text}])
    return reason
