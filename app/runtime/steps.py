"""One row for each visit of each element: entered, claimed, left, by whom. Monitoring counts these.

Visits that began and ended in one act are written once; all in bulk. The statements are made once: to
build one costs more than to send it.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, update

from app.extensions import db
from app.models import StepRow
from app.runtime.held import Held
from app.runtime.tables import insert_in, table
from workflows.model import Changes, Step

_steps = table(StepRow)
_END = (
    update(_steps)
    .where(_steps.c.case_id == bindparam("of_case"), _steps.c.ref.in_(bindparam("of_refs", expanding=True)))
    .values(left_at=bindparam("at"), how=bindparam("in_way"))
)
_END_OWN = (
    update(_steps)
    .where(_steps.c.case_id == bindparam("of_case"), _steps.c.ref == bindparam("of_ref"))
    .values(
        left_at=bindparam("at"),
        how=bindparam("in_way"),
        by_id=bindparam("by"),
        claimed_at=func.coalesce(_steps.c.claimed_at, bindparam("claimed", type_=_steps.c.claimed_at.type)),
    )
)


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
    if rows:
        connection = db.session.connection()
        connection.execute(_insertion(connection.dialect.name), rows)


@cache
def _insertion(dialect: str) -> Any:
    statement = insert_in(dialect, _steps)
    return statement.on_conflict_do_update(
        index_elements=["case_id", "ref"],
        set_={"how": statement.excluded.how, "left_at": statement.excluded.left_at},
    )


def _end_steps(held: Held, how: str, refs: list[str], done: DoneTask | None) -> None:
    connection = db.session.connection()
    this = {"of_case": held.id, "at": held.now, "in_way": how}
    if done is not None and done.ref in refs:
        own = {"of_ref": done.ref, "by": done.by_id, "claimed": done.claimed_at or held.now}
        connection.execute(_END_OWN, this | own)
        refs = [ref for ref in refs if ref != done.ref]
    if refs:
        connection.execute(_END, this | {"of_refs": refs})
