"""A small builder of BPMN for tests: shapes by name, flows by chains, compiled by the real compiler.

p = Process()
p.start().user("ask").end()
p.chain("start", "ask", "end")
case = p.begin({"amount": 3})
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import count, pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from workflows.engine import Instance
from workflows.model import Files, World
from workflows.parsing import Definition, compile_process

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""Monday, noon in Shanghai."""

_ITEMS = count(1)  # ids in a file are unique

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:minyi="urn:minyi:bpmn:1"
  id="defs" targetNamespace="http://example.org">"""


def world(now: datetime = NOON, **more: Any) -> World:
    """What expressions may know, at `now`."""
    return World(now=now, **more)


class Process:
    """Collects shapes and flows; `compile` makes them a Definition."""

    def __init__(self, key: str = "p") -> None:
        self.key = key
        self._nodes: list[tuple[str, str, dict[str, str], str]] = []
        self._flows: list[tuple[str, str, str, str | None]] = []
        self._defaults: dict[str, str] = {}
        self._root: dict[str, str] = {}

    # Shapes ------------------------------------------------------------------------------------

    def add(self, tag: str, shape: str, inner: str = "", **attributes: str) -> "Process":
        """Any shape. Attributes whose name begins with `m_` are ours (minyi:)."""
        named = {"name": shape, **attributes}
        self._nodes.append((tag, shape, named, inner))
        return self

    def start(self, shape: str = "start", *, message: str = "") -> "Process":
        return self.add("startEvent", shape, self._event(message=message))

    def end(self, shape: str = "end", **event: Any) -> "Process":
        return self.add("endEvent", shape, self._event(**event))

    def user(self, shape: str, *, repeat: str = "", **own: str) -> "Process":
        return self.add("userTask", shape, repeat, **_minyi(own))

    def script(self, shape: str, text: str) -> "Process":
        return self.add("scriptTask", shape, f"<bpmn:script>{escape(text)}</bpmn:script>")

    def service(
        self,
        shape: str,
        name: str = "",
        *,
        inputs: Mapping[str, str] | None = None,
        repeat: str = "",
        tag: str = "serviceTask",
        **own: str,
    ) -> "Process":
        named = {"service": name, **own} if name else dict(own)
        return self.add(tag, shape, _mapping(inputs or {}, {}) + repeat, **_minyi(named))

    def xor(self, *ids: str) -> "Process":
        return self._gateways("exclusiveGateway", ids)

    def parallel(self, *ids: str) -> "Process":
        return self._gateways("parallelGateway", ids)

    def inclusive(self, *ids: str) -> "Process":
        return self._gateways("inclusiveGateway", ids)

    def race(self, *ids: str) -> "Process":
        return self._gateways("eventBasedGateway", ids)

    def catch(self, shape: str, *, correlation: str = "", **event: Any) -> "Process":
        own = {"correlation": correlation} if correlation else {}
        return self.add("intermediateCatchEvent", shape, self._event(**event), **_minyi(own))

    def throw(
        self, shape: str, *, correlation: str = "", inputs: Mapping[str, str] | None = None, **event: Any
    ) -> "Process":
        own = {"correlation": correlation} if correlation else {}
        inner = _mapping(inputs or {}, {}) + self._event(**event)
        return self.add("intermediateThrowEvent", shape, inner, **_minyi(own))

    def boundary(self, shape: str, *, on: str, interrupting: bool = True, **event: Any) -> "Process":
        return self.add(
            "boundaryEvent",
            shape,
            self._event(**event),
            attachedToRef=on,
            cancelActivity="true" if interrupting else "false",
        )

    def sub(self, shape: str, inside: "Process", *, repeat: str = "") -> "Process":
        self._root.update(inside._root)
        return self.add("subProcess", shape, repeat + inside.body(prefix=f"{shape}_"))

    def call(
        self,
        shape: str,
        called: str,
        *,
        inputs: Mapping[str, str] | None = None,
        outputs: Mapping[str, str] | None = None,
        **own: str,
    ) -> "Process":
        return self.add(
            "callActivity", shape, _mapping(inputs or {}, outputs or {}), calledElement=called, **_minyi(own)
        )

    def _gateways(self, tag: str, ids: Iterable[str]) -> "Process":
        for shape in ids:
            self.add(tag, shape)
        return self

    def _event(
        self,
        *,
        duration: str = "",
        date: str = "",
        cycle: str = "",
        message: str = "",
        signal: str = "",
        error: str = "",
        escalation: str = "",
        condition: str = "",
        terminate: bool = False,
    ) -> str:
        if timed := [(k, v) for k, v in (("Duration", duration), ("Date", date), ("Cycle", cycle)) if v]:
            kind, text = timed[0]
            return (
                f'<bpmn:timerEventDefinition><bpmn:time{kind} xsi:type="bpmn:tFormalExpression">'
                f"{escape(text)}</bpmn:time{kind}></bpmn:timerEventDefinition>"
            )
        if condition:
            return (
                '<bpmn:conditionalEventDefinition><bpmn:condition xsi:type="bpmn:tFormalExpression">'
                f"{escape(condition)}</bpmn:condition></bpmn:conditionalEventDefinition>"
            )
        if terminate:
            return "<bpmn:terminateEventDefinition/>"
        for kind, name in (
            ("message", message),
            ("signal", signal),
            ("error", error),
            ("escalation", escalation),
        ):
            if name:
                code = f' {kind}Code="{name}"' if kind in ("error", "escalation") else ""
                self._root[f"{kind}_{name}"] = f'<bpmn:{kind} id="{kind}_{name}" name="{name}"{code}/>'
                return f'<bpmn:{kind}EventDefinition {kind}Ref="{kind}_{name}"/>'
        return ""

    # Flows -------------------------------------------------------------------------------------

    def chain(self, *ids: str) -> "Process":
        """A flow from each to the next."""
        for source, target in pairwise(ids):
            self.flow(source, target)
        return self

    def flow(self, source: str, target: str, when: str | None = None, *, default: bool = False) -> "Process":
        """One flow; `when` is its condition, `default` makes it the source's default."""
        flow_id = f"f{len(self._flows) + 1}_{source}_{target}"
        self._flows.append((flow_id, source, target, when))
        if default:
            self._defaults[source] = flow_id
        return self

    # Out ---------------------------------------------------------------------------------------

    def body(self, *, prefix: str = "") -> str:
        parts = []
        for tag, shape, attributes, inner in self._nodes:
            if shape in self._defaults:
                attributes = {**attributes, "default": prefix + self._defaults[shape]}
            written = "".join(
                f" {name.replace('m_', 'minyi:', 1) if name.startswith('m_') else name}={quoteattr(value)}"
                for name, value in attributes.items()
            )
            parts.append(f'<bpmn:{tag} id="{shape}"{written}>{inner}</bpmn:{tag}>')
        for flow_id, source, target, when in self._flows:
            condition = (
                f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{escape(when)}'
                "</bpmn:conditionExpression>"
                if when is not None
                else ""
            )
            parts.append(
                f'<bpmn:sequenceFlow id="{prefix}{flow_id}" sourceRef="{source}" targetRef="{target}">'
                f"{condition}</bpmn:sequenceFlow>"
            )
        return "\n".join(parts)

    def xml(self) -> str:
        return (
            f"{_HEAD}{''.join(self._root.values())}"
            f'<bpmn:process id="{self.key}" name="{self.key}" isExecutable="true">{self.body()}'
            "</bpmn:process></bpmn:definitions>"
        )

    def files(self) -> Files:
        return {"process.bpmn": self.xml()}

    def compile(
        self,
        *,
        effects: Iterable[str] = (),
        callee: Callable[[str], Files | None] | None = None,
        files: Files | None = None,
    ) -> Definition:
        """The real thing; `files` are others of the folder (forms, decisions)."""
        more = {} if callee is None else {"callee": callee}
        return compile_process({**self.files(), **(files or {})}, effects=tuple(effects), **more)

    def begin(self, data: dict[str, Any] | None = None, *, now: datetime = NOON, **more: Any) -> Instance:
        """A case of it."""
        return Instance.start(self.compile(**more), data or {}, world(now))


def line(*user_tasks: str) -> Process:
    """start → the tasks, one after the other → end."""
    process = Process().start()
    for shape in user_tasks:
        process.user(shape)
    return process.end().chain("start", *user_tasks, "end")


def fork(*branches: str, before: str = "") -> Process:
    """start → [script `before`] → split → one user task each → join → after → end."""
    process = Process().start().script("prep", before or "begun = true").parallel("split", "join")
    for shape in branches:
        process.user(shape)
    process.user("after").end().chain("start", "prep", "split").chain("join", "after", "end")
    for shape in branches:
        process.chain("split", shape, "join")
    return process


def each(collection: str, item: str = "who", *, into: str = "", answer: str = "", **more: str) -> str:
    """The marker of a multi-instance; `sequential="true"`, `until="…"` as wanted, `times` for a number."""
    times = more.get("times")
    source = (
        f"<bpmn:loopCardinality>{times}</bpmn:loopCardinality>"
        if times
        else f"<bpmn:loopDataInputRef>{collection}</bpmn:loopDataInputRef>"
    )
    parts = [source]
    if into:
        parts.append(f"<bpmn:loopDataOutputRef>{into}</bpmn:loopDataOutputRef>")
    if not times:
        parts.append(f'<bpmn:inputDataItem id="item{next(_ITEMS)}" name="{item}"/>')
    if answer:
        parts.append(f'<bpmn:outputDataItem id="item{next(_ITEMS)}" name="{answer}"/>')
    if until := more.get("until"):
        parts.append(f"<bpmn:completionCondition>{escape(until)}</bpmn:completionCondition>")
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{more.get("sequential", "false")}">'
        f"{''.join(parts)}</bpmn:multiInstanceLoopCharacteristics>"
    )


def ref(case: Instance, element: str, *, item: Any = None) -> str:
    """The ref of the open task or wait at this shape (the first one; of this `item` where given)."""
    for task in case.open_tasks():
        if task.element == element and (item is None or task.item == item):
            return task.ref
    for wait in case.waits():
        if wait.element == element:
            return wait.ref
    raise AssertionError(f"nothing is open at {element}: {case.open_tasks()} {case.waits()}")


def do(case: Instance, element: str, answer: dict[str, Any] | None = None, *, item: Any = None) -> None:
    """Complete the open task at this shape."""
    case.complete(ref(case, element, item=item), answer or {})


def reload(case: Instance, definition: Definition, *, now: datetime = NOON) -> Instance:
    """The case saved and loaded again."""
    return Instance.load(definition, case.save(), world(now))


def open_at(case: Instance) -> list[str]:
    """The shapes at which people's tasks are open."""
    return [task.element for task in case.open_tasks()]


def _minyi(own: Mapping[str, str]) -> dict[str, str]:
    return {f"m_{name}": value for name, value in own.items()}


def _mapping(inputs: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    if not inputs and not outputs:
        return ""
    rows = [f"<minyi:input name={quoteattr(n)} value={quoteattr(v)}/>" for n, v in inputs.items()]
    rows += [f"<minyi:output name={quoteattr(n)} value={quoteattr(v)}/>" for n, v in outputs.items()]
    return f"<bpmn:extensionElements>{''.join(rows)}</bpmn:extensionElements>"
