"""What diagrams may ask about people: who belongs to a group, and what an assembly has delegated."""

from typing import Any

from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.identity.delegations import delegated
from app.models import Group, Membership, Person, Unit
from app.runtime.effects import Done, EffectCall, Outcome, effect
from app.runtime.groups import resolve_groups
from workflows.errors import Refusal, message


class GroupUnknown(Refusal):
    """A diagram asks for the members of a group that nobody has set up."""

    code = "people.group_unknown"
    text = message("There is no group “{group}” in this unit or above it. Set it up under 管理, then retry.")


class GroupEmpty(Refusal):
    """A diagram asks for the members of a group that has none."""

    code = "people.group_empty"
    text = message("The group “{group}” has no members. Add them under 管理, then retry.")


def register(_app: Flask) -> None:
    """Importing this module registers the handlers."""


@effect("people.members")
def members(call: EffectCall) -> Outcome:
    """The active members of `group`, found in the case's unit and then upwards: heads first, then by name.

    Each has username, name, title, head, and value and label for a form's choices.
    Raises GroupUnknown, GroupEmpty: the case waits as an incident until somebody has put it right.
    """
    wanted = str(call.args.get("group") or "")
    path = db.session.scalar(select(Unit.path).where(Unit.id == call.unit_id)) or ""
    group_id = resolve_groups([wanted], unit_path=path).get(wanted)
    if group_id is None:
        raise GroupUnknown(group=wanted)
    rows = db.session.execute(
        select(Person.username, Person.name, Person.title, Membership.head)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.group_id == group_id, Person.active)
        .order_by(Membership.head.desc(), Person.username)
    ).all()
    if not rows:
        raise GroupEmpty(group=wanted)
    name = db.session.scalar(select(Group.name).where(Group.id == group_id)) or wanted
    return Done({"group": wanted, "group_name": name, "people": [_person(row) for row in rows]})


@effect("delegation.look_up")
def look_up_delegation(call: EffectCall) -> Outcome:
    """Whether the assembly of this unit has delegated `matter` on record, and which law governs the unit."""
    community = db.session.scalar(select(Unit.community).where(Unit.id == call.unit_id)) or "village"
    matter = str(call.args.get("matter") or "")
    found = delegated(call.unit_id, matter) if matter else None
    return Done(
        {
            "matter": matter,
            "delegated": found is not None,
            "record": found.record if found else "",
            "decided_on": found.decided_on if found else "",
            "community": community,
        }
    )


def _person(row: Any) -> dict[str, Any]:
    label = f"{row.name}（{row.title}）" if row.title else row.name
    return {
        "username": row.username,
        "name": row.name,
        "title": row.title,
        "head": row.head,
        "value": row.username,
        "label": label,
    }
