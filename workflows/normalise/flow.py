"""Starts, ends, links and splits that a diagram leaves to the reader, drawn out for the engine."""

from collections.abc import Callable

from lxml import etree

from workflows.errors import message
from workflows.normalise.graph import ACTIVITIES, EVENTS, Scope, condition, event_definitions
from workflows.normalise.notes import Notes
from workflows.normalise.xml import Node, bpmn, child, local

Maker = Callable[..., Node]


def settle_flow(scope: Scope, notes: Notes, *, taken: set[str]) -> None:
    """Rewrite one scope: links become flows, then implicit starts, ends and splits are drawn out.

    `taken` holds every id of the file; the ids of what is drawn are added to it.
    """
    pen = _Pen(scope, taken)
    _name_flows(scope, pen)
    if not _check_flows(scope, notes):
        return
    _join_links(scope, pen, notes)
    scope = pen.again()
    _leave_out_conditional_starts(scope, notes)
    _merge_starts(pen.again(), pen, notes)
    _add_start(pen.again(), pen, notes)
    _add_ends(pen.again(), pen, notes)
    _split(pen.again(), pen, notes)
    _clear_lost_conditions(pen.again(), notes)


class _Pen:
    """Draws shapes into a scope under ids that nothing else has."""

    def __init__(self, scope: Scope, taken: set[str]) -> None:
        self.holder = scope.holder
        self.taken = taken

    def again(self) -> Scope:
        return Scope(self.holder)

    def fresh(self, wanted: str) -> str:
        identity, count = wanted, 1
        while identity in self.taken:
            count += 1
            identity = f"{wanted}_{count}"
        self.taken.add(identity)
        return identity

    def node(self, tag: str, wanted: str) -> Node:
        return etree.SubElement(self.holder, bpmn(tag), id=self.fresh(wanted))

    def flow(self, source: str, target: str) -> Node:
        identity = self.fresh(f"{source}_to_{target}")
        return etree.SubElement(
            self.holder, bpmn("sequenceFlow"), id=identity, sourceRef=source, targetRef=target
        )


def _name_flows(scope: Scope, pen: _Pen) -> None:
    for flow in scope.flows:
        if not flow.get("id"):
            flow.set("id", pen.fresh(f"{flow.get('sourceRef')}_to_{flow.get('targetRef')}"))


def _check_flows(scope: Scope, notes: Notes) -> bool:
    """Whether every flow joins two shapes of this scope and every shape has an id."""
    fine = True
    for node in scope.holder:
        if local(node) in ACTIVITIES | EVENTS and not node.get("id"):
            fine = False
            notes.refuse(
                "parse.no_id",
                message("A shape (“{shape}”) has no id."),
                message("Save the diagram again with an editor that gives ids."),
                scope.holder,
                shape=(node.get("name") or local(node))[:120],
            )
    for flow in scope.flows:
        source, target = flow.get("sourceRef"), flow.get("targetRef")
        if source in scope.nodes and target in scope.nodes:
            continue
        fine = False
        notes.refuse(
            "parse.flow_nowhere",
            message("The flow “{name}” does not join two shapes of the same process (“{from}”, “{to}”)."),
            message("Draw it again from shape to shape, or delete it."),
            flow,
            **{"from": source or "–", "to": target or "–"},
        )
    return fine


def _join_links(scope: Scope, pen: _Pen, notes: Notes) -> None:
    throws, catches = _links(scope, "intermediateThrowEvent"), _links(scope, "intermediateCatchEvent")
    for name, nodes in throws.items():
        targets = catches.get(name, [])
        for node in nodes:
            if len(targets) != 1:
                _refuse_link(node, notes)
                continue
            pen.flow(node.get("id"), targets[0].get("id"))
            _unlink(node, "intermediateThrowEvent")
    for name, nodes in catches.items():
        for node in nodes:
            if name not in throws or len(nodes) != 1:
                _refuse_link(node, notes)
            else:
                _unlink(node, "intermediateThrowEvent")
                notes.warn(
                    "parse.link",
                    message("The link events “{name}” are read as a flow from one to the other."),
                    message("Nothing need be done; a drawn flow says the same."),
                    node,
                )


def _links(scope: Scope, tag: str) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in scope.kinds(tag):
        for definition in event_definitions(node):
            if local(definition) == "linkEventDefinition":
                name = (definition.get("name") or node.get("name") or "").strip()
                found.setdefault(name, []).append(node)
    return found


def _unlink(node: Node, tag: str) -> None:
    node.tag = bpmn(tag)
    for definition in event_definitions(node):
        node.remove(definition)


def _refuse_link(node: Node, notes: Notes) -> None:
    notes.refuse(
        "parse.link",
        message("The link event “{name}” has no partner, or several, with its name."),
        message("Draw a flow instead."),
        node,
    )


def _leave_out_conditional_starts(scope: Scope, notes: Notes) -> None:
    """Beside another start, one that waits for a condition only means: no case begins by itself."""
    starts = scope.starts()
    watching = [
        s for s in starts if any(local(d) == "conditionalEventDefinition" for d in event_definitions(s))
    ]
    if len(watching) == len(starts):
        return
    for start in watching:
        for flow in scope.outgoing[start.get("id")]:
            scope.holder.remove(flow)
        scope.holder.remove(start)
        notes.warn(
            "parse.conditional_start",
            message(
                "“{name}” is left out: no case is started by a condition, only by the other start events."
            ),
            message("Start by a message, a timer or a person."),
            start,
        )


def _merge_starts(scope: Scope, pen: _Pen, notes: Notes) -> None:
    """Several plain starts mean the same: begin. They are told apart by nobody, so all but one must go."""
    plain = [start for start in scope.starts() if not event_definitions(start)]
    if len(plain) < 2:
        return
    targets = {flow.get("targetRef") for start in plain for flow in scope.outgoing[start.get("id")]}
    if len(targets) == 1:
        for start in plain[1:]:
            for flow in scope.outgoing[start.get("id")]:
                scope.holder.remove(flow)
            scope.holder.remove(start)
            notes.warn(
                "parse.several_starts",
                message("“{name}” starts at the same step as “{first}”; it is left out."),
                message("Keep one start event."),
                start,
                first=plain[0].get("name") or plain[0].get("id"),
            )
        return
    for start in plain[1:]:
        notes.refuse(
            "parse.several_starts",
            message("“{name}” is a second plain start; which of them a case begins with stays open."),
            message("Keep one start event, with a gateway behind it."),
            start,
        )


def _add_start(scope: Scope, pen: _Pen, notes: Notes) -> None:
    if scope.starts() or not scope.nodes:
        return
    heads = [
        node
        for identity, node in scope.nodes.items()
        if not scope.incoming.get(identity) and local(node) != "boundaryEvent"
    ]
    if not heads:
        notes.refuse(
            "parse.no_start",
            message("“{name}” has no start event, and no step that could be the first."),
            message("Draw a start event."),
            scope.holder,
        )
        return
    start = pen.node("startEvent", f"{scope.id}_start")
    for head in heads:
        pen.flow(start.get("id"), head.get("id"))
    notes.warn(
        "parse.no_start",
        message("“{name}” has no start event; it begins with {first}."),
        message("Draw a start event."),
        scope.holder,
        first=", ".join(f"“{head.get('name') or head.get('id')}”" for head in heads)[:300],
    )


def _add_ends(scope: Scope, pen: _Pen, notes: Notes) -> None:
    tails = [
        node
        for identity, node in scope.nodes.items()
        if not scope.outgoing.get(identity) and local(node) != "endEvent"
    ]
    for node in tails:
        identity = node.get("id")
        pen.flow(identity, pen.node("endEvent", f"{identity}_end").get("id"))
        notes.warn(
            "parse.no_end",
            message("Nothing comes after “{name}”; the branch ends there."),
            message("Draw an end event, or the flow that is missing."),
            node,
        )


def _split(scope: Scope, pen: _Pen, notes: Notes) -> None:
    for identity, node in list(scope.nodes.items()):
        flows = scope.outgoing.get(identity, [])
        if local(node) not in ACTIVITIES | EVENTS or not flows:
            continue
        conditional = [flow for flow in flows if condition(flow)]
        if len(flows) == 1 and not (conditional and local(node) in ACTIVITIES):
            continue
        kind = "inclusiveGateway" if conditional else "parallelGateway"
        gateway = pen.node(kind, f"{identity}_split")
        for flow in flows:
            flow.set("sourceRef", gateway.get("id"))
            if conditional and not condition(flow) and flow.get("id") != node.get("default"):
                _write_condition(flow, "true")
        if node.get("default"):
            gateway.set("default", node.attrib.pop("default"))
        pen.flow(identity, gateway.get("id"))
        if len(flows) == 1:
            notes.warn(
                "flow.one_condition",
                message("The only flow out of “{name}” has a condition; when it is false, the case stops."),
                message("Draw an exclusive gateway with a second exit."),
                node,
            )
        elif conditional:
            text = message("Several flows leave “{name}”; each whose condition is true is taken.")
            notes.warn("parse.split", text, message("Draw an inclusive gateway."), node)
        else:
            text = message("Several flows leave “{name}”; all are taken at once.")
            notes.warn("parse.split", text, message("Draw a parallel gateway."), node)


def _write_condition(flow: Node, text: str) -> None:
    held = child(flow, "conditionExpression")
    if held is None:
        held = etree.SubElement(flow, bpmn("conditionExpression"))
    held.text = text


def _clear_lost_conditions(scope: Scope, notes: Notes) -> None:
    """Parallel and event gateways do not look at conditions: say so rather than drop them in silence."""
    for node in scope.kinds("parallelGateway", "eventBasedGateway", *EVENTS):
        for flow in scope.outgoing.get(node.get("id"), ()):
            held = child(flow, "conditionExpression")
            if held is None:
                continue
            flow.remove(held)
            if (held.text or "").strip():
                notes.warn(
                    "parse.condition_ignored",
                    message("The condition on a flow out of “{name}” is not looked at; the flow is taken."),
                    message("Use an exclusive or inclusive gateway where a choice is meant."),
                    node,
                )
