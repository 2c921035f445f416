"""Events: what a case waits for, what reaches it, and what it throws.

The application owns the clock and the post: a timer is a due instant, a message a name and a key, and
each comes back as an act on one wait. Signals, errors and escalations that the case throws are caught
here first. Not for the order in which tasks run: `engine`.
"""

from datetime import UTC, datetime
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions import (
    CancelEventDefinition,
    ConditionalEventDefinition,
    CycleTimerEventDefinition,
    DurationTimerEventDefinition,
    ErrorEventDefinition,
    EscalationEventDefinition,
    MessageEventDefinition,
    MultipleEventDefinition,
    NoneEventDefinition,
    SignalEventDefinition,
    TerminateEventDefinition,
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

from workflows import automatic, loops, timers
from workflows.errors import ExpressionFailed, ExpressionRefused, Refusal, message
from workflows.joins import MISSING, delta, meet, with_ended
from workflows.model import Data, Thrown
from workflows.visits import (
    FUTURE,
    OPEN,
    WAITING,
    Node,
    cancel,
    cancel_all,
    change_state,
    drawn,
    element_id,
    extensions,
    is_repetition,
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


class ErrorUncaught(Refusal):
    """The case threw an error that no boundary event catches."""

    code = "engine.error_uncaught"
    text = message("The error “{name}” ended here and nothing in the diagram catches it.")


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
        return {"kind": "message", "name": definition.name or "", "key": _key(task)}
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


def _key(task: Node) -> str:
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
    if inner is not None and isinstance(spec, SubWorkflowTaskMixin) and not extensions(main).get("inputs"):
        return _gained(main.data, view(inner))
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
            holds = bool(automatic.evaluate(task, wait["name"], whole(task.workflow)))
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


# What the case throws --------------------------------------------------------------------------


def throw(task: Node) -> bool:
    """Do what a throw or end event, or a send task, says."""
    definition = task.task_spec.event_definition
    parts = definition.event_definitions if isinstance(definition, MultipleEventDefinition) else [definition]
    for part in parts:
        _throw(task, part)
    return True


def _throw(task: Node, definition: Any) -> None:
    top = task.workflow.top_workflow
    if isinstance(definition, MessageEventDefinition):
        _tell(task, "message", definition.name or "", _key(task))
    elif isinstance(definition, SignalEventDefinition):
        name, payload = definition.name or "", _payload(task)
        _tell(task, "signal", name, "")
        for listener in waiting(top, "signal"):
            if listener._state == WAITING and listener.internal_data["wait"]["name"] == name:
                fire(listener, payload)
    elif isinstance(definition, EscalationEventDefinition):
        if not _bubble(task, "escalation", definition.code or "", _payload(task)):
            _tell(task, "escalation", definition.code or definition.name or "", "")
    elif isinstance(definition, ErrorEventDefinition):
        if not _bubble(task, "error", definition.code or "", _payload(task)):
            raise ErrorUncaught(name=definition.name or definition.code or "")
    elif isinstance(definition, CancelEventDefinition):
        if not _bubble(task, "cancel", "", {}):
            raise ErrorUncaught(name="cancel")
    elif not isinstance(definition, NoneEventDefinition | TerminateEventDefinition):
        raise EventNotSupported(element=task.task_spec.bpmn_name or element_id(task))


def _tell(task: Node, kind: Any, name: str, key: str) -> None:
    run_of(task).thrown.append(
        Thrown(kind=kind, element=drawn(task), name=name, key=key, data=_payload(task))
    )


def _payload(task: Node) -> Data:
    return dict(automatic.arguments(task)) if extensions(task).get("inputs") else {}


def caught_error(task: Node, code: str) -> bool:
    """Whether an error boundary event of the task itself takes over what failed in it."""
    host = task.parent if is_repetition(task) else task
    return _catch_at(host, "error", code, {})


def _bubble(task: Node, kind: str, code: str, payload: Data) -> bool:
    workflow = task.workflow
    tasks = run_of(task).tasks
    while workflow.parent_task_id is not None:
        caller = tasks[workflow.parent_task_id]
        host = caller.parent if is_repetition(caller) else caller
        if _catch_at(host, kind, code, payload):
            return True
        workflow = caller.workflow
    return False


def _catch_at(host: Node, kind: str, code: str, payload: Data) -> bool:
    split = host.parent
    if split is None or not isinstance(split.task_spec, BoundaryEventSplit):
        return False
    listening = [
        event
        for event in split.children
        if event._state == WAITING
        and isinstance(event.task_spec, BoundaryEventMixin)
        and event.internal_data.get("wait", {}).get("kind") == kind
        and event.internal_data["wait"].get("name", "") in ("", code)
    ]
    if not listening:
        return False
    # The one that names the code goes before the one that takes any.
    listening.sort(key=lambda event: event.internal_data["wait"].get("name", "") == "")
    fire(listening[0], payload)
    return True


def terminate(task: Node) -> None:
    """A terminate end event: everything else in its process ends."""
    workflow = task.workflow
    for other in list(workflow.open.values()):
        if other is not task:
            cancel(other)


# What the whole case looks like ----------------------------------------------------------------


def view(workflow: Node) -> Data:
    """The data of a workflow as all its open branches together see it; the later change wins."""
    leaves = [task for task in workflow.open.values() if not is_repetition(task)]
    if not leaves:
        return dict(workflow.data)
    subprocesses = workflow.top_workflow.subprocesses
    own = {task.id: task.data for task in leaves}
    try:
        for task in leaves:
            inner = subprocesses.get(task.id)
            if isinstance(task.task_spec, MultiInstanceTask) and "answers" in task.internal_data:
                task.data = {**task.data, **loops.collected(task)}
            elif inner is not None and not extensions(task).get("inputs"):
                task.data = view(inner)
        data = meet(leaves, later_wins=True)
    finally:
        for task in leaves:
            task.data = own[task.id]
    return dict(with_ended(data, workflow.ended))


def whole(workflow: Node) -> Data:
    """`view` of a workflow inside the case; a called process with inputs sees only its own."""
    caller_id = workflow.parent_task_id
    if caller_id is None:
        return view(workflow)
    caller = workflow.top_workflow.run.tasks[caller_id]
    if extensions(caller).get("inputs"):
        return view(workflow)
    return {**whole(caller.workflow), **view(workflow)}


def end_all(top: Node) -> None:
    """Cancel the case."""
    cancel_all(top)
    for inner in list(top.subprocesses.values()):
        cancel_all(inner)
    top.subprocesses.clear()
