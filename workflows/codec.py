"""A case as bytes and back: compact rows over a spec that is not stored, finished history left out.

A row is one task of the tree, parents first; its data is what it changed against its parent's. The blob
begins with a format number and holds only JSON. Not for reading by anyone but `decode`.
"""

from typing import Any

import orjson
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task

from workflows import patches
from workflows.automatic import open_workflow
from workflows.errors import Phrase, Refusal, message
from workflows.history import compact_all
from workflows.joins import MISSING, delta
from workflows.model import Data, World
from workflows.visits import OPEN, Node, Run

FORMAT = 1


class StateUnreadable(Refusal):
    """A stored case is of another format or another version of the diagram, or is damaged."""

    code = "engine.state"
    text = message("The stored state of this case cannot be read: {reason}.")


def encode(top: Node) -> bytes:
    """The case as bytes. Compacts its history first."""
    compact_all(top)
    run: Run = top.run
    document: dict[str, Any] = {"f": FORMAT, "n": run.number, "w": [_workflow(top, None)]}
    for caller, inner in sorted(top.subprocesses.items()):
        document["w"].append(_workflow(inner, caller))
    if run.outcome:
        document["o"] = run.outcome
    return orjson.dumps(document)


def decode(definition: Any, blob: bytes, world: World) -> Node:
    """The case as a live workflow over the definition's shared specs. Raises `StateUnreadable`."""
    try:
        document = orjson.loads(blob)
    except orjson.JSONDecodeError:
        raise StateUnreadable(reason=Phrase(message("it is damaged"))) from None
    if not isinstance(document, dict) or document.get("f") != FORMAT:
        raise StateUnreadable(reason=Phrase(message("it was written by another version of the program")))
    top = blank(definition, world)
    try:
        _restore(top, document)
    except KeyError as missing:
        raise StateUnreadable(
            reason=Phrase(message("{name} is not in the diagram"), name=str(missing))
        ) from None
    except (AttributeError, TypeError, ValueError):
        raise StateUnreadable(reason=Phrase(message("it is damaged"))) from None
    return top


def _restore(top: Node, document: dict[str, Any]) -> None:
    top.run.number = int(document["n"])
    top.run.outcome = document.get("o", "")
    for stored in document["w"]:
        caller = stored.get("c")
        workflow = top
        if caller is not None:
            key = top.run.tasks[caller].task_spec.spec
            workflow = top.subprocesses[caller] = open_workflow(top, key, caller=caller)
        _fill(workflow, stored)
    if not top.completed and not top.open:
        raise ValueError("a case that is not over has something open")


def blank(definition: Any, world: World) -> Node:
    """A workflow of the definition without any token."""
    patches.apply()
    top = BpmnWorkflow(definition.spec, definition.subspecs, script_engine=_NO_ENGINE, deserializing=True)
    top.run = Run(definition=definition, world=world)
    top.open = {}
    top.ended = []
    return top


class _NoEngine:
    """Stands where the library keeps its Python engine, so that nothing can ever reach `eval`."""


_NO_ENGINE = _NoEngine()


def _workflow(workflow: Node, caller: int | None) -> dict[str, Any]:
    stored: dict[str, Any] = {}
    if caller is not None:
        stored["c"] = caller
    if workflow.completed:
        stored["d"] = workflow.data
        return stored
    rows: list[Any] = []
    pending = [workflow.task_tree]
    while pending:
        task = pending.pop()
        parent = task.parent
        rows.append(_row(task, parent, {} if parent is None else parent.data))
        pending.extend(reversed(task.children))
    stored["r"] = rows
    if workflow.ended:
        stored["e"] = [
            [split, {name: [_boxed(before), _boxed(after)] for name, (before, after) in change.items()}]
            for split, change in workflow.ended
        ]
    return stored


def _row(task: Node, parent: Node, before: Data) -> list[Any]:
    changed: Data = {}
    gone: list[str] = []
    for name, (_, after) in delta(before, task.data).items():
        if after is MISSING:
            gone.append(name)
        else:
            changed[name] = after
    row: list[Any] = [
        task.id,
        parent.id if parent is not None else 0,
        task.task_spec.name,
        task._state,
        task.internal_data or 0,
        changed or 0,
        gone or 0,
    ]
    while row[-1] == 0:
        row.pop()
    return row


def _boxed(value: Any) -> list[Any]:
    return [] if value is MISSING else [value]


def _unboxed(box: list[Any]) -> Any:
    return box[0] if box else MISSING


def _fill(workflow: Node, stored: dict[str, Any]) -> None:
    if "r" not in stored:
        workflow.completed = True
        workflow.data = stored["d"]
        return
    specs = workflow.spec.task_specs
    tasks, all_tasks, unfinished = workflow.tasks, workflow.top_workflow.run.tasks, workflow.open
    for row in stored["r"]:
        number, above, name, state, own, changed, gone = row + [0] * (7 - len(row))
        task = Task.__new__(Task)
        parent = tasks[above] if above else None
        data = parent.data if parent is not None else {}
        if changed or gone:
            data = {**data, **(changed or {})}
            for missing in gone or ():
                del data[missing]
        task.__dict__ = {
            "id": number,
            "workflow": workflow,
            "task_spec": specs[name],
            "_state": state,
            "_parent": above or None,
            "_children": [],
            "triggered": False,
            "thread_id": 0,
            "data": data,
            "internal_data": own or {},
            "last_state_change": 0,
        }
        if parent is not None:
            parent._children.append(number)
        else:
            workflow.task_tree = task
        tasks[number] = all_tasks[number] = task
        if state & OPEN:
            unfinished[number] = task
    workflow.ended = [
        (split, {name: (_unboxed(before), _unboxed(after)) for name, (before, after) in change.items()})
        for split, change in stored.get("e", ())
    ]
