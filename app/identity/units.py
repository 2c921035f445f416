"""Creates and changes units, groups and memberships. Units are never removed: cases refer to them."""

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select

from app.errors import Invalid, NotFound, WrongState
from app.extensions import db
from app.identity.input import id_of
from app.identity.sessions import normal_username
from app.models import Group, Membership, Person, Unit
from app.runtime.transaction import transaction
from workflows.errors import message

INSIDE = {
    "county": (None,),
    "township": ("county",),
    "village": ("township",),
    "department": ("county", "township"),
}
"""Where a unit of a kind may stand: inside which kinds (None: at the top)."""
GROUP_KEY = re.compile(r"[a-z][a-z0-9_]{1,59}")


class GroupKeyTaken(WrongState):
    """The unit has a group of this key already."""

    code = "group_key_taken"
    text = message("This unit has a group “{key}” already. Choose another key.")


def create_unit(given: Mapping[str, Any]) -> int:
    """Create a unit below its parent; returns its id. Raises Invalid where it may not stand there."""
    with transaction() as session:
        parent = session.get(Unit, given["parent"]) if given.get("parent") else None
        if given.get("parent") and parent is None:
            raise Invalid([_error("parent", _("There is no such unit."))])
        if (parent.kind if parent else None) not in INSIDE[given["kind"]]:
            raise Invalid([_error("parent", _("A unit of this kind cannot stand there."))])
        unit = Unit(
            name=given["name"],
            name_en=given.get("name_en", ""),
            kind=given["kind"],
            parent_id=parent.id if parent else None,
            place=given.get("place", ""),
            community=given.get("community", "village"),
        )
        session.add(unit)
        session.flush()
        unit.path = f"{parent.path if parent else '/'}{unit.id}/"
        return unit.id


def change_unit(unit_id: object, given: Mapping[str, Any]) -> int:
    """Change name, place code or kind of community; returns the id. Raises NotFound."""
    with transaction() as session:
        unit = session.get(Unit, id_of(unit_id) or 0)
        if unit is None:
            raise NotFound
        for field in ("name", "name_en", "place", "community"):
            if field in given:
                setattr(unit, field, given[field])
        return unit.id


def create_group(unit_id: object, *, key: str, name: str, name_en: str = "") -> int:
    """Create a group of a unit; returns its id. Raises NotFound, Invalid and GroupKeyTaken."""
    if not GROUP_KEY.fullmatch(key):
        raise Invalid([_error("key", _("Use lower-case letters, digits and underscores, a letter first."))])
    with transaction() as session:
        unit = session.get(Unit, id_of(unit_id) or 0)
        if unit is None:
            raise NotFound
        taken = select(Group.id).where(Group.unit_id == unit.id, Group.key == key)
        if session.execute(taken).first() is not None:
            raise GroupKeyTaken(key=key)
        group = Group(unit_id=unit.id, key=key, name=name, name_en=name_en)
        session.add(group)
        session.flush()
        return group.id


def rename_group(group_id: object, *, name: str, name_en: str) -> None:
    """Give a group another name; its key stays, because processes name it. Raises NotFound."""
    with transaction() as session:
        group = session.get(Group, id_of(group_id) or 0)
        if group is None:
            raise NotFound
        group.name, group.name_en = name, name_en


def put_in_group(group_id: object, username: str, *, head: bool) -> None:
    """Make a person a member of a group, or its head. Raises NotFound; Invalid for an unknown person."""
    with transaction() as session:
        group = session.get(Group, id_of(group_id) or 0)
        if group is None:
            raise NotFound
        person_id = db.session.execute(
            select(Person.id).where(Person.username == normal_username(username))
        ).scalar_one_or_none()
        if person_id is None:
            raise Invalid([_error("username", _("Nobody has this username."))])
        membership = session.get(Membership, (person_id, group.id))
        if membership is None:
            session.add(Membership(person_id=person_id, group_id=group.id, head=head))
        else:
            membership.head = head


def take_out_of_group(group_id: object, username: str) -> None:
    """End a membership; nothing happens where there is none. Raises NotFound for an unknown group."""
    with transaction() as session:
        group = session.get(Group, id_of(group_id) or 0)
        if group is None:
            raise NotFound
        person = select(Person.id).where(Person.username == normal_username(username)).scalar_subquery()
        session.execute(
            delete(Membership).where(Membership.group_id == group.id, Membership.person_id == person)
        )


def _error(path: str, text: str) -> dict[str, str]:
    return {"path": path, "message": text, "code": "invalid"}
