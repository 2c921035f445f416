"""Exits of exclusive gateways that nobody gave a condition: the person before the gateway chooses.

A bare exit with a name becomes `choice == "name"`, and the user tasks that lead to the gateway get the
labels to choose from. Where no person comes before on every way, or he already chooses for another
gateway, a step is put in that only asks. An exit without a name is a problem.
"""

import json
from typing import Final

from lxml import etree

from workflows.errors import message
from workflows.normalise.graph import PEOPLE, SUBPROCESSES, Scope, condition, is_loop
from workflows.normalise.notes import Notes
from workflows.normalise.xml import MINYI, Node, bpmn, child, extensions, local, named, set_attribute

CHOICE: Final = "choice"
_OTHERWISE: Final = frozenset(["else", "otherwise", "default", "否则", "其他", "其它", "默认"])


def settle_exits(scope: Scope, all_scopes: dict[str, Scope], notes: Notes) -> None:
    """Give every exit of the scope's exclusive and inclusive gateways a meaning, or note a problem."""
    for gateway in scope.kinds("exclusiveGateway", "inclusiveGateway"):
        flows = scope.outgoing.get(gateway.get("id"), [])
        for flow in flows:
            _drop_empty(flow)
        if len(flows) > 1:
            _settle(gateway, flows, scope, all_scopes, notes)
    for gateway in scope.kinds("complexGateway"):
        notes.refuse(
            "parse.complex_gateway",
            message("“{name}” is a complex gateway, whose rule the engine does not know."),
            message("Use an inclusive gateway with conditions, or a parallel one."),
            gateway,
        )


def _drop_empty(flow: Node) -> None:
    held = child(flow, "conditionExpression")
    if held is not None and not (held.text or "").strip():
        flow.remove(held)


def _settle(
    gateway: Node, flows: list[Node], scope: Scope, all_scopes: dict[str, Scope], notes: Notes
) -> None:
    bare = [flow for flow in flows if not condition(flow) and flow.get("id") != gateway.get("default")]
    if not bare:
        return
    if len(bare) == 1 and not gateway.get("default") and _says_otherwise(bare[0]):
        gateway.set("default", bare[0].get("id"))
        notes.warn(
            "parse.default",
            message("The exit “{name}” is taken when no other condition is true."),
            message("Mark it as the default flow."),
            bare[0],
        )
        return
    unnamed = [flow for flow in bare if not _label(flow)]
    for flow in unnamed:
        notes.refuse(
            "parse.bare_exit",
            message("An exit of “{gateway}” has neither a condition nor a name."),
            message("Give it a condition, mark it as the default flow, or name it for a person to choose."),
            flow,
            gateway=named(gateway),
        )
    if unnamed:
        return
    if local(gateway) == "inclusiveGateway":
        _refuse_inclusive(gateway, notes)
        return
    _put_choice(gateway, flows, bare, scope, all_scopes, notes)


def _put_choice(
    gateway: Node,
    flows: list[Node],
    bare: list[Node],
    scope: Scope,
    all_scopes: dict[str, Scope],
    notes: Notes,
) -> None:
    default = gateway.get("default")
    offered = [flow for flow in flows if flow in bare or (flow.get("id") == default and _label(flow))]
    labels = [_label(flow) for flow in offered]
    if len(set(labels)) != len(labels):
        notes.refuse(
            "parse.same_choice",
            message("Two exits of “{name}” have the same name."),
            message("Name them differently, or give them conditions."),
            gateway,
        )
        return
    people = _people_before(gateway.get("id"), scope, all_scopes)
    if not people or any(_offered(task) not in ([], labels) for task in people):
        people = [_ask(gateway, scope, notes)]
    for task in people:
        _offer(task, labels)
    for flow in bare:
        held = etree.SubElement(flow, bpmn("conditionExpression"))
        held.text = f"{CHOICE} == {json.dumps(_label(flow), ensure_ascii=False)}"
    notes.warn(
        "parse.choice",
        message("The exits of “{name}” have no conditions: {tasks} chooses between {labels}."),
        message("Give the exits conditions if the data decides."),
        gateway,
        tasks=", ".join(f"“{named(task)}”" for task in people)[:200],
        labels=", ".join(f"“{label}”" for label in labels)[:300],
    )


def _ask(gateway: Node, scope: Scope, notes: Notes) -> Node:
    """Put a user task in front of the gateway that asks nothing but the choice."""
    identity = str(gateway.get("id"))
    root = scope.holder.getroottree().getroot()
    taken = {node.get("id") for node in root.iter() if node.get("id")}
    asking = f"{identity}_choose"
    while asking in taken or f"{asking}n" in taken:
        asking += "_"
    task: Node = etree.SubElement(scope.holder, bpmn("userTask"), id=asking)
    task.set("name", gateway.get("name") or "选择 Choose")
    set_attribute(task, "shape", identity)
    for flow in scope.incoming.get(identity, ()):
        flow.set("targetRef", asking)
    flow = etree.SubElement(
        scope.holder,
        bpmn("sequenceFlow"),
        id=f"{asking}n",
        sourceRef=asking,
        targetRef=identity,
    )
    process = next(scope.holder.iterancestors(bpmn("process")), scope.holder)
    for reference in list(process.iter(bpmn("flowNodeRef"))):
        if (reference.text or "").strip() == identity:
            etree.SubElement(reference.getparent(), bpmn("flowNodeRef")).text = asking
    scope.nodes[asking] = task
    scope.flows.append(flow)
    scope.incoming[asking] = scope.incoming.pop(identity, [])
    scope.outgoing[asking] = scope.incoming[identity] = [flow]
    notes.warn(
        "parse.choice_step",
        message("No person can choose for “{name}” before it is reached; a step is added in which one does."),
        message("Give the exits conditions, or draw a user task before the gateway."),
        gateway,
    )
    return task


def _offered(task: Node) -> list[str]:
    return [str(each.get("label")) for each in extensions(task, MINYI, CHOICE)]


def _offer(task: Node, labels: list[str]) -> None:
    held = child(task, "extensionElements")
    if held is None:
        held = etree.Element(bpmn("extensionElements"))
        task.insert(0, held)
    if not list(extensions(task, MINYI, CHOICE)):
        for label in labels:
            etree.SubElement(held, f"{{{MINYI}}}{CHOICE}", label=label)


def _people_before(identity: str, scope: Scope, all_scopes: dict[str, Scope]) -> list[Node]:
    """The last user tasks on every way to this node; none when some way has no person."""
    found: dict[str, Node] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(scope, source) for source in scope.before(identity)]
    if not waiting:
        return []
    while waiting:
        here, each = waiting.pop()
        if (here.id, each) in seen:
            continue
        seen.add((here.id, each))
        node = here.nodes.get(each)
        if node is None:
            return []
        tag = local(node)
        if tag in PEOPLE and not is_loop(node):
            found[each] = node
        elif tag in SUBPROCESSES and not is_loop(node) and each in all_scopes:
            inner = all_scopes[each]
            ends = [(inner, end.get("id")) for end in inner.kinds("endEvent")]
            if not ends:
                return []
            waiting += ends
        elif tag == "startEvent":
            outer = _outer(here, all_scopes)
            if outer is None or event_start(node):
                return []
            waiting += [(outer, source) for source in outer.before(here.id)]
            if not outer.before(here.id):
                return []
        elif tag == "boundaryEvent" or not here.before(each):
            return []
        else:
            waiting += [(here, source) for source in here.before(each)]
    return list(found.values())


def event_start(node: Node) -> bool:
    """Whether a start event waits for something."""
    return any(local(held).endswith("EventDefinition") for held in node)


def _outer(scope: Scope, all_scopes: dict[str, Scope]) -> Scope | None:
    return next((outer for outer in all_scopes.values() if scope.id in outer.nodes), None)


def _label(flow: Node) -> str:
    return " ".join((flow.get("name") or "").split())


def _says_otherwise(flow: Node) -> bool:
    return _label(flow).lower() in _OTHERWISE


def _refuse_inclusive(gateway: Node, notes: Notes) -> None:
    notes.refuse(
        "parse.bare_exit",
        message("The exits of the inclusive gateway “{name}” have no conditions."),
        message("Give each exit a condition; for a choice of one, use an exclusive gateway."),
        gateway,
    )
