"""Pieces of SVG markup: rectangles, circles, wrapped text, marks on lines. Escapes every text it is given."""

from markupsafe import escape

from app.presentation.diagram_file import Box, Point
from app.presentation.diagram_text import SIZE, wrap

LINE = 15.0
"""Height of a line of text, in pixels."""


def number(value: float) -> str:
    """A coordinate to a tenth of a pixel, as short as possible."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def rect(box: Box, css: str, *, radius: float = 0) -> str:
    """A rectangle, with round corners if wished."""
    rounded = f' rx="{number(radius)}"' if radius else ""
    return (
        f'<rect class="{css}" x="{number(box.x)}" y="{number(box.y)}" width="{number(box.width)}" '
        f'height="{number(box.height)}"{rounded}/>'
    )


def circle(x: float, y: float, radius: float, css: str) -> str:
    """A circle."""
    return f'<circle class="{css}" cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"/>'


def lines(
    text: str,
    place: Point,
    *,
    width: float,
    rows: int,
    hanging: bool = False,
    halo: bool = False,
    left: float | None = None,
) -> str:
    """Wrapped text around `place`, or below it (`hanging`), or starting at the x of `left`."""
    held = wrap(text, width=width, lines=rows)
    if not held:
        return ""
    x, y = place
    first = y + SIZE if hanging else y - (len(held) - 1) * LINE / 2 + SIZE * 0.36
    anchor = "start" if left is not None else "middle"
    x = left if left is not None else x
    css = "d-text d-halo" if halo else "d-text"
    spans = "".join(
        f'<tspan x="{number(x)}" y="{number(first + index * LINE)}">{escape(row)}</tspan>'
        for index, row in enumerate(held)
    )
    return f'<text class="{css}" text-anchor="{anchor}">{spans}</text>'


def around_all(points: tuple[Point, ...]) -> Box:
    """The rectangle around these points."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def midway(points: tuple[Point, ...]) -> Point:
    """The middle of the middle piece of a line."""
    first, second = points[(len(points) - 1) // 2], points[(len(points) - 1) // 2 + 1]
    return (first[0] + second[0]) / 2, (first[1] + second[1]) / 2


def start_mark(points: tuple[Point, ...], *, slash: bool) -> str:
    """The slash of a default flow or the diamond of a conditional one, at its start."""
    (x, y), (to_x, to_y) = points[0], points[1]
    length = ((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5
    if not length:
        return ""
    along_x, along_y = (to_x - x) / length, (to_y - y) / length
    if slash:
        x, y = x + along_x * 9, y + along_y * 9
        over_x, over_y = -along_y * 5 + along_x * 3, along_x * 5 + along_y * 3
        ends = (x + over_x, y + over_y, x - over_x, y - over_y)
        return '<path class="d-icon" d="M{} {}L{} {}"/>'.format(*map(number, ends))
    side_x, side_y = -along_y * 5, along_x * 5
    corners = [
        (x, y),
        (x + along_x * 8 + side_x, y + along_y * 8 + side_y),
        (x + along_x * 16, y + along_y * 16),
        (x + along_x * 8 - side_x, y + along_y * 8 - side_y),
    ]
    return '<path class="d-shape" d="M' + "L".join(f"{number(a)} {number(b)}" for a, b in corners) + 'z"/>'
