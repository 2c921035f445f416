"""What an assembly has delegated to its representatives, on record (村民委员会组织法 28).

Without it a decision of the representatives is void: the record says when, by which minutes, which matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, select, update

from app.errors import Invalid, NotFound, WrongState
from app.extensions import db
from app.identity.input import id_of
from app.identity.register import village_in_reach
from app.models import Delegation, Unit
from app.runtime.actor import Actor
from app.runtime.transaction import transaction
from app.runtime.world import world_of_unit
from workflows.errors import message
from workflows.services.calendar import legal_day


class AlreadyDelegated(WrongState):
    """The matter is delegated, and not revoked."""

    code = "already_delegated"
    text = message("This matter is delegated already. Revoke that first, when the assembly has decided anew.")


@dataclass(frozen=True, slots=True)
class DelegationRow:
    """One delegation; `decided_on` is the day of the assembly, `record` names its minutes."""

    id: int
    matter: str
    decided_on: str
    record: str
    revoked_at: datetime | None


def delegated(unit_id: int, matter: str) -> DelegationRow | None:
    """The delegation of a matter that is in force in a unit, or None."""
    row = db.session.execute(
        _select()
        .where(Delegation.unit_id == unit_id, Delegation.matter == matter, Delegation.revoked_at.is_(None))
        .order_by(Delegation.decided_on.desc(), Delegation.id.desc())
        .limit(1)
    ).one_or_none()
    return DelegationRow(*row) if row else None


def delegations(unit_id: object, by: Actor) -> list[DelegationRow]:
    """Every delegation of a village, the newest first, revoked ones too. Raises NotFound."""
    unit = village_in_reach(unit_id, by)
    rows = db.session.execute(
        _select().where(Delegation.unit_id == unit.id).order_by(Delegation.id.desc()).limit(200)
    )
    return [DelegationRow(*row) for row in rows]


def delegable(unit_id: int, now: datetime) -> list[tuple[str, Mapping[str, str]]]:
    """(code, names in zh and en) of the matters that an assembly may delegate there today."""
    rules = world_of_unit(unit_id, now=now).rules
    community = db.session.execute(select(Unit.community).where(Unit.id == unit_id)).scalar_one()
    return [(m["code"], m["names"]) for m in rules.matters() if m["delegable"] and m["bodies"].get(community)]


def put_on_record(unit_id: object, given: Mapping[str, str], *, by: Actor, now: datetime) -> int:
    """Record that the assembly has delegated `matter` on `decided_on` by `record`; returns its id.

    Raises Invalid for a matter that cannot be delegated or a day to come, AlreadyDelegated, NotFound.
    """
    unit = village_in_reach(unit_id, by)
    matter, decided_on, record = given["matter"], given["decided_on"], given["record"]
    errors = []
    if matter not in dict(delegable(unit.id, now)):
        errors.append(
            _error("matter", _("This matter does not exist here, or the law does not let it be delegated."))
        )
    day = _day(decided_on)
    if day is None or day > legal_day(now):
        errors.append(
            _error("decided_on", _("Give the day of the assembly, as 2026-01-31, not in the future."))
        )
    if not record:
        errors.append(_error("record", _("Name the minutes or the decision of the assembly.")))
    if errors:
        raise Invalid(errors)
    with transaction() as session:
        session.execute(select(Unit.id).where(Unit.id == unit.id).with_for_update())
        if delegated(unit.id, matter) is not None:
            raise AlreadyDelegated
        row = Delegation(unit_id=unit.id, matter=matter, decided_on=str(day), record=record)
        session.add(row)
        session.flush()
        return row.id


def revoke(unit_id: object, delegation_id: object, *, by: Actor, now: datetime) -> None:
    """End a delegation from now on; decisions made under it stand. Raises NotFound."""
    unit = village_in_reach(unit_id, by)
    with transaction() as session:
        ended = session.execute(
            update(Delegation)
            .where(
                Delegation.id == (id_of(delegation_id) or 0),
                Delegation.unit_id == unit.id,
                Delegation.revoked_at.is_(None),
            )
            .values(revoked_at=now)
            .returning(Delegation.id)
        ).all()
        if not ended:
            raise NotFound


def _select() -> Select[*tuple[Any, ...]]:
    return select(
        Delegation.id, Delegation.matter, Delegation.decided_on, Delegation.record, Delegation.revoked_at
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _error(path: str, text: str) -> dict[str, str]:
    return {"path": path, "message": text, "code": "invalid"}
