"""What expressions and services may know beside a case's data: calendar, rules and place of a unit.

Kept in memory per process and application, under a number in `settings` that every change of the
calendar or of a unit raises: no node works with what another has changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from flask import current_app
from sqlalchemy import Connection, Label, event, select

from app.extensions import db
from app.models import CalendarDay, SettingRow, Unit
from app.runtime.refusals import NoSuchUnit
from app.runtime.tables import table, upsert
from workflows.model import World
from workflows.services.calendar import Calendar, legal_day
from workflows.services.rules import RuleBook

VERSION_SETTING = "world_version"
KNOWN_UNTIL_SETTING = "calendar_known_until"
NATION = "CN"
RULES_FOLDER = Path(__file__).resolve().parents[2] / "bpmn" / "rules"

_KEY = "minyi.world"
_settings = table(SettingRow)
_units = table(Unit)


@dataclass(slots=True)
class _Known:
    """What one application keeps in memory."""

    lock: Lock = field(default_factory=Lock)
    version: str = "-"
    calendar: Calendar | None = None
    places: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rules: RuleBook | None = None


def world_version() -> Label[Any]:
    """The number of the present calendar and units, as a column for another SELECT."""
    return (
        select(_settings.c.value)
        .where(_settings.c.name == VERSION_SETTING)
        .scalar_subquery()
        .label("world_version")
    )


def world_for(
    *,
    unit_path: str,
    unit_name: str,
    version: str | None,
    now: datetime,
    case_no: str = "",
    starter: str = "",
) -> World:
    """The world of a case in the unit with this path at `now`; `version` was read with the case."""
    known = _known()
    wanted = version or ""
    with known.lock:
        if known.version != wanted or known.calendar is None:
            known.calendar = _calendar()
            known.places.clear()
            known.version = wanted
        place = known.places.get(unit_path)
        if place is None:
            place = known.places[unit_path] = _place(unit_path)
        calendar = known.calendar
        book = known.rules = known.rules or rule_book()
    return World(
        now=now,
        calendar=calendar,
        rules=book.at(place, legal_day(now)),
        place=place,
        case_no=case_no,
        starter=starter,
        unit=unit_name,
    )


def world_of_unit(unit_id: int, *, now: datetime) -> World:
    """The world of a unit outside any case. Raises NoSuchUnit."""
    row = db.session.connection().execute(
        select(_units.c.path, _units.c.name, world_version()).where(_units.c.id == unit_id)
    )
    found = row.one_or_none()
    if found is None:
        raise NoSuchUnit
    return world_for(unit_path=found.path, unit_name=found.name, version=found.world_version, now=now)


def rule_book() -> RuleBook:
    """The rule files that the program brings, read once a process. Raises Unpublishable."""
    global _book
    if _book is None:
        texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(RULES_FOLDER.glob("*.yaml"))}
        _book = RuleBook.load(texts) if texts else RuleBook.empty()
    return _book


_book: RuleBook | None = None


def changed(connection: Connection) -> None:
    """Tell every node that calendar or units have changed; called by itself for rows the ORM writes."""
    value = {"name": VERSION_SETTING, "value": "1"}
    text = db.cast(db.cast(_settings.c.value, db.BigInteger) + 1, db.Text)
    connection.execute(
        upsert(connection, _settings)
        .values(value)
        .on_conflict_do_update(index_elements=["name"], set_={"value": text})
    )


def path_ids(unit_path: str) -> list[int]:
    """The units of a path, the outermost first."""
    return [int(part) for part in unit_path.split("/") if part]


def _known() -> _Known:
    extensions: dict[str, Any] = current_app.extensions
    known: _Known | None = extensions.get(_KEY)
    return known if known is not None else extensions.setdefault(_KEY, _Known())


def _calendar() -> Calendar:
    connection = db.session.connection()
    rows = connection.execute(select(CalendarDay.day, CalendarDay.working)).all()
    if not rows:
        return Calendar.standard()
    until = connection.execute(
        select(_settings.c.value).where(_settings.c.name == KNOWN_UNTIL_SETTING)
    ).scalar()
    days: Mapping[date, bool] = {date.fromisoformat(row.day): row.working for row in rows}
    known_until = date.fromisoformat(until) if until else date(max(days).year, 12, 31)
    return Calendar.from_rows(days.items(), known_until=known_until)


def _place(unit_path: str) -> tuple[str, ...]:
    """Place codes from the nation down; a unit without one of its own has those above it."""
    ids = path_ids(unit_path)
    rows = db.session.connection().execute(select(_units.c.id, _units.c.place).where(_units.c.id.in_(ids)))
    own = {row.id: row.place for row in rows}
    chain: list[str] = [NATION]
    for unit_id in ids:
        for code in _chain(own.get(unit_id, "")):
            if code not in chain:
                chain.append(code)
    return tuple(chain)


def _chain(code: str) -> list[str]:
    """CN-3707 lies in CN-37: the codes from the province to the place itself."""
    if not code.startswith(f"{NATION}-"):
        return [code] if code else []
    digits = code[len(NATION) + 1 :]
    return [f"{NATION}-{digits[:n]}" for n in (2, 4, 6, 9, 12) if n < len(digits)] + [code]


def _raise_version(_mapper: Any, connection: Connection, _target: Any) -> None:
    changed(connection)


for _happening in ("after_insert", "after_update", "after_delete"):
    event.listen(CalendarDay, _happening, _raise_version)
event.listen(Unit, "after_update", _raise_version)
