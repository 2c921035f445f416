"""The static diagram: every foreign file draws, nothing of a file becomes markup, bad files draw nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from lxml import etree

from app.presentation.diagram_svg import draw
from app.presentation.diagram_text import width_of, wrap

MIWG = Path(__file__).parent.parent / "processes" / "miwg"
NS = {"s": "http://www.w3.org/2000/svg"}
HEAD = (
    '<d:definitions xmlns:d="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:minyi="urn:minyi:bpmn:1" '
    'xmlns:i="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:c="http://www.omg.org/spec/DD/20100524/DC">'
)


@pytest.fixture(autouse=True)
def reader() -> Iterator[None]:
    app = Flask("drawing")
    Babel(app)
    with app.test_request_context():
        yield


def diagram(
    name: str = "调查摸底", *, bounds: str = 'x="0" y="0" width="100" height="80"', more: str = ""
) -> str:
    return (
        f'{HEAD}<d:process id="p" name="事项" minyi:nameEn="Matter"><d:userTask id="a" name="{name}" '
        f'minyi:nameEn="Survey"/>{more}</d:process><i:BPMNDiagram><i:BPMNPlane bpmnElement="p">'
        f'<i:BPMNShape bpmnElement="a"><c:Bounds {bounds}/></i:BPMNShape></i:BPMNPlane></i:BPMNDiagram>'
        "</d:definitions>"
    )


def tree(text: str) -> etree._Element:
    return etree.fromstring(text.encode())


@pytest.mark.parametrize("path", sorted(MIWG.glob("*.bpmn")), ids=lambda p: p.stem)
def test_every_reference_diagram_is_drawn_whole(path: Path) -> None:
    drawing = draw(path.read_text())
    svg = tree(drawing.svg)
    drawn = etree.parse(path).getroot().find(".//{*}BPMNPlane")
    assert drawn is not None
    shapes = [e for e in drawn if e.tag.endswith("BPMNShape") and e.find("{*}Bounds") is not None]
    assert len(svg.xpath("s:g", namespaces=NS)) == len(shapes)
    assert drawing.steps
    assert len(drawing.svg) < 80_000


def test_a_name_with_markup_is_only_text() -> None:
    drawing = draw(diagram("&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&quot;x"))
    svg = tree(drawing.svg)
    assert not [e for e in svg.iter() if "script" in str(e.tag) or any(a.startswith("on") for a in e.attrib)]
    assert "<script" not in drawing.svg
    assert "".join(svg.find(".//s:g/s:text", NS).itertext()).startswith("<scrip")  # type: ignore[union-attr]


def test_an_id_with_quotes_cannot_leave_its_attribute() -> None:
    text = diagram().replace('"a"', "'a\"&gt;&lt;b'")
    assert tree(draw(text, states={'a"><b': "here"}).svg) is not None


def test_the_picture_says_where_the_case_is_without_colour() -> None:
    svg = tree(draw(diagram(), states={"a": "here"}).svg)
    assert svg.get("role") == "img"
    assert svg.findtext("s:desc", namespaces=NS) == "Now at: 调查摸底."
    assert "Here" in [t.text for t in svg.iter("{*}text")]
    assert svg.xpath("//s:g[@class='d-here']", namespaces=NS)


def test_the_steps_in_words_carry_the_same_states() -> None:
    drawing = draw(diagram(), states={"a": "incident"}, english=True)
    assert [(s.name, s.state) for s in drawing.steps] == [("Survey", "incident")]
    assert drawing.name == "Matter"


def test_a_file_without_places_gives_its_steps_alone() -> None:
    text = diagram()
    drawing = draw(text[: text.index("<i:BPMNDiagram")] + "</d:definitions>")
    assert drawing.svg == ""
    assert [s.name for s in drawing.steps] == ["调查摸底"]


@pytest.mark.parametrize(
    "bounds",
    [
        'x="NaN" y="0" width="100" height="80"',
        'x="1e9" y="0" width="100" height="80"',
        'x="0" y="0" width="-5" height="80"',
        'x="0" y="0" width="inf" height="80"',
        'x="a" y="0" width="100" height="80"',
    ],
)
def test_a_place_that_is_none_draws_nothing(bounds: str) -> None:
    assert draw(diagram(bounds=bounds)).svg == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no xml",
        "<a",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "\x00",
        "<a>" * 5_000,
        '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>',
    ],
)
def test_a_file_that_cannot_be_read_is_an_empty_drawing(text: str) -> None:
    drawing = draw(text)
    assert (drawing.svg, drawing.steps) == ("", ())


def test_thousands_of_shapes_become_text_only() -> None:
    shape = '<i:BPMNShape bpmnElement="a"><c:Bounds x="0" y="0" width="9" height="9"/></i:BPMNShape>'
    assert draw(diagram().replace("</i:BPMNPlane>", shape * 3_001 + "</i:BPMNPlane>")).svg == ""


def test_the_surroundings_of_a_step_leave_out_what_is_far() -> None:
    far = '<i:BPMNShape bpmnElement="b"><c:Bounds x="5000" y="0" width="100" height="80"/></i:BPMNShape>'
    text = diagram(more='<d:task id="b" name="远"/>').replace("</i:BPMNPlane>", far + "</i:BPMNPlane>")
    near = tree(draw(text, around="a").svg)
    assert len(near.xpath("s:g", namespaces=NS)) == 1
    assert float(near.get("width")) <= 760
    assert len(tree(draw(text).svg).xpath("s:g", namespaces=NS)) == 2


def test_chinese_breaks_anywhere_but_not_before_a_closing_mark() -> None:
    rows = wrap("召开村民代表会议，讨论决定。", width=84, lines=5)
    assert "".join(rows) == "召开村民代表会议，讨论决定。"
    assert all(row[0] not in "，。" for row in rows)
    assert all(width_of(row) <= 96 for row in rows)


def test_words_break_at_spaces_and_long_text_ends_in_dots() -> None:
    assert wrap("survey of households", width=80, lines=3) == ["survey of", "households"]
    assert wrap("字" * 500, width=60, lines=2)[-1].endswith("…")
    assert wrap("x" * 500, width=60, lines=2)[-1].endswith("…")
    assert wrap("", width=60, lines=2) == []
