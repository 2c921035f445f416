"""Reads the shapes of a normalised process as `Element` values: what the application knows of them."""

from workflows.model import Element
from workflows.normalise.graph import scopes
from workflows.normalise.xml import MINYI, Node, attribute, bpmn, child, text_of

_OWN = ("nameEn", "group", "assignee", "form", "due", "service", "article")


def elements_of(process: Node) -> dict[str, Element]:
    """Element by id, for the process and all its sub-processes."""
    lanes = _lanes(process)
    found: dict[str, Element] = {}
    for scope in scopes(process):
        outer = lanes.get(scope.id)
        for identity, node in scope.nodes.items():
            lane = lanes.get(identity, outer)
            if lane is not None:
                lanes.setdefault(identity, lane)
            found[identity] = _element(node, scope.id, lane)
    return found


def _element(node: Node, holder: str, lane: Node | None) -> Element:
    lane_name = " ".join((lane.get("name") or "").split()) if lane is not None else ""
    lane_group = attribute(lane, "group") if lane is not None else ""
    prefix = f"{{{MINYI}}}"
    return Element(
        id=node.get("id"),
        kind=node.tag.rpartition("}")[2],
        name=" ".join((node.get("name") or "").split()),
        process=holder,
        name_en=attribute(node, "nameEn"),
        lane=lane_name,
        group=attribute(node, "group") or lane_group or lane_name,
        assignee=attribute(node, "assignee"),
        form=attribute(node, "form"),
        due=attribute(node, "due"),
        service=attribute(node, "service"),
        documentation=text_of(child(node, "documentation")),
        article=attribute(node, "article"),
        properties={
            name.removeprefix(prefix): value.strip()
            for name, value in node.attrib.items()
            if name.startswith(prefix) and name.removeprefix(prefix) not in _OWN
        },
    )


def _lanes(process: Node) -> dict[str, Node]:
    """The innermost lane of each flow node that a lane names."""
    found: dict[str, Node] = {}
    for lane in process.iter(bpmn("lane")):
        for reference in lane.findall(bpmn("flowNodeRef")):
            found[(reference.text or "").strip()] = lane
    return found
