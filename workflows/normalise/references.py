"""References between elements: prefixes taken off, dangling ones told, data drawn but not kept.

The case's data is visible at every step, so data objects, stores and associations are documentation
here and leave the tree; a reference that leads nowhere is a problem first.
"""

from typing import Final

from workflows.errors import message
from workflows.normalise.graph import FLOW_NODES
from workflows.normalise.notes import Notes
from workflows.normalise.xml import Node, bpmn, local, named

_ATTRIBUTES: Final = (
    "messageRef",
    "signalRef",
    "errorRef",
    "escalationRef",
    "sourceRef",
    "targetRef",
    "default",
    "attachedToRef",
    "dataObjectRef",
    "dataStoreRef",
    "processRef",
)
_NEEDED: Final = {
    "messageRef": "message",
    "signalRef": "signal",
    "errorRef": "error",
    "escalationRef": "escalation",
    "dataObjectRef": "dataObject",
}
_DATA: Final = (
    "dataObject",
    "dataObjectReference",
    "dataStoreReference",
    "dataInputAssociation",
    "dataOutputAssociation",
    "ioSpecification",
    "property",
)


def resolve_references(process: Node, root: Node, notes: Notes) -> None:
    """Make every reference a plain id; a message, signal, error or data object that is not there is told."""
    ids = {str(node.get("id")): node for node in root.iter() if node.get("id")}
    for node in process.iter():
        for name in _ATTRIBUTES:
            value = node.get(name)
            if value is None:
                continue
            value = _plain(value, ids)
            if not value:
                del node.attrib[name]
                continue
            node.set(name, value)
            if name in _NEEDED and (value not in ids or local(ids[value]) != _NEEDED[name]):
                _tell(_shape(node), value, notes)
    _resolve_data(process, ids, notes)
    for tag in ("message", "signal", "error", "escalation"):
        for node in list(root.iter(bpmn(tag))):
            if not node.get("id"):
                node.getparent().remove(node)  # nothing can refer to it


def drop_data(process: Node, root: Node, notes: Notes) -> None:
    """Take data objects, stores and associations out of the tree."""
    dropped = list(process.iter(*(bpmn(tag) for tag in _DATA)))
    named_ones = [node for node in dropped if local(node).endswith("Reference")]
    if named_ones:
        notes.warn(
            "parse.data",
            message("Data objects and stores ({names}) are read as documentation."),
            message("Every step sees the case's data; name it in forms, scripts and conditions."),
            process,
            names=", ".join(sorted({named(node) for node in named_ones}))[:200],
        )
    for node in (*dropped, *root.iter(bpmn("dataStore"))):
        parent = node.getparent()
        if parent is not None:
            parent.remove(node)
    for node in list(root.iter(bpmn("correlationProperty"), bpmn("correlationKey"))):
        notes.warn(
            "parse.correlation",
            message("Correlation properties are not read."),
            message("Write the key of a message as minyi:correlation on its event."),
            process,
        )
        node.getparent().remove(node)


def _plain(value: str, ids: dict[str, Node]) -> str:
    value = value.strip()
    if value in ids or ":" not in value:
        return value
    return value.rpartition(":")[2]


def _resolve_data(process: Node, ids: dict[str, Node], notes: Notes) -> None:
    for node in process.iter(bpmn("dataInputAssociation"), bpmn("dataOutputAssociation")):
        for held in node.iter(bpmn("sourceRef"), bpmn("targetRef")):
            value = _plain(held.text or "", ids)
            if value and value not in ids:
                _tell(_shape(node), value, notes)


def _shape(node: Node) -> Node:
    """The shape on the canvas that holds `node`."""
    while local(node) not in FLOW_NODES and not local(node).endswith(("Reference", "process")):
        parent = node.getparent()
        if parent is None:
            break
        node = parent
    return node


def _tell(node: Node, value: str, notes: Notes) -> None:
    notes.refuse(
        "parse.reference",
        message("“{name}” refers to “{value}”, which is not in the file."),
        message("Choose the data object, message, signal or error again, or remove the reference."),
        node,
        value=value[:120],
    )
