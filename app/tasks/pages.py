"""Officials' pages: the inbox, and a task with its form, what came before, and where it stands."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import clock
from app.errors import Invalid, WrongState, problem_body
from app.identity.guard import actor, requires
from app.presentation import shell
from app.presentation.attached import held_files, keep
from app.presentation.diagram_svg import draw
from app.presentation.forms_answer import change_rows, read_answer, without_empty_rows
from app.presentation.forms_html import FormView, form_view
from app.presentation.step_rule import step_rule
from app.presentation.story import story
from app.tasks import beside, queries, service

blueprint = Blueprint("tasks", __name__)
ON_A_PAGE = 50
LAST_LINES = 40
Answer = str | Response | tuple[str, int]


@blueprint.get("/inbox")
@requires("tasks.see")
def inbox() -> Answer:
    """What I hold, what I could take, what I did; the most pressing first."""
    who, now = actor(), clock.now()
    view = request.args.get("view", "mine")
    view = view if view in ("mine", "claimable", "done") else "mine"
    wanted = {name: request.args.get(name, "").strip()[:100] for name in ("definition", "unit", "q")}
    overdue = request.args.get("overdue") == "1"
    rows, following = queries.tasks(
        who,
        view=view,  # type: ignore[arg-type]
        definition=wanted["definition"],
        unit=int(wanted["unit"]) if wanted["unit"].isdecimal() and len(wanted["unit"]) < 15 else None,
        q=wanted["q"],
        overdue=True if overdue else None,
        now=now,
        limit=ON_A_PAGE,
        cursor=request.args.get("cursor", ""),
    )
    processes, units = beside.filters(who)
    return render_template(
        "tasks/inbox.html",
        view=view,
        rows=[service.listed(row) for row in rows],
        next=following,
        wanted=wanted,
        overdue=overdue,
        counts=queries.counts(who, now=now),
        processes=processes,
        units=units,
    )


@blueprint.get("/tasks/<id:task_id>")
@requires("tasks.see")
def show(task_id: int) -> Answer:
    """One task."""
    return _task_page(task_id)


@blueprint.post("/tasks/<id:task_id>")
@requires("tasks.complete")
def act(task_id: int) -> Answer:
    """Do the task, keep a draft, or change the rows of a list: as the pressed button says."""
    who, now = actor(), clock.now()
    task = service.detail(who, task_id, now=now)
    try:
        typed = read_answer(task["form"], request.form, files=request.files, keep=keep)
    except Invalid as refused:
        typed = read_answer(task["form"], request.form)
        return _task_page(task_id, values=typed, errors=_plain_errors(refused)), 422
    if change_rows(typed, request.form):
        return _task_page(task_id, values=typed)
    if request.form.get("act") == "draft":
        service.save_draft(task_id, typed, by=who, now=now)
        shell.say(_("Saved for you. Nothing has been submitted yet."))
        return redirect(url_for("tasks.show", task_id=task_id), 303)
    version = request.form.get("version", "")
    try:
        done = service.complete(
            task_id,
            without_empty_rows(typed),
            by=who,
            now=now,
            version=int(version) if version.isdecimal() and len(version) < 9 else None,
        )
    except Invalid as invalid:
        return _task_page(task_id, values=typed, errors=invalid.errors), 422
    except WrongState as late:
        return _task_page(task_id, values=typed, errors=_plain_errors(late)), 409
    shell.say(_("Done: %(name)s", name=task["name"]))
    if done.case_state == "incident":
        shell.say(_("Your answer is kept, but the case is stuck at a later step."), kind="notice")
    if done.next:
        return redirect(url_for("tasks.show", task_id=done.next[0]), 303)
    return redirect(url_for("tasks.inbox"), 303)


@blueprint.post("/tasks/<id:task_id>/fields")
@requires("tasks.see")
def fields(task_id: int) -> Answer:
    """The fields anew, for what was typed so far: a fragment for htmx."""
    task = service.detail(actor(), task_id, now=clock.now())
    typed = read_answer(task["form"], request.form)
    view = form_view(task["form"], values=typed, data=task["data"], files=held_files(typed), decided=True)
    return render_template("tasks/fields.html", view=view, task=task)


@blueprint.post("/tasks/<id:task_id>/claim")
@requires("tasks.complete")
def claim(task_id: int) -> Answer:
    """Take a task."""
    service.claim(task_id, by=actor(), now=clock.now())
    shell.say(_("It is yours now."))
    return redirect(url_for("tasks.show", task_id=task_id), 303)


@blueprint.post("/tasks/<id:task_id>/unclaim")
@requires("tasks.complete")
def unclaim(task_id: int) -> Answer:
    """Give a task back to its group."""
    service.unclaim(task_id, by=actor(), now=clock.now())
    shell.say(_("It was given back to the group."))
    return redirect(url_for("tasks.inbox"), 303)


@blueprint.post("/tasks/<id:task_id>/assign")
@requires("tasks.assign")
def assign(task_id: int) -> Answer:
    """Hand a task to somebody, for somebody absent."""
    reason = request.form.get("reason", "").strip()[:2000]
    username = request.form.get("username", "")[:60]
    missing = [
        {"path": path, "message": text, "code": "required"}
        for path, text, held in (
            ("username", _("Choose to whom."), username),
            ("reason", _("Say why: the reason goes into the record."), reason),
        )
        if not held
    ]
    try:
        if missing:
            raise Invalid(missing)
        service.assign(task_id, username, reason=reason, by=actor(), now=clock.now())
    except Invalid as invalid:
        return _task_page(task_id, handing=invalid.errors), 422
    shell.say(_("It was handed on."))
    return redirect(url_for("tasks.inbox"), 303)


def _task_page(
    task_id: int,
    *,
    values: dict[str, Any] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
    handing: Sequence[Mapping[str, str]] = (),
) -> str:
    who, now, english = actor(), clock.now(), shell.in_english()
    task = service.detail(who, task_id, now=now)
    row = service.one(who, task_id)
    typed = values if values is not None else task["draft"]
    view: FormView = form_view(
        task["form"], values=typed, errors=errors, data=task["data"], files=held_files(typed, task["data"])
    )
    process, bpmn, marks = beside.diagram_of(row, now=now)
    lines = [line for line in story(row.case_id, now=now, english=english) if line.by_person]
    handed = {each["path"]: each["message"] for each in handing}
    hands_on = row.state in ("open", "claimed") and beside.may_hand_on(row, who)
    return render_template(
        "tasks/show.html",
        task=task,
        view=view,
        draft=values is None and task["draft"] is not None,
        errors=[*view.errors, *({"href": f"#{p}", "text": m} for p, m in handed.items())],
        handed=handed,
        lines=list(reversed(lines[-LAST_LINES:])),
        files=[each for line in lines for said in line.said for each in said.files],
        drawing=draw(bpmn, states=marks, english=english, around=row.element, window=(400, 320))
        if bpmn
        else None,
        process=process,
        rule=step_rule(
            row.case_id, process=row.process, element=row.element, ref=row.ref, now=now, english=english
        ),
        receivers=beside.receivers(row) if hands_on else [],
        mine=row.assignee_id == who.id,
        version=request.form.get("version") or task["version"],
    )


def _plain_errors(refusal: Exception) -> list[dict[str, str]]:
    """A refusal that belongs to no field, as a row of the error summary."""
    body = problem_body(refusal, _)
    return body.get("errors") or [{"path": "", "message": body["detail"], "code": "refused"}]
