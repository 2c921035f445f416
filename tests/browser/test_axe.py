"""axe (WCAG 2.2 AA) finds nothing on the officials' pages, on a phone and a desk; scripts keep their word.

The pages of meetings, notices and the portal that need no preparation are looked at as well.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import building_app as build
import pytest

from app.identity import passwords
from app.models import Membership, Person

sys.path.insert(0, str(Path(__file__).parent.parent / "pages"))
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {"phone": (390, 844), "desk": (1280, 900)}
PASSWORD = "a-long-test-word"
PAGES = (
    "/inbox",
    "/inbox?view=claimable",
    "/start",
    "/start/road",
    "/cases",
    "/cases/1",
    "/tasks/1",
    "/processes",
    "/processes/road",
    "/processes/publish",
    "/supervision",
    "/nothing",
)


def prepare() -> None:
    """A county with a village, two people, one process with every kind of field, two cases."""
    from test_work_pages import FIELDS, form

    county = build.add_unit("清河县", kind="county")
    unit = build.add_unit("石桥村", parent=county)
    boss = build.add_person("boss", unit=county, roles=("admin", "supervisor", "designer", "official"))
    build.add_group("committee", unit=county, name="村委会", members=(boss,))
    with build.transaction() as session:
        session.execute(build.select(Membership)).scalar_one().head = True
        session.execute(build.select(Person)).scalar_one().password_hash = passwords.hash_password(PASSWORD)
    body = """<startEvent id="s"/><userTask id="a" name="调查摸底" minyi:group="committee"
      minyi:form="ask.form" minyi:due="days(3)"/><userTask id="b" name="提出意见" minyi:group="committee"/>
      <endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="a"/>
      <sequenceFlow id="f2" sourceRef="a" targetRef="b"/>
      <sequenceFlow id="f3" sourceRef="b" targetRef="e"/>"""
    picture = "".join(
        f'<di:BPMNShape id="x{i}" bpmnElement="{i}"><dc:Bounds x="{x}" y="{y}" width="{w}" height="{h}"/>'
        "</di:BPMNShape>"
        for i, x, y, w, h in (
            ("s", 100, 102, 36, 36),
            ("a", 200, 80, 100, 80),
            ("b", 370, 80, 100, 80),
            ("e", 540, 102, 36, 36),
        )
    )
    text = build.bpmn(body, key="road", name="征求意见", attributes='minyi:startForm="start.form"')
    text = text.replace("<definitions ", f"<definitions {_DRAWING} ", 1).replace(
        "</definitions>",
        f'<di:BPMNDiagram id="dg"><di:BPMNPlane id="pl" bpmnElement="road">{picture}</di:BPMNPlane>'
        "</di:BPMNDiagram></definitions>",
    )
    build.publish({"process.bpmn": text, "ask.form": form(FIELDS), "start.form": form([FIELDS[1]])})
    boss = build.actor_of("boss")
    build.start("road", by=boss, unit=county, data={"title": "东路"}, title="东路硬化")
    build.start("road", by=boss, unit=unit, data={"title": "路灯"}, title="村口路灯")


_DRAWING = (
    'xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
)


def signed_in(chromium: Any, address: str, *, size: str = "desk", scripts: bool = True) -> Any:
    """A page of somebody who has signed in; `page.complaints`: what the browser complains of."""
    width, height = SIZES[size]
    context = chromium.new_context(viewport={"width": width, "height": height}, java_script_enabled=scripts)
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda fault: page.complaints.append(str(fault)))
    page.goto(f"{address}/sign-in")
    page.fill("#username", "boss")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url("**/inbox")
    return page


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing(chromium: Any, serve: Callable[..., Any], size: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with serve(prepare) as address:
        page = signed_in(chromium, address, size=size)
        found: list[str] = []
        for path in PAGES:
            page.goto(address + path)
            result = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
            found += [
                f"{path}: {each['id']}: {each['help']}: {[n['target'] for n in each['nodes'][:3]]}"
                for each in result["violations"]
            ]
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if wide > 0:
                found.append(f"{path}: {wide} px wider than the window")
        assert found == []
        assert [c for c in page.complaints if "404" not in c] == []
        page.context.close()


def test_the_script_hides_what_does_not_apply_and_moves_with_keys(
    chromium: Any, serve: Callable[..., Any]
) -> None:
    with serve(prepare) as address:
        page = signed_in(chromium, address)
        page.goto(f"{address}/inbox?view=claimable")
        page.keyboard.press("j")
        page.keyboard.press("j")
        assert "村口路灯" in page.locator("[data-row][data-here]").inner_text()
        page.keyboard.press("Enter")
        page.wait_for_url("**/tasks/*")
        assert not page.locator("#f-plot").is_visible()
        page.fill("#f-opinion", "写到一半")
        page.check("input[name=matter][value=land]")
        page.locator("#f-plot").wait_for(state="visible")
        assert page.input_value("#f-opinion") == "写到一半"
        page.check("input[name=matter][value=road]")
        page.locator("#f-plot").wait_for(state="detached")
        assert page.complaints == []
        page.context.close()


def test_the_viewer_comes_on_request_with_its_mark(chromium: Any, serve: Callable[..., Any]) -> None:
    with serve(prepare) as address:
        page = signed_in(chromium, address)
        page.goto(f"{address}/cases/1")
        page.click("[data-diagram]")
        page.locator(".m-viewer .djs-element[data-element-id=a]").wait_for(state="visible")
        assert page.locator(".m-viewer .djs-element.m-here").count() == 1
        mark = page.locator(".bjs-powered-by").bounding_box()
        assert mark is not None
        assert mark["width"] > 30
        page.context.close()


def test_errors_take_the_focus(chromium: Any, serve: Callable[..., Any]) -> None:
    with serve(prepare) as address:
        page = signed_in(chromium, address)
        page.goto(f"{address}/tasks/1")
        page.fill("#f-title", "")
        page.click("button[name=act][value=complete]:not([aria-hidden])")
        page.locator("[data-errors]").wait_for()
        assert page.evaluate("document.activeElement.hasAttribute('data-errors')")
        page.locator("[data-errors] a").first.click()
        assert page.evaluate("document.activeElement.id") == "f-title"
        page.context.close()
