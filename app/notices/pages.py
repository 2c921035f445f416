"""Officials' pages: the notices of their units, one notice with its objections, one objection."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import clock
from app.errors import Invalid
from app.identity.guard import actor, may, requires
from app.notices import queries, service
from app.presentation import shell

blueprint = Blueprint("notices", __name__)
ON_A_PAGE = 50
Answer = str | Response | tuple[str, int]


@blueprint.get("/notices")
@requires("notices.see")
def index() -> Answer:
    """The notices that I may see, newest first."""
    now = clock.now()
    state = request.args.get("state", "posted")
    wanted = {
        "state": state if state in ("posted", "past", "all") else "posted",
        "q": request.args.get("q", "").strip()[:100],
    }
    rows, following = queries.notices(
        actor(),
        now=now,
        state="" if wanted["state"] == "all" else wanted["state"],
        q=wanted["q"],
        limit=ON_A_PAGE,
        cursor=request.args.get("cursor", ""),
    )
    return render_template("notices/index.html", rows=rows, next=following, wanted=wanted, now=now)


@blueprint.get("/notices/<id:notice_id>")
@requires("notices.see")
def show(notice_id: int) -> Answer:
    """One notice: how it stands, its objections, and reporting that it was interrupted."""
    return _notice_page(notice_id, reason="", fault="")


@blueprint.post("/notices/<id:notice_id>/interrupt")
@requires("notices.interrupt")
def interrupt(notice_id: int) -> Answer:
    """Report an interruption."""
    reason = request.form.get("reason", "")
    try:
        service.interrupt(notice_id, reason=reason, by=actor(), now=clock.now())
    except Invalid as invalid:
        return _notice_page(notice_id, reason=reason, fault=invalid.errors[0]["message"]), 422
    shell.say(_("Reported. The notice is to be posted again, and its period begins anew."))
    return redirect(url_for("notices.show", notice_id=notice_id), 303)


@blueprint.get("/objections/<id:objection_id>")
@requires("notices.see")
def objection(objection_id: int) -> Answer:
    """One objection; the contact only on request."""
    return _objection_page(objection_id, reason="", fault="", contact="")


@blueprint.post("/objections/<id:objection_id>/contact")
@requires("notices.see")
def open_contact(objection_id: int) -> Answer:
    """Show the contact this once; the reason goes into the record."""
    reason = request.form.get("reason", "")
    try:
        contact = service.open_contact(objection_id, reason=reason, by=actor(), now=clock.now())
    except Invalid as invalid:
        return _objection_page(
            objection_id, reason=reason, fault=invalid.errors[0]["message"], contact=""
        ), 422
    return _objection_page(objection_id, reason="", fault="", contact=contact)


def _notice_page(notice_id: int, *, reason: str, fault: str) -> str:
    who, now = actor(), clock.now()
    notice = service.seen_notice(notice_id, by=who)
    return render_template(
        "notices/show.html",
        notice=notice,
        state=notice.state_at(now),
        objections=queries.seen_objections(who, notice_id),
        may_interrupt=may("notices.interrupt") and service.may_interrupt(notice.row, by=who, now=now),
        reason=reason[: service.LONGEST_REASON],
        fault=fault,
        errors=[{"href": "#reason", "text": fault}] if fault else [],
    )


def _objection_page(objection_id: int, *, reason: str, fault: str, contact: str) -> str:
    who = actor()
    found = service.seen_objection(objection_id, by=who)
    open_now = found.settled_at is None and found.contact is not None and found.case_id is not None
    return render_template(
        "notices/objection.html",
        objection=found,
        notice=queries.seen_notice(who, found.notice_id),
        due_at=queries.due_of(found.case_id),
        left_contact=found.contact is not None,
        may_open=open_now and found.case_id is not None and queries.handles(who, found.case_id),
        contact=contact,
        reason=reason[: service.LONGEST_REASON],
        fault=fault,
        errors=[{"href": "#reason", "text": fault}] if fault else [],
    )
