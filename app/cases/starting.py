"""What a person may start, and the form that a start asks for. The start itself is `service.start`."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.forms import Asking, present
from app.identity import queries as people
from app.models import Definition, DefinitionVersion
from app.runtime import library, world
from app.runtime.actor import Actor
from app.runtime.transaction import transaction

MOST = 500


@dataclass(frozen=True, slots=True)
class Startable:
    """A process of which this person may start a case."""

    key: str
    name: str
    name_en: str
    category: str


@dataclass(frozen=True, slots=True)
class StartForm:
    """What a start asks: the served form schema, or None where nothing is asked."""

    key: str
    name: str
    name_en: str
    version: int
    schema: dict[str, Any] | None


def startable(actor: Actor) -> list[Startable]:
    """The processes in use that this person may start, by category and name."""
    rows = db.session.execute(
        select(
            Definition.key,
            Definition.name,
            Definition.name_en,
            Definition.category,
            DefinitionVersion.startable_by,
        )
        .join(DefinitionVersion, DefinitionVersion.key == Definition.key)
        .where(
            DefinitionVersion.version == Definition.latest,
            DefinitionVersion.startable.is_(True),
            Definition.state == library.ACTIVE,
        )
        .order_by(Definition.category, Definition.name, Definition.key)
        .limit(MOST)
    ).all()
    own = people.names_of_groups(actor.id)
    return [
        Startable(row.key, row.name, row.name_en, row.category)
        for row in rows
        if not row.startable_by or actor.has_role("admin") or not own.isdisjoint(row.startable_by)
    ]


def units(actor: Actor) -> list[people.UnitRow]:
    """The units in which this person may start a case: the own one and those below it."""
    if actor.has_role("admin"):
        return people.units()
    if not actor.unit_path:
        return []
    return [unit for unit in people.units() if unit.path.startswith(actor.unit_path)]


def start_form(key: str, *, actor: Actor, now: datetime, language: str) -> StartForm:
    """The form of a start. Raises NoSuchDefinition, DefinitionRetired."""
    with transaction():
        bundle = library.bundle_for(key)
        definition = library.definition_of(bundle.id)
        form = definition.forms.get(definition.start_form) if definition.start_form else None
        seen = world.world_of_unit(actor.unit_id, now=now) if actor.unit_id is not None else None
    asking = Asking(world=seen and replace(seen, starter=actor.username))
    schema = present(form, asking, language) if form is not None else None
    return StartForm(key, definition.name, definition.name_en, bundle.version, schema)
