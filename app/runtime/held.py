"""A case held for one act: its row is locked, its state loaded, nobody else can move it until the commit.

The lock of the case row is the one lock of an act; a transaction takes it before it looks at anything
else of the case. SQLite has one writer at a time, which is the same.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from app.extensions import db
from app.models import Case, Person, Task, Unit
from app.runtime import library, world
from app.runtime.actor import Actor
from app.runtime.refusals import CaseOver, CaseSuspended, NoSuchCase, NoSuchTask
from app.runtime.tables import table
from app.runtime.transaction import note_hold
from workflows.engine import Instance
from workflows.model import World
from workflows.parsing import Definition

RUNNING = "running"
SUSPENDED = "suspended"
INCIDENT = "incident"
MOVING = (RUNNING, INCIDENT)

_cases = table(Case)
_tasks = table(Task)
_units = table(Unit)
_people = table(Person)

_CASE_COLUMNS = (
    _cases.c.id.label("case_id"),
    _cases.c.case_no,
    _cases.c.definition.label("definition_key"),
    _cases.c.version.label("definition_version"),
    _cases.c.bundle_id,
    _cases.c.title,
    _cases.c.unit_id,
    _cases.c.starter_id,
    _cases.c.parent_id,
    _cases.c.state.label("case_state"),
    _cases.c.state_blob,
    _cases.c.row_version.label("case_row_version"),
    _cases.c.record_seq,
    _cases.c.record_hash,
    _units.c.path.label("unit_path"),
    _units.c.name.label("unit_name"),
)
_starter = select(_people.c.username).where(_people.c.id == _cases.c.starter_id).scalar_subquery()
_HOLD_CASE = (
    select(*_CASE_COLUMNS, _starter.label("starter"), world.world_version())
    .join_from(_cases, _units, _units.c.id == _cases.c.unit_id)
    .where(_cases.c.id == bindparam("case"))
    .with_for_update(of=_cases)
)
_HOLD_FREE_CASE = _HOLD_CASE.with_for_update(of=_cases, skip_locked=True)
_HOLD_TASK = (
    select(
        *_CASE_COLUMNS,
        _starter.label("starter"),
        world.world_version(),
        _tasks.c.id.label("task_id"),
        _tasks.c.ref,
        _tasks.c.element,
        _tasks.c.process,
        _tasks.c.name.label("task_name"),
        _tasks.c.form,
        _tasks.c.choices,
        _tasks.c.state.label("task_state"),
        _tasks.c.group_id,
        _tasks.c.assignee_id,
        _tasks.c.named,
        _tasks.c.claimed_at,
        _tasks.c.done_at,
        _tasks.c.done_by,
        _tasks.c.row_version.label("task_row_version"),
    )
    .join_from(_cases, _tasks, _tasks.c.case_id == _cases.c.id)
    .join(_units, _units.c.id == _cases.c.unit_id)
    .where(_tasks.c.id == bindparam("task"))
    .with_for_update(of=[_cases, _tasks])
)


@dataclass(slots=True, kw_only=True)
class Held:
    """A locked case with its live instance. `acting` and `now` go with everything written in this act."""

    id: int
    case_no: str
    definition_key: str
    version: int
    bundle_id: int
    title: str
    unit_id: int
    unit_path: str
    starter_id: int | None
    parent_id: int | None
    state: str
    row_version: int
    record_seq: int
    record_hash: str
    definition: Definition
    instance: Instance
    world: World
    now: datetime
    by: Actor | None
    stored: bool = True
    """False while a case that has just begun has no row yet."""
    waiting: dict[str, Any] = field(default_factory=dict)
    """Effects that this act left waiting, by ref: what `projection` writes as subscriptions."""


def hold(
    case_id: int,
    *,
    now: datetime,
    by: Actor | None,
    states: tuple[str, ...] = MOVING,
    skip_locked: bool = False,
) -> Held:
    """Lock and load a case, in one of these states.

    Raises NoSuchCase (also for a locked one where `skip_locked`), CaseSuspended, CaseOver.
    """
    query = _HOLD_FREE_CASE if skip_locked else _HOLD_CASE
    note_hold()
    row = db.session.connection().execute(query, {"case": case_id}).one_or_none()
    if row is None:
        raise NoSuchCase
    return _held(row, now=now, by=by, states=states)


def hold_task(task_id: int) -> Any:
    """Lock a task and its case; the row holds what is needed to judge and to load. Raises NoSuchTask."""
    note_hold()
    row = db.session.connection().execute(_HOLD_TASK, {"task": task_id}).one_or_none()
    if row is None:
        raise NoSuchTask
    return row


def load(row: Any, *, now: datetime, by: Actor | None) -> Held:
    """Load the case of a row of `hold_task`. Raises CaseSuspended, CaseOver."""
    return _held(row, now=now, by=by, states=MOVING)


def refuse_unless(state: str, states: tuple[str, ...]) -> None:
    """Refuse an act on a case in another state. Raises CaseSuspended, CaseOver."""
    if state in states:
        return
    raise CaseSuspended if state == SUSPENDED else CaseOver


def _held(row: Any, *, now: datetime, by: Actor | None, states: tuple[str, ...]) -> Held:
    refuse_unless(row.case_state, states)
    definition = library.definition_of(row.bundle_id)
    seen = world.world_for(
        unit_path=row.unit_path,
        unit_name=row.unit_name,
        version=row.world_version,
        now=now,
        case_no=row.case_no,
        starter=row.starter or "",
    )
    return Held(
        id=row.case_id,
        case_no=row.case_no,
        definition_key=row.definition_key,
        version=row.definition_version,
        bundle_id=row.bundle_id,
        title=row.title,
        unit_id=row.unit_id,
        unit_path=row.unit_path,
        starter_id=row.starter_id,
        parent_id=row.parent_id,
        state=row.case_state,
        row_version=row.case_row_version,
        record_seq=row.record_seq,
        record_hash=row.record_hash,
        definition=definition,
        instance=Instance.load(definition, row.state_blob, seen),
        world=seen,
        now=now,
        by=by,
    )
