"""The one write path: every act on a case goes lock → load → act → save. Call inside `with transaction():`.

Each act loads its case under the lock of its row (`held`), does one thing to it, and hands it to `saving`.
Not for deciding who may ask: services do, except for a task, whose people are the runner's own business.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import insert, select, update

from app.extensions import db
from app.models import Case, CaseLink, IncidentRow, Person, Timer, Unit
from app.runtime import held as holding
from app.runtime import inbox, kicks, library, numbers, saving, world
from app.runtime.access import is_candidate, may_complete
from app.runtime.actor import Actor
from app.runtime.held import INCIDENT, MOVING, RUNNING, SUSPENDED, Held
from app.runtime.projection import DoneTask
from app.runtime.records import Entry
from app.runtime.refusals import (
    CaseNotSuspended,
    IncidentOver,
    MayNotComplete,
    NoSuchCase,
    NoSuchUnit,
    NotStartable,
    TaskAlreadyDone,
    TaskCancelled,
    TaskChanged,
    TaskHeldByAnother,
    TitleTooLong,
    UnstorableText,
)
from app.runtime.saving import CANCELLED, Moved, finish
from app.runtime.tables import table
from workflows.engine import Instance
from workflows.model import Data

TITLE_LENGTH = 200

_cases = table(Case)
_links = table(CaseLink)
_incidents = table(IncidentRow)
_people = table(Person)
_timers = table(Timer)
_units = table(Unit)
_SHANGHAI = ZoneInfo("Asia/Shanghai")


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
    parent_id: int | None = None,
    start: str = "",
    link: str = "",
) -> Moved:
    """Begin a case of the latest (or this) version in a unit. `start`: id of a message or timer start event.

    `data` is validated against the start form before. A `parent_id` links the new case to its parent
    under the kind `link`. Raises: NoSuchDefinition, DefinitionRetired, NotStartable, NoSuchUnit,
    TitleTooLong, UnstorableText, DataRefused.
    """
    _refuse_nul(data, title)
    if len(title) > TITLE_LENGTH:
        raise TitleTooLong
    bundle = library.bundle_for(definition, version)
    runnable = library.definition_of(bundle.id)
    if not start and not runnable.startable:
        raise NotStartable(key=definition)
    connection = db.session.connection()
    unit = connection.execute(
        select(_units.c.path, _units.c.name, world.world_version()).where(_units.c.id == unit_id)
    ).one_or_none()
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
            insert(_links).values(case_id=parent_id, other_id=moved.case_id, kind=link or "started", ref="")
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
) -> Completion:
    """Do a task with an answer that its form has accepted; claims a task that nobody holds.

    Raises: NoSuchTask, MayNotComplete, TaskHeldByAnother, TaskAlreadyDone, TaskCancelled, TaskChanged
    (another `version` than was read), CaseSuspended, CaseOver, UnstorableText, DataRefused.
    """
    _refuse_nul(answer)
    row = holding.hold_task(task_id)
    _refuse_completion(row, by, version)
    held = holding.load(row, now=now, by=by)
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
    _refuse_nul(data)
    entry = record or Entry("effect.done", "", {"ref": ref, "data": data})
    return move(case_id, lambda case: case.resolve(ref, data), by=by, now=now, record=entry)


def cancel_case(case_id: int, *, reason: str, by: Actor, now: datetime) -> Moved:
    """End a case before its time; everything open in it is cancelled. Raises NoSuchCase, CaseOver."""
    _refuse_nul({}, reason)
    held = holding.hold(case_id, now=now, by=by, states=(*MOVING, SUSPENDED))
    held.instance.cancel()
    return finish(held, [Entry("case.cancelled", "", {"reason": reason})], ended_as=CANCELLED)


def suspend_case(case_id: int, *, reason: str, by: Actor, now: datetime) -> Moved:
    """Stop a case: nobody can act on it, its timers are paused.

    Raises: NoSuchCase, CaseSuspended, CaseOver.
    """
    _refuse_nul({}, reason)
    held = holding.hold(case_id, now=now, by=by)
    return _set_state(held, SUSPENDED, Entry("case.suspended", "", {"reason": reason}))


def resume_case(case_id: int, *, by: Actor, now: datetime, reason: str = "") -> Moved:
    """Let a suspended case go on; timers that came due meanwhile fire now, messages that came are taken.

    Raises: NoSuchCase, CaseNotSuspended, CaseOver.
    """
    _refuse_nul({}, reason)
    held = holding.hold(case_id, now=now, by=by, states=(*MOVING, SUSPENDED))
    if held.state != SUSPENDED:
        raise CaseNotSuspended
    state = INCIDENT if held.instance.incidents() else RUNNING
    entry = Entry("case.resumed", "", {"reason": reason} if reason else {})
    kicks.hurry(case_id)
    waits = [wait for wait in held.instance.waits() if wait.kind == "message"]
    taken = inbox.take(held, waits=waits)
    if not taken:
        return _set_state(held, state, entry)
    _pause_timers(held, paused=False)
    return finish(held, [entry, *taken])


def retry_incident(case_id: int, n: int, *, by: Actor, now: datetime) -> Moved:
    """Try again what was stuck: incident `n` of the case.

    Raises: NoSuchCase, IncidentOver, CaseSuspended, CaseOver.
    """
    held = holding.hold(case_id, now=now, by=by)
    row = (
        db.session.connection()
        .execute(select(_incidents).where(_incidents.c.case_id == case_id, _incidents.c.n == n))
        .one_or_none()
    )
    if row is None:
        raise NoSuchCase
    if row.resolved_at is not None:
        raise IncidentOver
    held.instance.retry(row.ref)
    moved = finish(held, [Entry("incident.retried", row.element, {"n": n})])
    again = next((each for each in held.instance.incidents() if each.ref == row.ref), None)
    if again is not None:
        params = {name: str(value) for name, value in again.params.items()}
        db.session.connection().execute(
            update(_incidents)
            .where(_incidents.c.case_id == case_id, _incidents.c.n == n)
            .values(
                code=again.code, message=str(again.message), params=params, raised_at=now, resolved_at=None
            )
        )
    return moved


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


def _set_state(held: Held, state: str, entry: Entry) -> Moved:
    """Suspend or resume: nothing in the instance moves."""
    saving.record_only(held, [entry], state=state)
    _pause_timers(held, paused=state == SUSPENDED)
    return Moved(held.id, held.case_no, state)


def _pause_timers(held: Held, *, paused: bool) -> None:
    db.session.connection().execute(update(_timers).where(_timers.c.case_id == held.id).values(paused=paused))


def _title_of(title_from: str, name: str, data: Data) -> str:
    given = data.get(title_from) if title_from else None
    text = " ".join(str(given).split()) if isinstance(given, str | int | float) and given != "" else name
    return text if len(text) <= TITLE_LENGTH else text[: TITLE_LENGTH - 1] + "…"


def _refuse_nul(data: Data, *texts: str) -> None:
    """No database stores NUL in text. Raises UnstorableText."""
    if any("\0" in text for text in texts):
        raise UnstorableText
    try:
        stored = orjson.dumps(data)
    except (TypeError, ValueError, RecursionError):
        return  # not JSON: the engine says so, with the path
    if b"\\u0000" in stored and "\0" in "".join(_texts(data)):
        raise UnstorableText


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, each in value.items() for text in (key, *_texts(each))]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return []
