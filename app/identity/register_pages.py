"""Pages of a village's register of electors and of what its assembly has delegated."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.clock import now
from app.errors import AppRefusal, Invalid
from app.identity import delegations, register
from app.identity.guard import actor, may, requires
from app.identity.register_reading import ImportReport
from app.identity.sheets import MAX_BYTES
from app.presentation.shell import say

blueprint = Blueprint("register", __name__, url_prefix="/villages")
ON_A_PAGE = 100
Answer = str | Response | tuple[str, int]


@blueprint.get("")
@requires("electors.see")
def index() -> Answer:
    """The villages that I work for; with only one of them, its register."""
    villages = register.villages_in_reach(actor())
    if len(villages) == 1:
        return redirect(url_for(".electors", unit_id=villages[0].id))
    return render_template("identity/villages.html", villages=villages)


@blueprint.get("/<id:unit_id>/register")
@requires("electors.see")
def electors(unit_id: int) -> Answer:
    """The register, searched by name, household or the number's last places."""
    return _register_page(unit_id)


@blueprint.post("/<id:unit_id>/register")
@requires("electors.manage")
def import_list(unit_id: int) -> Answer:
    """Import a list; with problems they are shown by line and nothing is stored."""
    sent = request.files.get("file")
    content = sent.read(MAX_BYTES + 1) if sent else b""
    if not content:
        return _register_page(unit_id, fault=_("Choose a file.")), 422
    try:
        name = (sent.filename or "") if sent else ""
        report = register.import_register(unit_id, content, name, actor(), now())
    except AppRefusal as refusal:
        if refusal.status not in (413, 422):
            raise
        return _register_page(unit_id, fault=_(refusal.text).format(**refusal.params)), refusal.status
    if report.problems:
        return _register_page(unit_id, report=report), 422
    say(_("%(added)s electors added, %(updated)s updated.", added=report.added, updated=report.updated))
    notes = [n for n in report.notes if n.message != _("In the register already: updated.")]
    for note in notes[:20]:
        say(_("Line %(line)s: %(message)s", line=note.line, message=note.message), kind="notice")
    return redirect(url_for(".electors", unit_id=unit_id), 303)


@blueprint.post("/<id:unit_id>/register/<id:elector_id>/remove")
@requires("electors.manage")
def remove(unit_id: int, elector_id: int) -> Answer:
    """Take somebody out of the register."""
    register.remove_elector(unit_id, elector_id, actor())
    say(_("Taken out of the register. Rolls frozen before stay as they are."))
    return redirect(url_for(".electors", unit_id=unit_id), 303)


@blueprint.get("/<id:unit_id>/delegations")
@requires("delegations.see")
def delegated(unit_id: int) -> Answer:
    """What the assembly has delegated to its representatives."""
    return _delegations_page(unit_id, {}, {})


@blueprint.post("/<id:unit_id>/delegations")
@requires("delegations.manage")
def put_on_record(unit_id: int) -> Answer:
    """Put a delegation on record."""
    values = {key: request.form.get(key, "").strip()[:400] for key in ("matter", "decided_on", "record")}
    try:
        delegations.put_on_record(unit_id, values, by=actor(), now=now())
    except Invalid as invalid:
        return _delegations_page(unit_id, values, {e["path"]: e["message"] for e in invalid.errors}), 422
    except delegations.AlreadyDelegated as refusal:
        return _delegations_page(unit_id, values, {"matter": _(refusal.text)}), refusal.status
    say(_("The delegation is on record."))
    return redirect(url_for(".delegated", unit_id=unit_id), 303)


@blueprint.post("/<id:unit_id>/delegations/<id:delegation_id>/revoke")
@requires("delegations.manage")
def revoke(unit_id: int, delegation_id: int) -> Answer:
    """End a delegation from now on."""
    delegations.revoke(unit_id, delegation_id, by=actor(), now=now())
    say(_("The delegation is revoked. Decisions made under it stand."))
    return redirect(url_for(".delegated", unit_id=unit_id), 303)


def _register_page(unit_id: int, *, report: ImportReport | None = None, fault: str = "") -> str:
    q = request.args.get("q", "").strip()[:60]
    rows, following = register.electors(
        unit_id, actor(), q=q, limit=ON_A_PAGE, cursor=request.args.get("cursor", "")
    )
    return render_template(
        "identity/register.html",
        unit=register.village_in_reach(unit_id, actor()),
        rows=rows,
        next=following,
        q=q,
        figures=register.figures(unit_id),
        report=report,
        fault=fault,
        errors=_problems(report, fault),
        may_change=may("electors.manage"),
    )


def _problems(report: ImportReport | None, fault: str) -> list[dict[str, str]]:
    if fault:
        return [{"href": "#file", "text": fault}]
    if report is None:
        return []
    count = len(report.problems) + report.more_problems
    return [
        {"href": "#problems", "text": _("%(n)s places of the list are wrong. Nothing was stored.", n=count)},
    ]


def _delegations_page(unit_id: int, values: dict[str, str], faults: dict[str, str]) -> str:
    unit = register.village_in_reach(unit_id, actor())
    matters = delegations.delegable(unit.id, now())
    names: dict[str, Any] = dict(matters)
    return render_template(
        "identity/delegations.html",
        unit=unit,
        rows=delegations.delegations(unit_id, actor()),
        matters=matters,
        names=names,
        values=values,
        faults=faults,
        errors=[{"href": f"#{path}", "text": text} for path, text in faults.items()],
        may_change=may("delegations.manage"),
    )
