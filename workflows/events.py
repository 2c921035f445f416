"""Events that a case waits for: how a wait begins, and what happens when its event comes.

The application owns the clock and the post: a timer is a due instant, a message a name and a key, and
each comes back as an act on one wait. Not for what the case itself throws: `throwing`.
"""

from datetime import UTC, datetime
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions import (
    CancelEventDefinition,
    ConditionalEventDefinition,
    CycleTimerEventDefinition,
    DurationTimerEventDefinition,
    ErrorEventDefinition,
    EscalationEventDefinition,
    MessageEventDefinition,
    NoneEventDefinition,
    SignalEventDefinition,
    TimeDateEventDefinition,
)
from SpiffWorkflow.bpmn.specs.mixins import (
    BoundaryEventMixin,
    EventBasedGatewayMixin,
    StandardLoopTaskMixin,
    StartEventMixin,
    SubWorkflowTaskMixin,
)
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask
from SpiffWorkflow.task import Task

from workflows import automatic, loops, timers, views
from workflows.errors import ExpressionFailed, ExpressionRefused, Refusal, message
from workflows.joins import MISSING, delta
from workflows.model import Data
from workflows.visits import (
    FUTURE,
    OPEN,
    WAITING,
    Node,
    cancel,
    cancel_all,
    change_state,
    element_id,
    extensions,
    ready,
    run_of,
)

_TIMERS: tuple[tuple[timers.TimerKind, Any], ...] = (
    ("date", TimeDateEventDefinition),
    ("duration", DurationTimerEventDefinition),
    ("cycle", CycleTimerEventDefinition),
)
_ANY_NOW = datetime(2000, 1, 1, tzinfo=UTC)  # a date does not depend on it
_UNDECIDED = WAITING | FUTURE  # armed, or about to be while one before it is due at once
_RECURRING = ("message", "signal", "escalation", "condition")


class EventNotSupported(Refusal):
    """An event of a kind that the engine does not run."""

    code = "engine.event_kind"
    text = message("The event “{element}” is of a kind that cannot be run.")


# Waiting ---------------------------------------------------------------------------------------


def wait_for(task: Node) -> bool:
    """Begin to wait for the event of this shape; True when there is nothing to wait for."""
    definition = task.task_spec.event_definition
    if isinstance(definition, NoneEventDefinition) or isinstance(task.task_spec, StartEventMixin):
        return True
    wait = _wait(task, definition)
    task.internal_data["wait"] = wait
    change_state(task, WAITING)
    if wait["kind"] == "timer" and not wait.get("more") and instant(wait["due_at"]) <= run_of(task).world.now:
        fire(task, {})
    return False


def instant(text: str) -> datetime:
    """The aware UTC instant of a stored ISO text."""
    return datetime.fromisoformat(text).astimezone(UTC)


def instant_of(value: Any) -> str:
    """What an expression gave as an instant, as stored text. Raises `TimerRefused`."""
    return timers.due("date", value, _ANY_NOW).at.isoformat()


def _wait(task: Node, definition: Any) -> dict[str, Any]:
    if isinstance(definition, MessageEventDefinition):
        return {"kind": "message", "name": definition.name or "", "key": message_key(task)}
    if isinstance(definition, SignalEventDefinition):
        return {"kind": "signal", "name": definition.name or ""}
    if isinstance(definition, ConditionalEventDefinition):
        return {"kind": "condition", "name": definition.expression or ""}
    if isinstance(definition, EscalationEventDefinition):
        return {"kind": "escalation", "name": definition.code or ""}
    if isinstance(definition, ErrorEventDefinition):
        return {"kind": "error", "name": definition.code or ""}
    if isinstance(definition, CancelEventDefinition):
        return {"kind": "cancel"}
    for kind, cls in _TIMERS:
        if isinstance(definition, cls):
            return _timer(task, kind, definition.expression or "")
    raise EventNotSupported(element=task.task_spec.bpmn_name or element_id(task))


def message_key(task: Node) -> str:
    text = extensions(task).get("correlation")
    if not text:
        return ""
    value = automatic.evaluate(task, text)
    return "" if value is None else str(value)


def _timer(task: Node, kind: timers.TimerKind, text: str) -> dict[str, Any]:
    run = run_of(task)
    value = timers.timer_expression(text, kind).evaluate(task.data, run.world)
    return _armed(timers.due(kind, value, run.world.now))


def _armed(due: timers.Due) -> dict[str, Any]:
    wait: dict[str, Any] = {"kind": "timer", "due_at": due.at.isoformat()}
    if due.interval and due.repeats_left != 0:
        anchor = due.anchor.isoformat() if due.anchor is not None else None
        wait["more"] = [due.repeats_left, due.interval, anchor, due.count]
    return wait


def _following(wait: dict[str, Any]) -> timers.Due | None:
    """The next firing of a cycle; none when it was the last or would lie beyond the calendar."""
    left, interval, anchor, count = wait["more"]
    due = timers.Due(
        at=instant(wait["due_at"]),
        repeats_left=left,
        interval=interval,
        anchor=instant(anchor) if anchor else None,
        count=count,
    )
    try:
        return timers.following(due)
    except timers.TimerRefused:
        return None


# What comes in ---------------------------------------------------------------------------------


def fire(task: Node, payload: Data) -> None:
    """The event happened: its branch goes on, and what it interrupts ends."""
    wait = task.internal_data.pop("wait")
    if payload:
        automatic.put(task, payload)
    split = task.parent
    ready(task)
    if isinstance(split.task_spec, EventBasedGatewayMixin):
        for other in split.children:
            if other is not task and other._state & _UNDECIDED:
                cancel(other)
    if isinstance(task.task_spec, BoundaryEventMixin):
        if task.task_spec.cancel_activity:
            _interrupt(split, task)
        else:
            _rearm(split, task, wait)


def disarm(split: Node) -> None:
    """The activity has ended: its boundary events wait no longer."""
    for event in split.children:
        if isinstance(event.task_spec, BoundaryEventMixin) and event._state & _UNDECIDED:
            cancel(event)


def _interrupt(split: Node, event: Node) -> None:
    for other in split.children:
        if other is event or not other._state & OPEN or other.task_spec.name not in split.task_spec._outputs:
            continue
        if isinstance(other.task_spec, BoundaryEventMixin):
            if other._state & _UNDECIDED:
                cancel(other)
        else:
            # What people have already answered goes along with the event.
            event.data = {**event.data, **_kept(other)}
            cancel(other)


def _kept(main: Node) -> Data:
    spec = main.task_spec
    if isinstance(spec, MultiInstanceTask):
        return loops.collected(main)
    if isinstance(spec, StandardLoopTaskMixin):
        return _gained(main.parent.data, main.data)
    inner = main.workflow.top_workflow.subprocesses.get(main.id)
    if inner is not None and isinstance(spec, SubWorkflowTaskMixin) and views.shares_data(main):
        return _gained(main.data, views.view(inner))
    return {}


def _gained(before: Data, after: Data) -> Data:
    return {name: value for name, (_, value) in delta(before, after).items() if value is not MISSING}


def _rearm(split: Node, event: Node, wait: dict[str, Any]) -> None:
    again: dict[str, Any] | None = None
    if wait.get("more"):
        due = _following(wait)
        again = _armed(due) if due is not None else None
    elif wait["kind"] in _RECURRING:
        again = {**wait, "held": True} if wait["kind"] == "condition" else wait
    if again is None:
        return
    next_event = Task(event.workflow, event.task_spec, split, state=FUTURE)
    next_event.data = split.data
    next_event.internal_data["wait"] = again
    change_state(next_event, WAITING)


def check_conditions(top: Node) -> bool:
    """Fire the conditional events whose condition has become true; True when any did."""
    fired = False
    for task in waiting(top, "condition"):
        if task._state != WAITING:
            continue
        wait = task.internal_data["wait"]
        try:
            holds = bool(automatic.evaluate(task, wait["name"], views.whole(task.workflow)))
        except (ExpressionFailed, ExpressionRefused):
            holds = False  # names that are not there yet: not true yet
        if holds and not wait.get("held"):
            fire(task, {})
            fired = True
        elif not holds:
            wait.pop("held", None)
    return fired


def waiting(top: Node, kind: str) -> list[Node]:
    """The open waits of one kind, in the order in which they began."""
    found = [
        task
        for workflow in (top, *top.subprocesses.values())
        for task in workflow.open.values()
        if task._state == WAITING and task.internal_data.get("wait", {}).get("kind") == kind
    ]
    return sorted(found, key=lambda task: int(task.id))


def end_all(top: Node) -> None:
    """Cancel the case."""
    cancel_all(top)
    for inner in list(top.subprocesses.values()):
        cancel_all(inner)
    top.subprocesses.clear()
