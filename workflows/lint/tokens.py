"""Plays every way through a scope with tokens: joins that wait for ever, steps that are done twice.

Data is not looked at, so that a join which may wait is a warning; one that can never go on is a problem.
Only one token's choices are followed at a time, which finds the same dead ends in a fraction of the
states; beyond `MOST_STATES` the question is left open.
"""

from collections.abc import Iterator
from typing import Final

from workflows.errors import message
from workflows.normalise.graph import ACTIVITIES, Scope, event_definitions
from workflows.normalise.notes import Notes
from workflows.normalise.xml import Node, local

MOST_STATES: Final = 4_000
MOST_MOVES: Final = 60_000
_JOINS: Final = ("parallelGateway", "inclusiveGateway")

Marking = tuple[str, ...]
"""The flows that hold a token, sorted, each as often as it holds one."""


def check_tokens(scope: Scope, notes: Notes) -> None:
    """Warn or refuse where the tokens of one scope get stuck or multiply."""
    if not scope.kinds(*_JOINS) and not any(_goes_on(each) for each in scope.kinds("boundaryEvent")):
        return
    game = _Game(scope)
    game.play()
    for identity in sorted(game.stuck):
        node = scope.nodes[identity]
        if identity not in game.passed and game.finished:
            notes.refuse(
                "flow.join_dead",
                message("“{name}” waits for branches of which never all arrive; the case would stop there."),
                message("Join with an exclusive gateway what an exclusive gateway has split."),
                node,
            )
        else:
            notes.warn(
                "flow.join_waits",
                message("“{name}” waits for every branch, but some of them may not be taken."),
                message("Join alternatives before it with an exclusive gateway, or use an inclusive one."),
                node,
            )
    for identity in sorted(game.doubled - game.stuck):
        notes.warn(
            "flow.twice",
            message("“{name}” may be reached by two branches at once, and would then be done twice."),
            message("Join the branches with a parallel gateway before it."),
            scope.nodes[identity],
        )


def _goes_on(event: Node) -> bool:
    return bool(event.get("cancelActivity") == "false")


class _Game:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.target = {flow.get("id"): flow.get("targetRef") for flow in scope.flows}
        self.out = {node: [f.get("id") for f in scope.outgoing.get(node, ())] for node in scope.nodes}
        self.into = {node: [f.get("id") for f in scope.incoming.get(node, ())] for node in scope.nodes}
        self.joins = {
            node for node, shape in scope.nodes.items() if local(shape) in _JOINS and len(self.into[node]) > 1
        }
        self.distance = _distances(scope)
        self.stuck: set[str] = set()
        self.doubled: set[str] = set()
        self.passed: set[str] = set()
        self.finished = False

    def play(self) -> None:
        """Follow every marking from every start."""
        waiting: list[Marking] = [tuple(sorted(self.out[start.get("id")])) for start in self.scope.starts()]
        seen: set[Marking] = set()
        moves = 0
        while waiting:
            marking = waiting.pop()
            if marking in seen or not marking:
                continue
            seen.add(marking)
            moves += len(marking)
            if len(seen) > MOST_STATES or moves > MOST_MOVES:
                return
            waiting.extend(self._following(marking))
        self.finished = True

    def _following(self, marking: Marking) -> list[Marking]:
        held = set(marking)
        terminating = None
        for flow in sorted(marking, key=self._distance):
            node = self.target[flow]
            if node in self.joins:
                continue
            if self._ends_all(node):
                terminating = flow
                continue
            return [self._moved(marking, (flow,), made) for made in self._choices(node)]
        for node in self.joins:
            if local(self.scope.nodes[node]) == "parallelGateway" and held.issuperset(self.into[node]):
                self.passed.add(node)
                return [self._moved(marking, tuple(self.into[node]), tuple(self.out[node]))]
        merging = [
            self._merged(marking, node)
            for node in self.joins
            if local(self.scope.nodes[node]) == "inclusiveGateway" and held.intersection(self.into[node])
        ]
        if merging:
            return [made for each in merging for made in each]
        if terminating is None:
            self.stuck |= {self.target[flow] for flow in marking}
        return []

    def _distance(self, flow: str) -> int:
        """Tokens near the start move first, so that two that can meet do meet."""
        return self.distance.get(self.target[flow], 0)

    def _merged(self, marking: Marking, node: str) -> Iterator[Marking]:
        taken = tuple(flow for flow in self.into[node] if flow in marking)
        for made in self._choices(node):
            yield self._moved(marking, taken, made)

    def _moved(self, marking: Marking, taken: Marking, made: Marking) -> Marking:
        left = list(marking)
        for flow in taken:
            left.remove(flow)
        for flow in made:
            if flow not in left:
                left.append(flow)
            else:
                self.doubled.add(self.target[flow])
        return tuple(sorted(left))

    def _choices(self, node: str) -> list[Marking]:
        shape, out = self.scope.nodes[node], self.out[node]
        tag = local(shape)
        if tag in ("exclusiveGateway", "eventBasedGateway"):
            return [(flow,) for flow in out]
        if tag == "inclusiveGateway":
            return [*((flow,) for flow in out), tuple(out)] if len(out) > 1 else [tuple(out)]
        found: list[Marking] = [tuple(out)]
        if tag in ACTIVITIES:
            for event in self.scope.boundary.get(node, ()):
                beside = tuple(self.out[event.get("id")])
                found.append((*out, *beside) if _goes_on(event) else beside)
        return found

    def _ends_all(self, node: str) -> bool:
        shape = self.scope.nodes[node]
        return local(shape) == "endEvent" and any(
            local(definition) in ("terminateEventDefinition", "errorEventDefinition", "cancelEventDefinition")
            for definition in event_definitions(shape)
        )


def _distances(scope: Scope) -> dict[str, int]:
    """How many flows lie between a start and each shape, on the shortest way."""
    found: dict[str, int] = {}
    waiting = [(str(start.get("id")), 0) for start in scope.starts()]
    for identity, steps in waiting:
        if identity in found or identity not in scope.nodes:
            continue
        found[identity] = steps
        waiting.extend((after, steps + 1) for after in scope.after(identity))
    return found
