"""What each kind of shape does when a token comes, when it runs and when it is left.

The library's own methods for this are not used: they walk the whole tree, copy data, and keep state on
specs that cases share. `entering`, `running` and `leaving` choose by the class of the shape's spec.
Not for what the library gets wrong below that, which is `patches`.
"""

from collections.abc import Callable, Hashable
from functools import cache
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, StartEventJoin, StartEventSplit, _EndJoin
from SpiffWorkflow.bpmn.specs.event_definitions import TerminateEventDefinition
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

from workflows import automatic, events, gateways, joins, loops, throwing, views
from workflows.history import compact
from workflows.visits import (
    COMPLETED,
    FUTURE,
    WAITING,
    Node,
    change_state,
    extensions,
    is_repetition,
    run_of,
)

Enter = Callable[[Any], bool]
Run = Callable[[Any], "bool | None"]
Leave = Callable[[Any], None]


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


# Ends, events and activities ------------------------------------------------------------------


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


def _leave_end_event(task: Node) -> None:
    workflow = task.workflow
    if workflow.parent_task_id is None:
        run_of(task).outcome = task.task_spec.bpmn_id
    if isinstance(task.task_spec.event_definition, TerminateEventDefinition):
        # The other branches end, but not what people have answered in them.
        task.data = views.view(workflow, also=task)
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
    (ParallelGatewayMixin, gateways.parallel_join),
    (InclusiveGatewayMixin, gateways.inclusive_join),
    (StartEventJoin, _start_join),
    (BoundaryEventJoin, _boundary_join),
    (_EndJoin, _end_join),
    (EventBasedGatewayMixin, _pass),
    (CatchingEvent, events.wait_for),
)
_RUN: tuple[tuple[Any, Run], ...] = (
    (LoopTask, _pass),
    (ExclusiveGatewayMixin, gateways.exclusive),
    (InclusiveGatewayMixin, gateways.inclusive),
    (StartEventSplit, gateways.start_split),
    (ScriptTaskMixin, automatic.run_script),
    (ServiceTaskMixin, automatic.serve),
    (SendTaskMixin, _send),
    (ThrowingEvent, throwing.throw),
)
_LEAVE: tuple[tuple[Any, Leave], ...] = ((EndEventMixin, _leave_end_event),)
