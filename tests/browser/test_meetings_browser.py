"""Meetings in Chromium: axe finds nothing on any page of theirs, and the door goes on without the network."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from acting import serving
from axe_playwright_python.sync_playwright import Axe
from holding_meetings import Hall, entry, hall, villagers

sys.path.insert(0, str(Path(__file__).parent.parent / "pages"))
from browsing import _HASH, PASSWORD

from app.models import Person
from app.runtime.transaction import transaction

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {"phone": (390, 844), "desk": (1280, 900)}


@contextmanager
def served_hall(tmp_path: Path, size: int = 20) -> Iterator[tuple[Hall, str]]:
    """A village served on a free port; everybody has the same password."""
    with hall(tmp_path, villagers(size)) as place:
        with place.app.app_context(), transaction() as session:
            for person in session.query(Person):
                person.password_hash = _HASH
        with serving(place.app) as address:
            yield place, address


def signed_in(chromium: Any, address: str, username: str, size: str = "desk") -> Any:
    """A page of somebody who has signed in; `page.complaints`: what the browser complains of."""
    width, height = SIZES[size]
    page = chromium.new_context(viewport={"width": width, "height": height}).new_page()
    page.set_default_timeout(20_000)
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda fault: page.complaints.append(str(fault)))
    page.goto(f"{address}/sign-in")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url("**/inbox")
    return page


def faults_of(page: Any, path: str) -> list[str]:
    """What axe finds, and how much the page is wider than the window."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{path}: {v['id']}: {v['help']}: {[n['target'] for n in v['nodes'][:3]]}" for v in found] + (
        [f"{path}: {wide} px wider than the window"] if wide > 0 else []
    )


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_on_a_meetings_pages(chromium: Any, tmp_path: Path, size: str) -> None:
    with served_hall(tmp_path) as (place, address):
        meeting = place.call_meeting()
        head, amei = (signed_in(chromium, address, name, size) for name in ("head", "amei"))
        found: list[str] = []

        def look(*paths: str) -> None:
            for path in paths:
                for page in (head, amei):
                    page.goto(f"{address}/meetings{path}")
                    found.extend(faults_of(page, f"{page.url} {place.meeting()['state']}"))

        look("", f"/{meeting}")
        ids = place.open(meeting, 14)
        place.who("head").post(f"/meetings/{meeting}/recusals", {"id": ids[0]})
        look(f"/{meeting}", f"/{meeting}/door?q=村民", f"/{meeting}/screen", f"/{meeting}/count")
        place.who("amei").post(f"/meetings/{meeting}/ballots", entry(1, (9, 2, 1, 1)))
        look(f"/{meeting}", f"/{meeting}/count")
        place.who("abao").post(f"/meetings/{meeting}/ballots", entry(2, (9, 2, 1, 1)))
        place.who("head").post(f"/meetings/{meeting}/close")
        look(f"/{meeting}", f"/{meeting}/minutes", f"/{meeting}/sheets")
        assert found == []
        assert head.complaints + amei.complaints == []


def test_two_strokes_find_a_person_and_one_tap_signs_in(chromium: Any, tmp_path: Path) -> None:
    with served_hall(tmp_path) as (place, address):
        meeting = place.call_meeting()
        place.open(meeting, 0)
        head = signed_in(chromium, address, "head")
        head.goto(f"{address}/meetings/{meeting}/door")
        head.locator("#q").press_sequentially("07")  # the end of an identity number, or a name with 07
        head.get_by_role("button", name="签到：村民007", exact=True).click()
        head.get_by_role("button", name="撤回签到：村民007", exact=True).wait_for()
        assert place.who("head").get(f"/meetings/{meeting}")["present"] == 1
        assert head.complaints == []


def test_the_door_goes_on_without_the_network(chromium: Any, tmp_path: Path) -> None:
    with served_hall(tmp_path) as (place, address):
        meeting = place.call_meeting()
        place.open(meeting, 0)
        head = signed_in(chromium, address, "head")
        with head.expect_response("**/door/roll"):
            head.goto(f"{address}/meetings/{meeting}/door?q=村民003")
        head.context.set_offline(True)
        head.get_by_role("button", name="签到：村民003", exact=True).click()
        unsent = head.locator("[data-unsent]")
        unsent.wait_for(state="visible")
        assert head.locator("#door [data-waiting]").count() == 1
        head.fill("#q", "")
        head.locator("#q").press_sequentially("村民011")
        head.locator("[data-local] button[aria-label='签到：村民011']").click()
        assert head.locator("[data-unsent] [data-count]").inner_text() == "2"
        assert place.who("head").get(f"/meetings/{meeting}")["present"] == 0
        head.context.set_offline(False)
        head.evaluate("window.dispatchEvent(new Event('online'))")
        unsent.wait_for(state="hidden")
        present = [e["name"] for e in place.roll(meeting) if e["present"]]
        assert present == ["村民003", "村民011"]
        assert head.evaluate("localStorage.length") == 0


def test_what_waits_survives_a_closed_page_and_a_refusal_is_told(chromium: Any, tmp_path: Path) -> None:
    with served_hall(tmp_path) as (place, address):
        meeting = place.call_meeting()
        place.open(meeting, 12)
        head = signed_in(chromium, address, "head")
        door = f"{address}/meetings/{meeting}/door?q=村民015"
        with head.expect_response("**/door/roll"):
            head.goto(door)
        head.context.set_offline(True)
        head.get_by_role("button", name="签到：村民015", exact=True).click()
        head.locator("[data-unsent]").wait_for(state="visible")
        place.who("amei").post(f"/meetings/{meeting}/ballots", entry(1, (12, 0, 0, 0)))
        context = head.context
        head.close()
        context.set_offline(False)
        head = context.new_page()
        head.goto(door)
        refused = head.locator("[data-refusals]")
        refused.wait_for(state="visible")
        assert "村民015" in refused.inner_text()
        assert "计票已经开始" in refused.inner_text()
        assert head.locator("[data-unsent]").is_hidden()
        assert place.who("head").get(f"/meetings/{meeting}")["present"] == 12
