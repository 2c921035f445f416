"""Reads what a BPMN file draws: its shapes and edges with their places, and its steps in reading order.

Only the picture: what the elements do is the business of `workflows`. Bounded: a file too large to draw
gives its steps without shapes. Raises UndrawableDiagram where the file is no XML.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

MOST_SHAPES = 3000
LARGEST_BYTES = 8_000_000
FARTHEST = 60_000.0
Point = tuple[float, float]

_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
_DC = "{http://www.omg.org/spec/DD/20100524/DC}"
_DD = "{http://www.omg.org/spec/DD/20100524/DI}"
_MINYI = "{urn:minyi:bpmn:1}"
TASKS = frozenset(
    (
        "task",
        "userTask",
        "manualTask",
        "serviceTask",
        "scriptTask",
        "businessRuleTask",
        "sendTask",
        "receiveTask",
    )
)
ACTIVITIES = TASKS | {"subProcess", "adHocSubProcess", "transaction", "callActivity"}
EVENTS = frozenset(
    ("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent")
)
GATEWAYS = frozenset(
    ("exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway")
)


class UndrawableDiagram(ValueError):
    """The file is no XML that can be read."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the drawing, in its pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> Point:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    def meets(self, other: "Box") -> bool:
        """Whether the two overlap."""
        return (
            self.x <= other.right
            and other.x <= self.right
            and self.y <= other.bottom
            and other.y <= self.bottom
        )


@dataclass(frozen=True, slots=True)
class Shape:
    """One drawn element. `marks`: loop, parallel, sequential, adhoc, compensation, collapsed, event, …"""

    id: str
    kind: str
    name: str
    box: Box
    name_en: str = ""
    label: Box | None = None
    definition: str = ""  # of an event: timer, message, …, multiple
    marks: frozenset[str] = frozenset()
    horizontal: bool = True


@dataclass(frozen=True, slots=True)
class Edge:
    """One drawn connection."""

    id: str
    kind: str
    name: str
    points: tuple[Point, ...]
    name_en: str = ""
    label: Box | None = None
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One element as a line of the text beside the picture."""

    id: str
    kind: str
    name: str
    name_en: str = ""
    process: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a file draws. Without shapes the steps stand alone."""

    name: str
    name_en: str
    shapes: tuple[Shape, ...] = ()
    edges: tuple[Edge, ...] = ()
    steps: tuple[Step, ...] = field(default=())

    @property
    def extent(self) -> Box:
        """The rectangle around everything drawn."""
        boxes = [*(s.box for s in self.shapes), *(s.label for s in self.shapes if s.label)]
        boxes += [e.label for e in self.edges if e.label]
        points = [p for e in self.edges for p in e.points]
        left = min([*(b.x for b in boxes), *(p[0] for p in points)], default=0.0)
        top = min([*(b.y for b in boxes), *(p[1] for p in points)], default=0.0)
        right = max([*(b.right for b in boxes), *(p[0] for p in points)], default=0.0)
        bottom = max([*(b.bottom for b in boxes), *(p[1] for p in points)], default=0.0)
        return Box(left, top, right - left, bottom - top)


def read_picture(text: str) -> Picture:
    """Read a BPMN file's first plane and its steps. Raises UndrawableDiagram."""
    if len(text) > LARGEST_BYTES:
        raise UndrawableDiagram("too large to draw")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as broken:
        raise UndrawableDiagram(str(broken)[:200]) from broken
    if root.getroottree().docinfo.internalDTD is not None:
        raise UndrawableDiagram("a DOCTYPE is not read")
    elements = {i: e for e in root.iter(etree.Element) if e.tag.startswith(_BPMN) and (i := e.get("id"))}
    process = root.find(f"{_BPMN}process")
    shapes, edges = _plane(root, elements)
    return Picture(
        name=_name(process),
        name_en="" if process is None else process.get(f"{_MINYI}nameEn", ""),
        shapes=shapes,
        edges=edges,
        steps=tuple(_steps(root)),
    )


def _plane(
    root: etree._Element, elements: dict[str, etree._Element]
) -> tuple[tuple[Shape, ...], tuple[Edge, ...]]:
    plane = root.find(f"{_DI}BPMNDiagram/{_DI}BPMNPlane")
    if plane is None or len(plane) > MOST_SHAPES:
        return (), ()
    shapes, edges = [], []
    for drawn in plane:
        element = elements.get(drawn.get("bpmnElement", "").rpartition(":")[2])
        if element is None:
            continue
        if drawn.tag == f"{_DI}BPMNShape" and (shape := _shape(drawn, element)):
            shapes.append(shape)
        elif drawn.tag == f"{_DI}BPMNEdge" and (edge := _edge(drawn, element, elements)):
            edges.append(edge)
    return tuple(shapes), tuple(edges)


def _shape(drawn: etree._Element, element: etree._Element) -> Shape | None:
    box = _box(drawn.find(f"{_DC}Bounds"))
    if box is None:
        return None
    return Shape(
        id=element.get("id", ""),
        kind=_kind(element),
        name=_name(element),
        name_en=element.get(f"{_MINYI}nameEn", ""),
        box=box,
        label=_box(drawn.find(f"{_DI}BPMNLabel/{_DC}Bounds")),
        definition=_definition(element),
        marks=frozenset(_marks(element, drawn)),
        horizontal=drawn.get("isHorizontal", "true") != "false",
    )


def _edge(drawn: etree._Element, element: etree._Element, elements: dict[str, etree._Element]) -> Edge | None:
    points = tuple(p for w in drawn.findall(f"{_DD}waypoint") if (p := _point(w)) is not None)
    if len(points) < 2:
        return None
    source = elements.get(element.get("sourceRef", ""))
    marks = set()
    if source is not None and source.get("default") == element.get("id"):
        marks.add("default")
    elif element.find(f"{_BPMN}conditionExpression") is not None and source is not None:
        marks.update(["conditional"] if _kind(source) in ACTIVITIES else [])
    if element.get("associationDirection") in ("One", "Both") or _kind(element).startswith("data"):
        marks.add("arrow")
    return Edge(
        id=element.get("id", ""),
        kind=_kind(element),
        name=_name(element),
        name_en=element.get(f"{_MINYI}nameEn", ""),
        points=points[:200],
        label=_box(drawn.find(f"{_DI}BPMNLabel/{_DC}Bounds")),
        marks=frozenset(marks),
    )


def _marks(element: etree._Element, drawn: etree._Element) -> Iterator[str]:
    loop = element.find(f"{_BPMN}multiInstanceLoopCharacteristics")
    if loop is not None:
        yield "sequential" if loop.get("isSequential") == "true" else "parallel"
    if element.find(f"{_BPMN}standardLoopCharacteristics") is not None:
        yield "loop"
    if element.get("isForCompensation") == "true":
        yield "compensation"
    if _kind(element) == "adHocSubProcess":
        yield "adhoc"
    if element.get("triggeredByEvent") == "true":
        yield "event"
    if element.get("cancelActivity") == "false" or element.get("isInterrupting") == "false":
        yield "dashed"
    if drawn.get("isExpanded") == "true":
        yield "expanded"
    elif _kind(element) in ("subProcess", "adHocSubProcess", "transaction"):
        yield "collapsed"
    if element.get("isCollection") == "true":
        yield "parallel"


def _definition(element: etree._Element) -> str:
    held = [_kind(c) for c in element if isinstance(c.tag, str) and c.tag.endswith("EventDefinition")]
    if len(held) > 1:
        return "parallelMultiple" if element.get("parallelMultiple") == "true" else "multiple"
    return held[0].removesuffix("EventDefinition") if held else ""


def _steps(root: etree._Element) -> Iterator[Step]:
    """Activities, events and gateways with a name, in the order of the file."""
    for element in root.iter(etree.Element):
        kind = _kind(element)
        if kind not in ACTIVITIES | EVENTS | GATEWAYS or not element.tag.startswith(_BPMN):
            continue
        if not _name(element) and kind not in TASKS:
            continue
        holder = next((a for a in element.iterancestors(f"{_BPMN}process")), None)
        yield Step(
            element.get("id", ""),
            kind,
            _name(element) or element.get("id", ""),
            element.get(f"{_MINYI}nameEn", ""),
            _name(holder),
        )


def _kind(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _name(element: etree._Element | None) -> str:
    if element is None:
        return ""
    text = element.findtext(f"{_BPMN}text") if _kind(element) == "textAnnotation" else element.get("name")
    return " ".join((text or "").split())[:400]


def _box(bounds: etree._Element | None) -> Box | None:
    if bounds is None:
        return None
    numbers = [_number(bounds.get(a)) for a in ("x", "y", "width", "height")]
    if any(n is None for n in numbers):
        return None
    x, y, width, height = (n for n in numbers if n is not None)
    return Box(x, y, width, height) if width > 0 and height > 0 else None


def _point(waypoint: etree._Element) -> Point | None:
    x, y = _number(waypoint.get("x")), _number(waypoint.get("y"))
    return None if x is None or y is None else (x, y)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) <= FARTHEST else None
