"""Which step writes which data name: names that nobody writes, and branches that write the same one.

Both are warnings: what a person, a message or a called process brings is not known before it comes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from workflows.errors import ExpressionRefused, message
from workflows.expressions import compile_expression, compile_script
from workflows.lint.known import Known
from workflows.normalise.gateways import CHOICE
from workflows.normalise.graph import FLOW_NODES, PEOPLE, SUBPROCESSES, Scope, event_definitions, scopes
from workflows.normalise.notes import Notes
from workflows.normalise.xml import MINYI, Node, attribute, bpmn, child, extensions, local, named, text_of

_GATHERING = ("append(", "concat(")


def check_data(process: Node, known: Known, notes: Notes) -> None:
    """Warn of names that are surely undefined, and of branches that would overwrite each other."""
    for scope in scopes(process):
        for gateway in scope.kinds("parallelGateway", "inclusiveGateway"):
            _check_branches(gateway, scope, known, notes)
    _check_undefined(process, known, notes)
    for node in process.iter(*(bpmn(tag) for tag in PEOPLE)):
        several = child(node, "multiInstanceLoopCharacteristics")
        if several is not None and child(several, "loopDataOutputRef") is None:
            notes.warn(
                "flow.answers_lost",
                message("“{name}” is done by several people, but their answers are kept nowhere."),
                message("Name a collection for the answers."),
                node,
            )


def writes(node: Node, known: Known) -> dict[str, str] | None:
    """The names that a step sets, each with how ("" for a person's answer); None when nobody can know."""
    tag = local(node)
    several = child(node, "multiInstanceLoopCharacteristics")
    if several is not None:
        name = text_of(child(several, "loopDataOutputRef"))
        return {name: ""} if name else {}
    if tag in PEOPLE:
        return _person(node, known)
    if tag == "scriptTask":
        return _script(node)
    if tag in SUBPROCESSES:
        found: dict[str, str] = {}
        for scope in scopes(node):
            for inner in scope.nodes.values():
                if local(inner) in SUBPROCESSES:
                    continue
                more = writes(inner, known)
                if more is None:
                    return None
                found |= more
        return found
    return _machine(node, tag, known)


def _person(node: Node, known: Known) -> dict[str, str] | None:
    form = known.forms.get(attribute(node, "form"))
    if form is None:
        return None
    found = dict.fromkeys(form.names(), "")
    if next(extensions(node, MINYI, CHOICE), None) is not None:
        found[CHOICE] = ""
    return found


def _script(node: Node) -> dict[str, str]:
    script = compile_script(text_of(child(node, "script")))
    return {line.path[0]: line.value.text.partition("=")[2].strip() for line in script.lines}


def _machine(node: Node, tag: str, known: Known) -> dict[str, str] | None:
    result = attribute(node, "result")
    if tag == "callActivity":
        outputs = {(pair.get("name") or "").strip(): "" for pair in extensions(node, MINYI, "output")}
        if result:
            return {result: ""}
        return outputs or None
    if tag in ("serviceTask", "businessRuleTask"):
        if result:
            return {result: ""}
        decision = known.decisions.get(attribute(node, "decision"))
        return dict.fromkeys(decision.outputs, "") if decision is not None else None
    catches = any(
        local(definition) in ("messageEventDefinition", "signalEventDefinition", "errorEventDefinition")
        for definition in event_definitions(node)
    )
    if tag == "receiveTask" or (catches and tag not in ("endEvent", "intermediateThrowEvent")):
        return {result: ""} if result else None
    return {}


def _check_branches(gateway: Node, scope: Scope, known: Known, notes: Notes) -> None:
    flows = scope.outgoing.get(gateway.get("id"), ())
    if len(flows) < 2:
        return
    reached = [scope.reached([flow.get("targetRef")]) for flow in flows]
    shared = Counter(identity for mine in reached for identity in mine)
    setting: dict[str, list[tuple[Node, str]]] = defaultdict(list)
    for mine in reached:
        alone = {identity for identity in mine if shared[identity] == 1}
        for name, by in _written(scope, alone, known).items():
            setting[name].append(by)
    for name, steps in sorted(setting.items()):
        first = steps[0]
        for second in steps[1:]:
            if _agree(first[1], second[1]):
                continue
            notes.warn(
                "flow.conflict",
                message(
                    "“{first}” and “{second}” run side by side and both set “{data}”; if they differ, the"
                    " case stops where the branches meet."
                ),
                message("Give the two different names, and bring them together after the join."),
                gateway,
                first=named(first[0]),
                second=named(second[0]),
                data=name,
            )
            break


def _agree(one: str, other: str) -> bool:
    """The same value, or both only add to the list."""
    if not one or not other:
        return False
    return one == other or (one.startswith(_GATHERING) and other.startswith(_GATHERING))


def _written(scope: Scope, nodes: set[str], known: Known) -> dict[str, tuple[Node, str]]:
    found: dict[str, tuple[Node, str]] = {}
    for identity in sorted(nodes):
        node = scope.nodes[identity]
        for name, how in (writes(node, known) or {}).items():
            found.setdefault(name, (node, how))
        if next(extensions(node, MINYI, CHOICE), None) is not None:
            found.setdefault(CHOICE, (node, ""))
    return found


def _check_undefined(process: Node, known: Known, notes: Notes) -> None:
    start = known.forms.get(attribute(process, "startForm"))
    if start is None:
        return  # a start without a form may bring anything
    defined = set(start.names()) | {CHOICE}
    for node in process.iter():
        if local(node) not in FLOW_NODES or local(node) in SUBPROCESSES:
            continue
        several = child(node, "multiInstanceLoopCharacteristics")
        for tag in ("inputDataItem", "outputDataItem"):
            item = child(several, tag) if several is not None else None
            if item is not None:
                defined.add(item.get("id") or "")
        more = writes(node, known)
        if more is None:
            return
        defined |= more.keys()
    for node, names in _reads(process):
        for name in sorted(names - defined):
            notes.warn(
                "flow.undefined",
                message("“{name}” reads “{data}”, which no form, script or service sets."),
                message("Correct the name, or set it before."),
                node,
                data=name,
            )


def _reads(process: Node) -> Iterator[tuple[Node, frozenset[str]]]:
    for node in process.iter():
        tag = local(node)
        texts = []
        if tag == "sequenceFlow":
            texts.append(text_of(child(node, "conditionExpression")))
        elif tag == "scriptTask":
            yield node, compile_script(text_of(child(node, "script"))).names
        elif tag in FLOW_NODES:
            texts += [attribute(node, "due"), attribute(node, "correlation")]
            texts += [(pair.get("value") or "") for pair in extensions(node, MINYI, "input")]
            several = child(node, "multiInstanceLoopCharacteristics")
            texts.append(text_of(child(several, "loopDataInputRef")) if several is not None else "")
        for text in texts:
            if text.strip():
                try:
                    yield node, compile_expression(text).names
                except ExpressionRefused:
                    continue  # a due date may be a bare ISO text, which the timers read
