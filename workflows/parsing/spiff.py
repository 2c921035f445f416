"""Builds the engine's specs from a normalised diagram. The only module that drives SpiffWorkflow's parser.

Two things differ from the stock parser, which walks the flows by recursion (a chain of 500 nodes
overflows) and drops foreign attributes: shapes are made first and connected afterwards, and our own
attributes land in `task_spec.extensions`. Scripts and conditions stay text: nothing is evaluated here.
"""

import re
from typing import Any, Final

from SpiffWorkflow.bpmn.parser.event_parsers import SIGNAL_EVENT_XPATH
from SpiffWorkflow.bpmn.parser.TaskParser import ExclusiveGateway, InclusiveGateway, TaskParser
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.defaults import EndEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.spiff.parser.event_parsers import SpiffEndEventParser
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser, SpiffProcessParser
from SpiffWorkflow.spiff.parser.task_spec import SpiffTaskParser
from SpiffWorkflow.spiff.specs.defaults import ServiceTask

from workflows.normalise.graph import FLOW_NODES
from workflows.normalise.xml import DC, MINYI, Node, bpmn, extensions, local

_NUMBER: Final = re.compile(r"\s*-?\d{1,9}(\.\d{0,9})?\s*\Z")


def build(root: Node, keys: list[str]) -> dict[str, Any]:
    """Spec by id, for each process of `keys` and every sub-process in it.

    Raises: ValidationException where the stock parser finds something that lint did not.
    """
    parser = _Parser()
    parser.add_bpmn_xml(root)
    specs: dict[str, Any] = {}
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key in specs:
            continue
        specs[key] = spec = parser.get_spec(key)
        called = {node.get("calledElement") for node in root.iter(bpmn("callActivity"))}
        waiting.extend(
            task_spec.spec
            for task_spec in spec.task_specs.values()
            if isinstance(getattr(task_spec, "spec", None), str)
            and task_spec.spec in parser.process_parsers
            and task_spec.spec not in called
        )
        preconnect(spec)
    return specs


def preconnect(spec: Any) -> None:
    """Tie each repeated task to its children's end, so that a case loaded in another process completes.

    Cause: SpiffWorkflow 3.2.0 connects them when the first child is made (multiinstance_task.py,
    `create_child`), which a freshly parsed spec has not seen. Can go when the library does it at parse time.
    """
    for task_spec in spec.task_specs.values():
        if isinstance(task_spec, LoopTask):
            repeated = spec.task_specs[task_spec.task_spec]
            if not repeated.completed_event.is_connected(task_spec.merge_child):
                repeated.completed_event.connect(task_spec.merge_child)


def extensions_of(node: Node) -> dict[str, Any]:
    """Our attributes by local name, with `kind`, and `inputs`, `outputs` (name → expression), `choices`."""
    found: dict[str, Any] = {
        name.rpartition("}")[2]: value.strip()
        for name, value in node.attrib.items()
        if name.startswith("{" + MINYI + "}")
    }
    found["kind"] = local(node)
    found["inputs"] = _pairs(node, "input")
    found["outputs"] = _pairs(node, "output")
    found["choices"] = tuple(each.get("label") or "" for each in extensions(node, MINYI, "choice"))
    return found


def _pairs(node: Node, tag: str) -> dict[str, str]:
    return {
        (each.get("name") or "").strip(): (each.get("value") or "").strip()
        for each in extensions(node, MINYI, tag)
    }


class _TwoPhase:
    """Makes a shape's spec now; `connect` ties it to its successors when all are made."""

    def parse_extensions(self, node: Node = None) -> dict[str, Any]:
        return extensions_of(self.node if node is None else node)

    def parse_node(self) -> Any:
        try:
            return self._make()
        except ValidationException:
            raise
        except (AttributeError, KeyError, TypeError, ValueError, AssertionError) as broken:
            raise ValidationException(repr(broken), node=self.node, file_name=self.filename) from broken

    def _make(self) -> Any:
        self.task = self.create_task()
        self.task.extensions = mine = self.parse_extensions()
        for repeated in self.xpath("./bpmn:standardLoopCharacteristics"):
            self._add_loop_task(repeated)
        for repeated in self.xpath("./bpmn:multiInstanceLoopCharacteristics"):
            self._add_multiinstance_task(repeated)
        self.task.extensions = mine
        entry = self.task
        events = self.process_parser.get_boundary_events(self.bpmn_id)
        if events:
            entry = self._add_boundary_event(events)
        self.process_parser.unconnected.append(self)
        return entry

    def connect(self) -> None:
        flows = self.process_parser.get_outgoing_sequence_flows(self.bpmn_id)
        if len(flows) > 1 and not self.handles_multiple_outgoing():
            self.raise_validation_exception("Several flows leave this shape.")
        specs = self.spec.task_specs
        targets = []
        for flow in flows:
            target = flow.get("targetRef")
            entry = specs.get(f"{target}.BoundaryEventSplit") or specs.get(target)
            if entry is None:
                self.raise_validation_exception(f"The flow {flow.get('id')} leads nowhere.")
            targets.append((float(self.process_parser.get_position(target)["y"]), entry, flow))
        targets.sort(key=lambda each: each[0])
        default = self.node.get("default")
        if (
            len(targets) == 1
            and isinstance(self.task, ExclusiveGateway | InclusiveGateway)
            and not self.parse_condition(flows[0])
        ):
            default = flows[0].get("id")
        for _, entry, flow in targets:
            self.connect_outgoing(entry, flow, flow.get("id") == default)

    xpath: Any
    node: Any
    task: Any
    spec: Any
    filename: Any
    bpmn_id: Any
    process_parser: Any
    create_task: Any
    parse_condition: Any
    connect_outgoing: Any
    handles_multiple_outgoing: Any
    raise_validation_exception: Any
    _add_loop_task: Any
    _add_multiinstance_task: Any
    _add_boundary_event: Any


class _ServiceParser(SpiffTaskParser):  # type: ignore[misc]
    """Service and business-rule tasks: what to compute is named by `service` or `decision`."""

    def create_task(self) -> Any:
        mine = self.parse_extensions()
        return self.spec_class(
            self.spec,
            self.bpmn_id,
            operation_name=mine.get("service") or mine.get("decision") or "",
            operation_params={},
            result_variable=mine.get("result"),
            **self.bpmn_attributes,
        )


class _EndParser(SpiffEndEventParser):  # type: ignore[misc]
    """End events. The stock one reads a signalling end as a silent one (event_parsers.py, EndEventParser)."""

    def create_task(self) -> Any:
        task = super().create_task()
        for definition in self.xpath(SIGNAL_EVENT_XPATH):
            task.event_definition = self.parse_signal_event(definition)
        return task


class _ProcessParser(SpiffProcessParser):  # type: ignore[misc]
    """One process or sub-process, made shape by shape without recursion."""

    def _index_process_nodes(self) -> None:
        """Index the shapes of this scope only; the stock one takes in those of its sub-processes too."""
        for node in self.node:
            tag = local(node)
            if node.get("id"):
                self.nodes_by_id[node.get("id")] = node
            if tag == "sequenceFlow":
                self.outgoing_sequence_flows.setdefault(node.get("sourceRef"), []).append(node)
            elif tag == "boundaryEvent":
                self.boundary_events_by_attached.setdefault(node.get("attachedToRef"), []).append(node)

    def add_tasks(self) -> None:
        self.unconnected: list[Any] = []
        for node in self.node:
            if local(node) in FLOW_NODES and local(node) != "boundaryEvent":
                self.parse_node(node)
        while self.unconnected:
            self.unconnected.pop(0).connect()
        super().add_tasks()


class _Parser(SpiffBpmnParser):  # type: ignore[misc]
    PROCESS_PARSER_CLASS = _ProcessParser

    def _add_diagram_indexes(self, root: Node) -> None:
        super()._add_diagram_indexes(_readable_positions(root))

    def _find_dependencies(self, process: Node) -> None:
        """Calls are resolved by `compile_process`."""

    def _get_parser_class(self, tag: str) -> tuple[Any, Any]:
        return _PARSERS.get(tag, (None, None))


def _readable_positions(root: Node) -> Node:
    """Take out the bounds whose coordinates are no numbers: drawn order then falls to file order."""
    for bounds in list(root.iter(f"{{{DC}}}Bounds")):
        if not all(_NUMBER.match(bounds.get(name, "0")) for name in ("x", "y")):
            bounds.getparent().remove(bounds)
    return root


def _parsers() -> dict[str, tuple[Any, Any]]:
    stock: dict[str, tuple[Any, Any]] = {
        **SpiffBpmnParser.PARSER_CLASSES,
        **SpiffBpmnParser.OVERRIDE_PARSER_CLASSES,
        bpmn("endEvent"): (_EndParser, EndEvent),
        bpmn("serviceTask"): (_ServiceParser, ServiceTask),
        bpmn("businessRuleTask"): (_ServiceParser, ServiceTask),
    }
    made: dict[Any, Any] = {}
    for parser, _ in stock.values():
        assert issubclass(parser, TaskParser)
        made.setdefault(parser, type(f"TwoPhase{parser.__name__}", (_TwoPhase, parser), {}))
    return {tag: (made[parser], spec) for tag, (parser, spec) in stock.items()}


_PARSERS: Final = _parsers()
