"""Administrators' pages: units, groups, people, passwords. Plain forms; nothing needs a script."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, ValidationError
from werkzeug.wrappers import Response

from app.errors import AppRefusal, Invalid, NotFound
from app.http import field_errors
from app.identity import queries, service, units
from app.identity.guard import actor, requires, token_in_use
from app.identity.permissions import ROLES
from app.identity.schemas import (
    NewGroupSchema,
    NewPersonSchema,
    NewUnitSchema,
    PersonChangesSchema,
    UnitChangesSchema,
)
from app.presentation.shell import say

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
ON_A_PAGE = 50
Answer = str | Response | tuple[str, int]

KINDS = {
    "county": _l("county"),
    "township": _l("township"),
    "village": _l("village or community"),
    "department": _l("department"),
}
ROLE_NAMES = {
    "admin": _l("administrator"),
    "designer": _l("designer of processes"),
    "supervisor": _l("supervisor"),
    "official": _l("official"),
}
LABELS = {
    "username": _l("Username"),
    "name": _l("Name"),
    "name_en": _l("Name in English"),
    "title": _l("Office"),
    "unit": _l("Unit"),
    "roles": _l("Roles"),
    "email": _l("E-mail"),
    "phone": _l("Telephone"),
    "password": _l("Password"),
    "key": _l("Key"),
    "kind": _l("Kind"),
    "parent": _l("Inside"),
    "place": _l("Place code"),
}


@blueprint.get("")
@requires("people.manage")
def index() -> Answer:
    """The tree of units."""
    return render_template("admin/units.html", units=queries.units(), kinds=KINDS)


@blueprint.get("/units/new")
@requires("people.manage")
def new_unit() -> Answer:
    """The form for a new unit."""
    return _unit_form({"parent": request.args.get("parent", ""), "kind": "village"}, {})


@blueprint.post("/units/new")
@requires("people.manage")
def create_unit() -> Answer:
    """Create a unit."""
    form = request.form.to_dict()
    try:
        unit_id = units.create_unit(_checked(NewUnitSchema(), form))
    except Invalid as invalid:
        return _unit_form(form, _faults(invalid)), 422
    say(_("The unit is created."))
    return redirect(url_for(".show_unit", unit_id=unit_id), 303)


@blueprint.get("/units/<id:unit_id>")
@requires("people.manage")
def show_unit(unit_id: int) -> Answer:
    """A unit: its names, its groups and who is in them."""
    return _unit_page(unit_id)


@blueprint.post("/units/<id:unit_id>")
@requires("people.manage")
def change_unit(unit_id: int) -> Answer:
    """Change a unit's names, place code or kind of community."""
    try:
        units.change_unit(unit_id, _checked(UnitChangesSchema(), request.form.to_dict(), keep_empty=True))
    except Invalid as invalid:
        return _unit_page(unit_id, faults=_faults(invalid), form="unit"), 422
    say(_("The unit is changed."))
    return redirect(url_for(".show_unit", unit_id=unit_id), 303)


@blueprint.post("/units/<id:unit_id>/groups")
@requires("people.manage")
def create_group(unit_id: int) -> Answer:
    """Create a group of a unit."""
    try:
        units.create_group(unit_id, **_checked(NewGroupSchema(), request.form.to_dict()))
    except (Invalid, units.GroupKeyTaken) as refusal:
        return _unit_page(unit_id, faults=_faults(refusal, field="key"), form="group"), _status(refusal)
    say(_("The group is created. Now say who is in it."))
    return redirect(url_for(".show_unit", unit_id=unit_id), 303)


@blueprint.post("/groups/<id:group_id>/members")
@requires("people.manage")
def change_members(group_id: int) -> Answer:
    """Add a member, make one the head, or take one out."""
    group = queries.group(group_id)
    if group is None:
        raise NotFound
    username, act = request.form.get("username", ""), request.form.get("act", "")
    try:
        if act == "remove":
            units.take_out_of_group(group_id, username)
        else:
            units.put_in_group(group_id, username, head=act == "head")
    except Invalid as invalid:
        return _unit_page(group.unit, faults=_faults(invalid), form=f"group-{group_id}"), 422
    return redirect(url_for(".show_unit", unit_id=group.unit, _anchor=f"group-{group_id}"), 303)


@blueprint.get("/people")
@requires("people.manage")
def people() -> Answer:
    """People by username, searched by name."""
    q, cursor = request.args.get("q", "").strip()[:60], request.args.get("cursor", "")
    rows, following = queries.people(q=q, limit=ON_A_PAGE, cursor=cursor)
    return render_template("admin/people.html", people=rows, next=following, q=q, role_names=ROLE_NAMES)


@blueprint.get("/people/new")
@requires("people.manage")
def new_person() -> Answer:
    """The form for a new person."""
    return _person_form(None, {"roles": ["official"], "unit": request.args.get("unit", "")}, {})


@blueprint.post("/people/new")
@requires("people.manage")
def create_person() -> Answer:
    """Create a person."""
    form = _person_values()
    try:
        given = _checked(NewPersonSchema(), form)
        username = service.create_person(given.pop("username"), given, by=actor())
    except (Invalid, service.UsernameTaken) as refusal:
        return _person_form(None, form, _faults(refusal, field="username")), _status(refusal)
    say(
        _(
            "“%(username)s” is created. Put them into their groups on the page of their unit.",
            username=username,
        )
    )
    return redirect(url_for(".edit_person", username=username), 303)


@blueprint.get("/people/<username>")
@requires("people.manage")
def edit_person(username: str) -> Answer:
    """One person: the form, groups, password."""
    person = service.known_person(username)
    return _person_form(person, _as_form(person), {})


@blueprint.post("/people/<username>")
@requires("people.manage")
def change_person(username: str) -> Answer:
    """Change a person; whoever is deactivated is signed out at once."""
    person = service.known_person(username)
    form = _person_values()
    try:
        given = _checked(PersonChangesSchema(exclude=["password", "groups", "locale"]), form, keep_empty=True)
        service.change_person(person.username, given, by=actor(), keep=token_in_use())
    except (Invalid, service.LastAdministrator) as refusal:
        return _person_form(person, form, _faults(refusal, field="roles")), _status(refusal)
    say(_("The changes are saved."))
    return redirect(url_for(".edit_person", username=person.username), 303)


@blueprint.post("/people/<username>/password")
@requires("people.manage")
def reset_password(username: str) -> Answer:
    """Set somebody's password; all their sign-ins end."""
    person = service.known_person(username)
    password = request.form.get("password", "")
    try:
        if not password:
            raise Invalid([{"path": "password", "message": _("Fill this in."), "code": "required"}])
        service.change_person(person.username, {"password": password}, by=actor(), keep=token_in_use())
    except Invalid as invalid:
        return _person_form(person, _as_form(person), _faults(invalid)), 422
    say(_("The new password holds. Tell it to them in person; they can change it themselves."))
    return redirect(url_for(".edit_person", username=person.username), 303)


def _person_values() -> dict[str, Any]:
    values: dict[str, Any] = request.form.to_dict()
    values.pop("csrf_token", None)
    values["roles"] = request.form.getlist("roles")
    if "active_shown" in values:
        values.pop("active_shown")
        values["active"] = "active" in request.form
    return values


def _as_form(person: queries.PersonRow) -> dict[str, Any]:
    fields = ("username", "name", "name_en", "title", "roles", "email", "phone", "active")
    return {field: getattr(person, field) for field in fields} | {"unit": str(person.unit or "")}


def _person_form(person: queries.PersonRow | None, values: Mapping[str, Any], faults: dict[str, str]) -> str:
    return render_template(
        "admin/person.html",
        person=person,
        values=values,
        faults=faults,
        errors=_summary(faults),
        units=queries.units(),
        roles=[(role, ROLE_NAMES[role]) for role in ROLES],
        labels=LABELS,
    )


def _unit_form(values: Mapping[str, Any], faults: dict[str, str]) -> str:
    return render_template(
        "admin/unit_new.html",
        values=values,
        faults=faults,
        errors=_summary(faults),
        units=[u for u in queries.units() if u.kind in ("county", "township")],
        kinds=KINDS,
        labels=LABELS,
    )


def _unit_page(unit_id: int, *, faults: dict[str, str] | None = None, form: str = "") -> str:
    unit = queries.unit(unit_id)
    if unit is None:
        raise NotFound
    return render_template(
        "admin/unit.html",
        unit=unit,
        parent=queries.unit(unit.parent) if unit.parent else None,
        groups=queries.groups_with_members(unit_id),
        kinds=KINDS,
        labels=LABELS,
        values=request.form,
        faults=faults or {},
        faulty=form,
        errors=[{"href": f"#{form}-{path}", "text": text} for path, text in (faults or {}).items()],
    )


def _checked(schema: Schema, values: Mapping[str, Any], *, keep_empty: bool = False) -> dict[str, Any]:
    """The form's values as the service takes them. Raises Invalid.

    A browser sends empty fields as "": on creating they count as not given, on changing they empty the field.
    """
    given = {k: v for k, v in values.items() if k in schema.fields and (keep_empty or v != "")}
    if keep_empty and given.get("unit") == "":
        given["unit"] = None
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as fault:
        raise Invalid(field_errors(fault.messages)) from fault
    return loaded


def _faults(refusal: AppRefusal, *, field: str = "") -> dict[str, str]:
    """Messages by field; a refusal that names no field stands at `field`."""
    if isinstance(refusal, Invalid):
        return {e["path"].split(".")[0]: e["message"] for e in refusal.errors}
    return {field: _(refusal.text).format(**refusal.params)}


def _summary(faults: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"href": f"#{path}", "text": f"{LABELS.get(path, '')} {text}".strip()}
        for path, text in faults.items()
    ]


def _status(refusal: AppRefusal) -> int:
    return refusal.status
