"""Tasks done more than once: multi-instances, in parallel or one after the other, and standard loops.

The wrapper task is the visit of the shape; each round hangs under it. A multi-instance's answers reach
only its output collection, in the order of the input; a standard loop's rounds hand their data on.
Written anew because the library keeps rounds on the shared spec, mutates data in place, refuses a second
visit, and shows a completion condition the last answer only.
"""

from typing import Any

from SpiffWorkflow.bpmn.specs.mixins import SequentialMultiInstanceTaskMixin, StandardLoopTaskMixin
from SpiffWorkflow.task import Task

from workflows.automatic import evaluate
from workflows.errors import ExpressionFailed, Refusal, message
from workflows.joins import MISSING, delta
from workflows.model import Data
from workflows.values import accepted_value
from workflows.visits import FUTURE, OPEN, STARTED, Node, cancel, change_state, extensions, fail, ready

ROUND_LIMIT = 5_000
"""Rounds of one multi-instance. People in numbers are rows of a roll, not tokens."""


class NothingToRepeatOver(Refusal):
    """A multi-instance's collection is not a list, an object or a number of rounds."""

    code = "engine.collection"
    text = message(
        "“{collection}” should give a list of what to do this step for, but it gives {found}. "
        "Correct the data or the diagram, then try again."
    )


class TooManyRounds(Refusal):
    """A multi-instance over more items than one case may hold."""

    code = "engine.too_many_rounds"
    text = message(
        "This step would be done {count} times; {limit} is the most. Use a roll for people in numbers."
    )


def enter(task: Node) -> bool:
    """Begin the rounds; True when there is nothing to repeat."""
    if isinstance(task.task_spec, StandardLoopTaskMixin):
        return _enter_loop(task)
    return _enter_instances(task)


def round_done(child: Node) -> None:
    """One round has ended: collect its answer, go on, or finish."""
    task = child.parent
    own = task.internal_data
    if isinstance(task.task_spec, StandardLoopTaskMixin):
        task.data = child.data
        own["rounds"] += 1
    else:
        own["answers"][str(child.internal_data["index"])] = _answer(task, child)
        own["last"] = _changed(task.data, child.data)
    settle(task)


def settle(task: Node) -> None:
    """Decide whether the wrapper is done; also what a retry of a failed condition calls."""
    task.internal_data.pop("incident", None)  # another answer may have mended the condition
    try:
        done = _settled(task)
    except Refusal as refusal:
        fail(task, refusal, phase="loop")
        return
    if done:
        for child in task.children:
            if child._state & OPEN:
                cancel(child)
        if not isinstance(task.task_spec, StandardLoopTaskMixin):
            task.data = {**task.data, **collected(task)}
        for name in ("items", "answers", "last", "keys", "total", "next", "rounds"):
            task.internal_data.pop(name, None)
        ready(task)


def collected(task: Node) -> Data:
    """The output collection as far as it goes, by its name; empty where none is declared."""
    output = task.task_spec.data_output
    if output is None:
        return {}
    own = task.internal_data
    answers: dict[str, Any] = own.get("answers", {})
    order = sorted(answers, key=int)
    if own.get("keys") is not None:
        return {output.bpmn_id: {own["keys"][int(index)]: answers[index] for index in order}}
    return {output.bpmn_id: [answers[index] for index in order]}


def _enter_instances(task: Node) -> bool:
    spec = task.task_spec
    text = spec.data_input.bpmn_id if spec.data_input is not None else spec.cardinality
    source = evaluate(task, text)
    keys: list[str] | None = None
    if isinstance(source, dict) and spec.data_input is not None:
        keys, items = list(source), list(source.values())
    elif isinstance(source, list | tuple) and spec.data_input is not None:
        items = list(source)
    elif isinstance(source, int) and not isinstance(source, bool) and spec.data_input is None and source >= 0:
        _limit(source)
        items = list(range(source))
    else:
        raise NothingToRepeatOver(collection=text, found=_described(source))
    _limit(len(items))
    own = task.internal_data
    own.update(answers={}, total=len(items), keys=keys, next=0)
    if not items:
        task.data = {**task.data, **collected(task)}
        return True
    change_state(task, STARTED)
    items = [accepted_value(item, path=text) for item in items]
    if isinstance(spec, SequentialMultiInstanceTaskMixin):
        own["items"] = items
        _next_instance(task)
    else:
        for index, item in enumerate(items):
            _instance(task, index, item)
    return False


def _limit(count: int) -> None:
    if count > ROUND_LIMIT:
        raise TooManyRounds(count=count, limit=ROUND_LIMIT)


def _described(value: Any) -> str:
    return "nothing" if value is None else repr(value)[:60]


def _next_instance(task: Node) -> None:
    own = task.internal_data
    index = own["next"]
    own["next"] = index + 1
    _instance(task, index, own["items"][index])


def _instance(task: Node, index: int, item: Any) -> None:
    spec = task.task_spec
    extra = {spec.input_item.bpmn_id: item} if spec.input_item is not None else {}
    _round(task, {**task.data, **extra}, {"index": index, "item": item})


def _round(task: Node, data: Data, own: Data) -> None:
    child = Task(task.workflow, task.workflow.spec.task_specs[task.task_spec.task_spec], task, state=FUTURE)
    child.triggered = True
    child.internal_data = own
    child.data = data
    child.task_spec._update(child)


def _answer(task: Node, child: Node) -> Any:
    spec = task.task_spec
    if text := extensions(task).get("collects"):
        try:
            return accepted_value(evaluate(child, text), path=text)
        except ExpressionFailed:
            return None  # as in FEEL: what is not there yet is null
    if spec.output_item is not None and spec.output_item.bpmn_id in child.data:
        return child.data[spec.output_item.bpmn_id]
    item = spec.input_item.bpmn_id if spec.input_item is not None else None
    return {name: value for name, value in _changed(task.data, child.data).items() if name != item}


def _changed(before: Data, after: Data) -> Data:
    return {name: value for name, (_, value) in delta(before, after).items() if value is not MISSING}


def _settled(task: Node) -> bool:
    own = task.internal_data
    spec = task.task_spec
    if isinstance(spec, StandardLoopTaskMixin):
        if spec.maximum is not None and own["rounds"] >= spec.maximum:
            return True
        if spec.condition is not None and not evaluate(task, spec.condition):
            return True
        _round(task, task.data, {"index": own["rounds"]})
        return False
    done = len(own["answers"])
    if spec.condition is not None and done and evaluate(task, spec.condition, _seen(task)):
        return True
    if done == own["total"]:
        return True
    if isinstance(spec, SequentialMultiInstanceTaskMixin):
        _next_instance(task)
    return False


def _seen(task: Node) -> Data:
    """What a completion condition sees: the last answer, everything collected, and the counts."""
    own = task.internal_data
    total, done = own["total"], len(own["answers"])
    active = 1 if isinstance(task.task_spec, SequentialMultiInstanceTaskMixin) else total - done
    return {
        **task.data,
        **own["last"],
        **collected(task),
        "nr_of_instances": total,
        "nr_of_completed_instances": done,
        "nr_of_active_instances": min(active, total - done),
        "nrOfInstances": total,
        "nrOfCompletedInstances": done,
        "nrOfActiveInstances": min(active, total - done),
    }


def _enter_loop(task: Node) -> bool:
    spec = task.task_spec
    if spec.test_before and spec.condition is not None and not evaluate(task, spec.condition):
        return True
    if spec.maximum is not None and spec.maximum < 1:
        return True
    task.internal_data["rounds"] = 0
    change_state(task, STARTED)
    _round(task, task.data, {"index": 0})
    return False
