"""What people do without signing in: object to a notice; and what a receipt of an objection tells.

An objection is a case of its own in the notice's unit, linked to the notice's case; the officials who handle
it see its text. How to reach the person is sealed and stays out of the case.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _

from app.errors import Invalid, NotFound, Throttled, WrongState
from app.extensions import db
from app.identity import receipts, sealed, throttle
from app.identity.receipts import Found, Progress, Receipt, Step, receipt_kind
from app.models import Notice, Objection
from app.portal import queries
from app.runtime import runner
from app.runtime.transaction import transaction
from workflows.errors import message

PROCESS = "objection"
LONGEST_TEXT = 5000
LONGEST_CONTACT = 200
FROM_ONE_ADDRESS = throttle.Limit("objections", failures=60, window=timedelta(hours=1))
"""So many objections to one notice from one address: a whole village may share one."""


class NoSuchNotice(NotFound):
    """There is no such notice."""

    code = "no_such_notice"
    text = message("There is no such notice.")


class NoObjectionsTaken(WrongState):
    """The notice only informs."""

    code = "no_objections_taken"
    text = message("This notice informs only: objections to it are not taken here.")


class NoticePeriodOver(WrongState):
    """The notice is over or was taken down."""

    code = "notice_period_over"
    text = message(
        "The period of this notice is over or it was taken down: objections are not taken any more."
    )


class TooManyObjections(Throttled):
    """One address has sent very many objections to one notice."""

    code = "too_many_objections"
    text = message(
        "Very many objections to this notice came from this connection. Wait {seconds} seconds, or bring "
        "yours to the supervision committee."
    )


@dataclass(frozen=True, slots=True)
class Objected:
    """An accepted objection. The code is shown this once."""

    receipt_no: str
    code: str


def object_to(
    notice_id: int, *, text: str, contact: str, nonce: str, address: str, now: datetime, machine: datetime
) -> Objected:
    """Object to a notice; the same text with the same `nonce` counts once and gives the same receipt.

    `machine`: machine time, for the throttle. Raises NoSuchNotice, NoObjectionsTaken, NoticePeriodOver,
    Invalid, TooManyObjections.
    """
    text, contact = _checked(text, contact)
    _refuse_flood(address, notice_id, machine)
    receipt = receipts.new_receipt(nonce, str(notice_id), text, contact)
    with transaction() as session:
        notice = queries.locked_notice(notice_id)
        if notice is None:
            raise NoSuchNotice
        known = queries.objection_by_receipt(receipt.no)
        if known is not None and known.code_digest == receipt.digest:
            return Objected(receipt.no, receipt.code)
        _refuse_unless_taken(notice, now)
        session.add(_opened(notice, receipt, text=text, contact=contact, now=now))
        session.flush()
    throttle.failed(FROM_ONE_ADDRESS, address, str(notice_id), now=machine)
    return Objected(receipt.no, receipt.code)


@receipt_kind(PROCESS)
def objection_receipt(receipt_no: str) -> Found | None:
    """The objection with this number, for whoever has its code."""
    objection = queries.objection_by_receipt(receipt_no)
    if objection is None:
        return None
    return Found(objection.code_digest, lambda now: _progress(objection, now))


def _opened(notice: Notice, receipt: Receipt, *, text: str, contact: str, now: datetime) -> Objection:
    """Start the case of an objection; returns its row."""
    title = f"对公示“{notice.title}”的异议"
    moved = runner.start_case(
        PROCESS,
        data={
            "title": title,
            "text": text,
            "notice_id": str(notice.id),
            "notice_title": notice.title,
            "receipt_no": receipt.no,
        },
        title=title if len(title) <= runner.TITLE_LENGTH else title[: runner.TITLE_LENGTH - 1] + "…",
        by=None,
        unit_id=notice.unit_id,
        now=now,
        parent_id=notice.case_id,
        link="objection",
    )
    return Objection(
        notice_id=notice.id,
        case_id=moved.case_id,
        receipt_no=receipt.no,
        code_digest=receipt.digest,
        text=text,
        contact=sealed.seal(contact) if contact else None,
        received_at=now,
    )


def _refuse_flood(address: str, notice_id: int, machine: datetime) -> None:
    try:
        throttle.check(FROM_ONE_ADDRESS, address, str(notice_id), now=machine)
    except Throttled as wait:
        raise TooManyObjections(**wait.params) from wait


def _refuse_unless_taken(notice: Notice, now: datetime) -> None:
    if not notice.objections_open:
        raise NoObjectionsTaken
    if not queries.is_up(notice, now):
        raise NoticePeriodOver


def _checked(text: str, contact: str) -> tuple[str, str]:
    """Both with their ends trimmed. Raises Invalid."""
    text, contact = text.replace("\r\n", "\n").strip(), " ".join(contact.split())
    errors = []
    if not text:
        errors.append(
            {"path": "text", "code": "required", "message": _("Say what is wrong and how you know it.")}
        )
    for path, value, most in (("text", text, LONGEST_TEXT), ("contact", contact, LONGEST_CONTACT)):
        if len(value) > most:
            errors.append(
                {"path": path, "code": "length", "message": _("At most %(most)s characters.", most=most)}
            )
        if "\0" in value:
            errors.append(
                {"path": path, "code": "unstorable_text", "message": _("There is an unreadable character.")}
            )
    if errors:
        raise Invalid(errors)
    return text, contact


def _progress(objection: Objection, now: datetime) -> Progress:
    notice = db.session.get_one(Notice, objection.notice_id)
    unit = queries.places([notice.unit_id])[notice.unit_id]
    settled = objection.settled_at is not None
    due = None if settled else queries.latest_due(objection.case_id)
    steps = [Step(objection.received_at, _("Received; the supervision committee looks into it."))]
    claimed = queries.first_claimed(objection.case_id)
    if claimed is not None:
        steps.append(Step(claimed, _("Somebody has taken it in hand.")))
    if objection.settled_at is not None:
        steps.append(Step(objection.settled_at, outcome_words(objection.outcome)))
    late = due is not None and due <= now
    here = (
        outcome_words(objection.outcome)
        if settled
        else _("Being looked into, and late: the answer was due.")
        if late
        else _("Being looked into.")
    )
    return Progress(
        receipt_no=objection.receipt_no,
        kind=PROCESS,
        title=notice.title,
        unit=unit.full,
        unit_en=unit.full_en,
        state="settled" if settled else "handling",
        here=here,
        steps=tuple(steps),
        due_at=due,
        text=objection.text,
        reply=objection.reply,
        outcome=objection.outcome,
        about={"notice_id": str(notice.id)},
    )


def outcome_words(outcome: str) -> str:
    """How an objection was settled, in plain words."""
    words = {
        "upheld": _("Well founded: the notice was taken down and the matter goes back."),
        "minor": _("Well founded: an error, which is corrected; the notice period begins anew."),
        "unfounded": _("Not founded: the notice stays as it is."),
        "withdrawn": _("Closed without a finding."),
    }
    return str(words.get(outcome, _("Being looked into.")))
