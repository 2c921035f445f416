"""Rows that people search, count and wait for, written from what an act changed. In bulk, never one by one.

Reads nothing of the engine's state: only `Changes`. Not for the case's own row: `saving`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from app.extensions import db
from app.models import IncidentRow, Subscription, Task, Timer
from app.runtime import groups
from app.runtime.effects import Waiting
from app.runtime.held import Held
from app.runtime.steps import DoneTask, write_steps
from app.runtime.tables import table
from workflows.model import Changes, Incident, OpenTask, Wait

OPEN_STATES = ("open", "claimed")

_tasks = table(Task)
_timers = table(Timer)
_subscriptions = table(Subscription)
_incidents = table(IncidentRow)
_OPEN = insert(_tasks).returning(_tasks.c.id, sort_by_parameter_order=True)
_DONE = (
    update(_tasks)
    .where(_tasks.c.case_id == bindparam("of_case"), _tasks.c.ref == bindparam("of_ref"))
    .values(
        state="done",
        done_at=bindparam("at"),
        done_by=bindparam("by"),
        assignee_id=bindparam("by"),
        claimed_at=bindparam("claimed"),
        row_version=_tasks.c.row_version + 1,
    )
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A task that this act opened, as it was stored."""

    id: int
    group_id: int | None
    assignee_id: int | None
    starter_id: int | None
    unit_id: int


def project(held: Held, changes: Changes, *, done: DoneTask | None = None) -> list[Opened]:
    """Write everything but the case's row; returns the tasks that were opened, in order."""
    _close_tasks(held, changes, done)
    opened = _open_tasks(held, changes.opened)
    write_steps(held, changes, done)
    _end_waits(held, changes)
    _write_waits(held, changes.waits)
    _write_incidents(held, changes)
    return opened


def wait_again(held: Held, ref: str, element: str, waiting: Waiting) -> None:
    """An effect goes on waiting after its deadline, perhaps for another row or until another instant."""
    connection = db.session.connection()
    connection.execute(
        update(_subscriptions)
        .where(_subscriptions.c.case_id == held.id, _subscriptions.c.ref == ref)
        .values(kind=waiting.kind, target_id=waiting.target_id)
    )
    if waiting.due_at is not None:
        connection.execute(insert(_timers).values(_timer_row(held, ref, element, waiting.due_at)))


def _timer_row(held: Held, ref: str, element: str, due_at: datetime) -> dict[str, Any]:
    return {"case_id": held.id, "ref": ref, "element": element, "due_at": due_at, "paused": False}


def _close_tasks(held: Held, changes: Changes, done: DoneTask | None) -> None:
    connection = db.session.connection()
    if done is not None:
        own = {"of_case": held.id, "of_ref": done.ref, "at": held.now, "by": done.by_id}
        connection.execute(_DONE, own | {"claimed": done.claimed_at or held.now})
    cancelled = [ref for ref in changes.closed if done is None or ref != done.ref]
    if cancelled:
        connection.execute(
            update(_tasks)
            .where(_tasks.c.case_id == held.id, _tasks.c.ref.in_(cancelled))
            .values(state="cancelled", done_at=held.now, row_version=_tasks.c.row_version + 1)
        )


def _open_tasks(held: Held, opened: tuple[OpenTask, ...]) -> list[Opened]:
    if not opened:
        return []
    by_group = groups.resolve_groups((task.group for task in opened), unit_path=held.unit_path)
    by_username = groups.resolve_people(task.assignee for task in opened)
    rows = [_task_row(held, task, by_group, by_username) for task in opened]
    ids = db.session.connection().execute(_OPEN, rows).scalars().all()
    return [
        Opened(task_id, row["group_id"], row["assignee_id"], held.starter_id, held.unit_id)
        for task_id, row in zip(ids, rows, strict=True)
    ]


def _task_row(
    held: Held, task: OpenTask, by_group: Mapping[str, int], by_username: Mapping[str, int]
) -> dict[str, Any]:
    element = held.definition.element(task.process, task.element)
    part = held.definition.part_of(task.process)
    assignee = by_username.get(task.assignee)
    return {
        "case_id": held.id,
        "ref": task.ref,
        "definition": held.definition_key,
        "process": part.key,
        "element": task.element,
        "name": task.name[:200],
        "name_en": (element.name_en if element else "")[:200],
        "state": "open" if assignee is None else "claimed",
        "unit_id": held.unit_id,
        "group_id": by_group.get(task.group),
        "assignee_id": assignee,
        "named": assignee is not None,
        "form": task.form,
        "item": task.item,
        "choices": list(task.choices),
        "created_at": held.now,
        "claimed_at": None,
        "due_at": task.due_at,
        "done_at": None,
        "done_by": None,
        "row_version": 1,
    }


def _end_waits(held: Held, changes: Changes) -> None:
    ended = list(changes.ended)
    if not ended:
        return
    connection = db.session.connection()
    for rows in (_timers, _subscriptions):
        connection.execute(delete(rows).where(rows.c.case_id == held.id, rows.c.ref.in_(ended)))


def _write_waits(held: Held, waits: Iterable[Wait]) -> None:
    timers: list[dict[str, Any]] = []
    subscriptions: list[dict[str, Any]] = []
    for wait in waits:
        target: int | None = None
        kind: str = wait.kind
        due_at = wait.due_at
        if wait.kind == "effect":
            waiting: Waiting | None = held.waiting.get(wait.ref)
            kind, target = (waiting.kind, waiting.target_id) if waiting else ("effect", None)
            due_at = waiting.due_at if waiting else None
        if due_at is not None:
            timers.append(_timer_row(held, wait.ref, wait.element, due_at))
        if wait.kind != "timer":
            subscriptions.append(
                {
                    "case_id": held.id,
                    "ref": wait.ref,
                    "element": wait.element,
                    "kind": kind,
                    "name": wait.name[:200],
                    "key": wait.key[:200],
                    "target_id": target,
                    "since": held.now,
                }
            )
    connection = db.session.connection()
    if timers:
        connection.execute(insert(_timers), timers)
    if subscriptions:
        connection.execute(insert(_subscriptions), subscriptions)


def _write_incidents(held: Held, changes: Changes) -> None:
    connection = db.session.connection()
    if changes.resolved:
        connection.execute(
            update(_incidents)
            .where(
                _incidents.c.case_id == held.id,
                _incidents.c.ref.in_(changes.resolved),
                _incidents.c.resolved_at.is_(None),
            )
            .values(resolved_at=held.now)
        )
    if changes.incidents:
        last = connection.execute(
            select(func.coalesce(func.max(_incidents.c.n), 0)).where(_incidents.c.case_id == held.id)
        ).scalar_one()
        connection.execute(
            insert(_incidents),
            [_incident_row(held, each, last + i) for i, each in enumerate(changes.incidents, start=1)],
        )


def _incident_row(held: Held, incident: Incident, n: int) -> dict[str, Any]:
    return {
        "case_id": held.id,
        "n": n,
        "ref": incident.ref,
        "element": incident.element,
        "process": incident.process,
        "code": incident.code,
        "message": str(incident.message),
        "params": {name: str(value) for name, value in incident.params.items()},
        "raised_at": held.now,
        "resolved_at": None,
    }
