"""Draws a process that has no drawing: lanes as rows, time from left to right, flows that cross no shape.

Shapes sit in the cells of a grid. Vertical runs of a flow stay in the channels between columns, horizontal
runs in the corridors between rows, each run on a track of its own; so flows may cross each other but never
a shape. Only the top level of one process is drawn; what a collapsed sub-process holds stays inside it.
Not for improving a designer's own drawing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"

TASK, EVENT, GATEWAY = (120, 80), (36, 36), (50, 50)
GAP, LABELLED_GAP, TRACK, CORRIDOR, HEAD, MARGIN = 32, 88, 10, 24, 30, 30
NARROW = 84  # a column of gateways and events only; their names stand below them

Point = tuple[int, int]
Box = tuple[int, int, int, int]


@dataclass
class _Node:
    id: str
    tag: str
    lane: int
    column: int = 0
    row: int = 0
    host: str = ""

    @property
    def size(self) -> tuple[int, int]:
        if self.tag.endswith("Event"):
            return EVENT
        return GATEWAY if self.tag.endswith("Gateway") else TASK


@dataclass
class _Flow:
    id: str
    source: _Node
    target: _Node
    named: bool
    channels: list[tuple[int, int]] = field(default_factory=list)  # (channel, track) in order
    corridor: tuple[int, int] | None = None  # (corridor, track)


def draw(text: str) -> str:
    """The BPMN file with a new drawing of its first process. Raises lxml.etree.XMLSyntaxError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
    root = etree.fromstring(text.encode(), parser)
    process = root.find(f"{{{BPMN}}}process")
    if process is None:
        return text
    for old in root.findall(f"{{{BPMNDI}}}BPMNDiagram"):
        root.remove(old)
    lanes = process.findall(f"{{{BPMN}}}laneSet/{{{BPMN}}}lane")
    nodes = _nodes(process, lanes)
    flows = _flows(process, nodes)
    _assign_columns(nodes, flows)
    rows_of_lane = _assign_rows(nodes, flows, max(len(lanes), 1))
    _assign_tracks(flows)
    grid = _Grid(nodes, flows, rows_of_lane)
    root.append(_diagram(root, process, lanes, nodes, flows, grid))
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8").decode() + "\n"


def _nodes(process: etree._Element, lanes: Iterable[etree._Element]) -> dict[str, _Node]:
    lane_of = {
        (ref.text or "").strip(): index
        for index, lane in enumerate(lanes)
        for ref in lane.iter(f"{{{BPMN}}}flowNodeRef")
    }
    nodes: dict[str, _Node] = {}
    for child in process:
        tag = etree.QName(child).localname
        if child.get("id") and tag.endswith(("Event", "Gateway", "ask", "Process", "callActivity")):
            node_id = str(child.get("id"))
            nodes[node_id] = _Node(
                node_id, tag, lane_of.get(node_id, 0), host=str(child.get("attachedToRef", ""))
            )
    return nodes


def _flows(process: etree._Element, nodes: Mapping[str, _Node]) -> list[_Flow]:
    flows = []
    for child in process.findall(f"{{{BPMN}}}sequenceFlow"):
        source, target = nodes.get(child.get("sourceRef", "")), nodes.get(child.get("targetRef", ""))
        if source and target:
            flows.append(_Flow(str(child.get("id")), source, target, bool(child.get("name"))))
    return flows


def _assign_columns(nodes: Mapping[str, _Node], flows: list[_Flow]) -> None:
    """Longest path from the starts, flows that lead back left out; a boundary event sits with its host."""
    after: dict[str, list[str]] = defaultdict(list)
    for flow in flows:
        after[flow.source.host or flow.source.id].append(flow.target.id)
    order: list[str] = []
    state: dict[str, int] = {}
    forward: dict[str, list[str]] = defaultdict(list)
    targets = {t for ts in after.values() for t in ts}
    roots = [n.id for n in nodes.values() if n.id not in targets and not n.host] or list(nodes)[:1]
    for start in [*roots, *(n.id for n in nodes.values() if not n.host)]:
        if start in state:
            continue
        state[start] = 1
        stack = [(start, iter(after[start]))]
        while stack:
            here, rest = stack[-1]
            step = next(rest, None)
            if step is None:
                state[here] = 2
                order.append(here)
                stack.pop()
            elif state.get(step, 0) != 1:
                forward[here].append(step)
                if step not in state:
                    state[step] = 1
                    stack.append((step, iter(after[step])))
    for here in reversed(order):
        for step in forward[here]:
            nodes[step].column = max(nodes[step].column, nodes[here].column + 1)
    for node in nodes.values():
        if node.host in nodes:
            node.column = nodes[node.host].column


def _assign_rows(nodes: Mapping[str, _Node], flows: list[_Flow], lanes: int) -> list[int]:
    """Rows inside each lane: a shape keeps the row of what leads to it where that cell is free."""
    taken: set[tuple[int, int, int]] = set()
    height = [1] * lanes
    before: dict[str, list[_Node]] = defaultdict(list)
    for flow in flows:
        if flow.source.column < flow.target.column:
            before[flow.target.id].append(flow.source)
    for node in sorted((n for n in nodes.values() if not n.host), key=lambda n: n.column):
        wanted = [p.row for p in before[node.id] if p.lane == node.lane and not p.host]
        row = min(wanted, default=0)
        while (node.lane, node.column, row) in taken:
            row += 1
        node.row = row
        taken.add((node.lane, node.column, row))
        height[node.lane] = max(height[node.lane], row + 1)
    base = [sum(height[:lane]) for lane in range(lanes)]
    for node in nodes.values():
        if not node.host:
            node.row += base[node.lane]
    for node in nodes.values():
        if node.host in nodes:
            node.row, node.lane = nodes[node.host].row, nodes[node.host].lane
    return height


class _Tracks:
    """Hands out tracks so that two runs that overlap in one channel or corridor do not share one."""

    def __init__(self) -> None:
        self.runs: dict[int, list[list[tuple[float, float]]]] = defaultdict(list)

    def take(self, where: int, start: float, end: float) -> int:
        low, high = min(start, end), max(start, end)
        for index, runs in enumerate(self.runs[where]):
            if all(high <= a or low >= b for a, b in runs):
                runs.append((low, high))
                return index
        self.runs[where].append([(low, high)])
        return len(self.runs[where]) - 1


def _assign_tracks(flows: list[_Flow]) -> None:
    """Channel c lies right of column c (-1: left of all); corridor r lies below row r (-1: above all)."""
    channels, corridors = _Tracks(), _Tracks()
    cells = {(n.column, n.row) for f in flows for n in (f.source, f.target)}
    for flow in sorted(flows, key=lambda f: abs(f.target.column - f.source.column)):
        a, b = flow.source, flow.target
        between = [(c, a.row) for c in range(a.column + 1, b.column)]
        if not a.host and a.column < b.column:
            if a.row == b.row and not any(cell in cells for cell in between):
                continue
            if b.column == a.column + 1:
                flow.channels = [(a.column, channels.take(a.column, a.row, b.row))]
                continue
        down = a.host or (b.row >= a.row and b.column > a.column)
        corridor = a.row if down else min(a.row, b.row) - 1 if b.row != a.row else a.row - 1
        middle = corridor + 0.5
        flow.corridor = (corridor, corridors.take(corridor, a.column + 0.5, b.column - 0.5))
        if not a.host:
            flow.channels.append((a.column, channels.take(a.column, a.row, middle)))
        flow.channels.append((b.column - 1, channels.take(b.column - 1, middle, b.row)))


class _Grid:
    """Turns cells, channels and corridors into coordinates."""

    def __init__(self, nodes: Mapping[str, _Node], flows: list[_Flow], rows_of_lane: list[int]) -> None:
        self.rows_of_lane = rows_of_lane
        columns = max((n.column for n in nodes.values()), default=0) + 1
        rows = sum(rows_of_lane)
        wide: dict[int, int] = defaultdict(int)
        tall: dict[int, int] = defaultdict(int)
        labelled = set()
        for flow in flows:
            for channel, track in flow.channels:
                wide[channel] = max(wide[channel], track + 1)
            if flow.corridor:
                tall[flow.corridor[0]] = max(tall[flow.corridor[0]], flow.corridor[1] + 1)
            if flow.named:
                labelled.add(flow.source.column)
        wide_columns = {n.column for n in nodes.values() if n.size == TASK}
        self.width = {c: TASK[0] if c in wide_columns else NARROW for c in range(columns)}
        self.left: dict[int, int] = {}
        self.top: dict[int, int] = {}
        x = MARGIN + 2 * HEAD + GAP + wide[-1] * TRACK
        for column in range(columns):
            self.left[column] = x
            gap = LABELLED_GAP if column in labelled else GAP
            x += self.width[column] + gap + wide[column] * TRACK
        self.right = x
        y = MARGIN + CORRIDOR + tall[-1] * TRACK
        self.wide = wide
        for row in range(rows):
            self.top[row] = y
            y += TASK[1] + CORRIDOR + tall[row] * TRACK
        self.bottom = y

    def box(self, node: _Node) -> Box:
        width, height = node.size
        x, y = self.left[node.column], self.top[node.row]
        if node.host:
            return (x + self.width[node.column] - width - 12, y + TASK[1] - height // 2, width, height)
        return (x + (self.width[node.column] - width) // 2, y + (TASK[1] - height) // 2, width, height)

    def channel_x(self, channel: int, track: int) -> int:
        start = self.left[channel] + self.width[channel] if channel >= 0 else MARGIN + 2 * HEAD
        return start + 14 + track * TRACK

    def corridor_y(self, corridor: int, track: int) -> int:
        start = self.top[corridor] + TASK[1] if corridor >= 0 else MARGIN
        return start + 20 + track * TRACK

    def lane_box(self, index: int) -> Box:
        first = sum(self.rows_of_lane[:index])
        last = first + self.rows_of_lane[index]
        top = self.top[first] - CORRIDOR // 2 if index else MARGIN
        bottom = self.top[last] - CORRIDOR // 2 if last in self.top else self.bottom
        return (MARGIN + HEAD, top, self.right - MARGIN - HEAD, bottom - top)

    def points(self, flow: _Flow) -> list[Point]:
        ax, ay, aw, ah = self.box(flow.source)
        bx, by, _, bh = self.box(flow.target)
        start, end = (ax + aw, ay + ah // 2), (bx, by + bh // 2)
        if flow.source.host:
            start = (ax + aw // 2, ay + ah)
        path = [start]
        xs = [self.channel_x(*c) for c in flow.channels]
        if flow.corridor:
            y = self.corridor_y(*flow.corridor)
            if not flow.source.host:
                path += [(xs[0], start[1]), (xs[0], y)]
            else:
                path.append((start[0], y))
            path += [(xs[-1], y), (xs[-1], end[1])]
        elif xs:
            path += [(xs[0], start[1]), (xs[0], end[1])]
        return [*path, end]


def _diagram(
    root: etree._Element,
    process: etree._Element,
    lanes: list[etree._Element],
    nodes: Mapping[str, _Node],
    flows: list[_Flow],
    grid: _Grid,
) -> etree._Element:
    spaces = {"bpmndi": BPMNDI, "dc": DC, "di": DI}
    diagram = etree.Element(f"{{{BPMNDI}}}BPMNDiagram", nsmap=spaces, id="diagram")
    participant = root.find(f"{{{BPMN}}}collaboration/{{{BPMN}}}participant")
    holder = root.find(f"{{{BPMN}}}collaboration") if participant is not None else process
    plane = etree.SubElement(
        diagram,
        f"{{{BPMNDI}}}BPMNPlane",
        id="plane",
        bpmnElement=str(holder.get("id")) if holder is not None else "",
    )
    if participant is not None:
        whole = (MARGIN, MARGIN, grid.right - MARGIN, grid.bottom - MARGIN)
        _shape(plane, str(participant.get("id")), whole, isHorizontal="true")
    for index, lane in enumerate(lanes):
        _shape(plane, str(lane.get("id")), grid.lane_box(index), isHorizontal="true")
    for node in nodes.values():
        box = grid.box(node)
        shape = _shape(
            plane, node.id, box, **({"isMarkerVisible": "true"} if node.tag == "exclusiveGateway" else {})
        )
        if node.size != TASK:
            x, y, width, height = box
            label = etree.SubElement(shape, f"{{{BPMNDI}}}BPMNLabel")
            _bounds(label, (x + width // 2 - 45, y + height + 2, 90, 14))
    for flow in flows:
        edge = etree.SubElement(plane, f"{{{BPMNDI}}}BPMNEdge", id=f"{flow.id}_di", bpmnElement=flow.id)
        points = grid.points(flow)
        for x, y in points:
            etree.SubElement(edge, f"{{{DI}}}waypoint", x=str(x), y=str(y))
        if flow.named:
            label = etree.SubElement(edge, f"{{{BPMNDI}}}BPMNLabel")
            _bounds(label, _label_box(points))
    return diagram


def _label_box(points: list[Point]) -> Box:
    """Above the stretch that leads into the next shape where that is long enough, else above the first."""
    (ax, ay), (bx, _) = (points[-2], points[-1]) if len(points) > 2 else (points[0], points[1])
    if bx - ax < 30:
        (ax, ay), (bx, _) = points[0], points[1]
    return (min(ax, bx) + 6, ay - 17, max(abs(bx - ax) - 10, 40), 14)


def _shape(plane: etree._Element, element: str, box: Box, **attributes: str) -> etree._Element:
    named = {"id": f"{element}_di", "bpmnElement": element} | attributes
    shape = etree.SubElement(plane, f"{{{BPMNDI}}}BPMNShape", named)
    _bounds(shape, box)
    return shape


def _bounds(parent: etree._Element, box: Box) -> None:
    x, y, width, height = (str(v) for v in box)
    etree.SubElement(parent, f"{{{DC}}}Bounds", x=x, y=y, width=width, height=height)
