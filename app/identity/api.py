"""The API of sign-in, people and units. Translates only: service, units and sessions decide."""

from typing import Any

from flask import current_app, request
from flask_smorest import Blueprint

from app.clock import machine_now
from app.identity import queries, service, sessions, units
from app.identity.guard import actor, public, requires, token_in_use
from app.identity.permissions import PERMISSIONS, allowed
from app.identity.schemas import (
    CredentialsSchema,
    MeSchema,
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


@blueprint.patch("/units/<unit_id>")
@requires("people.manage")
@blueprint.arguments(UnitChangesSchema)
@blueprint.response(200, UnitSchema)
def change_unit(given: dict[str, Any], unit_id: str) -> Any:
    """Change a unit."""
    return queries.unit(units.change_unit(unit_id, given))
