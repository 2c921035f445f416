"""One row for each visit of each element: entered, claimed, left, by whom. Monitoring counts these.

Visits that began and ended in one act are written once; all in bulk.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case as sql_case
from sqlalchemy import func, literal, update

from app.extensions import db
from app.models import StepRow
from app.runtime.held import Held
from app.runtime.tables import table, upsert
from workflows.model import Changes, Step

_steps = table(StepRow)


@dataclass(frozen=True, slots=True)
class DoneTask:
    """The task whose answer is this act."""

    ref: str
    by_id: int
    claimed_at: datetime | None


def write_steps(held: Held, changes: Changes, done: DoneTask | None) -> None:
    """Write the visits that an act began or ended; `done` is the person's own."""
    due = {task.ref: task.due_at for task in changes.opened}
    begun: dict[str, dict[str, Any]] = {}
    ended: dict[str, list[str]] = {}
    for step in changes.steps:
        if step.event in ("entered", "failed") and step.ref not in begun:
            begun[step.ref] = _step_row(held, step, due.get(step.ref))
        how: str = "" if step.event == "entered" else step.event
        if step.ref in begun:
            begun[step.ref] |= {"how": how, "left_at": held.now if how in ("left", "cancelled") else None}
        else:
            ended.setdefault(how, []).append(step.ref)
    _insert_steps(list(begun.values()))
    for how, refs in ended.items():
        _end_steps(held, how, refs, done)


def _step_row(held: Held, step: Step, due_at: datetime | None) -> dict[str, Any]:
    return {
        "case_id": held.id,
        "ref": step.ref,
        "definition": held.definition_key,
        "version": held.version,
        "process": held.definition.part_of(step.process).key,
        "element": step.element,
        "kind": step.kind,
        "unit_id": held.unit_id,
        "entered_at": held.now,
        "claimed_at": None,
        "left_at": None,
        "how": "",
        "by_id": None,
        "due_at": due_at,
    }


def _insert_steps(rows: list[dict[str, Any]]) -> None:
    """Visits that began; one that had failed and is tried again keeps its row."""
    if not rows:
        return
    connection = db.session.connection()
    statement = upsert(connection, _steps)
    statement = statement.on_conflict_do_update(
        index_elements=["case_id", "ref"],
        set_={"how": statement.excluded.how, "left_at": statement.excluded.left_at},
    )
    connection.execute(statement, rows)


def _end_steps(held: Held, how: str, refs: list[str], done: DoneTask | None) -> None:
    values: dict[str, Any] = {"left_at": held.now, "how": how}
    if done is not None and done.ref in refs:
        own = _steps.c.ref == done.ref
        values["by_id"] = sql_case((own, literal(done.by_id)), else_=_steps.c.by_id)
        values["claimed_at"] = sql_case(
            (
                own,
                func.coalesce(
                    _steps.c.claimed_at, literal(done.claimed_at or held.now, _steps.c.claimed_at.type)
                ),
            ),
            else_=_steps.c.claimed_at,
        )
    db.session.connection().execute(
        update(_steps).where(_steps.c.case_id == held.id, _steps.c.ref.in_(refs)).values(values)
    )
