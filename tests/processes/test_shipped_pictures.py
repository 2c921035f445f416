"""The shipped pictures can be read: everything is drawn, nothing lies on anything else, all in its lane."""

from itertools import combinations, pairwise
from pathlib import Path

import pytest
from lxml import etree

ROOT = Path(__file__).parent.parent.parent / "bpmn"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
WAYPOINT = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
FOLDERS = sorted(path.parent.name for path in ROOT.glob("*/process.bpmn"))
WIDEST = 7000
"""What a reader can still follow by scrolling; fold bookkeeping into a neighbour rather than raise it."""

Box = tuple[float, float, float, float]  # left, top, right, bottom


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_shape_and_flow_is_drawn_once(folder: str) -> None:
    root = read(folder)
    process = root.find(f"{BPMN}process")
    drawn = [shape.get("bpmnElement") for shape in root.iter(f"{DI}BPMNShape", f"{DI}BPMNEdge")]
    expected = {e.get("id") for e in process if e.get("id") and not str(e.tag).endswith("laneSet")}
    expected |= {lane.get("id") for lane in process.iter(f"{BPMN}lane")} | {"pool"}

    assert len(drawn) == len(set(drawn))
    assert set(drawn) == expected


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_shape_lies_on_another_and_no_flow_runs_through_one(folder: str) -> None:
    root = read(folder)
    boxes = nodes(root)
    for (one, a), (other, b) in combinations(boxes.items(), 2):
        assert not overlap(a, b), (one, other)
    ends = {
        flow.get("id"): (flow.get("sourceRef"), flow.get("targetRef"))
        for flow in root.iter(f"{BPMN}sequenceFlow")
    }
    for edge in root.iter(f"{DI}BPMNEdge"):
        points = [(float(p.get("x")), float(p.get("y"))) for p in edge.iter(WAYPOINT)]
        for (ax, ay), (bx, by) in pairwise(points):
            run = (min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
            for name, box in boxes.items():
                if name not in ends[edge.get("bpmnElement")]:
                    assert not overlap(run, box), (edge.get("bpmnElement"), name)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_shape_lies_in_its_lane_and_the_picture_is_not_too_wide(folder: str) -> None:
    root = read(folder)
    boxes, lanes = nodes(root), lane_boxes(root)
    for lane in root.iter(f"{BPMN}lane"):
        left, top, right, bottom = lanes[lane.get("id")]
        assert right <= WIDEST
        for ref in lane.iter(f"{BPMN}flowNodeRef"):
            box = boxes[(ref.text or "").strip()]
            assert left <= box[0] and top <= box[1] and box[2] <= right and box[3] <= bottom, ref.text  # noqa: PT018


def read(folder: str) -> etree._Element:
    return etree.parse(ROOT / folder / "process.bpmn").getroot()


def nodes(root: etree._Element) -> dict[str, Box]:
    return {name: box for name, box in all_boxes(root).items() if name not in frames(root)}


def lane_boxes(root: etree._Element) -> dict[str, Box]:
    return {name: box for name, box in all_boxes(root).items() if name in frames(root)}


def frames(root: etree._Element) -> set[str]:
    return {"pool"} | {str(lane.get("id")) for lane in root.iter(f"{BPMN}lane")}


def all_boxes(root: etree._Element) -> dict[str, Box]:
    found: dict[str, Box] = {}
    for shape in root.iter(f"{DI}BPMNShape"):
        bounds = shape.find(f"{DC}Bounds")
        x, y, width, height = (float(bounds.get(k)) for k in ("x", "y", "width", "height"))
        found[str(shape.get("bpmnElement"))] = (x, y, x + width, y + height)
    return found


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
