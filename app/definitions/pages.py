"""Designers' first pages: the processes there are, publishing files with problems by shape, one process."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app import clock
from app.definitions import queries, service
from app.definitions.sent_files import SentFile
from app.errors import Malformed, problem_row
from app.identity.guard import actor, may, requires
from app.presentation import shell
from app.presentation.diagram_svg import draw

blueprint = Blueprint("definitions", __name__, url_prefix="/processes")
ON_A_PAGE = 50
Answer = str | AnyResponse | tuple[str, int]


@blueprint.get("")
@requires("definitions.see")
def index() -> Answer:
    """Every process in its latest version, and the door to publishing."""
    rows, following = queries.definitions(
        q=request.args.get("q", "")[:100].strip(), limit=ON_A_PAGE, cursor=request.args.get("cursor", "")
    )
    shown = service.described(rows, actor=actor(), now=clock.now())
    return render_template("definitions/index.html", rows=shown, next=following, q=request.args.get("q", ""))


@blueprint.get("/publish")
@requires("definitions.publish")
def publish_form() -> Answer:
    """Where a designer sends the files of one process."""
    return _publish_page()


@blueprint.post("/publish")
@requires("definitions.publish")
def publish() -> Answer:
    """Check the files, and publish them where that was asked for; problems come back on their shapes."""
    sent = [SentFile(f.filename or "", f.read()) for f in request.files.getlist("files") if f.filename]
    if not sent:
        return _publish_page(missing=True), 422
    note = request.form.get("note", "").strip()[:2000]
    checked = service.check(sent)
    if checked.problems or request.form.get("act") != "publish":
        body = _publish_page(checked=checked, sent=sent, note=note)
        return body, 422 if checked.problems else 200
    stored = service.publish(sent, note=note, by=actor(), now=clock.now())
    shell.say(_("Published: version %(version)s of %(key)s.", version=stored.version, key=stored.key))
    for warning in _rows(stored.warnings)[:10]:
        shell.say(f"{warning['element']} {warning['message']} {warning['hint']}".strip(), kind="notice")
    return redirect(url_for("definitions.show", key=stored.key), 303)


@blueprint.get("/<key>")
@requires("definitions.see")
def show(key: str) -> Answer:
    """One process: its picture, its versions, its files."""
    row = service.one(key, _version())
    versions, following = queries.versions(key, limit=ON_A_PAGE, cursor=request.args.get("cursor", ""))
    bpmn = _bpmn_name(row.files)
    text = service.file(key, row.version, bpmn) if bpmn else ""
    return render_template(
        "definitions/show.html",
        row=row,
        versions=versions,
        next=following,
        bpmn=bpmn,
        drawing=draw(text, english=shell.in_english()) if text else None,
        may_publish=may("definitions.publish"),
    )


@blueprint.get("/<key>/versions/<id:version>/files/<path:name>")
@requires("definitions.see")
def file(key: str, version: int, name: str) -> Answer:
    """A file as it was published, as plain text: it is never run here."""
    text = service.file(key, version, name)
    return Response(text, content_type="text/plain; charset=utf-8")


@blueprint.post("/<key>/state")
@requires("definitions.publish")
def set_state(key: str) -> Answer:
    """Let a process take new cases, or no more."""
    state = request.form.get("state", "")
    if state not in ("active", "retired"):
        raise Malformed
    service.set_state(key, state)
    shell.say(_("New cases can be started.") if state == "active" else _("No new cases can be started."))
    return redirect(url_for("definitions.show", key=key), 303)


def _publish_page(
    *,
    checked: service.Checked | None = None,
    sent: Sequence[SentFile] = (),
    note: str = "",
    missing: bool = False,
) -> str:
    errors = [{"href": "#files", "text": _("Choose the files of one process.")}] if missing else []
    problems = _rows(checked.problems) if checked else []
    marked = {row["element"]: "incident" for row in problems if row["element"]}
    return render_template(
        "definitions/publish.html",
        problems=problems,
        warnings=_rows(checked.warnings) if checked else [],
        checked=checked,
        drawing=_picture(sent, marked) if checked else None,
        note=note,
        errors=errors,
        missing=missing,
    )


def _picture(sent: Sequence[SentFile], marked: dict[str, Any]) -> Any:
    """The first diagram of what was sent, with the shapes that have problems marked."""
    for each in sent:
        if each.name.lower().endswith((".bpmn", ".bpmn2", ".bpmn20.xml")):
            text = each.content if isinstance(each.content, str) else each.content.decode("utf-8", "replace")
            return draw(text, states=marked, english=shell.in_english())
    return None


def _rows(problems: Sequence[Any]) -> list[dict[str, str]]:
    return [problem_row(each, _) for each in problems]


def _bpmn_name(files: Sequence[str]) -> str:
    return next((n for n in files if n.lower().endswith((".bpmn", ".bpmn2", ".bpmn20.xml"))), "")


def _version() -> int | None:
    text = request.args.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 9 else None
