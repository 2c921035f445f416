"""Loads the demo county: units, groups, people, registers. Publishing processes is not its business."""

from datetime import datetime

from flask import current_app
from sqlalchemy import insert, select

from app.demo.officials import PASSWORD, STAFF, Official, officials
from app.demo.places import COUNTY_PLACE, PLACES, groups_of
from app.demo.rolls import register_of_village
from app.errors import WrongState
from app.extensions import db
from app.identity.identity_numbers import read_identity_number
from app.identity.passwords import hash_password
from app.models import Delegation, Elector, Group, Membership, Person, Unit
from app.runtime.transaction import transaction
from workflows.errors import message

DELEGATED = (
    ("liushugou", "absence_subsidy", "2026-01-18", "柳村会〔2026〕1号"),
    ("liushugou", "collective_money_use", "2026-01-18", "柳村会〔2026〕1号"),
    ("shiqiao", "public_works", "2026-02-08", "石村会〔2026〕2号"),
    ("yangguang", "public_works", "2026-03-01", "阳居会〔2026〕1号"),
)
"""What the demo assemblies have delegated to their representatives: unit, matter, day, record."""


class NoDemoInProduction(WrongState):
    """Everybody knows the demo's password."""

    code = "no_demo"
    text = message("The demo county has a password that everybody knows: it is not loaded in production.")


def load_demo(*, now: datetime) -> bool:
    """Load the demo county in one transaction; False where it is there already. Raises NoDemoInProduction.

    People whose username exists are left as they are.
    """
    if current_app.config["SETTINGS"].production:
        raise NoDemoInProduction
    known = select(Unit.id).where(Unit.place == COUNTY_PLACE, Unit.kind == "county")
    if db.session.execute(known).first() is not None:
        return False
    hashed = hash_password(PASSWORD)
    with transaction() as session:
        if session.execute(known).first() is not None:
            return False
        units = _add_units()
        groups = _add_groups(units)
        _add_people(units, groups, hashed)
        for code in units:
            _add_register(code, units[code])
        for unit, matter, day, record in DELEGATED:
            session.add(Delegation(unit_id=units[unit].id, matter=matter, decided_on=day, record=record))
    return True


def demo_signins() -> list[tuple[str, str]]:
    """(username, who that is) of everybody who can sign in to the demo, staff first."""
    names = {place.code: place.name for place in PLACES}
    return [(p.username, f"{names[p.unit]} {p.name}（{p.title}）") for p in (*STAFF, *officials())]


def _add_units() -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for place in PLACES:
        parent = units[place.parent] if place.parent else None
        unit = Unit(
            name=place.name,
            name_en=place.name_en,
            kind=place.kind,
            parent_id=parent.id if parent else None,
            place="" if parent else COUNTY_PLACE,
            community=place.community,
        )
        db.session.add(unit)
        db.session.flush()
        unit.path = f"{parent.path if parent else '/'}{unit.id}/"
        units[place.code] = unit
    return units


def _add_groups(units: dict[str, Unit]) -> dict[tuple[str, str], Group]:
    groups = {
        (place.code, key): Group(unit_id=units[place.code].id, key=key, name=name, name_en=name_en)
        for place in PLACES
        for key, (name, name_en) in groups_of(place).items()
    }
    db.session.add_all(groups.values())
    db.session.flush()
    return groups


def _add_people(units: dict[str, Unit], groups: dict[tuple[str, str], Group], hashed: str) -> None:
    taken = set(db.session.execute(select(Person.username)).scalars())
    added: list[tuple[Official, Person]] = []
    for official in (*STAFF, *officials()):
        if official.username in taken:
            continue
        person = Person(
            username=official.username,
            name=official.name,
            title=official.title,
            roles=list(official.roles),
            unit_id=units[official.unit].id,
            password_hash=hashed,  # one hash for all: the demo's password is no secret
        )
        db.session.add(person)
        added.append((official, person))
    db.session.flush()
    for official, person in added:
        for unit, key, head in official.groups:
            db.session.add(Membership(person_id=person.id, group_id=groups[unit, key].id, head=head))
    db.session.flush()


def _add_register(code: str, unit: Unit) -> None:
    if unit.kind != "village":
        return
    own = [official for official in officials() if official.unit == code]
    rows = []
    for elector in register_of_village(code, own):
        number = read_identity_number(elector.number)
        rows.append(
            {
                "unit_id": unit.id,
                "name": elector.name,
                "household": elector.household,
                "identity_digest": number.digest,
                "identity_tail": number.tail,
                "woman": number.woman,
                "born_on": number.born_on.isoformat(),
                "marks": elector.marks,
            }
        )
    db.session.execute(insert(Elector), rows)
