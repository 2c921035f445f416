"""Reads what other modellers write in their own namespaces (camunda 7 and kin, zeebe) as our attributes.

Ours wins where both are given. What has a meaning there that cannot be kept is told and left out.
"""

import re
from collections.abc import Collection
from typing import Final

from lxml import etree

from workflows.errors import message
from workflows.normalise.graph import FLOW_NODES
from workflows.normalise.notes import Notes
from workflows.normalise.xml import (
    CAMUNDA,
    MINYI,
    ZEEBE,
    Node,
    attribute,
    bpmn,
    child,
    extensions,
    local,
    set_attribute,
)

_SPIFF: Final = "http://spiffworkflow.org/bpmn/schema/1.0/core"
_SAME: Final = {
    "candidateGroups": "group",
    "assignee": "assignee",
    "dueDate": "due",
    "decisionRef": "decision",
    "resultVariable": "result",
}
_LOST: Final = {
    "executionListener",
    "taskListener",
    "executionListeners",
    "taskListeners",
    "inputOutput",
    "formData",
    "field",
    "connector",
    "preScript",
    "postScript",
    "serviceTaskOperator",
}
_NAME: Final = re.compile(r"[^\W\d]\w*\Z")
_FORM_PREFIX = re.compile(r"\A(embedded:|camunda-forms:)?(deployment:|app:|bpmn:)?(.*/)?")


def adopt(process: Node, root: Node, notes: Notes, *, files: Collection[str]) -> None:
    """Copy the vendors' attributes of the process and all its shapes onto ours.

    A form of theirs that is not among `files` is left out, and told.
    """
    _adopt_process(process, notes, files)
    correlations = _correlations(root)
    for node in process.iter():
        tag = local(node)
        if tag in FLOW_NODES:
            _adopt_camunda(node)
            _adopt_form(node, notes, files)
            _adopt_zeebe(node)
            _adopt_candidates(node, notes)
            _adopt_mappings(node, notes)
            _adopt_correlation(node, correlations)
            _tell_lost(node, notes)
        elif tag == "multiInstanceLoopCharacteristics":
            _adopt_collection(node)


def _camunda(node: Node, name: str) -> str:
    for namespace in CAMUNDA:
        value = node.get(f"{{{namespace}}}{name}")
        if value:
            return str(value).strip()
    return ""


def _give(node: Node, name: str, value: str) -> None:
    if value and not attribute(node, name):
        set_attribute(node, name, value)


def _plain(value: str) -> str:
    """A zeebe value without the "=" that marks an expression there."""
    value = value.strip()
    return value[1:].strip() if value.startswith("=") else value


def _adopt_process(process: Node, notes: Notes, files: Collection[str]) -> None:
    _give(process, "startableBy", _camunda(process, "candidateStarterGroups"))
    for start in process.findall(bpmn("startEvent")):
        _adopt_form(start, notes, files)
        _give(process, "startForm", attribute(start, "form"))


def _adopt_form(node: Node, notes: Notes, files: Collection[str]) -> None:
    theirs = _camunda(node, "formKey") or _camunda(node, "formRef")
    for held in extensions(node, ZEEBE, "formDefinition"):
        theirs = theirs or held.get("formKey") or held.get("formId") or ""
    if not theirs or attribute(node, "form"):
        return
    name = _form_name(theirs)
    if name in files:
        set_attribute(node, "form", name)
        return
    notes.warn(
        "parse.foreign_form",
        message("“{name}” asks for the form “{form}” of another program, which is not in the folder."),
        message("Draw the form here and add its .form file; until then any answer is taken."),
        node,
        form=theirs[:120],
    )


def _adopt_candidates(node: Node, notes: Notes) -> None:
    """One candidate user is the assignee; of several, and without a group, nothing can be kept."""
    users = _camunda(node, "candidateUsers")
    for held in extensions(node, ZEEBE, "assignmentDefinition"):
        listed = _plain(held.get("candidateUsers") or "")
        users = users or (", ".join(re.findall(r'"([^"]*)"', listed)) if listed[:1] == "[" else listed)
    if users and "," not in users:
        _give(node, "assignee", users)
    elif users and not attribute(node, "group") and not attribute(node, "assignee"):
        _say_lost(node, f"candidateUsers: {users[:80]}", notes)


def _adopt_camunda(node: Node) -> None:
    for theirs, ours in _SAME.items():
        value = _camunda(node, theirs)
        if value:
            _give(node, ours, value)
    if _camunda(node, "mapDecisionResult") in ("singleEntry", "collectEntries"):
        set_attribute(node, "entry", "true")
    if local(node) in ("serviceTask", "sendTask", "businessRuleTask") and _camunda(node, "topic"):
        set_attribute(node, "asked", _camunda(node, "topic"))
    for name in ("class", "delegateExpression", "expression"):
        if _camunda(node, name):
            set_attribute(node, "asked", _camunda(node, name))


def _form_name(key: str) -> str:
    name = _FORM_PREFIX.sub("", key.strip(), count=1)
    return name if not name or "." in name else name + ".form"


def _adopt_zeebe(node: Node) -> None:
    for held in extensions(node, ZEEBE, "assignmentDefinition"):
        groups = _plain(held.get("candidateGroups") or "")
        _give(node, "group", ", ".join(re.findall(r'"([^"]*)"', groups)) if groups[:1] == "[" else groups)
        _give(node, "assignee", _plain(held.get("assignee") or ""))
    for held in extensions(node, ZEEBE, "taskSchedule"):
        _give(node, "due", _plain(held.get("dueDate") or ""))
    for held in extensions(node, ZEEBE, "calledElement"):
        if not node.get("calledElement") and held.get("processId"):
            node.set("calledElement", held.get("processId").strip())
    for held in extensions(node, ZEEBE, "calledDecision"):
        _give(node, "decision", _plain(held.get("decisionId") or ""))
        _give(node, "result", (held.get("resultVariable") or "").strip())
        set_attribute(node, "entry", "true")
    for held in extensions(node, ZEEBE, "taskDefinition"):
        if held.get("type"):
            set_attribute(node, "asked", held.get("type").strip())
    for held in extensions(node, ZEEBE, "script"):
        if local(node) == "scriptTask" and child(node, "script") is None and held.get("expression"):
            target = (held.get("resultVariable") or "result").strip()
            etree.SubElement(node, bpmn("script")).text = f"{target} = {_plain(held.get('expression'))}"


def _adopt_mappings(node: Node, notes: Notes) -> None:
    """camunda:in, camunda:out and zeebe:ioMapping as minyi:input and minyi:output."""
    call = local(node) == "callActivity"
    for namespace in CAMUNDA if call else ():
        for theirs, ours in (("in", "input"), ("out", "output")):
            for held in list(extensions(node, namespace, theirs)):
                source = held.get("source") or held.get("sourceExpression") or ""
                if held.get("target") and source:
                    _pair(node, ours, held.get("target"), source)
    for theirs in ("input", "output"):
        for held in list(extensions(node, ZEEBE, theirs)):
            if theirs == "output" and not call:
                _say_lost(node, "zeebe:output", notes)
            elif held.get("target") and held.get("source"):
                _pair(node, theirs, held.get("target"), _plain(held.get("source")))


def _pair(node: Node, tag: str, name: str, value: str) -> None:
    held = child(node, "extensionElements")
    assert held is not None
    etree.SubElement(held, f"{{{MINYI}}}{tag}", name=name.strip(), value=value.strip())


def _adopt_collection(loop: Node) -> None:
    collection, item = _camunda(loop, "collection"), _camunda(loop, "elementVariable")
    into, each = "", ""
    for held in extensions(loop, ZEEBE, "loopCharacteristics"):
        collection = collection or _plain(held.get("inputCollection") or "")
        item = item or (held.get("inputElement") or "").strip()
        into = (held.get("outputCollection") or "").strip()
        each = _plain(held.get("outputElement") or "")
    if collection and child(loop, "loopDataInputRef") is None and child(loop, "loopCardinality") is None:
        etree.SubElement(loop, bpmn("loopDataInputRef")).text = _unwrapped(collection)
    if into and child(loop, "loopDataOutputRef") is None:
        etree.SubElement(loop, bpmn("loopDataOutputRef")).text = into
    if item and child(loop, "inputDataItem") is None:
        etree.SubElement(loop, bpmn("inputDataItem"), id=item, name=item)
    if each and not _NAME.match(each):
        set_attribute(loop.getparent(), "collects", each)
    elif each and child(loop, "outputDataItem") is None:
        etree.SubElement(loop, bpmn("outputDataItem"), id=each, name=each)


def _unwrapped(text: str) -> str:
    found = re.fullmatch(r"[$#]\{\s*(.*?)\s*\}", text, re.DOTALL)
    return found.group(1) if found else text


def _correlations(root: Node) -> dict[str, str]:
    found = {}
    for each in root.findall(bpmn("message")):
        for held in extensions(each, ZEEBE, "subscription"):
            found[each.get("id")] = _plain(held.get("correlationKey") or "")
        if attribute(each, "correlation"):
            found[each.get("id")] = attribute(each, "correlation")
    return found


def _adopt_correlation(node: Node, correlations: dict[str, str]) -> None:
    for held in (node, *node.findall(bpmn("messageEventDefinition"))):
        key = attribute(held, "correlation") or correlations.get(held.get("messageRef") or "", "")
        _give(node, "correlation", key)


def _tell_lost(node: Node, notes: Notes) -> None:
    held = child(node, "extensionElements")
    for each in held if held is not None else ():
        space, _, name = str(each.tag).partition("}")
        if name in _LOST and space.strip("{") in (*CAMUNDA, ZEEBE, _SPIFF):
            _say_lost(node, name, notes)


def _say_lost(node: Node, what: str, notes: Notes) -> None:
    notes.warn(
        "parse.vendor",
        message("“{name}” has “{what}”, which only the program that drew it knows; it is left out."),
        message("Say the same with a form, a script task or a service task."),
        node,
        what=what,
    )
