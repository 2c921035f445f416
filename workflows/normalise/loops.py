"""Repeated activities: what they run over, under names that the case's data has."""

import re
from typing import Final

from workflows.errors import message
from workflows.normalise.notes import Notes
from workflows.normalise.xml import Node, bpmn, child, local, text_of

_NAME: Final = re.compile(r"[^\W\d]\w*\Z")


def settle_loops(process: Node, root: Node, notes: Notes) -> None:
    """Make every multi-instance run over an expression, and every loop have a condition or a limit."""
    ids = {str(node.get("id")): node for node in root.iter() if node.get("id")}
    for loop in list(process.iter(bpmn("multiInstanceLoopCharacteristics"))):
        _settle_instances(loop, ids, notes)
    for loop in list(process.iter(bpmn("standardLoopCharacteristics"))):
        _settle_repeat(loop, notes)


def _settle_instances(loop: Node, ids: dict[str, Node], notes: Notes) -> None:
    task = loop.getparent()
    inputs, count = child(loop, "loopDataInputRef"), child(loop, "loopCardinality")
    _name_item(loop, "inputDataItem")
    _name_item(loop, "outputDataItem")
    output = child(loop, "loopDataOutputRef")
    for held in (inputs, output):
        if held is not None:
            held.text = _data_name(text_of(held), ids)
    if output is not None and not _NAME.match(output.text or ""):
        _refuse_name(task, output.text or "", notes)
    if count is not None and not text_of(count):
        loop.remove(count)
        count = None
    if count is not None and (inputs is None or not inputs.text):
        if inputs is not None:
            loop.remove(inputs)
    elif inputs is None or not inputs.text:
        task.remove(loop)
        notes.warn(
            "parse.no_collection",
            message("“{name}” has several instances, but over nothing; it is done once."),
            message("Give the list of people or things as the collection."),
            task,
        )
    elif count is not None:
        loop.remove(count)


def _name_item(loop: Node, tag: str) -> None:
    """An item's data name is its name, or its id."""
    item = child(loop, tag)
    if item is None:
        return
    name = (item.get("name") or item.get("id") or "").strip()
    if _NAME.match(name):
        item.set("id", name)
    item.set("name", item.get("id") or "")


def _data_name(reference: str, ids: dict[str, Node]) -> str:
    """The data name behind a reference to a drawn data input or object; the text itself else."""
    node: Node = ids.get(reference)
    if node is None or not local(node).startswith("data"):
        return reference
    for association in node.getroottree().getroot().iter(bpmn("dataInputAssociation")):
        target = association.find(bpmn("targetRef"))
        source = association.find(bpmn("sourceRef"))
        if target is not None and text_of(target) == reference and source is not None:
            node = ids.get(text_of(source), node)
    name = " ".join((node.get("name") or "").split())
    return name if _NAME.match(name) else name.replace(" ", "_") or reference


def _refuse_name(task: Node, text: str, notes: Notes) -> None:
    notes.refuse(
        "parse.collection_name",
        message("“{name}” puts its answers into “{collection}”, which is no data name."),
        message("A data name begins with a letter; letters, digits and “_” follow, such as all_votes."),
        task,
        collection=text[:120],
    )


def _settle_repeat(loop: Node, notes: Notes) -> None:
    task = loop.getparent()
    maximum, until = loop.get("loopMaximum"), child(loop, "loopCondition")
    if until is not None and not text_of(until):
        loop.remove(until)
        until = None
    if maximum is not None and not re.fullmatch(r"[1-9]\d{0,3}", maximum.strip()):
        notes.refuse(
            "parse.loop_maximum",
            message("“{name}” is repeated at most “{maximum}” times, which is no number from 1 to 9999."),
            message("Correct the number, or remove it."),
            task,
            maximum=maximum[:40],
        )
    elif maximum is None and until is None:
        loop.getparent().remove(loop)
        notes.warn(
            "parse.loop_open",
            message("“{name}” is a loop without a condition; it is done once."),
            message("Give it the condition under which it is repeated."),
            task,
        )
