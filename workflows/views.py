"""What the whole case looks like while several branches are open: their data laid over one another.

Reads only: conditional events, an interrupted sub-process and the application look at it. Not for joins,
which must not choose silently: `joins.merge`.
"""

from SpiffWorkflow.bpmn.specs.mixins import CallActivityMixin
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask

from workflows import loops
from workflows.joins import meet, with_ended
from workflows.model import Data
from workflows.visits import Node, extensions, is_repetition


def view(workflow: Node, *, also: Node = None) -> Data:
    """The data of a workflow as all its open branches, and `also`, together see it.

    Where two changed the same name, the one drawn later is shown.
    """
    leaves = [task for task in workflow.open.values() if not is_repetition(task)]
    if also is not None:
        leaves.append(also)
    if not leaves:
        return dict(workflow.data)
    subprocesses = workflow.top_workflow.subprocesses
    own = {task.id: task.data for task in leaves}
    try:
        for task in leaves:
            inner = subprocesses.get(task.id)
            if isinstance(task.task_spec, MultiInstanceTask) and "answers" in task.internal_data:
                task.data = {**task.data, **loops.collected(task)}
            elif inner is not None and shares_data(task):
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
    if not shares_data(caller):
        return view(workflow)
    return {**whole(caller.workflow), **view(workflow)}


def shares_data(caller: Node) -> bool:
    """Whether what happens inside a sub-process or called process is seen in the caller's data."""
    own = extensions(caller)
    mapped = own.get("inputs") or own.get("outputs") or own.get("result")
    return not (isinstance(caller.task_spec, CallActivityMixin) and mapped)
