"""Reads of units, people and groups. The actor of a request is one statement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row, Select, bindparam, false, or_, select, tuple_

from app.extensions import db
from app.http import decode_cursor, page
from app.models import Elector, Group, Membership, Person, SignIn, Unit
from app.runtime.actor import Actor

ElectorRow = TypeVar("ElectorRow")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has signed in, and the unit as the head of a page names it."""

    actor: Actor
    unit_name: str
    unit_name_en: str


def signed_in(digest: bytes, kind: str, now: datetime) -> SignedIn | None:
    """The active person whose sign-in of this kind has this digest and is not over at machine time `now`."""
    rows = db.session.execute(_SIGNED_IN, {"digest": digest, "kind": kind, "now": now}).all()
    who = _actor(rows)
    return SignedIn(who, rows[0].unit_name or "", rows[0].unit_name_en or "") if who else None


def actor_by_username(username: str) -> Actor | None:
    """The active person of this name as an actor: for the CLI, the worker and tests."""
    return _actor(db.session.execute(_actor_select().where(Person.username == username)).all())


def _actor_select() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Person.id,
            Person.username,
            Person.name,
            Person.title,
            Person.roles,
            Person.unit_id,
            Person.locale,
            Unit.path,
            Unit.name.label("unit_name"),
            Unit.name_en.label("unit_name_en"),
            Membership.group_id,
            Membership.head,
            Group.key,
        )
        .outerjoin(Unit, Unit.id == Person.unit_id)
        .outerjoin(Membership, Membership.person_id == Person.id)
        .outerjoin(Group, Group.id == Membership.group_id)
        .where(Person.active)
    )


_SIGNED_IN = (
    _actor_select()
    .join(SignIn, SignIn.person_id == Person.id)
    .where(
        SignIn.digest == bindparam("digest"),
        SignIn.kind == bindparam("kind"),
        SignIn.expires_at > bindparam("now"),
    )
)
"""Made once: every request asks it."""


def _actor(rows: Sequence[Row[Any]]) -> Actor | None:
    if not rows:
        return None
    first = rows[0]
    return Actor(
        id=first.id,
        username=first.username,
        name=first.name,
        title=first.title,
        roles=frozenset(first.roles),
        groups=frozenset(r.group_id for r in rows if r.group_id is not None),
        heads=frozenset(r.group_id for r in rows if r.head),
        unit_id=first.unit_id,
        unit_path=first.path or "",
        locale=first.locale,
        group_keys=frozenset(r.key for r in rows if r.key is not None),
    )


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit as lists show it."""

    id: int
    name: str
    name_en: str
    kind: str
    parent: int | None
    path: str
    place: str
    community: str


def units() -> list[UnitRow]:
    """Every unit, parents before their children, by path."""
    rows = db.session.execute(select(*_unit_columns()).order_by(Unit.path, Unit.id).limit(20_000)).all()
    return sorted((UnitRow(*r) for r in rows), key=lambda u: [int(n) for n in u.path.split("/") if n])


def unit(unit_id: int) -> UnitRow | None:
    """One unit, or None."""
    row = db.session.execute(select(*_unit_columns()).where(Unit.id == unit_id)).one_or_none()
    return UnitRow(*row) if row else None


def _unit_columns() -> tuple[Any, ...]:
    return Unit.id, Unit.name, Unit.name_en, Unit.kind, Unit.parent_id, Unit.path, Unit.place, Unit.community


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of a unit as lists show it; `head`: whether the person asked about is its head."""

    id: int
    key: str
    name: str
    name_en: str
    unit: int
    unit_name: str
    head: bool = False


def groups_of(person_id: int) -> list[GroupRow]:
    """The groups of a person, by unit and key."""
    rows = db.session.execute(
        select(Group.id, Group.key, Group.name, Group.name_en, Unit.id, Unit.name, Membership.head)
        .join(Membership, Membership.group_id == Group.id)
        .join(Unit, Unit.id == Group.unit_id)
        .where(Membership.person_id == person_id)
        .order_by(Unit.path, Group.key)
        .limit(500)
    ).all()
    return [GroupRow(*r) for r in rows]


def names_of_groups(person_id: int) -> frozenset[str]:
    """Keys and names of a person's groups: a process may name by any of them who starts it."""
    rows = db.session.execute(
        select(Group.key, Group.name, Group.name_en)
        .join(Membership, Membership.group_id == Group.id)
        .where(Membership.person_id == person_id)
        .order_by(Group.id)
        .limit(500)
    )
    return frozenset(text for row in rows for text in row if text)


def units_of(unit_id: int | None, groups: Sequence[GroupRow]) -> list[UnitRow]:
    """The own unit first, then the other units whose groups the person is in."""
    ids = {g.unit for g in groups} | ({unit_id} if unit_id else set())
    rows = db.session.execute(select(*_unit_columns()).where(Unit.id.in_(ids)).order_by(Unit.path)).all()
    return sorted((UnitRow(*r) for r in rows), key=lambda u: u.id != unit_id)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as administrators see them, with groups and units."""

    id: int
    username: str
    name: str
    name_en: str
    title: str
    roles: list[str]
    unit: int | None
    unit_name: str
    locale: str
    email: str
    phone: str
    active: bool
    groups: list[GroupRow]
    units: list[UnitRow]


def people(
    *, q: str = "", unit_id: int | None = None, limit: int = 50, cursor: str = ""
) -> tuple[list[PersonRow], str | None]:
    """People by username, narrowed by a part of name or username and by unit, with the next cursor."""
    after = decode_cursor(cursor, (str,))
    wanted = _people_select().order_by(Person.username).limit(limit + 1)
    if q:
        wanted = wanted.where(
            or_(
                Person.name.contains(q, autoescape=True), Person.username.contains(q.lower(), autoescape=True)
            )
        )
    if unit_id is not None:
        wanted = wanted.where(Person.unit_id == unit_id)
    if after is not None:
        wanted = wanted.where(Person.username > after[0])
    rows, following = page(db.session.execute(wanted).all(), limit, lambda row: (row.username,))
    return _with_groups(rows), following


def person(username: str) -> PersonRow | None:
    """One person, or None."""
    rows = db.session.execute(_people_select().where(Person.username == username)).all()
    return _with_groups(rows)[0] if rows else None


def _people_select() -> Select[*tuple[Any, ...]]:
    return select(
        Person.id,
        Person.username,
        Person.name,
        Person.name_en,
        Person.title,
        Person.roles,
        Person.unit_id,
        Unit.name.label("unit_name"),
        Person.locale,
        Person.email,
        Person.phone,
        Person.active,
    ).outerjoin(Unit, Unit.id == Person.unit_id)


def _with_groups(rows: Sequence[Row[Any]]) -> list[PersonRow]:
    """Three statements for a whole page of people."""
    groups: dict[int, list[GroupRow]] = {}
    for row in db.session.execute(
        select(
            Membership.person_id,
            Group.id,
            Group.key,
            Group.name,
            Group.name_en,
            Unit.id,
            Unit.name,
            Membership.head,
        )
        .join(Group, Group.id == Membership.group_id)
        .join(Unit, Unit.id == Group.unit_id)
        .where(Membership.person_id.in_([r.id for r in rows]))
        .order_by(Unit.path, Group.key)
        .limit(20_000)
    ):
        groups.setdefault(row[0], []).append(GroupRow(*row[1:]))
    wanted = {r.unit_id for r in rows if r.unit_id} | {g.unit for own in groups.values() for g in own}
    found = {
        found_row.id: UnitRow(*found_row)
        for found_row in db.session.execute(select(*_unit_columns()).where(Unit.id.in_(wanted)).limit(20_000))
    }
    people_rows: list[PersonRow] = []
    for r in rows:
        own = groups.get(r.id, [])
        ids = dict.fromkeys(([r.unit_id] if r.unit_id else []) + [g.unit for g in own])
        people_rows.append(
            PersonRow(
                id=r.id,
                username=r.username,
                name=r.name,
                name_en=r.name_en,
                title=r.title,
                roles=list(r.roles),
                unit=r.unit_id,
                unit_name=r.unit_name or "",
                locale=r.locale,
                email=r.email,
                phone=r.phone,
                active=r.active,
                groups=own,
                units=[found[i] for i in ids],
            )
        )
    return people_rows


def electors(
    columns: Select[*tuple[Any, ...]],
    shape: Callable[..., ElectorRow],
    unit_id: int,
    *,
    q: str,
    limit: int,
    cursor: str,
) -> tuple[list[ElectorRow], str | None]:
    """A page of a register by name, narrowed by a part of the name, the household or the number's end."""
    after = decode_cursor(cursor, (str, int))
    wanted = columns.where(Elector.unit_id == unit_id).order_by(Elector.name, Elector.id).limit(limit + 1)
    if q:
        wanted = wanted.where(
            or_(
                Elector.name.contains(q, autoescape=True),
                Elector.household == q,
                Elector.identity_tail.endswith(q.upper(), autoescape=True) if len(q) >= 2 else false(),
            )
        )
    if after is not None:
        wanted = wanted.where(tuple_(Elector.name, Elector.id) > tuple_(*after))
    rows, following = page(db.session.execute(wanted).all(), limit, lambda row: (row.name, row.id))
    return [shape(*row) for row in rows], following


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A person in a group."""

    username: str
    name: str
    title: str
    head: bool
    active: bool


@dataclass(frozen=True, slots=True)
class GroupWithMembers:
    """A group of a unit and who is in it, heads first."""

    id: int
    key: str
    name: str
    name_en: str
    unit: int
    unit_name: str
    members: list[MemberRow]


def groups_with_members(unit_id: int) -> list[GroupWithMembers]:
    """The groups of a unit by key."""
    return _with_members(_groups_select().where(Group.unit_id == unit_id))


def group(group_id: int) -> GroupWithMembers | None:
    """One group, or None."""
    found = _with_members(_groups_select().where(Group.id == group_id))
    return found[0] if found else None


def _groups_select() -> Select[*tuple[Any, ...]]:
    return (
        select(Group.id, Group.key, Group.name, Group.name_en, Unit.id, Unit.name)
        .join(Unit, Unit.id == Group.unit_id)
        .order_by(Group.key)
        .limit(500)
    )


def _with_members(wanted: Select[*tuple[Any, ...]]) -> list[GroupWithMembers]:
    found: dict[int, GroupWithMembers] = {}
    for group_id, key, name, name_en, unit_id, in_unit in db.session.execute(wanted):
        found[group_id] = GroupWithMembers(group_id, key, name, name_en, unit_id, in_unit, [])
    for member_of, *rest in db.session.execute(
        select(
            Membership.group_id,
            Person.username,
            Person.name,
            Person.title,
            Membership.head,
            Person.active,
        )
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.group_id.in_(found))
        .order_by(Membership.head.desc(), Person.username)
        .limit(20_000)
    ):
        found[member_of].members.append(MemberRow(*rest))  # type: ignore[arg-type]
    return list(found.values())
