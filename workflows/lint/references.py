"""Forms, decisions, services and processes that a diagram names: they must be there."""

import difflib
from collections.abc import Iterable

from workflows.errors import ExpressionRefused, message
from workflows.expressions import compile_expression
from workflows.lint.known import Known
from workflows.normalise.graph import FLOW_NODES, PEOPLE
from workflows.normalise.notes import Notes
from workflows.normalise.xml import Node, attribute, bpmn, local


def check_references(process: Node, known: Known, notes: Notes) -> None:
    """Note each name that leads nowhere, with the nearest one that does."""
    _check_form(process, attribute(process, "startForm"), known, notes)
    for node in process.iter():
        if local(node) not in FLOW_NODES:
            continue
        if local(node) in PEOPLE:
            _check_form(node, attribute(node, "form"), known, notes)
        _check_service(node, known, notes)
        _check_decision(node, known, notes)
        if local(node) == "callActivity":
            _check_called(node, known, notes)
    for name in sorted(known.forms):
        _check_form_expressions(name, known, notes)
    _check_people(process, notes)


def _check_form(node: Node, form: str, known: Known, notes: Notes) -> None:
    if form and form not in known.files:
        notes.refuse(
            "form.missing",
            message("“{name}” asks for the form “{form}”, which is not in the folder."),
            message("Add the file, or choose one of: {known}."),
            node,
            form=form[:120],
            known=_nearest(form, (name for name in known.files if name.endswith(".form"))),
        )


def _check_service(node: Node, known: Known, notes: Notes) -> None:
    service = attribute(node, "service")
    if service and service not in known.services:
        notes.refuse(
            "flow.service_unknown",
            message("“{name}” names the service “{service}”, which does not exist."),
            message("Choose one of: {known}."),
            node,
            service=service[:120],
            known=_nearest(service, known.services),
        )


def _check_decision(node: Node, known: Known, notes: Notes) -> None:
    decision = attribute(node, "decision")
    if not decision or decision in known.decisions or decision in known.files:
        return  # a file that is there but unreadable has problems of its own
    notes.refuse(
        "flow.decision_unknown",
        message("“{name}” names the decision “{decision}”, which is not in the folder."),
        message("Add the .dmn file, or choose one of: {known}."),
        node,
        decision=decision[:120],
        known=_nearest(decision, known.decisions),
    )


def _check_called(node: Node, known: Known, notes: Notes) -> None:
    key = node.get("calledElement") or ""
    if key not in known.own and not known.process(key):
        notes.refuse(
            "flow.called_unknown",
            message("“{name}” calls the process “{key}”, which does not exist."),
            message("Publish that process first, or correct the name."),
            node,
            key=key[:120],
        )


def _check_form_expressions(name: str, known: Known, notes: Notes) -> None:
    for field, text in known.forms[name].expressions():
        try:
            compile_expression(text)
        except ExpressionRefused as refused:
            notes.refuse(
                "form.expression",
                message("An expression of “{field}” in {form} cannot be read: {expression} ({reason})"),
                message("Correct it; docs/how-to/expressions.md shows what can be written."),
                field.key or field.id,
                field=field.label or field.key or field.id,
                form=name,
                expression=text[:200],
                reason=refused.params.get("reason", ""),
            )


def _check_people(process: Node, notes: Notes) -> None:
    for lane in process.iter(bpmn("lane")):
        named_at_all = (lane.get("name") or "").strip() or attribute(lane, "group")
        holds_tasks = lane.find(bpmn("childLaneSet")) is None and lane.find(bpmn("flowNodeRef")) is not None
        if holds_tasks and not named_at_all:
            notes.warn(
                "flow.lane_unnamed",
                message("A lane has no name, so that no group does its tasks."),
                message("Name the lane after the group that does its tasks."),
                lane,
            )
    held = {(ref.text or "").strip() for ref in process.iter(bpmn("flowNodeRef"))}
    for node in process.iter(*(bpmn(tag) for tag in PEOPLE)):
        inside = {node.get("id"), *(outer.get("id") for outer in node.iterancestors())}
        if not attribute(node, "group") and not attribute(node, "assignee") and not inside & held:
            notes.warn(
                "flow.nobody",
                message("Nobody is named for “{name}”; it goes to the person who started the case."),
                message("Give it a group or an assignee, or put it into a lane."),
                node,
            )


def _nearest(wanted: str, names: Iterable[str]) -> str:
    every = sorted(names)
    near = difflib.get_close_matches(wanted[:120], every, n=5, cutoff=0.5) or every[:10]
    return ", ".join(near) or "–"
