"""What a supervisor can choose to look at: the processes with cases, the units below the own one."""

from dataclasses import dataclass

from sqlalchemy import func, select

from app.extensions import db
from app.identity import queries as people
from app.models import Case, Definition
from app.runtime.actor import Actor
from app.runtime.sight import sees_case

MOST = 300


@dataclass(frozen=True, slots=True)
class Choice:
    """A process with how many of its cases are not over."""

    key: str
    name: str
    name_en: str
    running: int


def processes(actor: Actor) -> list[Choice]:
    """Every process, those with the most running cases that this person sees first."""
    running = (
        select(Case.definition, func.count().label("running"))
        .where(Case.state.in_(("running", "suspended", "incident")), sees_case(actor))
        .group_by(Case.definition)
        .subquery()
    )
    many = func.coalesce(running.c.running, 0)
    rows = db.session.execute(
        select(Definition.key, Definition.name, Definition.name_en, many)
        .outerjoin(running, running.c.definition == Definition.key)
        .order_by(many.desc(), Definition.name, Definition.key)
        .limit(MOST)
    )
    return [Choice(*row) for row in rows]


def units(actor: Actor) -> list[people.UnitRow]:
    """The units whose figures this person may see."""
    if actor.has_role("admin"):
        return people.units()
    return [u for u in people.units() if actor.unit_path and u.path.startswith(actor.unit_path)]
