"""Events whose definition leaves something open: names, and what is waited for."""

from typing import Final

from lxml import etree

from workflows.errors import message
from workflows.normalise.graph import EVENTS, Scope, event_definitions
from workflows.normalise.notes import Notes
from workflows.normalise.xml import Node, bpmn, local, named

_NAMED: Final = {"messageEventDefinition": "message", "signalEventDefinition": "signal"}


def settle_events(scope: Scope, root: Node, notes: Notes) -> None:
    """Name every message and signal; a catch event that names nothing becomes a person's step."""
    for node in list(scope.nodes.values()):
        tag = local(node)
        if tag in EVENTS:
            _settle_references(node, notes)
            for definition in event_definitions(node):
                if local(definition) in _NAMED:
                    _name(definition, node, root, notes)
        elif tag in ("sendTask", "receiveTask") and not node.get("messageRef"):
            for definition in node.findall(bpmn("messageEventDefinition")):
                _name(definition, node, root, notes)
        if tag == "intermediateCatchEvent" and not event_definitions(node):
            _settle_empty_catch(node, scope, notes)


def _settle_references(node: Node, notes: Notes) -> None:
    if node.find(bpmn("eventDefinitionRef")) is not None:
        notes.refuse(
            "parse.event_reference",
            message("“{name}” refers to an event definition kept elsewhere."),
            message("Write the definition into the event itself."),
            node,
        )


def _name(definition: Node, node: Node, root: Node, notes: Notes) -> None:
    """Without a reference the event's own name is the message's name."""
    kind = _NAMED[local(definition)]
    reference = definition.get(f"{kind}Ref")
    if reference:
        for each in root.findall(bpmn(kind)):
            if each.get("id") == reference and not (each.get("name") or "").strip():
                each.set("name", reference)
        return
    name = named(node)
    for each in root.findall(bpmn(kind)):
        if each.get("name") == name:
            definition.set(f"{kind}Ref", each.get("id"))
            break
    else:
        identity = f"{node.get('id')}_{kind}"
        etree.SubElement(root, bpmn(kind), id=identity, name=name)
        definition.set(f"{kind}Ref", identity)
    if kind == "message":
        text = message("“{name}” names no message; it takes its own name for it.")
    else:
        text = message("“{name}” names no signal; it takes its own name for it.")
    hint = message("Choose the message or signal in the event's properties.")
    notes.warn("parse.unnamed_event", text, hint, node)


def _settle_empty_catch(node: Node, scope: Scope, notes: Notes) -> None:
    if any(
        local(scope.nodes[source]) == "eventBasedGateway"
        for source in scope.before(node.get("id"))
        if source in scope.nodes
    ):
        notes.refuse(
            "parse.empty_event",
            message("“{name}” waits behind an event gateway, but for nothing that is named."),
            message("Make it a message, signal or timer event."),
            node,
        )
        return
    node.tag = bpmn("userTask")
    notes.warn(
        "parse.empty_event",
        message("“{name}” does not say what it waits for; a person confirms that it has happened."),
        message("Make it a message, signal or timer event."),
        node,
    )
