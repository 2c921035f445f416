"""A BPMN file as a static, accessible SVG with “here”, done and stuck marked, and its steps as text.

Everything from the file is escaped; colours are classes of our style sheet, so that the page's policy holds.
The zoomable viewer is an island of its own (frontend/src/diagram).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from flask_babel import gettext
from markupsafe import Markup, escape

from app.presentation.diagram_file import (
    ACTIVITIES,
    EVENTS,
    GATEWAYS,
    Box,
    Edge,
    Picture,
    Shape,
    UndrawableDiagram,
    read_picture,
)
from app.presentation.diagram_icons import GATEWAY_ICONS, MARKERS, TASK_ICONS, event_icon
from app.presentation.diagram_marks import LINE, around_all, circle, lines, midway, number, rect, start_mark
from app.presentation.diagram_text import SIZE, wrap

State = Literal["here", "done", "incident"]
STATES: tuple[State, ...] = ("incident", "here", "done")
PADDING = 16.0


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of the text beside the picture; `state` is "" where nothing happened there yet."""

    id: str
    name: str
    kind: str
    state: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """`svg` is empty where the file has no picture; `steps` always tells the same in words.

    `here`: ids of the drawn shapes where the case is; each is an anchor `<key>-here-<id>` in the picture.
    """

    svg: Markup
    steps: tuple[StepLine, ...]
    name: str
    here: tuple[str, ...] = ()


def draw(
    bpmn: str,
    *,
    states: Mapping[str, State] | None = None,
    english: bool = False,
    around: str = "",
    window: tuple[float, float] = (760.0, 420.0),
    key: str = "d",
) -> Drawing:
    """Draw a BPMN file. `around`: show only the surroundings of that element, `window` pixels large.

    `key` begins every id, for several drawings on one page. A file that cannot be read is an empty drawing.
    """
    try:
        picture = read_picture(bpmn)
    except UndrawableDiagram:
        return Drawing(Markup(""), (), "")
    marked = states or {}
    name = _said(picture.name, picture.name_en, english=english)
    steps = tuple(
        StepLine(s.id, _said(s.name, s.name_en, english=english), s.kind, marked.get(s.id, ""))
        for s in picture.steps
    )
    svg = Markup("")
    drawn = {shape.id for shape in picture.shapes}
    if picture.shapes:
        view = _view(picture, around=around, window=window)
        svg = _Painter(marked, english=english, key=key, view=view).paint(picture, name)
    return Drawing(svg, steps, name, tuple(i for i, s in marked.items() if s == "here" and i in drawn))


def _said(name: str, name_en: str, *, english: bool) -> str:
    return name_en if english and name_en else name


def _view(picture: Picture, *, around: str, window: tuple[float, float]) -> Box:
    """The part of the drawing to show."""
    whole = picture.extent
    whole = Box(whole.x - PADDING, whole.y - PADDING, whole.width + 2 * PADDING, whole.height + 2 * PADDING)
    middle = next((s.box.middle for s in picture.shapes if s.id == around), None)
    if middle is None:
        return whole
    width, height = min(window[0], whole.width), min(window[1], whole.height)
    left = min(max(middle[0] - width / 2, whole.x), whole.right - width)
    top = min(max(middle[1] - height / 2, whole.y), whole.bottom - height)
    return Box(left, top, width, height)


class _Painter:
    """Paints one picture into markup; holds what every shape needs to know."""

    def __init__(self, states: Mapping[str, State], *, english: bool, key: str, view: Box) -> None:
        self.states = states
        self.english = english
        self.key = key
        self.view = view

    def paint(self, picture: Picture, name: str) -> Markup:
        shapes = [
            s for s in picture.shapes if s.box.meets(self.view) or (s.label and s.label.meets(self.view))
        ]
        shapes.sort(key=_depth)
        below = [s for s in shapes if _depth(s)[0] < 3]
        above = [s for s in shapes if _depth(s)[0] >= 3]
        edges = [e for e in picture.edges if around_all(e.points).meets(self.view)]
        view = self.view
        parts = [
            f'<svg class="d" xmlns="http://www.w3.org/2000/svg" role="img" '
            f'aria-labelledby="{self.key}-title {self.key}-desc" '
            f'width="{number(view.width)}" height="{number(view.height)}" '
            f'viewBox="{number(view.x)} {number(view.y)} {number(view.width)} {number(view.height)}">',
            f'<title id="{self.key}-title">{escape(name or gettext("Diagram"))}</title>',
            f'<desc id="{self.key}-desc">{escape(self._description(picture))}</desc>',
            self._tips(),
            *(self._shape(s) for s in below),
            *(self._edge(e) for e in edges),
            *(self._shape(s) for s in above),
            *(self._edge_label(e) for e in edges if e.name),
            *(self._badge(s) for s in shapes),
            "</svg>",
        ]
        return Markup("".join(parts))  # noqa: S704  (every piece of the file went through escape)

    def _description(self, picture: Picture) -> str:
        names = {s.id: _said(s.name, s.name_en, english=self.english) or s.id for s in picture.shapes}
        held = {
            state: [names[i] for i, s in self.states.items() if s == state and i in names] for state in STATES
        }
        said = [
            gettext("Now at: %(steps)s.", steps=_list(held["here"])) if held["here"] else "",
            gettext("Stuck at: %(steps)s.", steps=_list(held["incident"])) if held["incident"] else "",
            gettext("Done: %(steps)s.", steps=_list(held["done"])) if held["done"] else "",
        ]
        return " ".join(s for s in said if s) or gettext("The steps are listed as text below the picture.")

    def _tips(self) -> str:
        def tip(name: str, path: str, css: str) -> str:
            return (
                f'<marker id="{self.key}-{name}" viewBox="0 0 12 12" refX="11" refY="6" markerWidth="9" '
                f'markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">'
                f'<path class="{css}" d="{path}"/></marker>'
            )

        return (
            "<defs>"
            + tip("tip", "M1 1.5L11 6 1 10.5z", "d-tip")
            + tip("open", "M1 1.5L11 6 1 10.5z", "d-icon")
            + tip("thin", "M1 1L11 6 1 11", "d-icon")
            + "</defs>"
        )

    def _shape(self, shape: Shape) -> str:
        state = self.states.get(shape.id)
        painted = self._body(shape)
        css = f"d-{state}" if state else ""
        anchor = f' id="{self.key}-here-{escape(shape.id)}"' if state == "here" else ""
        return f'<g class="{css}"{anchor}>{painted}</g>' if css else f"<g>{painted}</g>"

    def _body(self, shape: Shape) -> str:
        if shape.kind in ("participant", "lane"):
            return self._band(shape)
        if shape.kind in ACTIVITIES:
            return self._activity(shape)
        if shape.kind in EVENTS:
            return self._event(shape)
        if shape.kind in GATEWAYS:
            return self._gateway(shape)
        return self._artefact(shape)

    def _band(self, shape: Shape) -> str:
        box, head = shape.box, 30.0
        css = "d-pool" if shape.kind == "participant" else "d-lane"
        name = _said(shape.name, shape.name_en, english=self.english)
        body = rect(box, css)
        if not shape.horizontal:
            bar = Box(box.x, box.y, box.width, min(head, box.height))
            return body + rect(bar, "d-head") + lines(name, bar.middle, width=box.width - 10, rows=1)
        bar = Box(box.x, box.y, min(head, box.width), box.height)
        x, y = bar.middle
        rows = wrap(name, width=box.height - 10, lines=1)
        turned = f'transform="translate({number(x + 4)} {number(y)}) rotate(-90)"'
        text = f'<text class="d-text" text-anchor="middle" {turned}>{escape("".join(rows))}</text>'
        return body + rect(bar, "d-head") + text

    def _activity(self, shape: Shape) -> str:
        box = shape.box
        extra = " d-call" if shape.kind == "callActivity" else ""
        extra += " d-event-sub" if "event" in shape.marks else ""
        painted = rect(box, "d-shape" + extra, radius=10)
        if shape.kind == "transaction":
            inner = Box(box.x + 3, box.y + 3, box.width - 6, box.height - 6)
            painted += rect(inner, "d-inner", radius=8)
        if icon := TASK_ICONS.get(shape.kind):
            painted += f'<g transform="translate({number(box.x + 6)} {number(box.y + 6)})">{icon}</g>'
        name = _said(shape.name, shape.name_en, english=self.english)
        if "expanded" in shape.marks:
            painted += lines(name, (box.middle[0], box.y + 18), width=box.width - 20, rows=1)
        else:
            foot = 16 if shape.marks & MARKERS.keys() else 0
            head = 10 if shape.kind in TASK_ICONS else 0
            room = max(1, int((box.height - 8 - foot - head) // LINE))
            middle = (box.middle[0], box.middle[1] + (head - foot) / 2)
            painted += lines(name, middle, width=max(30, box.width - 12), rows=room)
        marks = [m for m in MARKERS if m in shape.marks]
        left = box.middle[0] - (len(marks) - 1) * 9
        for index, mark in enumerate(marks):
            place = f"translate({number(left + index * 18)} {number(box.bottom - 10)})"
            painted += f'<g transform="{place}">{MARKERS[mark]}</g>'
        return painted

    def _event(self, shape: Shape) -> str:
        (x, y), radius = shape.box.middle, min(shape.box.width, shape.box.height) / 2
        dashed = " d-dashed" if "dashed" in shape.marks else ""
        thick = " d-end" if shape.kind == "endEvent" else ""
        painted = circle(x, y, radius, f"d-shape{thick}{dashed}")
        if shape.kind not in ("startEvent", "endEvent"):
            painted += circle(x, y, max(1, radius - 3), f"d-inner{dashed}")
        if shape.definition:
            throwing = shape.kind in ("endEvent", "intermediateThrowEvent")
            icon = event_icon(shape.definition, filled=throwing)
            painted += (
                f'<g transform="translate({number(x)} {number(y)}) scale({number(radius / 18)})">{icon}</g>'
            )
        return painted + self._outer_label(shape)

    def _gateway(self, shape: Shape) -> str:
        box, (x, y) = shape.box, shape.box.middle
        corners = (x, box.y, box.right, y, x, box.bottom, box.x, y)
        path = "M{} {}L{} {} {} {} {} {}z".format(*map(number, corners))
        icon = GATEWAY_ICONS.get(shape.kind, "")
        scale = number(min(box.width, box.height) / 50)
        sign = f'<g transform="translate({number(x)} {number(y)}) scale({scale})">{icon}</g>'
        return f'<path class="d-shape" d="{path}"/>{sign}' + self._outer_label(shape)

    def _artefact(self, shape: Shape) -> str:
        box = shape.box
        name = _said(shape.name, shape.name_en, english=self.english)
        if shape.kind == "textAnnotation":
            corners = (box.x + 10, box.y, box.x, box.bottom, box.x + 10)
            bracket = "M{} {}H{}V{}H{}".format(*map(number, corners))
            room = max(1, int(box.height // LINE))
            text = lines(name, box.middle, width=max(30, box.width - 14), rows=room, left=box.x + 6)
            return f'<path class="d-note" d="{bracket}"/>{text}'
        if shape.kind == "group":
            return rect(box, "d-shape d-group", radius=10)
        if shape.kind.startswith("dataStore"):
            rise = min(10.0, box.height / 4)
            arc = f"{number(box.width / 2)} {number(rise)} 0 0"
            path = (
                f"M{number(box.x)} {number(box.y + rise)}V{number(box.bottom - rise)}"
                f"a{arc} 0 {number(box.width)} 0V{number(box.y + rise)}"
                f"a{arc} 0 {number(-box.width)} 0a{arc} 0 {number(box.width)} 0"
            )
            return f'<path class="d-shape" d="{path}"/>' + self._outer_label(shape)
        if shape.kind.startswith("data"):
            fold = min(10.0, box.width / 3)
            path = (
                f"M{number(box.x)} {number(box.y)}H{number(box.right - fold)}l{number(fold)} {number(fold)}"
                f"V{number(box.bottom)}H{number(box.x)}z"
                f"M{number(box.right - fold)} {number(box.y)}v{number(fold)}h{number(fold)}"
            )
            return f'<path class="d-shape" d="{path}"/>' + self._outer_label(shape)
        return rect(box, "d-shape", radius=4) + lines(name, box.middle, width=max(30, box.width - 8), rows=3)

    def _outer_label(self, shape: Shape) -> str:
        name = _said(shape.name, shape.name_en, english=self.english)
        if not name:
            return ""
        if shape.label:
            top, width = (shape.label.middle[0], shape.label.y), max(shape.label.width, 84.0)
        else:
            top, width = (shape.box.middle[0], shape.box.bottom + 4), 100.0
        return lines(name, top, width=width + SIZE, rows=4, hanging=True, halo=True)

    def _edge(self, edge: Edge) -> str:
        path = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in edge.points)
        css, tip, start = "d-flow", f' marker-end="url(#{self.key}-tip)"', ""
        if edge.kind == "messageFlow":
            css, tip = "d-flow d-message", f' marker-end="url(#{self.key}-open)"'
            start = circle(*edge.points[0], 4, "d-shape")
        elif edge.kind == "association" or edge.kind.startswith("data"):
            css = "d-flow d-association"
            tip = f' marker-end="url(#{self.key}-thin)"' if "arrow" in edge.marks else ""
        elif self.states.get(edge.id) == "done":
            css = "d-flow d-passed"
        if "default" in edge.marks or "conditional" in edge.marks:
            start += start_mark(edge.points, slash="default" in edge.marks)
        return f'<path class="{css}" d="{path}"{tip}/>{start}'

    def _edge_label(self, edge: Edge) -> str:
        name = _said(edge.name, edge.name_en, english=self.english)
        if edge.label:
            place, width = (edge.label.middle[0], edge.label.y), max(edge.label.width, 50.0)
        else:
            x, y = midway(edge.points)
            place, width = (x, y - LINE), 90.0
        return lines(name, place, width=width + SIZE, rows=4, hanging=True, halo=True)

    def _badge(self, shape: Shape) -> str:
        """The mark of a state in words or signs, so that it does not rest on colour."""
        state = self.states.get(shape.id)
        if state is None or shape.kind in ("participant", "lane"):
            return ""
        x, y = shape.box.right - 4, shape.box.y
        sign = {"here": gettext("Here"), "incident": "!", "done": "✓"}[state]
        if state != "here":
            mark = circle(x, y, 8, f"d-mark-{state}")
        else:
            width = 14 + 12.0 * len(sign) * (0.56 if sign.isascii() else 1)
            x = shape.box.right - width / 2 + 6
            mark = rect(Box(x - width / 2, y - 10, width, 18), "d-mark-here", radius=9)
        place = f'x="{number(x)}" y="{number(y + 3)}"'
        return f'{mark}<text class="d-mark-text" text-anchor="middle" {place}>{escape(sign)}</text>'


def _depth(shape: Shape) -> tuple[int, float]:
    """What is painted first: pools, lanes, then expanded activities from the largest, then the rest."""
    if "expanded" in shape.marks and shape.kind in ACTIVITIES:
        return 2, -shape.box.width * shape.box.height
    return {"participant": 0, "lane": 1, "group": 5}.get(shape.kind, 4), 0.0


def _list(names: Iterable[str]) -> str:
    held = list(names)
    shown = str(gettext(", ")).join(held[:12])
    return shown + ("…" if len(held) > 12 else "")
