"""One scope of a diagram as a graph: the flow nodes of a process or sub-process, and how they connect.

Built anew after each rewriting pass; it holds the XML nodes themselves and no copies.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from workflows.normalise.xml import Node, bpmn, child, local

TASKS: Final = frozenset(
    [
        "task",
        "userTask",
        "manualTask",
        "serviceTask",
        "scriptTask",
        "sendTask",
        "receiveTask",
        "businessRuleTask",
    ]
)
SUBPROCESSES: Final = frozenset(("subProcess", "transaction", "adHocSubProcess"))
ACTIVITIES: Final = TASKS | SUBPROCESSES | {"callActivity"}
GATEWAYS: Final = frozenset(
    ["exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway"]
)
EVENTS: Final = frozenset(
    ["startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"]
)
FLOW_NODES: Final = ACTIVITIES | GATEWAYS | EVENTS
PEOPLE: Final = frozenset(("userTask", "manualTask"))
WAITS: Final = PEOPLE | {"intermediateCatchEvent", "receiveTask", "eventBasedGateway", "callActivity"}


class Scope:
    """The flow nodes of `holder` (a process or sub-process), its flows, and its boundary events."""

    def __init__(self, holder: Node) -> None:
        self.holder = holder
        self.id = str(holder.get("id") or "")
        self.nodes: dict[str, Node] = {}
        self.flows: list[Node] = []
        self.outgoing: dict[str, list[Node]] = defaultdict(list)
        self.incoming: dict[str, list[Node]] = defaultdict(list)
        self.boundary: dict[str, list[Node]] = defaultdict(list)
        for node in holder:
            tag = local(node)
            identity = node.get("id")
            if tag == "sequenceFlow":
                self.flows.append(node)
                self.outgoing[node.get("sourceRef") or ""].append(node)
                self.incoming[node.get("targetRef") or ""].append(node)
            elif tag in FLOW_NODES and identity:
                self.nodes[identity] = node
                if tag == "boundaryEvent":
                    self.boundary[node.get("attachedToRef") or ""].append(node)

    def kinds(self, *tags: str) -> list[Node]:
        """The nodes with one of these tags, in drawn order."""
        return [node for node in self.nodes.values() if local(node) in tags]

    def starts(self) -> list[Node]:
        """The start events."""
        return self.kinds("startEvent")

    def after(self, identity: str) -> list[str]:
        """Where a visit can go on: the targets of its flows, and its boundary events."""
        return [flow.get("targetRef") for flow in self.outgoing.get(identity, ())] + [
            event.get("id") for event in self.boundary.get(identity, ())
        ]

    def before(self, identity: str) -> list[str]:
        """Where a visit can have come from: the sources of its flows, or a boundary event's host."""
        node = self.nodes.get(identity)
        sources = [flow.get("sourceRef") for flow in self.incoming.get(identity, ())]
        if node is not None and local(node) == "boundaryEvent":
            sources.append(node.get("attachedToRef"))
        return sources

    def reached(self, start: Iterable[str]) -> set[str]:
        """Every node that can be visited from these, themselves included."""
        seen: set[str] = set()
        waiting = [identity for identity in start if identity in self.nodes]
        while waiting:
            identity = waiting.pop()
            if identity not in seen:
                seen.add(identity)
                waiting.extend(other for other in self.after(identity) if other in self.nodes)
        return seen


def scopes(process: Node) -> Iterator[Scope]:
    """The scope of `process` and of every sub-process in it, outermost first."""
    yield Scope(process)
    for node in process.iterdescendants(*(bpmn(tag) for tag in SUBPROCESSES)):
        yield Scope(node)


def event_definitions(node: Node) -> list[Node]:
    """The event definitions of an event."""
    return [held for held in node if local(held).endswith("EventDefinition")]


def starts_plainly(process: Node) -> bool:
    """Whether a person or a call can begin the process: it has a start event that waits for nothing."""
    return any(not event_definitions(start) for start in process.findall(bpmn("startEvent")))


def condition(flow: Node) -> str:
    """The text of a flow's condition, "" without."""
    held = child(flow, "conditionExpression")
    return (held.text or "").strip() if held is not None else ""


def is_loop(node: Node) -> bool:
    """Whether the activity is repeated or has several instances."""
    return (
        child(node, "multiInstanceLoopCharacteristics") is not None
        or child(node, "standardLoopCharacteristics") is not None
    )
