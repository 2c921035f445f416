"""Shapes that nothing reaches, that lead nowhere, or that stand where the engine cannot run them."""

from workflows.errors import message
from workflows.lint.complement import are_complementary
from workflows.normalise.graph import (
    ACTIVITIES,
    SUBPROCESSES,
    WAITS,
    Scope,
    condition,
    event_definitions,
    is_loop,
)
from workflows.normalise.notes import Notes
from workflows.normalise.xml import Node, local


def check_structure(scope: Scope, notes: Notes) -> None:
    """Judge how the shapes of one scope are connected."""
    _check_starts(scope, notes)
    _check_ends(scope, notes)
    _check_hosts(scope, notes)
    _check_reach(scope, notes)
    _check_gateways(scope, notes)
    _check_spinning(scope, notes)


def _check_starts(scope: Scope, notes: Notes) -> None:
    for start in scope.starts():
        if scope.incoming.get(start.get("id")):
            notes.refuse(
                "flow.into_start",
                message("A flow leads into the start event “{name}”."),
                message("Lead it to the step that is to be done again."),
                start,
            )
    if local(scope.holder) not in SUBPROCESSES:
        return
    starts = scope.starts()
    for start in starts[1:]:
        notes.refuse(
            "flow.several_starts",
            message("The sub-process has a second start event, “{name}”; it can begin only in one place."),
            message("Keep one start event."),
            start,
        )
    for start in starts:
        if event_definitions(start):
            notes.refuse(
                "flow.start_kind",
                message("“{name}” waits for an event, but a sub-process begins when it is reached."),
                message("Use a plain start event, and draw the event behind it."),
                start,
            )


def _check_ends(scope: Scope, notes: Notes) -> None:
    for end in scope.kinds("endEvent"):
        if scope.outgoing.get(end.get("id")):
            notes.refuse(
                "flow.after_end",
                message("A flow leaves the end event “{name}”."),
                message("Make it an intermediate event, or delete the flow."),
                end,
            )


def _check_hosts(scope: Scope, notes: Notes) -> None:
    for event in scope.kinds("boundaryEvent"):
        host = scope.nodes.get(event.get("attachedToRef") or "")
        if host is None or local(host) not in ACTIVITIES:
            notes.refuse(
                "flow.boundary_host",
                message("The boundary event “{name}” is attached to nothing that can wait."),
                message("Attach it to a task or a sub-process."),
                event,
            )
        if scope.incoming.get(event.get("id")):
            notes.refuse(
                "flow.into_boundary",
                message("A flow leads into the boundary event “{name}”."),
                message("Make it an intermediate event, or delete the flow."),
                event,
            )


def _check_reach(scope: Scope, notes: Notes) -> None:
    reached = scope.reached(start.get("id") for start in scope.starts())
    for identity, node in scope.nodes.items():
        if identity not in reached:
            notes.refuse(
                "flow.unreachable",
                message("Nothing leads to “{name}”; it would never be done."),
                message("Draw the flow that leads to it, or delete it."),
                node,
            )
    finishing: set[str] = set()
    waiting = [end.get("id") for end in scope.kinds("endEvent")]
    while waiting:
        identity = waiting.pop()
        if identity not in finishing:
            finishing.add(identity)
            waiting.extend(source for source in scope.before(identity) if source in scope.nodes)
    for identity in sorted(reached - finishing):
        if local(scope.nodes[identity]) != "boundaryEvent":
            notes.refuse(
                "flow.never_ends",
                message("From “{name}” no way leads to an end."),
                message("Draw a way out of the loop."),
                scope.nodes[identity],
            )
            return


def _check_gateways(scope: Scope, notes: Notes) -> None:
    for gateway in scope.kinds("exclusiveGateway", "inclusiveGateway"):
        flows = scope.outgoing.get(gateway.get("id"), [])
        default = gateway.get("default")
        if default and default not in {flow.get("id") for flow in flows}:
            notes.refuse(
                "flow.default",
                message("The default flow of “{name}” does not leave it."),
                message("Choose the default flow again."),
                gateway,
            )
        elif not default and any(condition(flow) for flow in flows) and not _is_complete(flows, notes):
            notes.warn(
                "flow.no_default",
                message("When no condition after “{name}” is true, the case stops with an incident."),
                message("Mark one exit as the default flow."),
                gateway,
            )
    for gateway in scope.kinds("eventBasedGateway"):
        _check_event_gateway(gateway, scope, notes)


def _is_complete(flows: list[Node], notes: Notes) -> bool:
    texts = [condition(flow) for flow in flows]
    if all(text.startswith("choice == ") for text in texts):
        return True
    return any(text in ("true", "True") for text in texts) or (
        len(texts) == 2 and are_complementary(texts[0], texts[1])
    )


def _check_event_gateway(gateway: Node, scope: Scope, notes: Notes) -> None:
    targets = [
        scope.nodes[identity] for identity in scope.after(gateway.get("id")) if identity in scope.nodes
    ]
    for target in targets:
        alone = len(scope.incoming.get(target.get("id"), ())) == 1
        fits = local(target) in ("intermediateCatchEvent", "receiveTask") and not is_loop(target)
        if not (fits and alone) or scope.boundary.get(target.get("id")):
            notes.refuse(
                "flow.event_gateway",
                message("“{name}” follows an event gateway, but is no event to which only that leads."),
                message("Behind an event gateway stand message, signal, timer and conditional events alone."),
                target,
            )
    if len(targets) < 2:
        notes.refuse(
            "flow.event_gateway",
            message("The event gateway “{name}” has fewer than two exits."),
            message("Draw the events between which the first decides, or use an intermediate event."),
            gateway,
        )


def _check_spinning(scope: Scope, notes: Notes) -> None:
    """A cycle in which nothing waits runs until the step budget is spent."""
    quick = {identity for identity, node in scope.nodes.items() if not _waits(node)}
    for circle in _circles(scope, quick):
        node = scope.nodes[circle]
        notes.warn(
            "flow.spin",
            message("“{name}” lies on a loop in which nobody and nothing waits."),
            message("Make sure that a condition ends it: after 50,000 steps the case stops."),
            node,
        )


def _waits(node: Node) -> bool:
    if local(node) in SUBPROCESSES:
        return any(local(inner) in WAITS for inner in node.iter())
    return local(node) in WAITS


def _circles(scope: Scope, quick: set[str]) -> list[str]:
    """One node of each knot of cycles inside `quick`; what lies on no cycle is peeled off first."""
    left = {identity: [n for n in scope.after(identity) if n in quick] for identity in quick}
    degree = dict.fromkeys(quick, 0)
    for targets in left.values():
        for target in targets:
            degree[target] += 1
    free = [identity for identity, count in degree.items() if not count]
    while free:
        for target in left.pop(free.pop()):
            degree[target] -= 1
            if not degree[target]:
                free.append(target)
    found = []
    seen: set[str] = set()
    for identity in sorted(left):
        if identity not in seen:
            found += [identity] if _returns(identity, left, seen) else []
    return found


def _returns(identity: str, left: dict[str, list[str]], seen: set[str]) -> bool:
    reached: set[str] = set()
    waiting = list(left[identity])
    while waiting:
        each = waiting.pop()
        if each not in reached:
            reached.add(each)
            waiting.extend(left.get(each, ()))
    if identity in reached:
        seen |= reached
        return True
    return False
