"""What each kind of shape does when a token comes, when it runs and when it is left.

The library's own methods for this are not used: they walk the whole tree, copy data, and keep state on
specs that cases share. `entering`, `running` and `leaving` choose by the class of the shape's spec.
Not for what the library gets wrong below that, which is `patches`.
"""

from collections import Counter
from collections.abc import Callable, Hashable
from functools import cache
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, StartEventJoin, StartEventSplit, _EndJoin
from SpiffWorkflow.bpmn.specs.event_definitions import NoneEventDefinition, TerminateEventDefinition
from SpiffWorkflow.bpmn.specs.mixins import (
    BoundaryEventMixin,
    EndEventMixin,
    EventBasedGatewayMixin,
    ExclusiveGatewayMixin,
    InclusiveGatewayMixin,
    ParallelGatewayMixin,
    ScriptTaskMixin,
    SendTaskMixin,
    ServiceTaskMixin,
    SubWorkflowTaskMixin,
)
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent, ThrowingEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.task import Task

from workflows import automatic, events, joins, loops, throwing
from workflows.errors import Refusal, message
from workflows.history import compact
from workflows.visits import (
    CANCELLED,
    COMPLETED,
    FUTURE,
    WAITING,
    Node,
    change_state,
    extensions,
    fail,
    is_repetition,
    ready,
    run_of,
)

Enter = Callable[[Any], bool]
Run = Callable[[Any], "bool | None"]
Leave = Callable[[Any], None]


class NoWayOut(Refusal):
    """No condition of a gateway is true and it has no default flow."""

    code = "engine.no_way_out"
    text = message(
        "None of the conditions after “{element}” is true and no flow is the default one. "
        "Correct the data or the diagram, then try again."
    )


@cache
def entering(cls: Hashable) -> Enter:
    """What to do when a token comes: True when the shape is ready to run."""
    found: Enter = _first(cls, _ENTER, _pass)
    return found


@cache
def running(cls: Hashable) -> Run:
    """What to do when the shape runs: True when it is done, None when an effect is to come."""
    found: Run = _first(cls, _RUN, _pass)
    return found


@cache
def leaving(cls: Hashable) -> Leave:
    """What to do when the shape is done: put tokens on what follows."""
    found: Leave = _first(cls, _LEAVE, go_on)
    return found


def _first(cls: Any, table: tuple[tuple[Any, Any], ...], otherwise: Any) -> Any:
    return next((function for base, function in table if issubclass(cls, base)), otherwise)


def _pass(_task: Node) -> bool:
    return True


def go_on(task: Node) -> None:
    """Put a token on each flow that leaves the shape, or on those it chose."""
    if is_repetition(task):
        loops.round_done(task)
        return
    workflow = task.workflow
    chosen = task.internal_data.pop("chosen", None)
    specs = workflow.spec.task_specs
    names = task.task_spec._outputs if chosen is None else chosen
    children = [Task(workflow, specs[name], task, state=FUTURE) for name in names]
    for child in children:
        if child._state == FUTURE:
            child.task_spec._update(child)
    if task.task_spec.name == "End":
        _finish(task)


def _finish(task: Node) -> None:
    workflow = task.workflow
    workflow.data = task.data
    workflow.completed = True
    if workflow.parent_task_id is not None:
        automatic.give_back(workflow)


def prepare(spec: Node) -> None:
    """Give the shapes after an event gateway their own events back. Safe to repeat."""
    for gateway in spec.task_specs.values():
        if isinstance(gateway, EventBasedGatewayMixin):
            definitions = gateway.event_definition.event_definitions
            for name, definition in zip(gateway._outputs, definitions, strict=True):
                spec.task_specs[name].event_definition = definition


# Splits ----------------------------------------------------------------------------------------


def _holds(condition: Any, task: Node) -> bool:
    return bool(automatic.evaluate(task, condition.args[0]))


def _exclusive(task: Node) -> bool:
    for condition, output in task.task_spec.cond_task_specs:
        if condition is not None and _holds(condition, task):
            task.internal_data["chosen"] = [output]
            return True
    if task.task_spec.default_task_spec is None:
        raise NoWayOut(element=task.task_spec.bpmn_name or task.task_spec.name)
    task.internal_data["chosen"] = [task.task_spec.default_task_spec]
    return True


def _inclusive(task: Node) -> bool:
    chosen = [
        output
        for condition, output in task.task_spec.cond_task_specs
        if condition is not None and _holds(condition, task)
    ] or [output for condition, output in task.task_spec.cond_task_specs if condition is None]
    if not chosen:
        raise NoWayOut(element=task.task_spec.bpmn_name or task.task_spec.name)
    task.internal_data["chosen"] = chosen
    return True


def _start_split(task: Node) -> bool:
    """Only the start event that was asked for begins; without one, the plain one."""
    specs = task.workflow.spec.task_specs
    run = run_of(task)
    wanted = run.start if task.workflow.parent_task_id is None else ""
    plain = [
        name
        for name in task.task_spec._outputs
        if isinstance(specs[name].event_definition, NoneEventDefinition)
    ]
    task.internal_data["chosen"] = (
        [wanted] if wanted in task.task_spec._outputs else (plain or task.task_spec._outputs)[:1]
    )
    return True


# Joins -----------------------------------------------------------------------------------------


def _parallel_join(task: Node) -> bool:
    """One token from each flow; what is in excess stays. Nothing of the history is looked at."""
    wanted = Counter(task.task_spec._inputs)
    if sum(wanted.values()) < 2:
        return True
    own = task.internal_data
    own.setdefault("via", task.parent.task_spec.name)
    change_state(task, WAITING)
    tokens: list[Node] = []
    for token in arrived(task):
        via = token.internal_data["via"]
        if wanted[via] > 0:
            wanted[via] -= 1
            tokens.append(token)
    if any(wanted.values()):
        return False
    _fire_join(task, tokens)
    return False


def arrived(task: Node) -> list[Node]:
    """The tokens that wait at this join in this workflow, the earliest first."""
    name = task.task_spec.name
    return [
        each
        for each in task.workflow.open.values()
        if each.task_spec.name == name
        and "via" in each.internal_data
        and "incident" not in each.internal_data
    ]


def _fire_join(task: Node, tokens: list[Node]) -> None:
    """Merge the tokens into the last that came; a conflict stops that one, and the others wait on."""
    last = task if task in tokens else tokens[-1]
    try:
        data = joins.meet(tokens)
    except Refusal as refusal:
        fail(last, refusal, phase="enter")
        return
    last.data = data
    last.internal_data.pop("via", None)
    for token in tokens:
        if token is not last:
            token.internal_data.pop("via", None)
            change_state(token, CANCELLED)
    ready(last)


def _inclusive_join(task: Node) -> bool:
    if len(task.task_spec._inputs) < 2:
        return True
    task.internal_data.setdefault("via", task.parent.task_spec.name)
    change_state(task, WAITING)
    return False  # decided when everything else has come to rest: `settle_inclusive`


def settle_inclusive(top: Node) -> bool:
    """Fire the inclusive joins that no other token can reach any more; True when one did."""
    for workflow in (top, *top.subprocesses.values()):
        for task in list(workflow.open.values()):
            if task._state != WAITING or not isinstance(task.task_spec, InclusiveGatewayMixin):
                continue
            tokens = arrived(task)
            if tokens and not _awaited(task, tokens):
                first: dict[str, Node] = {}
                for token in tokens:
                    first.setdefault(token.internal_data["via"], token)
                chosen = list(first.values())
                _fire_join(chosen[-1], chosen)
                return True
    return False


def _awaited(task: Node, tokens: list[Node]) -> bool:
    """BPMN 13.4.3: whether a token can still reach an empty flow, other than by way of a filled one."""
    spec = task.task_spec
    filled = {token.internal_data["via"] for token in tokens}
    to_empty = _upstream(spec, {name for name in spec._inputs if name not in filled})
    to_filled = _upstream(spec, filled)
    for other in task.workflow.open.values():
        name = other.task_spec.name
        if name == spec.name or is_repetition(other):
            continue
        if isinstance(other.task_spec, BoundaryEventMixin) and other._state == WAITING:
            continue
        if name in to_empty and name not in to_filled:
            return True
    return False


def _upstream(gateway: Node, starts: set[str]) -> set[str]:
    specs = gateway._wf_spec.task_specs
    seen: set[str] = set()
    pending = list(starts)
    while pending:
        name = pending.pop()
        if name in seen or name == gateway.name:
            continue
        seen.add(name)
        pending.extend(specs[name]._inputs)
    return seen


def _start_join(task: Node) -> bool:
    """Leads nowhere; it must not count as an open branch."""
    change_state(task, COMPLETED)
    return False


def _boundary_join(task: Node) -> bool:
    before = task.parent
    if not isinstance(before.task_spec, BoundaryEventMixin):
        events.disarm(before.parent)
    change_state(task, COMPLETED)
    return False


def _end_join(task: Node) -> bool:
    """The last token ends the process; one before it leaves behind what it changed."""
    workflow = task.workflow
    if len(workflow.open) > 1:
        change_state(task, WAITING)
        compact(workflow)
        split = task.parent
        while split._parent is not None and len(split._children) < 2:
            split = split.parent
        workflow.ended.append((split.id, joins.delta(split.data, task.data)))
        change_state(task, COMPLETED)
        return False
    task.data = joins.with_ended(task.data, workflow.ended)
    workflow.ended.clear()
    return True


# Events and activities -------------------------------------------------------------------------


def _leave_end_event(task: Node) -> None:
    workflow = task.workflow
    if workflow.parent_task_id is None:
        run_of(task).outcome = task.task_spec.bpmn_id
    if isinstance(task.task_spec.event_definition, TerminateEventDefinition):
        throwing.terminate(task)
        workflow.ended.clear()
        _finish(task)
        return
    go_on(task)


def _send(task: Node) -> bool | None:
    if extensions(task).get("service"):
        return automatic.serve(task)
    return throwing.throw(task)


_ENTER: tuple[tuple[Any, Enter], ...] = (
    (LoopTask, loops.enter),
    (SubWorkflowTaskMixin, automatic.call),
    (ParallelGatewayMixin, _parallel_join),
    (InclusiveGatewayMixin, _inclusive_join),
    (StartEventJoin, _start_join),
    (BoundaryEventJoin, _boundary_join),
    (_EndJoin, _end_join),
    (EventBasedGatewayMixin, _pass),
    (CatchingEvent, events.wait_for),
)
_RUN: tuple[tuple[Any, Run], ...] = (
    (LoopTask, _pass),
    (ExclusiveGatewayMixin, _exclusive),
    (InclusiveGatewayMixin, _inclusive),
    (StartEventSplit, _start_split),
    (ScriptTaskMixin, automatic.run_script),
    (ServiceTaskMixin, automatic.serve),
    (SendTaskMixin, _send),
    (ThrowingEvent, throwing.throw),
)
_LEAVE: tuple[tuple[Any, Leave], ...] = ((EndEventMixin, _leave_end_event),)
