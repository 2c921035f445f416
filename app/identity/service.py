"""Creates and changes people, their groups and passwords. Reads are in queries, sign-in in sessions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Text, cast, delete, exists, select, update

from app.errors import Invalid, NotFound, WrongState
from app.extensions import db
from app.identity import passwords, queries, sessions, throttle
from app.identity.permissions import ADMIN
from app.models import Group, Membership, Person, Unit
from app.runtime.actor import Actor
from app.runtime.transaction import transaction
from workflows.errors import message

FIELDS = ("name", "name_en", "title", "roles", "locale", "email", "phone", "active")


class UsernameTaken(WrongState):
    """Somebody has this username already."""

    code = "username_taken"
    text = message("The username “{username}” is taken. Choose another.")


class LastAdministrator(WrongState):
    """Without this person nobody could manage people any more."""

    code = "last_administrator"
    text = message("This is the last active administrator. Make somebody else an administrator first.")


class AdministratorExists(WrongState):
    """The installation has an administrator: they create the others."""

    code = "administrator_exists"
    text = message("There is an administrator already. Ask them to create others, in the pages for people.")


def create_first_admin(username: str, password: str) -> None:
    """Create the first administrator of an empty installation. Raises AdministratorExists and Invalid."""
    given = {"name": username, "password": password, "roles": [ADMIN]}
    name, values, hashed = _checked_new(username, given)
    with transaction() as session:
        _refuse_second_admin()
        session.add(Person(username=name, password_hash=hashed, **values))


def create_person(username: str, given: Mapping[str, Any], *, by: Actor) -> str:
    """Create a person; returns the username as stored. Raises UsernameTaken and Invalid.

    `given`: FIELDS, `password`, `unit` (id) and `groups` ([{id, head}]), all but name optional.
    """
    name, values, hashed = _checked_new(username, given)
    with transaction() as session:
        if session.execute(select(exists().where(Person.username == name))).scalar_one():
            raise UsernameTaken(username=name)
        person = Person(username=name, password_hash=hashed, **values)
        person.unit_id = _checked_unit(given.get("unit"))
        session.add(person)
        session.flush()
        _set_groups(person.id, given.get("groups", []))
    return name


def change_person(username: str, given: Mapping[str, Any], *, by: Actor, keep: str = "") -> str:
    """Change what is given of a person; returns the username. Raises NotFound, LastAdministrator, Invalid.

    Whoever is deactivated or gets a new password is signed out everywhere at once, but for the sign-in `keep`
    when it is one's own password.
    """
    name = sessions.normal_username(username)
    hashed = _checked_password(given["password"], name, path="password") if given.get("password") else ""
    with transaction() as session:
        person = session.execute(
            select(Person).where(Person.username == name).with_for_update()
        ).scalar_one_or_none()
        if person is None:
            raise NotFound
        stays = ADMIN in given.get("roles", person.roles) and given.get("active", person.active)
        if person.active and ADMIN in person.roles and not stays:
            _refuse_losing_last_admin(person.id)
        for field in FIELDS:
            if field in given:
                setattr(person, field, _distinct(given[field]) if field == "roles" else given[field])
        if "unit" in given:
            person.unit_id = _checked_unit(given["unit"])
        if hashed:
            person.password_hash = hashed
        session.flush()
        if "groups" in given:
            _set_groups(person.id, given["groups"])
        if not person.active:
            sessions.end_sign_ins(person.id)
        elif hashed:
            sessions.end_sign_ins(person.id, except_token=keep if by.id == person.id else "")
    return name


def change_own_password(who: Actor, old: str, new: str, *, keep: str, address: str, now: datetime) -> None:
    """Set one's own password; all other sign-ins end. Raises Invalid and Throttled. Machine time."""
    throttle.check(sessions.FAILURES, who.username, address, now=now)
    stored = db.session.execute(select(Person.password_hash).where(Person.id == who.id)).scalar_one()
    db.session.rollback()  # nothing is held while the hash is computed
    if not passwords.verify(stored, old).fits:
        throttle.failed(sessions.FAILURES, who.username, address, now=now)
        raise Invalid([_error("old", _("This is not your present password."), "wrong_password")])
    hashed = _checked_password(new, who.username, path="new")
    with transaction() as session:
        session.execute(update(Person).where(Person.id == who.id).values(password_hash=hashed))
        sessions.end_sign_ins(who.id, except_token=keep)
        throttle.forget(sessions.FAILURES, who.username, address)


def remember_locale(who: Actor, locale: str) -> None:
    """Keep the language somebody chose, for their next sign-in."""
    with transaction() as session:
        session.execute(update(Person).where(Person.id == who.id).values(locale=locale))


def known_person(username: str) -> queries.PersonRow:
    """One person. Raises NotFound."""
    found = queries.person(sessions.normal_username(username))
    if found is None:
        raise NotFound
    return found


def _checked_new(username: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any], str]:
    name = sessions.normal_username(username)
    if not name:
        raise Invalid(
            [
                _error(
                    "username",
                    _("Use 2 to 60 small letters, digits, dots, hyphens and underscores; no mark first."),
                    "username",
                )
            ]
        )
    values = {field: given[field] for field in FIELDS if field in given}
    values["roles"] = _distinct(given.get("roles", []))
    password = given.get("password", "")
    return name, values, _checked_password(password, name, path="password") if password else ""


def _checked_password(password: str, username: str, *, path: str) -> str:
    fault = passwords.fault_of(password, username=username)
    if fault:
        raise Invalid([_error(path, fault, "password")])
    return passwords.hash_password(password)


def _checked_unit(unit_id: int | None) -> int | None:
    if unit_id is not None and db.session.get(Unit, unit_id) is None:
        raise Invalid([_error("unit", _("There is no such unit."), "unknown")])
    return unit_id


def _set_groups(person_id: int, wanted: Sequence[Mapping[str, Any]]) -> None:
    """Make these the person's groups; the last mention of a group counts."""
    heads = {int(g["id"]): bool(g.get("head", False)) for g in wanted}
    known = set(db.session.execute(select(Group.id).where(Group.id.in_(heads))).scalars())
    errors = [
        _error(f"groups.{n}.id", _("There is no such group."), "unknown")
        for n, g in enumerate(wanted)
        if int(g["id"]) not in known
    ]
    if errors:
        raise Invalid(errors)
    db.session.execute(delete(Membership).where(Membership.person_id == person_id))
    db.session.add_all(Membership(person_id=person_id, group_id=g, head=head) for g, head in heads.items())
    db.session.flush()


def _refuse_losing_last_admin(person_id: int) -> None:
    admins = db.session.execute(_active_admins().with_for_update()).scalars().all()
    if not set(admins) - {person_id}:
        raise LastAdministrator


def _refuse_second_admin() -> None:
    if db.session.execute(_active_admins().limit(1)).first() is not None:
        raise AdministratorExists


def _active_admins() -> Any:
    return (
        select(Person.id)
        .where(Person.active, cast(Person.roles, Text).contains(f'"{ADMIN}"'))
        .order_by(Person.id)
    )


def _distinct(roles: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(roles))


def _error(path: str, text: str, code: str) -> dict[str, str]:
    return {"path": path, "message": text, "code": code}
