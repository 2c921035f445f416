"""The villagers' pages: home, notices, objecting, receipts, decisions, and what is printed. No sign-in.

A form that is sent twice counts once: it carries a random value of its own, signed so that nobody plants one.
"""

import io

import segno
from flask import Blueprint, Response, current_app, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response as AnyResponse

from app import clock
from app.errors import Invalid, NotFound, Throttled, WrongState
from app.identity import receipts
from app.identity.guard import public
from app.portal import queries, service, wording

blueprint = Blueprint("portal", __name__, url_prefix="/portal")
ON_A_PAGE = 20
ON_HOME = 5
RECEIPT = "minyi_receipt"
KINDS = ("meeting", "hearing", "hearing_list", "decision", "result", "affairs", "finance", "general")
Answer = str | AnyResponse | tuple[str, int]


@blueprint.get("/")
@public
def home() -> Answer:
    """The doors, what is posted now, what was decided last."""
    now = clock.now()
    posted, _more = queries.notices(
        now=now, unit_id=None, kind="", state="posted", q="", limit=ON_HOME, cursor=""
    )
    decided, _more = queries.decisions(unit_id=None, matter="", q="", limit=ON_HOME, cursor="")
    return render_template("portal/home.html", posted=posted, decided=decided, words=wording)


@blueprint.get("/notices")
@public
def notices() -> Answer:
    """What is posted now, or was."""
    wanted = {name: request.args.get(name, "").strip()[:100] for name in ("state", "kind", "unit", "q")}
    wanted["state"] = wanted["state"] if wanted["state"] in ("posted", "past") else "posted"
    wanted["kind"] = wanted["kind"] if wanted["kind"] in KINDS else ""
    rows, following = queries.notices(
        now=clock.now(),
        unit_id=_unit(wanted["unit"]),
        kind=wanted["kind"],
        state=wanted["state"],
        q=wanted["q"],
        limit=ON_A_PAGE,
        cursor=request.args.get("cursor", ""),
    )
    return render_template(
        "portal/notices.html",
        rows=rows,
        next=following,
        wanted=wanted,
        kinds=KINDS,
        units=queries.units_with_notices(),
    )


@blueprint.get("/notices/<id:notice_id>")
@public
def notice(notice_id: int) -> Answer:
    """One notice and, while it is up, the form to object."""
    return _notice_page(notice_id, text="", contact="", errors=[])


@blueprint.post("/notices/<id:notice_id>/objections")
@public
def object_to(notice_id: int) -> Answer:
    """Object, and go to the receipt; or show the notice again with what is wrong."""
    text, contact = request.form.get("text", ""), request.form.get("contact", "")
    try:
        accepted = service.object_to(
            notice_id,
            text=text,
            contact=contact,
            nonce=_nonce(request.form.get("once", "")),
            address=request.remote_addr or "",
            now=clock.now(),
            machine=clock.machine_now(),
        )
    except Invalid as invalid:
        return _notice_page(notice_id, text=text, contact=contact, errors=invalid.errors), 422
    except (WrongState, Throttled) as refusal:
        error = {"path": "", "message": _(refusal.text).format(**refusal.params)}
        return _notice_page(notice_id, text=text, contact=contact, errors=[error]), refusal.status
    session[RECEIPT] = {"no": accepted.receipt_no, "code": accepted.code, "notice": notice_id}
    return redirect(url_for("portal.accepted"), 303)


@blueprint.get("/objections/received")
@public
def accepted() -> Answer:
    """The receipt that was just given: its code is in this browser's session only."""
    given = session.get(RECEIPT)
    if not isinstance(given, dict):
        return redirect(url_for("portal.receipt"))
    return render_template(
        "portal/accepted.html",
        number=receipts.spaced(given["no"]),
        code=receipts.spaced(given["code"]),
        notice_id=given["notice"],
    )


@blueprint.get("/objections/received/qr.svg")
@public
def accepted_qr() -> Response:
    """The receipt as a picture to keep: opens where it stands."""
    given = session.get(RECEIPT)
    if not isinstance(given, dict):
        raise NotFound
    answer = _qr(url_for("portal.receipt", no=given["no"], code=given["code"], _external=True))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/receipts")
@public
def receipt() -> Answer:
    """Ask for a receipt's progress; with a number and a code (from a QR code) it is there at once."""
    number, code = request.args.get("no", "")[:40], request.args.get("code", "")[:40]
    return _receipt_page(number, code) if number and code else _receipt_form(number, [])


@blueprint.post("/receipts")
@public
def receipt_now() -> Answer:
    """Show a receipt's progress."""
    number, code = request.form.get("no", "")[:40], request.form.get("code", "")[:40]
    errors = []
    if not receipts.digits(number):
        errors.append({"href": "#no", "text": _("Type the number of your receipt: twelve digits.")})
    if not receipts.digits(code):
        errors.append({"href": "#code", "text": _("Type the code of your receipt: eight digits.")})
    return (_receipt_form(number, errors), 422) if errors else _receipt_page(number, code)


@blueprint.get("/decisions")
@public
def decisions() -> Answer:
    """What was decided, the latest first."""
    wanted = {name: request.args.get(name, "").strip()[:100] for name in ("unit", "q")}
    rows, following = queries.decisions(
        unit_id=_unit(wanted["unit"]),
        matter="",
        q=wanted["q"],
        limit=ON_A_PAGE,
        cursor=request.args.get("cursor", ""),
    )
    return render_template(
        "portal/decisions.html",
        rows=rows,
        next=following,
        wanted=wanted,
        units=queries.units_with_notices(),
        words=wording,
    )


@blueprint.get("/decisions/<id:decision_id>")
@public
def decision(decision_id: int) -> Answer:
    """One decision: the result in a sentence, the bars, the reckoning."""
    return _decision_page("portal/decision.html", decision_id)


@blueprint.get("/decisions/<id:decision_id>/print")
@public
def decision_print(decision_id: int) -> Answer:
    """A decision on paper."""
    return _decision_page("portal/decision_print.html", decision_id)


@blueprint.get("/notices/<id:notice_id>/print")
@public
def notice_print(notice_id: int) -> Answer:
    """A notice on paper, ready to stamp and post."""
    found = queries.notice(notice_id, now=clock.now())
    if found is None:
        raise NotFound
    return render_template("portal/notice_print.html", notice=found, **_about(found))


@blueprint.get("/notices/<id:notice_id>/qr.svg")
@public
def notice_qr(notice_id: int) -> Response:
    """The address of a notice as a picture."""
    if queries.notice(notice_id, now=clock.now()) is None:
        raise NotFound
    return _qr(url_for("portal.notice", notice_id=notice_id, _external=True))


@blueprint.get("/decisions/<id:decision_id>/qr.svg")
@public
def decision_qr(decision_id: int) -> Response:
    """The address of a decision as a picture."""
    if queries.decision(decision_id) is None:
        raise NotFound
    return _qr(url_for("portal.decision", decision_id=decision_id, _external=True))


def _notice_page(notice_id: int, *, text: str, contact: str, errors: list[dict[str, str]]) -> str:
    found = queries.notice(notice_id, now=clock.now())
    if found is None:
        raise NotFound
    faults = {error["path"]: error["message"] for error in errors}
    return render_template(
        "portal/notice.html",
        notice=found,
        **_about(found),
        text=text[: service.LONGEST_TEXT * 2],
        contact=contact[:1000],
        faults=faults,
        errors=[{"href": f"#{path}" if path else "", "text": message} for path, message in faults.items()],
        once=_signer().dumps(receipts.nonce()),
    )


def _about(found: queries.PublicNotice) -> dict[str, object]:
    """What a notice's facts and rules say, in words."""
    facts = found.row.facts
    meeting_id, decision_id = _row_id(facts.get("meeting_id")), _row_id(facts.get("decision_id"))
    decided = queries.decision(decision_id) if decision_id else None
    here = decided if decided is not None and decided.row.case_id == found.row.case_id else None
    return {
        "decided": here,
        "beside": queries.decisions_beside(here.row) if here else [],
        "meeting": queries.meeting(meeting_id, found.row.case_id) if meeting_id else None,
        "instants": wording.instants_of(facts),
        "draw": wording.draw_of(facts),
        "decider": wording.decider(found.row),
        "rules": wording.rule_lines(found.row),
        "period": wording.period_of(found.row),
        "provisional": wording.is_provisional(found.row),
        "words": wording,
    }


def _decision_page(template: str, decision_id: int) -> str:
    found = queries.decision(decision_id)
    if found is None:
        raise NotFound
    beside = queries.decisions_beside(found.row)
    return render_template(
        template,
        decision=found,
        beside=beside,
        posted=queries.notices_of_decision(found.row, beside),
        words=wording,
    )


def _receipt_form(number: str, errors: list[dict[str, str]]) -> str:
    faults = {error["href"].lstrip("#"): error["text"] for error in errors}
    return render_template("portal/receipt_form.html", number=number, errors=errors, faults=faults)


def _receipt_page(number: str, code: str) -> Answer:
    try:
        progress = receipts.look_up(
            number,
            code,
            address=request.remote_addr or "",
            now=clock.now(),
            machine=clock.machine_now(),
        )
    except receipts.NoSuchReceipt as refusal:
        return _receipt_form(number, [{"href": "#no", "text": _(refusal.text)}]), 404
    except Throttled as wait:
        text = _(wait.text).format(**wait.params)
        return _receipt_form(number, [{"href": "", "text": text}]), 429
    return render_template(
        "portal/receipt.html", progress=progress, number=receipts.spaced(progress.receipt_no)
    )


def _nonce(signed: str) -> str:
    """The value of the form, or a new one where it is not ours."""
    try:
        return str(_signer().loads(signed))
    except BadSignature:
        return receipts.nonce()


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="minyi.portal.once")


def _qr(address: str) -> Response:
    picture = io.BytesIO()
    segno.make(address, error="m", micro=False).save(picture, kind="svg", scale=4, border=2, xmldecl=False)
    return Response(picture.getvalue(), mimetype="image/svg+xml")


def _unit(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def _row_id(value: object) -> int | None:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return _unit(text)
