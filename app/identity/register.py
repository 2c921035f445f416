"""The register of a village's electors: imported whole or not at all; the source of meetings' rolls.

The identity number is read, checked and forgotten: a keyed digest and the last four places are kept.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, delete, insert, select

from app.errors import AppRefusal, Invalid, NotFound, WrongState
from app.extensions import db
from app.identity import queries
from app.identity import register_columns as columns
from app.identity.input import id_of
from app.identity.permissions import ADMIN
from app.identity.register_reading import Candidate, ImportReport, LineProblem, read_register
from app.models import Elector, Unit
from app.runtime.actor import Actor
from app.runtime.transaction import transaction
from app.runtime.world import world_of_unit
from workflows.errors import message
from workflows.services.calendar import legal_day
from workflows.services.rules import Rules

log = logging.getLogger("minyi.register")
MEMBERS_OF: Mapping[str, tuple[str, ...]] = {
    "villagers_assembly": (),
    "villagers_group": (),
    "residents_assembly": (),
    "representatives_meeting": (columns.REPRESENTATIVE,),
    "residents_representatives": (columns.REPRESENTATIVE,),
    "party_members_meeting": (columns.PARTY,),
    "collective_members_assembly": (columns.MEMBER, columns.CAPACITY),
}
"""Marks that a body's members have in the register. Bodies that are not here have rolls of their own."""


ASSEMBLY_OF = {"village": "villagers_assembly", "residents": "residents_assembly"}


class NotInRegister(AppRefusal):
    """The members of this body do not come from the register."""

    status = 422
    code = "not_in_register"
    text = message("The members of this body are not kept in the register. Send their list as a file.")


class NotAVillage(WrongState):
    """Only villages and communities have electors."""

    code = "not_a_village"
    text = message("Only villages and communities have a register of electors.")


def import_register(
    unit_id: object, content: bytes, name: str, by: Actor, now: datetime, *, of_age_on: date | None = None
) -> ImportReport:
    """Read a list (CSV or XLSX) into the register of a village, whole or not at all.

    1. Every line is checked; problems name line and column. 2. Whoever is in the register already, by number
    and name, is updated. 3. People who are not on the list stay: they are removed one by one.
    Electors are of age by the rules on `of_age_on` (default: the legal day of `now`). `name` is only logged.
    Raises NotFound, NotAVillage, SheetRefused, NoHeaders, NoElectors, TooLarge.
    """
    unit = village_in_reach(unit_id, by)
    age = voting_age(unit.id, ASSEMBLY_OF.get(unit.community, "villagers_assembly"), now=now)
    db.session.rollback()
    report = ImportReport()
    candidates = read_register(content, of_age_on or legal_day(now), report, from_age=age)
    if report.problems:
        return report
    with transaction() as session:
        session.execute(select(Unit.id).where(Unit.id == unit.id).with_for_update())  # one import at a time
        known = {
            e.identity_digest: e for e in session.scalars(select(Elector).where(Elector.unit_id == unit.id))
        }
        _compare(candidates, known, report)
        if report.problems:
            return report
        fresh = [c for c in candidates if c.number.digest not in known]
        if fresh:
            session.execute(insert(Elector), [_row(unit.id, c) for c in fresh])
        for candidate in candidates:
            elector = known.get(candidate.number.digest)
            if elector is not None:
                elector.household = candidate.household
                elector.marks = candidate.marks
                report.notes.append(
                    LineProblem(
                        candidate.line, columns.TITLES[columns.NUMBER], _("In the register already: updated.")
                    )
                )
        report.notes += _registered_elsewhere(unit.id, fresh)
        report.added, report.updated = len(fresh), len(candidates) - len(fresh)
    log.info(
        "register of unit %s: %s added, %s updated by %s from %r",
        unit.id,
        report.added,
        report.updated,
        by.username,
        name[:80],
    )
    return report


def voting_age(unit_id: int, body: str, *, now: datetime) -> int:
    """From how many years on people belong to `body` in this unit; 0 where the rules name no age."""
    rules = world_of_unit(unit_id, now=now).rules
    assert isinstance(rules, Rules)
    found = rules.figures(body).get("voting_age")
    return int(found.value) if found else 0


def import_whole(unit_id: object, content: bytes, name: str, by: Actor, now: datetime) -> ImportReport:
    """As import_register, but problems are a refusal: Invalid, its errors by line and column."""
    report = import_register(unit_id, content, name, by, now)
    if report.problems:
        raise Invalid(
            [
                {"path": f"lines.{p.line}.{p.column}", "message": p.message, "code": "line"}
                for p in report.problems
            ]
        )
    return report


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """An elector of the register, as rolls and lists need them."""

    id: int
    name: str
    household: str
    identity_digest: bytes
    identity_tail: str
    woman: bool
    born_on: str
    marks: dict[str, Any]


def register_of(unit_id: int, body: str) -> list[RegisterRow]:
    """The electors of a unit who belong to a body, by household and name. Raises NotInRegister."""
    if body not in MEMBERS_OF:
        raise NotInRegister
    wanted = MEMBERS_OF[body]
    rows = db.session.execute(
        _select().where(Elector.unit_id == unit_id).order_by(Elector.household, Elector.id)
    )
    return [r for r in (RegisterRow(*row) for row in rows) if all(r.marks.get(mark) for mark in wanted)]


def electors(
    unit_id: object, by: Actor, *, q: str = "", limit: int = 50, cursor: str = ""
) -> tuple[list[RegisterRow], str | None]:
    """The register by name, narrowed by a part of the name, the household or the number's end."""
    unit = village_in_reach(unit_id, by)
    return queries.electors(_select(), RegisterRow, unit.id, q=q, limit=limit, cursor=cursor)


def remove_elector(unit_id: object, elector_id: object, by: Actor) -> None:
    """Take somebody out of the register: moved away or died. Frozen rolls keep them. Raises NotFound."""
    unit = village_in_reach(unit_id, by)
    with transaction() as session:
        gone = delete(Elector).where(Elector.id == (id_of(elector_id) or 0), Elector.unit_id == unit.id)
        if not session.execute(gone.returning(Elector.id)).all():
            raise NotFound


def village_in_reach(unit_id: object, by: Actor) -> queries.UnitRow:
    """A village this person may work for: own unit or below, an administrator any.

    Raises NotFound, NotAVillage.
    """
    unit = queries.unit(id_of(unit_id) or 0)
    inside = unit is not None and bool(by.unit_path) and unit.path.startswith(by.unit_path)
    if unit is None or not (inside or by.has_role(ADMIN)):
        raise NotFound
    if unit.kind != "village":
        raise NotAVillage
    return unit


def villages_in_reach(by: Actor) -> list[queries.UnitRow]:
    """The villages and communities that this person may work for, in the order of the tree."""
    everything = by.has_role(ADMIN)
    return [
        u
        for u in queries.units()
        if u.kind == "village" and (everything or (by.unit_path and u.path.startswith(by.unit_path)))
    ]


@dataclass(frozen=True, slots=True)
class Figures:
    """How many there are in a register."""

    electors: int
    households: int
    representatives: int
    women_representatives: int
    party_members: int


def figures(unit_id: int) -> Figures:
    """Count a register."""
    rows = db.session.execute(
        select(Elector.household, Elector.woman, Elector.marks).where(Elector.unit_id == unit_id)
    ).all()
    representatives = [row for row in rows if row.marks.get(columns.REPRESENTATIVE)]
    return Figures(
        electors=len(rows),
        households=len({row.household for row in rows}),
        representatives=len(representatives),
        women_representatives=sum(row.woman for row in representatives),
        party_members=sum(1 for row in rows if row.marks.get(columns.PARTY)),
    )


def _select() -> Select[*tuple[Any, ...]]:
    return select(
        Elector.id,
        Elector.name,
        Elector.household,
        Elector.identity_digest,
        Elector.identity_tail,
        Elector.woman,
        Elector.born_on,
        Elector.marks,
    )


def _compare(candidates: Sequence[Candidate], known: Mapping[bytes, Elector], report: ImportReport) -> None:
    """Whoever has the number of somebody in the register has the same name."""
    for candidate in candidates:
        elector = known.get(candidate.number.digest)
        if elector is not None and elector.name != candidate.name:
            report.tell(
                candidate.line,
                columns.NUMBER,
                _(
                    "The register has this number with the name %(name)s. Correct one of them.",
                    name=elector.name,
                ),
            )


def _registered_elsewhere(unit_id: int, fresh: Sequence[Candidate]) -> list[LineProblem]:
    """Notes on people who are in another village's register too: one may vote in one place only."""
    by_digest = {c.number.digest: c for c in fresh}
    digests = list(by_digest)
    notes: list[LineProblem] = []
    for start in range(0, len(digests), 500):
        rows = db.session.execute(
            select(Elector.identity_digest, Unit.name)
            .join(Unit, Unit.id == Elector.unit_id)
            .where(Elector.identity_digest.in_(digests[start : start + 500]), Elector.unit_id != unit_id)
        )
        notes += [
            LineProblem(
                by_digest[digest].line,
                columns.TITLES[columns.NUMBER],
                _("Also in the register of %(unit)s. One is an elector in one place only.", unit=unit),
            )
            for digest, unit in rows
        ]
    return sorted(notes, key=lambda n: n.line)


def _row(unit_id: int, candidate: Candidate) -> dict[str, Any]:
    return {
        "unit_id": unit_id,
        "name": candidate.name,
        "household": candidate.household,
        "identity_digest": candidate.number.digest,
        "identity_tail": candidate.number.tail,
        "woman": candidate.number.woman,
        "born_on": candidate.number.born_on.isoformat(),
        "marks": candidate.marks,
    }
