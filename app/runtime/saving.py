"""The second half of every act: carry out effects, then write the case, its rows and its record, once.

1. effects, and messages that were waiting, until none is left  2. rows  3. record  4. the case's row
5. what other cases are owed (`kicks`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, update

from app.extensions import db
from app.models import Case
from app.runtime import effects, ending, inbox, kicks, projection, records
from app.runtime.effects import Done, EffectCall, Waiting
from app.runtime.held import INCIDENT, RUNNING, Held
from app.runtime.projection import Opened
from app.runtime.records import Entry
from app.runtime.refusals import EffectUnknown
from app.runtime.steps import DoneTask
from app.runtime.tables import table
from workflows.errors import Refusal
from workflows.model import Changes, Data, Effect, Element, Thrown
from workflows.visits import StepBudgetSpent

MOST_EFFECTS = 1_000
"""Effects in one act; a diagram that runs in a circle through finished effects stops there."""

COMPLETED = "completed"
CANCELLED = "cancelled"

_cases = table(Case)
_INSERT = insert(_cases).returning(_cases.c.id)
_UPDATE = update(_cases).where(
    _cases.c.id == bindparam("of_case"), _cases.c.row_version == bindparam("of_version")
)


class CaseMovedMeanwhile(RuntimeError):
    """Somebody wrote a locked case past the runner. Never in normal running."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a case stands after an act. `opened`: ids of the tasks that it opened."""

    case_id: int
    case_no: str
    state: str
    opened: tuple[int, ...] = ()
    outcome: str = ""
    data: Data = field(default_factory=dict)
    """The case's data when it has ended, else empty."""
    tasks: tuple[Opened, ...] = ()


def finish(
    held: Held, entries: Sequence[Entry], *, done: DoneTask | None = None, ended_as: str = COMPLETED
) -> Moved:
    """Carry out, write and owe everything that follows from what was done to `held.instance`."""
    followed = list(entries)
    while True:
        _carry_out(held, followed)
        taken = inbox.take(held)
        if not taken:
            break
        followed += taken
    changes = held.instance.changes()
    over = held.instance.completed
    if not held.stored:
        store_new(held)
    opened = projection.project(held, changes, done=done)
    data: Data = {}
    if over:
        left = ending.look(held)
        ending.end_waits(held, left)
        held.state = ended_as
        data = held.instance.data
    else:
        held.state = INCIDENT if held.instance.incidents() else RUNNING
    outcome = changes.outcome if over and ended_as == COMPLETED else ""
    records.append(held, [*followed, *_consequences(changes), *_end_entry(held, over, outcome)])
    _save(held, over=over, outcome=outcome, data=data)
    _owe(held, changes.thrown)
    if over:
        ending.tell(held, left, outcome=outcome, data=data)
    _refresh_objects()
    return Moved(held.id, held.case_no, held.state, tuple(o.id for o in opened), outcome, data, tuple(opened))


def record_only(held: Held, entries: Sequence[Entry], *, state: str) -> None:
    """Write entries and a state of the case; its instance has not moved."""
    records.append(held, entries)
    held.state = state
    _update(held, {"state": state, "record_seq": held.record_seq, "record_hash": held.record_hash})
    _refresh_objects()


def store_new(held: Held) -> None:
    """Give a case that has just begun its row."""
    values = {
        "case_no": held.case_no,
        "definition": held.definition_key,
        "version": held.version,
        "bundle_id": held.bundle_id,
        "title": held.title,
        "unit_id": held.unit_id,
        "starter_id": held.starter_id,
        "parent_id": held.parent_id,
        "state": RUNNING,
        "row_version": held.row_version,
        "started_at": held.now,
    }
    held.id = db.session.connection().execute(_INSERT, values).scalar_one()
    held.stored = True


def call_of(held: Held, effect: Effect) -> EffectCall:
    """What the handler of an effect sees."""
    element = held.definition.element(effect.process, effect.element)
    return EffectCall(
        case_id=held.id,
        case_no=held.case_no,
        unit_id=held.unit_id,
        definition=held.definition_key,
        ref=effect.ref,
        element=element
        or Element(id=effect.element, kind="serviceTask", name=effect.element, process=effect.process),
        name=effect.name,
        args=effect.args,
        now=held.now,
        by=held.by,
        world=held.world,
        data=held.instance.task_data(effect.ref),
        title=held.title,
        starter_id=held.starter_id,
    )


def handle(held: Held, effect: Effect, handler: Callable[[EffectCall], Done | Waiting] | None) -> Entry:
    """Let a handler carry out an effect. What it refuses becomes an incident; what it wrote is undone."""
    try:
        if handler is None:
            raise EffectUnknown(name=effect.name)
        with db.session.begin_nested():
            answer = handler(call_of(held, effect))
    except Refusal as refusal:
        held.instance.refuse(effect.ref, refusal)
        return Entry("effect.refused", effect.element, {"effect": effect.name, "code": refusal.code})
    if isinstance(answer, Waiting):
        held.waiting[effect.ref] = answer
        detail: dict[str, Any] = {"effect": effect.name, "kind": answer.kind, "target": answer.target_id}
        return Entry("effect.waiting", effect.element, detail)
    try:
        held.instance.resolve(effect.ref, answer.data)
    except Refusal as refusal:  # the answer is not JSON: the handler's fault, shown where it happened
        held.instance.refuse(effect.ref, refusal)
        return Entry("effect.refused", effect.element, {"effect": effect.name, "code": refusal.code})
    return Entry("effect.done", effect.element, {"effect": effect.name, "data": answer.data})


def deadline_reached(held: Held, effect: Effect) -> Moved:
    """The deadline of a waiting effect has come: its handler ends the wait or goes on waiting."""
    entry = handle(held, effect, effects.deadline_of(effect.name))
    waiting = held.waiting.pop(effect.ref, None)
    if waiting is not None:
        projection.wait_again(held, effect.ref, effect.element, waiting)
    return finish(held, [Entry("deadline.reached", effect.element, {"effect": effect.name}), entry])


def _carry_out(held: Held, followed: list[Entry]) -> None:
    """Run the handlers of new effects; what they finish may lead to more."""
    left = MOST_EFFECTS
    while True:
        pending = [e for e in held.instance.changes().effects if e.ref not in held.waiting]
        if not pending:
            return
        if not held.stored:
            store_new(held)
        effect = pending[0]
        if left <= 0:
            held.instance.refuse(effect.ref, StepBudgetSpent(limit=MOST_EFFECTS))
            continue
        left -= 1
        followed.append(handle(held, effect, effects.handler_of(effect.name)))


def _consequences(changes: Changes) -> list[Entry]:
    entries = [
        Entry(f"{each.kind}.thrown", each.element, {"name": each.name, "key": each.key})
        for each in changes.thrown
    ]
    entries += [
        Entry("incident.raised", each.element, {"code": each.code, "message": str(each.message)})
        for each in changes.incidents
    ]
    return entries


def _end_entry(held: Held, over: bool, outcome: str) -> list[Entry]:  # noqa: FBT001
    if not over or held.state != COMPLETED:
        return []
    return [Entry("case.completed", outcome)]


def _save(held: Held, *, over: bool, outcome: str, data: Data) -> None:
    values: dict[str, Any] = {
        "state": held.state,
        "record_seq": held.record_seq,
        "record_hash": held.record_hash,
    }
    if over:
        values |= {"outcome": outcome, "data": data, "state_blob": None, "ended_at": held.now}
    else:
        values["state_blob"] = held.instance.save()
    _update(held, values)


def _refresh_objects() -> None:
    """What a slice has changed in objects is written; what it has read is read again when it looks."""
    db.session.flush()
    db.session.expire_all()


def _update(held: Held, values: dict[str, Any]) -> None:
    this = {"of_case": held.id, "of_version": held.row_version, "row_version": held.row_version + 1}
    changed = db.session.connection().execute(_UPDATE, this | values)
    if changed.rowcount != 1:
        raise CaseMovedMeanwhile(f"case {held.id} at {held.row_version}")
    held.row_version += 1


def _owe(held: Held, thrown: Sequence[Thrown]) -> None:
    for each in thrown:
        if each.kind in ("message", "signal"):
            kicks.owe(
                each.kind,
                {
                    "name": each.name,
                    "key": each.key,
                    "data": each.data,
                    "unit_id": held.unit_id,
                    "from_case": held.id,
                    "by": held.by.id if held.by else None,
                },
                case_id=held.id,
                now=held.now,
            )
