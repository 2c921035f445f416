"""Finished history leaves the tree, so that a step costs the same on the first day and after years.

What stays: open tasks, the root, and the tasks at which two open branches part, whose data a join needs
as its base. The record of what happened is the application's, in rows. Not for storing: `codec`.
"""

from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.mixins import EventBasedGatewayMixin

from workflows.visits import OPEN, Node


def compact(workflow: Node) -> None:
    """Re-hang the open tasks of `workflow` under the splits between them and drop the rest."""
    tasks: dict[int, Any] = workflow.tasks
    root = workflow.task_tree
    tops: dict[int, list[int]] = {}
    dropped: list[int] = []
    # A child's number is always above its parent's: downwards means children first.
    for number in sorted(tasks, reverse=True):
        task = tasks[number]
        below: list[int] = []
        for child in task._children:
            below.extend(tops[child])
        if task._state & OPEN or task is root or len(below) > 1 or _guards(task, below, tasks):
            task._children = below
            for child in below:
                tasks[child]._parent = number
            tops[number] = [number]
        else:
            tops[number] = below
            dropped.append(number)
    run = workflow.top_workflow.run
    for number in dropped:
        del tasks[number]
        run.tasks.pop(number, None)


def _guards(task: Node, below: list[int], tasks: dict[int, Any]) -> bool:
    """Whether a split must stay because the events of it still look for their siblings there."""
    if not isinstance(task.task_spec, BoundaryEventSplit | EventBasedGatewayMixin):
        return False
    outputs = task.task_spec._outputs
    return any(tasks[child].task_spec.name in outputs for child in below)


def compact_all(top: Node) -> None:
    """`compact` the case and everything it called."""
    compact(top)
    for inner in top.subprocesses.values():
        compact(inner)
