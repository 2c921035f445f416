"""What the engine does by itself at a shape: scripts, services, decisions, called processes.

A service computes (a function of `workflows.services.SERVICES`) or names an effect that the application
carries out; then the visit stays open until `resolve`. Not for people's tasks nor for events.
"""

from typing import Any

from SpiffWorkflow.bpmn.specs.mixins import CallActivityMixin
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.task import Task

from workflows.errors import Refusal, message
from workflows.expressions import compile_expression, compile_script
from workflows.model import Data, Element, ServiceCall
from workflows.services import SERVICES
from workflows.values import accepted, accepted_value
from workflows.visits import (
    FUTURE,
    STARTED,
    Node,
    ServiceFailed,
    cancel_all,
    change_state,
    element_id,
    extensions,
    fail,
    forget,
    kind_of,
    ready,
    run_of,
)


class NothingToDo(Refusal):
    """A service, send or business-rule task names neither a service nor a decision."""

    code = "engine.no_service"
    text = message("The step “{element}” does not say what to compute. Give it a service or a decision.")


class CalledProcessMissing(Refusal):
    """A call activity names a process that the definition does not hold."""

    code = "engine.call_missing"
    text = message("The process “{called}”, which this step calls, cannot be found.")


def evaluate(task: Node, text: str, data: Data | None = None) -> Any:
    """The value of one of our expressions over the task's data."""
    return compile_expression(text).evaluate(task.data if data is None else data, run_of(task).world)


def arguments(task: Node) -> Data:
    """The evaluated `minyi:input` values, or the whole data where none is declared."""
    inputs = extensions(task).get("inputs")
    if not inputs:
        data: Data = task.data
        return data
    return {name: evaluate(task, text) for name, text in inputs.items()}


def put(task: Node, outcome: Any) -> None:
    """Bring an answer into the task's data: under `minyi:result`, or merged (an object then)."""
    name = extensions(task).get("result")
    task.data = {**task.data, name: outcome} if name else {**task.data, **outcome}


def run_script(task: Node) -> bool:
    """Run the assignments of a script task."""
    script = task.task_spec.script or ""
    assigned = compile_script(script).run(task.data, run_of(task).world)
    task.data = {
        **task.data,
        **{name: accepted_value(value, path=name) for name, value in assigned.items()},
    }
    return True


def serve(task: Node) -> bool | None:
    """Compute a service or decision in place; None when an effect has to be carried out first."""
    own = extensions(task)
    run = run_of(task)
    if name := own.get("service"):
        args = arguments(task)
        function = SERVICES.get(name)
        if function is None:
            task.internal_data["effect"] = {"name": name, "args": accepted(args)}
            return None
        call = ServiceCall(name=name, element=_element(task), args=args, now=run.world.now, world=run.world)
        try:
            outcome = function(call)
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as broken:
            raise ServiceFailed(service=name, reason=str(broken) or type(broken).__name__) from broken
        put(task, accepted(outcome))
        return True
    if name := own.get("decision"):
        decision = run.definition.decision(task.workflow.spec.name, name)
        if decision is not None:
            decided: Any = accepted(decision.decide(arguments(task), run.world))
            if own.get("entry") and own.get("result") and len(decided) == 1:
                (decided,) = decided.values()
            put(task, decided)
            return True
    raise NothingToDo(element=task.task_spec.bpmn_name or element_id(task))


def _element(task: Node) -> Element:
    process = task.workflow.spec.name
    found = run_of(task).definition.element(process, element_id(task))
    if found is not None:
        element: Element = found
        return element
    return Element(
        id=element_id(task), kind=kind_of(task), name=task.task_spec.bpmn_name or "", process=process
    )


def call(task: Node) -> bool:
    """Start the sub-process or called process of a task; it returns by `give_back`."""
    top = task.workflow.top_workflow
    key = task.task_spec.spec
    if key not in top.subprocess_specs:
        raise CalledProcessMissing(called=key)
    data = accepted(arguments(task)) if _maps_data(task, "inputs") else task.data
    change_state(task, STARTED)
    inner = open_workflow(top, key, caller=task.id)
    top.subprocesses[task.id] = inner
    begin(inner, data)
    return False


def open_workflow(top: Node, key: str, *, caller: int) -> Node:
    """An empty sub-workflow of the case."""
    inner = BpmnSubWorkflow(top.subprocess_specs[key], caller, top, deserializing=True)
    inner.open = {}
    inner.ended = []
    return inner


def begin(workflow: Node, data: Data) -> None:
    """Put the first token into a workflow."""
    workflow.task_tree = root = Task(workflow, workflow.spec.start, state=FUTURE)
    root.data = data
    ready(root)


def give_back(inner: Node) -> None:
    """Bring a finished sub-process's data to the task that called it, which can then go on."""
    top = inner.top_workflow
    caller = top.run.tasks[inner.parent_task_id]
    try:
        caller.data = _returned(caller, inner.data)
    except Refusal as refusal:
        caller.internal_data["returned"] = inner.data
        fail(caller, refusal, phase="leave")
    else:
        ready(caller)
    cancel_all(inner)
    top.subprocesses.pop(caller.id, None)
    forget(inner)


def retry_return(caller: Node) -> None:
    """Try again to read the outputs of a called process that has ended."""
    caller.data = _returned(caller, caller.internal_data["returned"])
    del caller.internal_data["returned"]
    ready(caller)


def _returned(caller: Node, data: Data) -> Data:
    if not isinstance(caller.task_spec, CallActivityMixin):
        return data
    outputs = extensions(caller).get("outputs")
    outcome = data
    if outputs:
        outcome = accepted({name: evaluate(caller, text, data) for name, text in outputs.items()})
    if name := extensions(caller).get("result"):
        return {**caller.data, name: outcome}
    return {**caller.data, **outcome}


def _maps_data(task: Node, name: str) -> bool:
    return isinstance(task.task_spec, CallActivityMixin) and bool(extensions(task).get(name))
