"""What a case throws: messages and signals to the outside, errors and escalations up to who catches them.

An error or escalation goes from sub-process to caller until a boundary event takes it; an uncaught error
stops its visit, an uncaught escalation is told outside. Not for what comes in: `events`.
"""

from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions import (
    CancelEventDefinition,
    ErrorEventDefinition,
    EscalationEventDefinition,
    MessageEventDefinition,
    MultipleEventDefinition,
    NoneEventDefinition,
    SignalEventDefinition,
    TerminateEventDefinition,
)
from SpiffWorkflow.bpmn.specs.mixins import BoundaryEventMixin

from workflows import automatic
from workflows.errors import Refusal, message
from workflows.events import EventNotSupported, fire, message_key, waiting
from workflows.model import Data, Thrown
from workflows.visits import WAITING, Node, cancel, drawn, element_id, extensions, is_repetition, run_of


class ErrorUncaught(Refusal):
    """The case threw an error that no boundary event catches."""

    code = "engine.error_uncaught"
    text = message("The error “{name}” ended here and nothing in the diagram catches it.")


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
        _tell(task, "message", definition.name or "", message_key(task))
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
