"""The start events that start a case without a person: messages, signals, timers."""

from workflows.normalise.graph import Scope, event_definitions
from workflows.normalise.xml import Node, attribute, bpmn, local, named
from workflows.parsing.definition import MessageStart, TimerStart

TIMER_KINDS = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}


def message_starts(root: Node, process: Node) -> tuple[MessageStart, ...]:
    """The messages and signals that start the process, in drawn order."""
    names = {
        node.get("id"): node.get("name") or node.get("id")
        for node in root.iter(bpmn("message"), bpmn("signal"))
    }
    found = []
    for start in Scope(process).starts():
        for definition in event_definitions(start):
            kind = local(definition).removesuffix("EventDefinition")
            if kind in ("message", "signal"):
                name = names.get(definition.get(f"{kind}Ref")) or named(start)
                correlation = attribute(start, "correlation")
                found.append(MessageStart(start.get("id"), name, correlation, kind == "signal"))
    return tuple(found)


def timer_starts(process: Node) -> tuple[TimerStart, ...]:
    """The moments that start the process, in drawn order."""
    found = []
    for start in Scope(process).starts():
        for definition in event_definitions(start):
            if local(definition) == "timerEventDefinition":
                for held in definition:
                    kind = TIMER_KINDS.get(local(held))
                    if kind:
                        found.append(TimerStart(start.get("id"), kind, (held.text or "").strip()))
    return tuple(found)
