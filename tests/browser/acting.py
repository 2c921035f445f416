"""People at browsers: who signs in, does tasks, holds meetings, and reads public pages. One class per idea.

Everything goes through the pages: clicks and typing. Only the product's clock is moved over the API.
"""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from app.demo.officials import PASSWORD
from app.demo.walk_http import ADMIN, Caller

DESK = {"width": 1280, "height": 900}
PATIENCE_MS = 20_000
Answers = Mapping[str, str | Sequence[str]]


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The application on a free port of this machine; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Visitor:
    """A browser of its own that nobody has signed in to. What the browser complains of is kept."""

    def __init__(self, chromium: Any, address: str) -> None:
        self.address = address
        self.context = chromium.new_context(viewport=DESK)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type == "error" else None
        )
        self.page.on("pageerror", lambda fault: self.complaints.append(str(fault)))

    def open(self, path: str) -> None:
        """Go to a page."""
        answer = self.page.goto(self.address + path)
        assert answer.status < 400, f"{path}: {answer.status}"

    def words(self) -> str:
        """The words of the page's main part."""
        return str(self.page.locator("main").inner_text())

    def speak(self, language: str) -> None:
        """Switch to 中文 or English by the page's own button."""
        button = self.page.get_by_role("button", name=language, exact=True)
        if button.count():
            button.click()
            button.wait_for(state="detached")

    def press(self, name: str) -> None:
        """Press a button and wait for the page that follows."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        """Follow a link in the main part."""
        with self.page.expect_navigation():
            self.page.locator("main").get_by_role("link", name=name).first.click()

    def picture(self, path: Path, *, whole: bool = False, height: int = DESK["height"]) -> None:
        """Keep what is seen, or the whole page."""
        self.page.set_viewport_size({**DESK, "height": height})
        self.page.evaluate("document.activeElement && document.activeElement.blur()")
        self.page.screenshot(path=str(path), full_page=whole)
        self.page.set_viewport_size(DESK)


class Official(Visitor):
    """Somebody of the demo county, signed in through the sign-in page."""

    def __init__(self, chromium: Any, address: str, username: str) -> None:
        super().__init__(chromium, address)
        self.username, self.case = username, ""
        self.open("/sign-in")
        self.page.fill("#username", username)
        self.page.fill("#password", PASSWORD)
        self.page.press("#password", "Enter")
        self.page.wait_for_url("**/inbox")

    def start(self, process: str, answers: Answers) -> str:
        """Start a case from the start page; returns its address."""
        self.page.get_by_role("link", name="发起", exact=True).click()
        self.follow(process)
        self.fill(answers)
        self.press("发起")
        self.open("/cases")
        self.follow(str(answers["title"]))
        return str(self.page.url).removeprefix(self.address)

    def do(self, task: str, answers: Answers) -> None:
        """Open a task of this name from the inbox, fill its form and submit it."""
        self.open_task(task)
        self.fill(answers)
        self.submit(task)

    def open_task(self, task: str) -> None:
        """Find a task in the inbox, or among those that can be taken."""
        for view in ("mine", "claimable"):
            link = self.tasks(task, view)
            if link.count():
                with self.page.expect_navigation():
                    link.first.click()
                assert self.page.locator("main button[name=act]").count(), f"{task}: {self.words()[:600]}"
                return
        raise AssertionError(f"{self.username} has no task “{task}”")

    def tasks(self, task: str, view: str = "mine") -> Any:
        """The links to tasks of this name, of the case in hand."""
        self.open(f"/inbox?view={view}")
        rows = self.page.locator(".m-row").filter(has_text=self.case)
        return rows.get_by_role("link", name=task, exact=True)

    def submit(self, task: str) -> None:
        """Press the main button; the page that follows has no error."""
        with self.page.expect_navigation():
            self.page.locator("main button[name=act][value=complete]:not([aria-hidden])").click()
        assert not self.page.locator("[data-errors]").count(), f"{task}: {self.words()[:600]}"

    def fill(self, answers: Answers) -> None:
        """Fill in the fields of the form on the page by their names."""
        for name, value in answers.items():
            if isinstance(value, str):
                self._fill_one(name, value)
            else:
                for each in value:
                    self.page.check(f'input[name="{name}"][value="{each}"]')

    def _fill_one(self, name: str, value: str) -> None:
        choice = self.page.locator(f'input[name="{name}"][value="{value}"]:is([type=radio],[type=checkbox])')
        if choice.count():
            choice.check()
            return
        field = self.page.locator(f'main [name="{name}"]:not([type=hidden])')
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


class Clock:
    """The product's clock, moved over the API; the hours are read from the pages."""

    def __init__(self, address: str) -> None:
        self.caller = Caller(address)

    def until(self, moment: str) -> None:
        """Move to an instant; what is due by then has happened when this returns."""
        now = self.caller.get("/sandbox/clock")["now"]
        if moment > now:
            self.caller.post("/sandbox/clock", {"set": moment}, who=ADMIN)

    def pass_what_waits(self, reader: Visitor, case: str) -> None:
        """Read on the case's page until when it waits, and let that time pass."""
        reader.open(case)
        section = reader.page.locator("section[aria-labelledby=open] li time").last
        self.until(str(section.get_attribute("datetime")))


class MeetingRoom:
    """A meeting as its convener and tellers see it."""

    def __init__(self, convener: Official, title: str) -> None:
        self.convener = convener
        convener.page.get_by_role("link", name="会议", exact=True).click()
        convener.page.locator("h1", has_text="会议").wait_for()
        convener.follow(title)
        self.path = str(convener.page.url).removeprefix(convener.address)

    def called_for(self) -> str:
        """The instant it is called for."""
        return str(self.convener.page.locator("main time").first.get_attribute("datetime"))

    def freeze(self) -> None:
        """Settle the roll."""
        self.convener.open(self.path)
        self.convener.press("核定名册（不再改动）")

    def sheet(self) -> list[tuple[str, str]]:
        """(name, household) of everybody, from the page of sign-in sheets."""
        self.convener.open(f"{self.path}/sheets")
        rows = self.convener.page.locator("main tbody tr")
        cells = rows.evaluate_all("rows => rows.map(r => [r.cells[1].innerText, r.cells[2].innerText])")
        return [(name, household) for name, household in cells]

    def sign_in(self, clerk: Official, people: Sequence[tuple[str, str]]) -> None:
        """Find each by name and tap once."""
        clerk.open(f"{self.path}/door")
        for name, _household in people:
            clerk.page.fill("#q", "")
            clerk.page.locator("#q").press_sequentially(name)
            clerk.page.get_by_role("button", name=f"签到：{name}", exact=True).first.click()
            clerk.page.get_by_role("button", name=f"撤回签到：{name}", exact=True).first.wait_for()

    def sign_in_household(self, clerk: Official, household: str) -> None:
        """Find a household by its number and sign everybody in with one tap."""
        clerk.open(f"{self.path}/door?q={household}")
        whole = clerk.page.get_by_role("button", name=f"第{household}户全部签到")
        alone = clerk.page.locator("#door button[name=present]").first
        button = whole if whole.count() else alone
        button.click()
        clerk.page.locator("#door button[name=absent]").first.wait_for()

    def has_quorum(self, reader: Official) -> bool:
        """What the screen says."""
        reader.open(f"{self.path}/screen")
        return "已达到法定人数" in reader.words()

    def present(self) -> int:
        """How many have signed in."""
        self.convener.open(self.path)
        found = re.search(r"已到(\d+)人", self.convener.words())
        assert found is not None
        return int(found[1])

    def by_hands(self, teller: Official, votes: Answers) -> None:
        """Enter a show of hands."""
        teller.open(f"{self.path}/count")
        teller.fill({"teller": "hands", **votes})
        teller.press("提交计票结果")

    def count(self, teller: Official, number: str, votes: Answers) -> None:
        """Enter one teller's blind count."""
        teller.open(f"{self.path}/count")
        teller.fill({"teller": number, **votes})
        teller.press("提交计票结果")

    def close(self) -> str:
        """Close and reckon; returns the words of the result."""
        self.convener.open(self.path)
        self.convener.press("结束会议并核算结果")
        return self.convener.words()
