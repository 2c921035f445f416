"""The API of sign-in, people and units. Translates only: service, units and sessions decide."""

from typing import Any

from flask import current_app, request
from flask_smorest import Blueprint

from app.clock import machine_now, now
from app.identity import delegations, queries, register, service, sessions, units
from app.identity.guard import actor, public, requires, token_in_use
from app.identity.permissions import PERMISSIONS, allowed
from app.identity.schemas import (
    CredentialsSchema,
    DelegationSchema,
    DelegationsSchema,
    ElectorsQuerySchema,
    ElectorsSchema,
    GroupsQuerySchema,
    GroupsSchema,
    GroupWithMembersSchema,
    ImportedSchema,
    MembershipChangeSchema,
    MeSchema,
    NewDelegationSchema,
    NewGroupSchema,
    NewPasswordSchema,
    NewPersonSchema,
    NewUnitSchema,
    PeopleQuerySchema,
    PeopleSchema,
    PersonChangesSchema,
    PersonSchema,
    TokenSchema,
    UnitChangesSchema,
    UnitSchema,
    UnitsSchema,
)
from app.identity.sheets import MAX_BYTES

FILE_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        }
    },
}

blueprint = Blueprint("people", __name__, url_prefix="/api/v1", description="Sign-in, people and units")


@blueprint.post("/auth/tokens")
@public
@blueprint.arguments(CredentialsSchema)
@blueprint.response(201, TokenSchema)
@blueprint.alt_response(401, description="The username or the password is not right")
@blueprint.alt_response(429, description="Too many failures")
def create_token(credentials: dict[str, str]) -> sessions.Issued:
    """Sign a program in."""
    return sessions.sign_in(
        credentials["username"],
        credentials["password"],
        kind=sessions.TOKEN,
        address=request.remote_addr or "",
        hours=current_app.config["SETTINGS"].session_hours,
        now=machine_now(),
    )


@blueprint.delete("/auth/tokens")
@requires("account.own")
@blueprint.response(204)
def end_token() -> None:
    """Sign this program out."""
    sessions.sign_out(token_in_use())


@blueprint.get("/me")
@requires("account.own")
@blueprint.response(200, MeSchema)
def me() -> dict[str, Any]:
    """Who I am."""
    who = actor()
    groups = queries.groups_of(who.id)
    return {
        "username": who.username,
        "name": who.name,
        "title": who.title,
        "roles": sorted(who.roles),
        "groups": groups,
        "units": queries.units_of(who.unit_id, groups),
        "locale": who.locale,
        "permissions": [p for p in PERMISSIONS if allowed(who.roles, p)],
    }


@blueprint.post("/me/password")
@requires("account.own")
@blueprint.arguments(NewPasswordSchema)
@blueprint.response(204)
def change_own_password(given: dict[str, str]) -> None:
    """Change my password; my other sign-ins end."""
    service.change_own_password(
        actor(),
        given["old"],
        given["new"],
        keep=token_in_use(),
        address=request.remote_addr or "",
        now=machine_now(),
    )


@blueprint.get("/people")
@requires("people.manage")
@blueprint.arguments(PeopleQuerySchema, location="query")
@blueprint.response(200, PeopleSchema)
def list_people(wanted: dict[str, Any]) -> dict[str, Any]:
    """People by username."""
    items, following = queries.people(
        q=wanted["q"], unit_id=wanted["unit"], limit=wanted["limit"], cursor=wanted["cursor"]
    )
    return {"items": items, "next": following}


@blueprint.post("/people")
@requires("people.manage")
@blueprint.arguments(NewPersonSchema)
@blueprint.response(201, PersonSchema)
@blueprint.alt_response(409, description="The username is taken")
def create_person(given: dict[str, Any]) -> Any:
    """Create a person."""
    username = given.pop("username")
    return queries.person(service.create_person(username, given, by=actor()))


@blueprint.get("/people/<username>")
@requires("people.manage")
@blueprint.response(200, PersonSchema)
def show_person(username: str) -> Any:
    """One person."""
    return service.known_person(username)


@blueprint.patch("/people/<username>")
@requires("people.manage")
@blueprint.arguments(PersonChangesSchema)
@blueprint.response(200, PersonSchema)
@blueprint.alt_response(409, description="The last administrator stays one")
def change_person(given: dict[str, Any], username: str) -> Any:
    """Change a person; whoever is deactivated is signed out at once."""
    return queries.person(service.change_person(username, given, by=actor(), keep=token_in_use()))


@blueprint.get("/units")
@requires("units.see")
@blueprint.response(200, UnitsSchema)
def list_units() -> dict[str, Any]:
    """The tree of units, parents first."""
    return {"items": queries.units(), "next": None}


@blueprint.post("/units")
@requires("people.manage")
@blueprint.arguments(NewUnitSchema)
@blueprint.response(201, UnitSchema)
def create_unit(given: dict[str, Any]) -> Any:
    """Create a unit."""
    return queries.unit(units.create_unit(given))


@blueprint.patch("/units/<id:unit_id>")
@requires("people.manage")
@blueprint.arguments(UnitChangesSchema)
@blueprint.response(200, UnitSchema)
def change_unit(given: dict[str, Any], unit_id: int) -> Any:
    """Change a unit."""
    return queries.unit(units.change_unit(unit_id, given))


@blueprint.get("/groups")
@requires("units.see")
@blueprint.arguments(GroupsQuerySchema, location="query")
@blueprint.response(200, GroupsSchema)
def list_groups(wanted: dict[str, int]) -> dict[str, Any]:
    """The groups of a unit and who is in them."""
    return {"items": queries.groups_with_members(wanted["unit"]), "next": None}


@blueprint.post("/units/<id:unit_id>/groups")
@requires("people.manage")
@blueprint.arguments(NewGroupSchema)
@blueprint.response(201, GroupWithMembersSchema)
def create_group(given: dict[str, str], unit_id: int) -> Any:
    """Create a group of a unit."""
    return queries.group(units.create_group(unit_id, **given))


@blueprint.put("/groups/<id:group_id>/members/<username>")
@requires("people.manage")
@blueprint.arguments(MembershipChangeSchema)
@blueprint.response(200, GroupWithMembersSchema)
def put_in_group(given: dict[str, bool], group_id: int, username: str) -> Any:
    """Make somebody a member of a group, or its head."""
    units.put_in_group(group_id, username, head=given["head"])
    return queries.group(group_id)


@blueprint.delete("/groups/<id:group_id>/members/<username>")
@requires("people.manage")
@blueprint.response(204)
def take_out_of_group(group_id: int, username: str) -> None:
    """End a membership."""
    units.take_out_of_group(group_id, username)


@blueprint.get("/units/<id:unit_id>/electors")
@requires("electors.see")
@blueprint.arguments(ElectorsQuerySchema, location="query")
@blueprint.response(200, ElectorsSchema)
def list_electors(wanted: dict[str, Any], unit_id: int) -> dict[str, Any]:
    """The register of a village, by name."""
    items, following = register.electors(unit_id, actor(), **wanted)
    return {"items": items, "next": following}


@blueprint.post("/units/<id:unit_id>/electors")
@requires("electors.manage")
@blueprint.doc(requestBody=FILE_BODY)
@blueprint.response(201, ImportedSchema)
def import_electors(unit_id: int) -> Any:
    """Import a list (CSV or XLSX), whole or not at all; 422 names every line that is wrong."""
    sent = next((file for _, files in request.files.lists() for file in files), None)
    content = sent.read(MAX_BYTES + 1) if sent else b""
    name = (sent.filename or "") if sent else ""
    return register.import_whole(unit_id, content, name, actor(), now())


@blueprint.delete("/units/<id:unit_id>/electors/<id:elector_id>")
@requires("electors.manage")
@blueprint.response(204)
def remove_elector(unit_id: int, elector_id: int) -> None:
    """Take somebody out of the register: moved away or died."""
    register.remove_elector(unit_id, elector_id, actor())


@blueprint.get("/units/<id:unit_id>/delegations")
@requires("delegations.see")
@blueprint.response(200, DelegationsSchema)
def list_delegations(unit_id: int) -> dict[str, Any]:
    """What the assembly has delegated to its representatives, revoked ones too."""
    return {"items": delegations.delegations(unit_id, actor()), "next": None}


@blueprint.post("/units/<id:unit_id>/delegations")
@requires("delegations.manage")
@blueprint.arguments(NewDelegationSchema)
@blueprint.response(201, DelegationSchema)
@blueprint.alt_response(409, description="The matter is delegated already")
def record_delegation(given: dict[str, str], unit_id: int) -> Any:
    """Put a delegation on record."""
    delegations.put_on_record(unit_id, given, by=actor(), now=now())
    return delegations.delegated(unit_id, given["matter"])


@blueprint.post("/units/<id:unit_id>/delegations/<id:delegation_id>/revoke")
@requires("delegations.manage")
@blueprint.response(204)
def revoke_delegation(unit_id: int, delegation_id: int) -> None:
    """End a delegation from now on."""
    delegations.revoke(unit_id, delegation_id, by=actor(), now=now())
