"""Pages of cases: what I may start, starting it, the list, one case with what it waits for, acts on it."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import clock
from app.cases import queries, service, starting, uploads
from app.errors import Invalid
from app.identity.guard import actor, may, requires
from app.presentation import shell
from app.presentation.attached import held_files, keep
from app.presentation.diagram_svg import State, draw
from app.presentation.forms_answer import change_rows, read_answer, without_empty_rows
from app.presentation.forms_html import form_view
from app.presentation.standing import standing
from app.presentation.story import story

blueprint = Blueprint("cases", __name__)
ON_A_PAGE = 50
AROUND = (460.0, 340.0)
"""Pixels of a diagram around where the case is: what can be read on a phone."""
STATES = ("running", "suspended", "incident", "completed", "cancelled")
Answer = str | Response | tuple[str, int]


@blueprint.get("/start")
@requires("cases.start")
def startable() -> Answer:
    """The processes that I may start, by category."""
    by_category: dict[str, list[starting.Startable]] = {}
    for each in starting.startable(actor()):
        by_category.setdefault(each.category, []).append(each)
    return render_template("start/index.html", categories=by_category)


@blueprint.get("/start/<key>")
@requires("cases.start")
def start(key: str) -> Answer:
    """The form of a start."""
    return _start_page(key, values=None, errors=())


@blueprint.post("/start/<key>")
@requires("cases.start")
def start_now(key: str) -> Answer:
    """Start a case, or show the form again with what is wrong."""
    who, now = actor(), clock.now()
    asked = starting.start_form(key, actor=who, now=now, language=_language())
    try:
        typed = read_answer(asked.schema, request.form, files=request.files, keep=keep)
    except Invalid as refused:
        return _start_page(key, values=read_answer(asked.schema, request.form), errors=refused.errors), 422
    if change_rows(typed, request.form):
        return _start_page(key, values=typed, errors=())
    unit = request.form.get("unit", "")
    try:
        begun = service.start(
            key,
            data=without_empty_rows(typed),
            by=who,
            now=now,
            title=request.form.get("title", "").strip()[:200],
            unit_id=int(unit) if unit.isdecimal() and len(unit) < 15 else None,
        )
    except Invalid as invalid:
        return _start_page(key, values=typed, errors=invalid.errors), 422
    shell.say(_("Started. Its number is %(number)s.", number=begun.moved.case_no))
    return redirect(url_for("cases.show", case_id=begun.moved.case_id), 303)


@blueprint.post("/start/<key>/fields")
@requires("cases.start")
def start_fields(key: str) -> Answer:
    """The fields anew, for what was typed so far: a fragment for htmx."""
    asked = starting.start_form(key, actor=actor(), now=clock.now(), language=_language())
    typed = read_answer(asked.schema, request.form)
    view = form_view(asked.schema, values=typed, files=held_files(typed), decided=True)
    return render_template("start/fields.html", view=view, key=key)


@blueprint.get("/cases")
@requires("cases.see")
def index() -> Answer:
    """The cases that I may see, the newest first."""
    wanted = {name: request.args.get(name, "").strip()[:100] for name in ("state", "definition", "unit", "q")}
    mine = request.args.get("mine") == "1"
    rows, following = queries.cases(
        actor(),
        state=wanted["state"] if wanted["state"] in STATES else "",
        definition=wanted["definition"],
        unit=int(wanted["unit"]) if wanted["unit"].isdecimal() and len(wanted["unit"]) < 15 else None,
        q=wanted["q"],
        started_by_me=mine,
        limit=ON_A_PAGE,
        cursor=request.args.get("cursor", ""),
    )
    return render_template(
        "cases/index.html",
        rows=rows,
        next=following,
        wanted=wanted,
        states=STATES,
        units=starting.units(actor()),
    )


@blueprint.get("/cases/<id:case_id>")
@requires("cases.see")
def show(case_id: int) -> Answer:
    """One case: its state, what it waits for, its open tasks, what happened, where it stands."""
    who, now, english = actor(), clock.now(), shell.in_english()
    case = service.detail(who, case_id, now=now)
    stands = standing(case_id, now=now, english=english)
    asked = request.args.get("process", "")[:120]
    diagram = service.diagram(who, case_id, process=asked or stands.process, now=now)
    states = element_states(diagram["elements"])
    around = "" if asked else stands.element
    drawing = (
        draw(diagram["bpmn"], states=states, english=english, around=around, window=AROUND)
        if diagram["bpmn"]
        else None
    )
    return render_template(
        "cases/show.html",
        case=case,
        lines=list(reversed(story(case_id, now=now, english=english))),
        diagram=diagram,
        drawing=drawing,
        names=stands.names,
        marks=marks_of(states),
        processes=stands.processes,
        process=diagram["process"],
        cropped=bool(around),
        linked=[row for each in case["links"][:20] if (row := queries.case(who, each)) is not None],
        may_manage=may("cases.manage") and service.may_manage(service.one(who, case_id), who),
        may_retry=may("incidents.retry"),
    )


@blueprint.get("/cases/<id:case_id>/bpmn")
@requires("cases.see")
def bpmn(case_id: int) -> Response:
    """The diagram's file for the viewer, as plain text."""
    process = request.args.get("process", "")[:120]
    found = service.diagram(actor(), case_id, process=process, now=clock.now())
    return Response(found["bpmn"], content_type="text/plain; charset=utf-8")


@blueprint.post("/cases/<id:case_id>/<any(cancel, suspend, resume):act>")
@requires("cases.manage")
def manage(case_id: int, act: str) -> Answer:
    """Call a case off, suspend it or let it go on; each with its reason."""
    reason = request.form.get("reason", "").strip()[:2000]
    if not reason:
        shell.say(_("Say why: the reason goes into the record."), kind="notice")
        return redirect(url_for("cases.show", case_id=case_id, _anchor="manage"), 303)
    done = {"cancel": service.cancel, "suspend": service.suspend, "resume": service.resume}[act]
    done(case_id, reason=reason, by=actor(), now=clock.now())
    said = {
        "cancel": _("The case was called off."),
        "suspend": _("The case is suspended."),
        "resume": _("The case goes on."),
    }
    shell.say(said[act])
    return redirect(url_for("cases.show", case_id=case_id), 303)


@blueprint.post("/cases/<id:case_id>/incidents/<id:n>/retry")
@requires("incidents.retry")
def retry(case_id: int, n: int) -> Answer:
    """Try again what was stuck."""
    moved = service.retry(case_id, n, by=actor(), now=clock.now())
    if moved.state == "incident":
        shell.say(_("It was tried again and is still stuck."), kind="notice")
    else:
        shell.say(_("It was tried again and goes on."))
    return redirect(url_for("cases.show", case_id=case_id), 303)


@blueprint.get("/files/<file_id>")
@requires("files.see")
def file(file_id: str) -> Response:
    """An attachment, always as a download: it is never shown inside our own pages."""
    stored, content = uploads.read(actor(), file_id)
    return send_file(
        BytesIO(content), mimetype="application/octet-stream", as_attachment=True, download_name=stored.name
    )


def element_states(elements: Mapping[str, Mapping[str, Any]]) -> dict[str, State]:
    """The states of a case's elements as the diagram marks them."""
    words: dict[str, State] = {"active": "here", "done": "done", "incident": "incident"}
    return {name: words[each["state"]] for name, each in elements.items() if each["state"] in words}


def marks_of(states: Mapping[str, State]) -> dict[str, str]:
    """The ids by mark, as the viewer's button carries them."""
    return {
        mark: " ".join(i for i, s in states.items() if s == mark) for mark in ("here", "done", "incident")
    }


def _start_page(key: str, *, values: dict[str, Any] | None, errors: Any) -> str:
    who = actor()
    asked = starting.start_form(key, actor=who, now=clock.now(), language=_language())
    view = form_view(asked.schema, values=values, errors=errors, files=held_files(values))
    return render_template(
        "start/form.html",
        asked=asked,
        view=view,
        errors=view.errors,
        units=starting.units(who),
        unit=request.form.get("unit") or (str(who.unit_id) if who.unit_id else ""),
        title_typed=request.form.get("title", ""),
    )


def _language() -> str:
    return "en" if shell.in_english() else "zh"
