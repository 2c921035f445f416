"""The one write path: every act on a case goes lock → load → act → save. Call inside `with transaction():`.

Each act loads its case under the lock of its row (`held`), does one thing to it, and hands it to `saving`.
Not for deciding who may ask: services do, except for a task, whose people are the runner's own business.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, insert, select

from app.extensions import db
from app.models import Case, CaseLink, IncidentRow, Person, Timer, Unit
from app.runtime import held as holding
from app.runtime import kicks, library, numbers, saving, world
from app.runtime.access import is_candidate, may_complete
from app.runtime.actor import Actor
from app.runtime.held import MOVING, RUNNING, Held
from app.runtime.kicks import Kick
from app.runtime.library import BundleRef
from app.runtime.records import Entry
from app.runtime.refusals import (
    MayNotComplete,
    NoSuchUnit,
    NotStartable,
    TaskAlreadyDone,
    TaskCancelled,
    TaskChanged,
    TaskHeldByAnother,
    TitleTooLong,
)
from app.runtime.saving import COMPLETED, Moved, finish
from app.runtime.steps import DoneTask
from app.runtime.stopping import cancel_case, resume_case, retry_incident, suspend_case
from app.runtime.storable import refuse_nul
from app.runtime.tables import table
from app.runtime.transaction import note_hold
from workflows.engine import Instance
from workflows.model import Data

__all__ = [
    "Completion",
    "Moved",
    "cancel_case",
    "complete_task",
    "ended_data",
    "fire_timer",
    "move",
    "resolve",
    "resume_case",
    "retry_incident",
    "start_case",
    "suspend_case",
]

TITLE_LENGTH = 200

_cases = table(Case)
_links = table(CaseLink)
_incidents = table(IncidentRow)
_people = table(Person)
_timers = table(Timer)
_units = table(Unit)
_UNIT = select(_units.c.path, _units.c.name, world.world_version()).where(_units.c.id == bindparam("unit"))
_SHANGHAI = ZoneInfo("Asia/Shanghai")


Accept = Callable[[Any, Held], Data]
"""Makes of what was sent what the case keeps, over the data that the task sees; raises Invalid."""


@dataclass(frozen=True, slots=True)
class Completion:
    """An accepted answer. `next`: the tasks it opened that the same person can do."""

    task_id: int
    case_id: int
    case_state: str
    next: tuple[int, ...]


def start_case(
    definition: str,
    *,
    data: Data,
    by: Actor | None,
    unit_id: int,
    now: datetime,
    title: str = "",
    version: int | None = None,
    bundle: BundleRef | None = None,
    parent_id: int | None = None,
    start: str = "",
    link: str = "",
    link_ref: str = "",
) -> Moved:
    """Begin a case of the latest (or this) version in a unit. `start`: id of a message or timer start event.

    `bundle`: the version where it has been looked up already in this transaction.

    `data` is validated against the start form before. A `parent_id` links the new case to its parent
    under the kind `link`; `link_ref` is the parent's wait that ends with it. Raises: NoSuchDefinition,
    DefinitionRetired, NotStartable, NoSuchUnit, TitleTooLong, UnstorableText, DataRefused.
    """
    refuse_nul(data, title)
    if len(title) > TITLE_LENGTH:
        raise TitleTooLong
    bundle = bundle or library.bundle_for(definition, version)
    runnable = library.definition_of(bundle.id)
    if not start and not runnable.startable:
        raise NotStartable(key=definition)
    note_hold()
    connection = db.session.connection()
    unit = connection.execute(_UNIT, {"unit": unit_id}).one_or_none()
    if unit is None:
        raise NoSuchUnit
    case_no = numbers.next_case_no(unit_id, now=now)
    seen = world.world_for(
        unit_path=unit.path,
        unit_name=unit.name,
        version=unit.world_version,
        now=now,
        case_no=case_no,
        starter=by.username if by else "",
    )
    instance = Instance.start(runnable, data, seen, start=start)
    held = Held(
        id=0,
        case_no=case_no,
        definition_key=bundle.key,
        version=bundle.version,
        bundle_id=bundle.id,
        title=title or _title_of(runnable.title_from, runnable.name, data),
        unit_id=unit_id,
        unit_path=unit.path,
        starter_id=by.id if by else None,
        parent_id=parent_id,
        state=RUNNING,
        row_version=0,
        record_seq=0,
        record_hash="",
        definition=runnable,
        instance=instance,
        world=seen,
        now=now,
        by=by,
        stored=False,
    )
    detail = {"definition": bundle.key, "version": bundle.version, "title": held.title, "data": data}
    moved = finish(held, [Entry("case.started", start, detail)])
    if parent_id is not None:
        connection.execute(
            insert(_links).values(
                case_id=parent_id, other_id=moved.case_id, kind=link or "started", ref=link_ref
            )
        )
    return moved


def complete_task(
    task_id: int,
    answer: Data,
    *,
    by: Actor,
    now: datetime,
    version: int | None = None,
    on_behalf_of: str = "",
    accept: Accept | None = None,
) -> Completion:
    """Do a task with an answer that its form has accepted, or that `accept` checks now; claims an open task.

    Raises: NoSuchTask, MayNotComplete, TaskHeldByAnother, TaskAlreadyDone, TaskCancelled, TaskChanged
    (another `version` than was read), CaseSuspended, CaseOver, UnstorableText, DataRefused.
    """
    refuse_nul(answer)
    row = holding.hold_task(task_id)
    _refuse_completion(row, by, version)
    held = holding.load(row, now=now, by=by)
    if accept is not None:
        answer = accept(row, held)
    held.instance.complete(row.ref, answer)
    entry = Entry(
        "task.completed",
        row.element,
        {"task": task_id, "name": row.task_name, "answer": answer},
        on_behalf_of=on_behalf_of,
    )
    moved = finish(held, [entry], done=DoneTask(row.ref, by.id, row.claimed_at))
    own = tuple(task.id for task in moved.tasks if may_complete(task, by))
    return Completion(task_id, moved.case_id, moved.state, own)


def move(
    case_id: int,
    act: Callable[[Instance], None],
    *,
    by: Actor | None,
    now: datetime,
    record: Entry,
) -> Moved:
    """Do something to a running case. Raises NoSuchCase, CaseSuspended, CaseOver, what `act` raises."""
    held = holding.hold(case_id, now=now, by=by)
    act(held.instance)
    return finish(held, [record])


def resolve(
    case_id: int, ref: str, data: Data, *, by: Actor | None, now: datetime, record: Entry | None = None
) -> Moved:
    """End the wait of an effect with its result. Raises like `move`, and NotWaitingHere."""
    refuse_nul(data)
    entry = record or Entry("effect.done", "", {"ref": ref, "data": data})
    return move(case_id, lambda case: case.resolve(ref, data), by=by, now=now, record=entry)


def fire_timer(case_id: int, ref: str, *, now: datetime, skip_locked: bool = False) -> Moved | None:
    """Fire a timer of a case that is due at `now`; None when it is not there any more, or not due.

    The deadline of an effect goes to its handler. Raises NoSuchCase (also for a case that somebody holds,
    where `skip_locked`), CaseSuspended, CaseOver.
    """
    held = holding.hold(case_id, now=now, by=None, skip_locked=skip_locked)
    due_at = (
        db.session.connection()
        .execute(select(_timers.c.due_at).where(_timers.c.case_id == case_id, _timers.c.ref == ref))
        .scalar()
    )
    if due_at is None or due_at > now:
        return None
    wait = next((each for each in held.instance.waits() if each.ref == ref), None)
    this = (_timers.c.case_id == case_id) & (_timers.c.ref == ref)
    db.session.connection().execute(delete(_timers).where(this))
    if wait is None:
        return None
    if wait.kind == "effect":
        effect = next(each for each in held.instance.effects() if each.ref == ref)
        return saving.deadline_reached(held, effect)
    held.instance.fire(ref)
    return finish(held, [Entry("timer.fired", wait.element, {"due_at": due_at.isoformat()})])


@kicks.kick("case_ended")
def _linked_case_ended(kick: Kick) -> None:
    """A case that this one waited for has ended: its wait ends with the outcome and the data."""
    ended = kick.payload["ended"]
    row = (
        db.session.connection()
        .execute(select(_cases.c.state, _cases.c.outcome, _cases.c.data).where(_cases.c.id == ended))
        .one()
    )
    ref = kick.payload["ref"]
    held = holding.hold(kick.case_id or 0, now=kick.now, by=None)
    wait = next((each for each in held.instance.waits() if each.ref == ref), None)
    if wait is None:
        return
    data = ended_data(ended, row.state, row.outcome, row.data or {})
    held.instance.resolve(ref, data)
    finish(held, [Entry("linked_case.ended", wait.element, {"case": ended, "outcome": data["outcome"]})])


def ended_data(case_id: int, state: str, outcome: str, data: Data) -> Data:
    """What a case learns of the end of one that it waited for."""
    return {"case_id": str(case_id), "outcome": outcome if state == COMPLETED else state, "data": data}


def _refuse_completion(row: Any, by: Actor, version: int | None) -> None:
    """Say no for the most telling reason."""
    if not may_complete(row, by):
        if row.named or not is_candidate(row, by):
            raise MayNotComplete
        if row.task_state in ("open", "claimed"):
            raise TaskHeldByAnother(holder=_name_of(row.assignee_id))
    if row.task_state == "done":
        at = row.done_at.astimezone(_SHANGHAI).strftime("%Y-%m-%d %H:%M")
        raise TaskAlreadyDone(who=_name_of(row.done_by), at=at)
    if row.task_state == "cancelled":
        raise TaskCancelled
    holding.refuse_unless(row.case_state, MOVING)
    if version is not None and version != row.task_row_version:
        raise TaskChanged


def _name_of(person_id: int | None) -> str:
    return str(
        db.session.connection().execute(select(_people.c.name).where(_people.c.id == person_id)).scalar()
        or ""
    )


def _title_of(title_from: str, name: str, data: Data) -> str:
    given = data.get(title_from) if title_from else None
    text = " ".join(str(given).split()) if isinstance(given, str | int | float) and given != "" else name
    return text if len(text) <= TITLE_LENGTH else text[: TITLE_LENGTH - 1] + "…"
