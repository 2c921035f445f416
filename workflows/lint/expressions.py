"""Every expression of a diagram is read at publish, so that none is unreadable in the middle of a case."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from workflows.errors import ExpressionRefused, message
from workflows.expressions import compile_expression, compile_script
from workflows.normalise.graph import ACTIVITIES, EVENTS, FLOW_NODES
from workflows.normalise.notes import Notes
from workflows.normalise.xml import MINYI, Node, attribute, child, extensions, local, text_of
from workflows.timers import TimerKind, deadline_expression, timer_expression

_TIMES: Final[dict[str, TimerKind]] = {
    "timeDate": "date",
    "timeDuration": "duration",
    "timeCycle": "cycle",
}
Reader = Callable[[str], Any]
Written = tuple[Node, str, Reader]
_NAME: Final = re.compile(r"(?!__)[^\W\d]\w*\Z")


def check_expressions(process: Node, notes: Notes) -> None:
    """Read every condition, script, timer, due date and mapping of the process."""
    for node, text, read in written(process):
        try:
            read(text)
        except ExpressionRefused as refused:
            notes.refuse(
                "engine.expression",
                message("An expression of “{name}” cannot be read: {expression} ({reason})"),
                message("Correct it; docs/how-to/expressions.md shows what can be written."),
                node,
                expression=refused.params.get("expression", text)[:200],
                reason=refused.params.get("reason", ""),
            )
    for node in process.iter():
        if local(node) in FLOW_NODES:
            _check_names(node, notes)
    title = attribute(process, "titleFrom")
    if title and not _NAME.match(title):
        _refuse_name(process, title, notes)


def written(process: Node) -> Iterator[Written]:
    """Each expression with the shape that it stands on and what reads it."""
    for node in process.iter():
        tag = local(node)
        if tag == "sequenceFlow":
            yield from _one(node, text_of(child(node, "conditionExpression")), compile_expression)
        elif tag == "scriptTask":
            yield node, text_of(child(node, "script")), compile_script
        elif tag in EVENTS:
            yield from _events(node)
        if tag in FLOW_NODES:
            yield from _attributes(node)
        if tag in ACTIVITIES:
            yield from _loops(node)


def _one(node: Node, text: str, read: Reader) -> Iterator[Written]:
    if text:
        yield node, text, read


def _events(node: Node) -> Iterator[Written]:
    for definition in node:
        if local(definition) == "conditionalEventDefinition":
            yield from _one(node, text_of(child(definition, "condition")), compile_expression)
        elif local(definition) == "timerEventDefinition":
            for held in definition:
                kind = _TIMES.get(local(held))
                if kind is not None and text_of(held):
                    yield node, text_of(held), _timer_reader(kind)


def _timer_reader(kind: TimerKind) -> Reader:
    return lambda text: timer_expression(text, kind)


def _attributes(node: Node) -> Iterator[Written]:
    yield from _one(node, attribute(node, "correlation"), compile_expression)
    assignee = attribute(node, "assignee")
    if assignee.startswith(("${", "#{", "=")):  # else it may be a person's name
        yield node, assignee, compile_expression
    yield from _one(node, attribute(node, "due"), deadline_expression)
    for tag in ("input", "output"):
        for pair in extensions(node, MINYI, tag):
            yield node, (pair.get("value") or "").strip(), compile_expression


def _loops(node: Node) -> Iterator[Written]:
    several = child(node, "multiInstanceLoopCharacteristics")
    if several is not None:
        yield from _one(node, attribute(node, "collects"), compile_expression)
        for tag in ("loopDataInputRef", "loopCardinality", "completionCondition"):
            yield from _one(node, text_of(child(several, tag)), compile_expression)
    again = child(node, "standardLoopCharacteristics")
    if again is not None:
        yield from _one(node, text_of(child(again, "loopCondition")), compile_expression)


def _check_names(node: Node, notes: Notes) -> None:
    names = [attribute(node, "result")] if attribute(node, "result") else []
    for tag in ("input", "output"):
        pairs = [(pair.get("name") or "").strip() for pair in extensions(node, MINYI, tag)]
        names += pairs
        if len(set(pairs)) != len(pairs):
            notes.refuse(
                "flow.same_name",
                message("“{name}” gives the same name twice."),
                message("Name each input and output once."),
                node,
            )
    for name in names:
        if not _NAME.match(name):
            _refuse_name(node, name, notes)


def _refuse_name(node: Node, data: str, notes: Notes) -> None:
    notes.refuse(
        "flow.data_name",
        message("“{name}” uses “{data}”, which is no data name."),
        message("A data name begins with a letter; letters, digits and “_” follow."),
        node,
        data=data[:80],
    )
