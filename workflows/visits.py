"""One case's run through the engine: its counter, its agenda, and what happened in it.

A `Run` hangs on the engine's top workflow as `.run`; every patched method finds it there. It numbers the
visits, knows the open tasks of each workflow without walking the tree, queues what is ready, and notes
the steps. Not for deciding what a shape means: that is `events`, `loops`, `automatic` and `patches`.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins import BoundaryEventMixin
from SpiffWorkflow.specs.Join import Join
from SpiffWorkflow.util.task import TaskState

from workflows.errors import Phrase, Refusal, message
from workflows.model import Incident, Step, Thrown, World

MAYBE, LIKELY, FUTURE = TaskState.MAYBE, TaskState.LIKELY, TaskState.FUTURE
WAITING, READY, STARTED = TaskState.WAITING, TaskState.READY, TaskState.STARTED
COMPLETED, CANCELLED = TaskState.COMPLETED, TaskState.CANCELLED
OPEN = TaskState.NOT_FINISHED_MASK
REACHED = WAITING | READY | STARTED

Node = Any
"""A task, a task spec or a workflow of SpiffWorkflow, which has no types."""


class ServiceFailed(Refusal):
    """A service raised while it computed."""

    code = "engine.service_failed"
    text = message("The service “{service}” could not compute: {reason}.")


class StepBudgetSpent(Refusal):
    """One advance visited too many elements without coming to a wait."""

    code = "engine.step_budget"
    text = message(
        "The case went through {limit} steps without a pause: the diagram probably runs in a circle. "
        "Check its conditions, then let it go on."
    )


@dataclass(slots=True)
class Run:
    """What the engine must know of a case beside its tree. `number` is the last visit's number."""

    definition: Any
    world: World
    number: int = 0
    agenda: deque[Node] = field(default_factory=deque)
    tasks: dict[int, Node] = field(default_factory=dict)  # of all workflows of the case
    steps: list[Step] = field(default_factory=list)
    thrown: list[Thrown] = field(default_factory=list)
    left: set[int] = field(default_factory=set)  # visits that ended well since loading
    start: str = ""  # id of the start event to begin at, "" for the plain one
    outcome: str = ""
    spent: int = 0  # visits of the present advance


def run_of(task: Node) -> Run:
    """The run that a task belongs to."""
    run: Run = task.workflow.top_workflow.run
    return run


def ref_of(task: Node) -> str:
    """The public name of a visit."""
    return f"t{task.id}"


def element_id(task: Node) -> str:
    """The id of the drawn shape, "" for the engine's own tasks."""
    return getattr(task.task_spec, "bpmn_id", None) or ""


def extensions(task: Node) -> dict[str, Any]:
    """Our attributes of the shape, as `workflows.parsing` read them."""
    found: dict[str, Any] = getattr(task.task_spec, "extensions", None) or {}
    return found


def is_repetition(task: Node) -> bool:
    """Whether the task is one round of a loop or one of a multi-instance's many."""
    parent = task.parent
    return parent is not None and getattr(parent.task_spec, "task_spec", None) == task.task_spec.name


def note(task: Node, event: Any) -> None:
    """Write one step of a drawn shape."""
    element = element_id(task)
    if not element:
        return
    run = run_of(task)
    process = task.workflow.spec.name
    run.steps.append(
        Step(
            ref=ref_of(task),
            element=element,
            process=process,
            kind=kind_of(task),
            event=event,
            loop=ref_of(task.parent) if is_repetition(task) else "",
        )
    )
    if event == "entered":
        run.spent += 1


def kind_of(task: Node) -> str:
    """The BPMN tag of the shape."""
    found = run_of(task).definition.element(task.workflow.spec.name, element_id(task))
    return found.kind if found is not None else str(extensions(task).get("kind", ""))


def change_state(task: Node, state: int) -> None:
    """Set the state, keep the lists of open tasks right, note the step."""
    before = task._state
    if before == state:
        return
    task._state = state
    if state & OPEN:
        task.workflow.open[task.id] = task
    else:
        task.workflow.open.pop(task.id, None)
    spec = task.task_spec
    silent = isinstance(spec, Join | BoundaryEventMixin)
    reached = READY if silent else REACHED
    if state & reached and not before & (READY | STARTED if silent else REACHED):
        note(task, "entered")
    elif state == COMPLETED:
        run_of(task).left.add(task.id)
        if before & (READY | STARTED):
            note(task, "left")
    elif state == CANCELLED and before & (READY | STARTED if silent else REACHED):
        note(task, "cancelled")


def ready(task: Node) -> None:
    """The task may run (or, a person's task, be done)."""
    if task._state & OPEN:
        change_state(task, READY)
        run_of(task).agenda.append(task)


def fail(task: Node, refusal: Refusal, *, phase: str) -> None:
    """Stop this visit as an incident; `phase` says where a retry goes on: enter, run, loop or leave."""
    change_state(task, STARTED)
    task.internal_data["incident"] = {
        "code": refusal.code,
        "message": refusal.text,
        "params": {name: _kept(value) for name, value in refusal.params.items()},
        "phase": phase,
    }
    note(task, "failed")


def incident_of(task: Node) -> Incident | None:
    """The incident in which the visit is stuck."""
    stuck = task.internal_data.get("incident")
    if stuck is None:
        return None
    return Incident(
        ref=ref_of(task),
        element=drawn(task),
        process=task.workflow.spec.name,
        code=stuck["code"],
        message=stuck["message"],
        params={name: _told(value) for name, value in stuck["params"].items()},
    )


def _kept(value: Any) -> Any:
    """A hole's value as JSON; a phrase keeps its template, so that it can still be translated."""
    if isinstance(value, Phrase):
        return [value.template, {name: _kept(each) for name, each in value.params.items()}]
    return str(value)


def _told(stored: Any) -> str:
    if isinstance(stored, list):
        template, params = stored
        return Phrase(template, **{name: _told(each) for name, each in params.items()})
    return str(stored)


def drawn(task: Node) -> str:
    """The id of the shape, or of the shape before where the engine's own task is meant."""
    while task is not None:
        if found := element_id(task):
            return found
        task = task.parent
    return ""


def cancel(task: Node) -> None:
    """End this visit and everything that hangs on it: its rounds, its sub-process."""
    pending = [task]
    while pending:
        each = pending.pop()
        pending.extend(each.children)
        if each._state & OPEN:
            change_state(each, CANCELLED)
            each.internal_data.pop("incident", None)
        inner = each.workflow.top_workflow.subprocesses.pop(each.id, None)
        if inner is not None:
            cancel_all(inner)
            forget(inner)


def cancel_all(workflow: Node) -> None:
    """End every open visit of a workflow and of what it called."""
    for task in list(workflow.open.values()):
        cancel(task)
    workflow.completed = True


def forget(workflow: Node) -> None:
    """Drop a finished sub-process's tasks from the case."""
    run = workflow.top_workflow.run
    for number in workflow.tasks:
        run.tasks.pop(number, None)
