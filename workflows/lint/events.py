"""Events of kinds that the engine would run as something else, or that wait for nothing."""

from typing import Final

from workflows.errors import message
from workflows.normalise.graph import EVENTS, SUBPROCESSES, Scope, event_definitions
from workflows.normalise.notes import Notes
from workflows.normalise.xml import Node, attribute, bpmn, child, local, text_of

_ALLOWED: Final = {
    "startEvent": ("message", "signal", "timer"),
    "intermediateCatchEvent": ("message", "signal", "timer", "conditional"),
    "intermediateThrowEvent": ("message", "signal", "escalation"),
    "endEvent": ("message", "signal", "error", "escalation", "terminate", "cancel"),
    "boundaryEvent": ("message", "signal", "timer", "error", "escalation", "conditional", "cancel"),
}
_TIMES: Final = ("timeDate", "timeDuration", "timeCycle")
_THROWS: Final = ("intermediateThrowEvent", "endEvent")


def check_events(scope: Scope, notes: Notes) -> None:
    """Judge every event of one scope."""
    for node in scope.nodes.values():
        if local(node) in EVENTS:
            _check_event(node, scope, notes)
    _check_catchers(scope, notes)


def _check_event(node: Node, scope: Scope, notes: Notes) -> None:
    definitions = event_definitions(node)
    tag = local(node)
    for definition in definitions:
        kind = local(definition).removesuffix("EventDefinition")
        if kind not in _ALLOWED[tag]:
            _refuse_kind(node, kind, notes)
        elif kind == "timer":
            _check_timer(node, definition, notes)
        elif kind == "conditional" and not text_of(child(definition, "condition")):
            notes.refuse(
                "flow.condition_missing",
                message("“{name}” waits for a condition that is not written."),
                message("Write the condition, such as hearing_closed == true."),
                node,
            )
        elif kind == "cancel":
            _check_cancel(node, scope, notes)
        elif kind == "error" and tag == "boundaryEvent" and node.get("cancelActivity") == "false":
            notes.refuse(
                "flow.error_goes_on",
                message("“{name}” catches an error, but lets the failed step go on."),
                message("Make it interrupting."),
                node,
            )
        elif kind == "message" and tag in ("intermediateCatchEvent", "boundaryEvent"):
            _check_key(node, notes)
    if len(definitions) > 1 and tag not in _THROWS:
        notes.refuse(
            "flow.several_events",
            message("“{name}” waits for several events at once."),
            message("Draw an event for each, behind an event gateway or on the boundary."),
            node,
        )
    if not definitions and tag == "boundaryEvent":
        notes.refuse(
            "flow.boundary_empty",
            message("The boundary event “{name}” does not say what it waits for."),
            message("Make it a timer, message, signal, error or escalation event."),
            node,
        )


def _refuse_kind(node: Node, kind: str, notes: Notes) -> None:
    if kind in ("compensate", "compensation"):
        text = message("“{name}” asks for compensation, which is not carried out here.")
        hint = message("Draw the undoing as steps of their own.")
    elif kind == "conditional":
        text = message("“{name}” would start a case when a condition comes true; nobody watches for it.")
        hint = message("Start by a message, a timer or a person.")
    else:
        text = message("“{name}” is an event of the kind “{kind}”, which cannot stand there.")
        hint = message("Use another kind of event, or another place.")
    notes.refuse("flow.event_kind", text, hint, node, kind=kind)


def _check_timer(node: Node, definition: Node, notes: Notes) -> None:
    written = [held for held in definition if local(held) in _TIMES and text_of(held)]
    if len(written) != 1:
        notes.refuse(
            "flow.timer_empty",
            message("The timer “{name}” does not say when it is due."),
            message("Give it one date, duration (such as P10D) or cycle (such as R3/PT24H)."),
            node,
        )
    elif local(written[0]) == "timeDuration" and local(node) == "startEvent":
        notes.refuse(
            "flow.timer_start",
            message("“{name}” starts a case after a while, but nothing says from when."),
            message("Give it a date or a cycle."),
            node,
        )


def _check_key(node: Node, notes: Notes) -> None:
    if not attribute(node, "correlation"):
        notes.warn(
            "flow.no_key",
            message("“{name}” takes any message of that name, for whichever case it is meant."),
            message("Give it a correlation, such as case_no or the number of the petition."),
            node,
        )


def _check_cancel(node: Node, scope: Scope, notes: Notes) -> None:
    if local(node) == "boundaryEvent":
        host = scope.nodes.get(node.get("attachedToRef") or "")
        fits = host is not None and local(host) == "transaction"
    else:
        fits = local(scope.holder) == "transaction"
    if not fits:
        notes.refuse(
            "flow.cancel",
            message("“{name}” cancels a transaction, but belongs to none."),
            message("Use an error or escalation event."),
            node,
        )


def _check_catchers(scope: Scope, notes: Notes) -> None:
    """An error that nothing catches stops the case: tell it, for a caller may catch it."""
    for node in scope.kinds("endEvent"):
        for definition in event_definitions(node):
            if local(definition) == "errorEventDefinition" and not _is_caught(definition, scope):
                notes.warn(
                    "flow.error_uncaught",
                    message("Nothing in this process catches the error of “{name}”; the case stops there."),
                    message("Attach an error event to the sub-process, or to the call of this process."),
                    node,
                )


def _is_caught(definition: Node, scope: Scope) -> bool:
    holder = scope.holder
    code = _code(definition)
    while local(holder) in SUBPROCESSES:
        outer = Scope(holder.getparent())
        for event in outer.boundary.get(holder.get("id"), ()):
            for caught in event.findall(bpmn("errorEventDefinition")):
                if _code(caught) in ("", code):
                    return True
        holder = holder.getparent()
    return False


def _code(definition: Node) -> str:
    reference = definition.get("errorRef")
    for error in definition.getroottree().getroot().findall(bpmn("error")):
        if error.get("id") == reference:
            return str(error.get("errorCode") or "")
    return ""
