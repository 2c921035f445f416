"""Faults of SpiffWorkflow 3.2.0 made right. `apply` puts all of them in place, once, for the process.

Each entry of `PATCHES` names the fault and when it can go; `shapes`, `loops`, `joins` and `events` hold
what takes its place. They are set on the library's classes because its parser makes instances of those
and specs are shared by cases. A method that the library no longer has makes `apply` fail loudly.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins import ScriptTaskMixin, ServiceTaskMixin
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task

from workflows import throwing, visits
from workflows.errors import Refusal
from workflows.shapes import entering, leaving, running
from workflows.visits import COMPLETED, OPEN, STARTED, Node, change_state, fail, ready


@dataclass(frozen=True, slots=True)
class Patch:
    """One method of the library replaced: `cause` says why, `until` when the patch can go."""

    cls: Any
    name: str
    function: Callable[..., Any]
    cause: str
    until: str


def _task_init(
    self: Node,
    workflow: Node,
    task_spec: Node,
    parent: Node = None,
    state: int = visits.MAYBE,
    id: int = 0,  # noqa: A002 - the library's name
) -> None:
    run = workflow.top_workflow.run
    if not id:
        run.number += 1
    self.id = number = id or run.number
    self.workflow = workflow
    self.task_spec = task_spec
    self._state = state
    self._parent = None
    self._children = []
    self.triggered = False
    self.thread_id = 0
    self.data = {}
    self.internal_data = {}
    self.last_state_change = 0
    workflow.tasks[number] = run.tasks[number] = self
    if parent is not None:
        self._parent = parent.id
        self.data = parent.data
        parent._children.append(number)
    if state & OPEN:
        workflow.open[number] = self


def _task_run(self: Node) -> bool | None:
    """Run a ready task: it completes, or waits for an effect, or stops as an incident."""
    spec = self.task_spec
    try:
        result = running(spec.__class__)(self)
    except Refusal as refusal:
        automatic = isinstance(spec, ServiceTaskMixin | ScriptTaskMixin)
        if not (automatic and throwing.caught_error(self, refusal.code)):
            fail(self, refusal, phase="run")
        return False
    if not self._state & OPEN:
        return False  # what it threw has ended it
    if result is None:
        change_state(self, STARTED)
    else:
        self.complete()
    return result


def _task_complete(self: Node) -> None:
    change_state(self, COMPLETED)
    leaving(self.task_spec.__class__)(self)


def _update(self: Node, my_task: Node) -> None:
    """A token came to the shape: it is ready, or waits, or stops as an incident."""
    try:
        may_run = entering(self.__class__)(my_task)
    except Refusal as refusal:
        fail(my_task, refusal, phase="enter")
        return
    if may_run:
        ready(my_task)


def _task_by_id(self: Node, task_id: int) -> Node:
    return self.top_workflow.run.tasks.get(task_id)


def _flat(self: Node) -> int:
    return 0


PATCHES: tuple[Patch, ...] = (
    Patch(
        Task,
        "__init__",
        _task_init,
        "random ids name a visit anew in each replay; log extras are built though nobody logs; a task's data "
        "is a shallow copy, so that a change of a nested value shows in sibling branches (aliasing)",
        "when ids can be given and data are shared until changed",
    ),
    Patch(
        Task,
        "_set_state",
        change_state,
        "READY and WAITING tasks are looked up by walking the tree to depth 1000: a loop of four shapes "
        "stops at round 250 and the case calls itself complete (false completion); eager log extras",
        "when the library indexes open tasks",
    ),
    Patch(
        Task,
        "run",
        _task_run,
        "an exception in one branch leaves the whole case half moved; `run` accepts any state (no guards)",
        "when a failed task stops only its own branch",
    ),
    Patch(
        Task,
        "complete",
        _task_complete,
        "futures are predicted and every waiting task is updated after each step; rounds of a loop are "
        "merged by callbacks on the shared spec, which a freshly parsed spec does not have (preconnect)",
        "when a step costs the same however long the history is",
    ),
    Patch(
        TaskSpec,
        "_update",
        _update,
        "joins take the data of the branch that ends last (lost updates), multi-instances lose answers, "
        "refuse a second visit and hold a typo (`data_ouput`), timers read the system clock, boundary "
        "messages fire once, two timers of an event gateway share one value",
        "when the library's shapes mean what docs/architecture.md says",
    ),
    Patch(
        BpmnSubWorkflow,
        "get_task_from_id",
        _task_by_id,
        "each look-up asks every sub-process in turn",
        "when tasks of a case have one index",
    ),
    Patch(
        BpmnSubWorkflow,
        "_calculate_depth",
        _flat,
        "the depth of a sub-process is counted on each load though only the library's own stepping needs it",
        "when it is computed on demand",
    ),
)

_lock = threading.Lock()
_applied = False


def apply() -> None:
    """Put the patches in place. Raises AttributeError when the library has changed under one of them."""
    global _applied
    with _lock:
        if _applied:
            return
        for patch in PATCHES:
            getattr(patch.cls, patch.name)
            setattr(patch.cls, patch.name, patch.function)
        _applied = True
