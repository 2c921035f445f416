"""Gateways: which flows a split takes, when a join fires, and with what data.

A token that waits at a join is an open task that remembers by which flow it came (`via`); nothing of the
history is looked at, so joins in loops count their own round only. Not for the ends of processes: `shapes`.
"""

from collections import Counter
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions import NoneEventDefinition
from SpiffWorkflow.bpmn.specs.mixins import BoundaryEventMixin, InclusiveGatewayMixin

from workflows import automatic, joins
from workflows.errors import Refusal, message
from workflows.visits import CANCELLED, WAITING, Node, change_state, fail, is_repetition, ready, run_of


class NoWayOut(Refusal):
    """No condition of a gateway is true and it has no default flow."""

    code = "engine.no_way_out"
    text = message(
        "None of the conditions after “{element}” is true and no flow is the default one. "
        "Correct the data or the diagram, then try again."
    )


# Splits ----------------------------------------------------------------------------------------


def _holds(condition: Any, task: Node) -> bool:
    return bool(automatic.evaluate(task, condition.args[0]))


def exclusive(task: Node) -> bool:
    for condition, output in task.task_spec.cond_task_specs:
        if condition is not None and _holds(condition, task):
            task.internal_data["chosen"] = [output]
            return True
    if task.task_spec.default_task_spec is None:
        raise NoWayOut(element=task.task_spec.bpmn_name or task.task_spec.name)
    task.internal_data["chosen"] = [task.task_spec.default_task_spec]
    return True


def inclusive(task: Node) -> bool:
    chosen = [
        output
        for condition, output in task.task_spec.cond_task_specs
        if condition is not None and _holds(condition, task)
    ] or [output for condition, output in task.task_spec.cond_task_specs if condition is None]
    if not chosen:
        raise NoWayOut(element=task.task_spec.bpmn_name or task.task_spec.name)
    task.internal_data["chosen"] = chosen
    return True


def start_split(task: Node) -> bool:
    """Only the start event that was asked for begins; without one, the plain one."""
    specs = task.workflow.spec.task_specs
    run = run_of(task)
    wanted = run.start if task.workflow.parent_task_id is None else ""
    plain = [
        name
        for name in task.task_spec._outputs
        if isinstance(specs[name].event_definition, NoneEventDefinition)
    ]
    task.internal_data["chosen"] = (
        [wanted] if wanted in task.task_spec._outputs else (plain or task.task_spec._outputs)[:1]
    )
    return True


# Joins -----------------------------------------------------------------------------------------


def parallel_join(task: Node) -> bool:
    """One token from each flow; what is in excess stays. Nothing of the history is looked at."""
    wanted = Counter(task.task_spec._inputs)
    if sum(wanted.values()) < 2:
        return True
    own = task.internal_data
    own.setdefault("via", task.parent.task_spec.name)
    change_state(task, WAITING)
    tokens: list[Node] = []
    for token in arrived(task):
        via = token.internal_data["via"]
        if wanted[via] > 0:
            wanted[via] -= 1
            tokens.append(token)
    if any(wanted.values()):
        return False
    _fire_join(task, tokens)
    return False


def arrived(task: Node) -> list[Node]:
    """The tokens that wait at this join in this workflow, the earliest first."""
    name = task.task_spec.name
    return [
        each
        for each in task.workflow.open.values()
        if each.task_spec.name == name
        and "via" in each.internal_data
        and "incident" not in each.internal_data
    ]


def _fire_join(task: Node, tokens: list[Node]) -> None:
    """Merge the tokens into the last that came; a conflict stops that one, and the others wait on."""
    last = task if task in tokens else tokens[-1]
    try:
        data = joins.meet(tokens)
    except Refusal as refusal:
        fail(last, refusal, phase="enter")
        return
    last.data = data
    last.internal_data.pop("via", None)
    for token in tokens:
        if token is not last:
            token.internal_data.pop("via", None)
            change_state(token, CANCELLED)
    ready(last)


def inclusive_join(task: Node) -> bool:
    if len(task.task_spec._inputs) < 2:
        return True
    task.internal_data.setdefault("via", task.parent.task_spec.name)
    change_state(task, WAITING)
    return False  # decided when everything else has come to rest: `settle_inclusive`


def settle_inclusive(top: Node) -> bool:
    """Fire the inclusive joins that no other token can reach any more; True when one did."""
    for workflow in (top, *top.subprocesses.values()):
        for task in list(workflow.open.values()):
            if task._state != WAITING or not isinstance(task.task_spec, InclusiveGatewayMixin):
                continue
            tokens = arrived(task)
            if tokens and not _awaited(task, tokens):
                first: dict[str, Node] = {}
                for token in tokens:
                    first.setdefault(token.internal_data["via"], token)
                chosen = list(first.values())
                _fire_join(chosen[-1], chosen)
                return True
    return False


def _awaited(task: Node, tokens: list[Node]) -> bool:
    """BPMN 13.4.3: whether a token can still reach an empty flow, other than by way of a filled one."""
    spec = task.task_spec
    filled = {token.internal_data["via"] for token in tokens}
    to_empty = _upstream(spec, {name for name in spec._inputs if name not in filled})
    to_filled = _upstream(spec, filled)
    for other in task.workflow.open.values():
        name = other.task_spec.name
        if name == spec.name or is_repetition(other):
            continue
        if isinstance(other.task_spec, BoundaryEventMixin) and other._state == WAITING:
            continue
        if name in to_empty and name not in to_filled:
            return True
    return False


def _upstream(gateway: Node, starts: set[str]) -> set[str]:
    specs = gateway._wf_spec.task_specs
    seen: set[str] = set()
    pending = list(starts)
    while pending:
        name = pending.pop()
        if name in seen or name == gateway.name:
            continue
        seen.add(name)
        pending.extend(specs[name]._inputs)
    return seen
