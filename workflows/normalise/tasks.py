"""Tasks and calls of which nobody said how they are done: a person does them.

A modeller's plain task, a service without a service, a rule without a decision, a message without a
name: all become user tasks without a form, each told. Scripts stay scripts.
"""

from collections.abc import Collection

from workflows.errors import message
from workflows.normalise.graph import ACTIVITIES, FLOW_NODES
from workflows.normalise.notes import Notes
from workflows.normalise.xml import (
    MINYI,
    Node,
    attribute,
    bpmn,
    child,
    extensions,
    local,
    named,
    set_attribute,
    text_of,
)


def settle_tasks(process: Node, root: Node, notes: Notes, *, services: Collection[str]) -> None:
    """Give every activity of the process a kind that can run, or note why it cannot."""
    own = {node.get("id") for node in root.findall(bpmn("process"))}
    drawn = {str(node.get("id")): node for node in root if local(node).startswith("global")}
    for node in list(process.iter()):
        tag = local(node)
        if tag not in ACTIVITIES:
            continue
        if node.get("isForCompensation") == "true":
            _refuse_compensation(node, notes)
        if tag == "task":
            _by_person(node, notes, message("“{name}” has no type; a person does it."))
        elif tag in ("serviceTask", "businessRuleTask", "sendTask", "receiveTask"):
            _settle(node, root, notes, services=services)
        elif tag == "scriptTask":
            _settle_script(node, notes)
        elif tag == "callActivity":
            _settle_call(node, notes, own=own, drawn=drawn)
        elif tag == "transaction":
            _settle_transaction(node, notes)
        elif tag == "adHocSubProcess":
            _refuse_ad_hoc(node, notes)
        elif tag == "subProcess" and node.get("triggeredByEvent") == "true":
            _refuse_event_subprocess(node, notes)
        elif tag == "subProcess" and not any(local(inner) in FLOW_NODES for inner in node):
            _by_person(
                node, notes, message("“{name}” is a sub-process with nothing in it; a person does it.")
            )


def _settle(node: Node, root: Node, notes: Notes, *, services: Collection[str]) -> None:
    tag = local(node)
    asked = attribute(node, "asked")
    node.attrib.pop("{urn:minyi:bpmn:1}asked", None)
    if asked in services and not attribute(node, "service"):
        set_attribute(node, "service", asked)
    if attribute(node, "service"):
        node.tag = bpmn("serviceTask")
    elif tag in ("sendTask", "receiveTask"):
        _settle_message(node, notes, asked=asked)
    elif attribute(node, "decision"):
        node.tag = bpmn("businessRuleTask")
    elif tag == "businessRuleTask":
        _by_person(node, notes, message("“{name}” names no decision; a person decides it."))
    elif asked:
        text = message("“{name}” asks for “{asked}”, which is no service here; a person does it.")
        _by_person(node, notes, text, asked=asked[:120])
    else:
        _by_person(node, notes, message("“{name}” names no service; a person does it."))


def _settle_message(node: Node, notes: Notes, *, asked: str) -> None:
    if node.get("messageRef") or node.find(bpmn("messageEventDefinition")) is not None:
        return
    if local(node) == "receiveTask":
        _by_person(node, notes, message("“{name}” names no message; a person confirms that it came."))
    else:
        _by_person(node, notes, message("“{name}” names no message; a person sends it."))


def _by_person(node: Node, notes: Notes, text: str, **params: str) -> None:
    node.tag = bpmn("userTask")
    for attr in ("operationRef", "implementation", "instantiate"):
        node.attrib.pop(attr, None)
    for tag in ("input", "output"):
        for pair in list(extensions(node, MINYI, tag)):
            pair.getparent().remove(pair)
    hint = message("Choose the type that is meant: a user task, a service, a decision, a message.")
    notes.warn("parse.by_person", text, hint, node, **params)


def _settle_script(node: Node, notes: Notes) -> None:
    if text_of(child(node, "script")):
        return
    for held in node.findall(bpmn("script")):
        node.remove(held)
    _by_person(node, notes, message("“{name}” has no script; a person does it."))


def _settle_call(node: Node, notes: Notes, *, own: set[str], drawn: dict[str, Node]) -> None:
    called = (node.get("calledElement") or "").strip()
    if ":" in called:
        called = called.rpartition(":")[2]
    node.set("calledElement", called)
    if not called:
        _by_person(node, notes, message("“{name}” calls nothing; a person does it."))
        node.attrib.pop("calledElement")
    elif called in drawn and called not in own:
        text = message("“{name}” calls the global task “{called}”; a person does it.")
        _by_person(node, notes, text, called=named(drawn[called]))
        node.attrib.pop("calledElement")


def _settle_transaction(node: Node, notes: Notes) -> None:
    cancels = list(node.iter(bpmn("cancelEventDefinition")))
    scope = node.getparent()
    for event in scope.findall(bpmn("boundaryEvent")):
        if event.get("attachedToRef") == node.get("id"):
            cancels += event.findall(bpmn("cancelEventDefinition"))
    if cancels:
        return  # lint refuses the cancel event on its own shape
    node.tag = bpmn("subProcess")
    notes.warn(
        "parse.transaction",
        message("“{name}” is a transaction; it runs as a sub-process, and nothing in it is undone."),
        message("Draw a sub-process, or steps that undo what was done."),
        node,
    )


def _refuse_compensation(node: Node, notes: Notes) -> None:
    notes.refuse(
        "parse.compensation",
        message("“{name}” is for compensation, which is not carried out here."),
        message("Draw the undoing as steps of their own, behind a gateway or an error event."),
        node,
    )


def _refuse_ad_hoc(node: Node, notes: Notes) -> None:
    notes.refuse(
        "parse.ad_hoc",
        message("“{name}” is an ad-hoc sub-process: which steps are done, and when it is over, stays open."),
        message("Draw the steps behind an inclusive or parallel gateway."),
        node,
    )


def _refuse_event_subprocess(node: Node, notes: Notes) -> None:
    notes.refuse(
        "parse.event_subprocess",
        message("“{name}” is an event sub-process, which the engine would start at the wrong moment."),
        message("Use a boundary event around a sub-process, or a linked case; withdrawing is an act."),
        node,
    )
