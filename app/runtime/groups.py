"""Which people a new task is for: the group and the person that the diagram names, as rows.

A group is looked for by key or by name (Chinese or English) in the case's unit and then upwards; an
unknown one leaves the task without a group: it falls to the starter. Of several names with commas
between them, as other modellers write candidate groups, the first that is found counts.
"""

from collections.abc import Iterable

from sqlalchemy import BindParameter, bindparam, or_, select

from app.extensions import db
from app.models import Group, Membership, Person, Unit
from app.runtime.actor import Actor
from app.runtime.tables import table
from app.runtime.world import path_ids

_groups = table(Group)
_memberships = table(Membership)
_people = table(Person)
_units = table(Unit)
_names: BindParameter[str] = bindparam("names", expanding=True)
_GROUPS = (
    select(_groups.c.id, _groups.c.unit_id, _groups.c.key, _groups.c.name, _groups.c.name_en)
    .where(
        _groups.c.unit_id.in_(bindparam("units", expanding=True)),
        or_(_groups.c.key.in_(_names), _groups.c.name.in_(_names), _groups.c.name_en.in_(_names)),
    )
    .order_by(_groups.c.id)
)


def resolve_groups(names: Iterable[str], *, unit_path: str) -> dict[str, int]:
    """Group ids by the names asked for; the nearest unit wins, then a key before a name. One SELECT."""
    asked = {name: _parts(name) for name in names if name}
    wanted = sorted({part for parts in asked.values() for part in parts})
    if not wanted:
        return {}
    units = path_ids(unit_path)
    rows = db.session.connection().execute(_GROUPS, {"units": units, "names": wanted})
    nearness = {unit_id: place for place, unit_id in enumerate(reversed(units))}
    found: dict[str, tuple[tuple[int, int, int], int]] = {}
    for row in rows:
        for rank, name in enumerate((row.key, row.name, row.name_en)):
            if name not in wanted:
                continue
            place = (nearness[row.unit_id], rank, row.id)
            if name not in found or place < found[name][0]:
                found[name] = (place, row.id)
    firsts = {name: next((part for part in parts if part in found), None) for name, parts in asked.items()}
    return {name: found[part][1] for name, part in firsts.items() if part is not None}


def _parts(name: str) -> tuple[str, ...]:
    """The whole name, then what stands between its commas."""
    pieces = name.replace("，", ",").split(",")
    return (name, *(piece.strip() for piece in pieces if piece.strip())) if len(pieces) > 1 else (name,)


def unknown_groups(names: Iterable[str]) -> set[str]:
    """Those of these names that no group of any unit has as its key or name. One SELECT, none without."""
    asked = {name: _parts(name) for name in names if name}
    if not asked:
        return set()
    wanted = sorted({part for parts in asked.values() for part in parts})
    columns = (_groups.c.key, _groups.c.name, _groups.c.name_en)
    rows = db.session.connection().execute(select(*columns).where(or_(*(c.in_(wanted) for c in columns))))
    known = {name for row in rows for name in row}
    return {name for name, parts in asked.items() if known.isdisjoint(parts)}


def resolve_people(usernames: Iterable[str]) -> dict[str, int]:
    """Ids of active people by username; unknown names are left out. One SELECT, none without names."""
    wanted = sorted({name for name in usernames if name})
    if not wanted:
        return {}
    rows = db.session.connection().execute(
        select(_people.c.username, _people.c.id).where(_people.c.username.in_(wanted), _people.c.active)
    )
    return {row.username: row.id for row in rows}


def actor_of(person_id: int | None) -> Actor | None:
    """The person as an actor, for acts that go on after a request; None for nobody."""
    if person_id is None:
        return None
    connection = db.session.connection()
    row = connection.execute(
        select(_people, _units.c.path)
        .outerjoin(_units, _units.c.id == _people.c.unit_id)
        .where(_people.c.id == person_id)
    ).one_or_none()
    if row is None:
        return None
    mine = connection.execute(
        select(_memberships.c.group_id, _memberships.c.head).where(_memberships.c.person_id == person_id)
    ).all()
    return Actor(
        id=row.id,
        username=row.username,
        name=row.name,
        title=row.title,
        roles=frozenset(row.roles),
        groups=frozenset(member.group_id for member in mine),
        heads=frozenset(member.group_id for member in mine if member.head),
        unit_id=row.unit_id,
        unit_path=row.path or "",
    )
