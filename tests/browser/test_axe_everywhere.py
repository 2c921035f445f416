"""Every page that the application has is opened on a phone and a desk, and axe (WCAG 2.2 AA) finds nothing.

The pages are read from the application's own map of addresses: a new page is opened by itself, and one that
nobody here can open (an argument without an example, a part of the site without a reader) fails the test.
What is done on the pages is not looked at here: test_axe, test_meetings_browser and test_six_people do that.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import building_app as build
import building_portal as portal
import pytest
import test_axe
from acting import serving
from flask import Flask
from holding_meetings import hall, villagers
from sqlalchemy import select
from test_meetings_browser import SIZES, faults_of
from werkzeug.routing import Rule

from app.extensions import db
from app.identity import passwords
from app.models import DefinitionVersion, Objection, Person
from app.runtime.transaction import transaction

NO_PAGES = ("/api/", "/health/", "/static/")
NO_PAGE = {
    "monitoring_api.show_metrics": "figures for a program",
    "cases.bpmn": "a file",
    "cases.file": "a file",
    "definitions.file": "a file",
    "meetings.door_roll": "the roll for the script of the door",
    "portal.accepted_qr": "a picture",
    "portal.decision_qr": "a picture",
    "portal.notice_qr": "a picture",
}
READERS = {
    "account": ("village", "wang"),
    "admin": ("village", "admin"),
    "cases": ("village", "boss"),
    "inbox": ("village", "boss"),
    "meetings": ("hall", "head"),
    "notices": ("village", "wang"),
    "objections": ("village", "wang"),
    "portal": ("village", ""),
    "processes": ("village", "designer"),
    "sign-in": ("village", ""),
    "start": ("village", "boss"),
    "supervision": ("village", "supervisor"),
    "tasks": ("village", "boss"),
    "villages": ("hall", "head"),
}
"""The first word of an address: at which place it is opened, and by whom ("" for nobody)."""
READERS_OF_ONE = {"identity.register.index": ("hall", "mayor")}
"""Pages that only some readers see: who has one village is led to its register at once."""
ELSEWHERE = {"shell.home": "/portal/"}
"""Addresses that only lead to another page, and to which one for nobody."""


@dataclass
class Place:
    """A served application, an example of each argument, more public pages, and each person's page."""

    address: str
    examples: dict[str, object]
    chromium: Any
    size: str
    more: tuple[str, ...] = ()
    pages: dict[str, Any] = field(default_factory=dict)

    def page_of(self, username: str) -> Any:
        """The page of somebody, signed in the first time; "" has not signed in."""
        if username not in self.pages:
            width, height = SIZES[self.size]
            page = self.chromium.new_context(viewport={"width": width, "height": height}).new_page()
            page.set_default_timeout(15_000)
            page.complaints = []
            page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
            page.on("pageerror", lambda fault: page.complaints.append(str(fault)))
            if username:
                page.goto(f"{self.address}/sign-in")
                page.fill("#username", username)
                page.fill("#password", test_axe.PASSWORD)
                page.press("#password", "Enter")
                page.wait_for_url("**/inbox")
            self.pages[username] = page
        return self.pages[username]

    def open(self, path: str, username: str) -> list[str]:
        """Open a page; returns what is wrong with it."""
        page = self.page_of(username)
        answer = page.goto(self.address + path)
        if answer.status != 200 or page.url != self.address + path:
            return [f"{path}: {answer.status} at {page.url} for {username or 'nobody'}"]
        return list(faults_of(page, path))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_on_any_page_there_is(chromium: Any, tmp_path: Path, size: str) -> None:
    with ExitStack() as stack:
        app, village = stack.enter_context(_village(chromium, tmp_path / "village", size))
        places = {"village": village, "hall": stack.enter_context(_hall(chromium, tmp_path / "hall", size))}
        found = _object(village, app)
        for rule in pages_of(app):
            if rule.endpoint in ELSEWHERE:
                village.page_of("").goto(village.address + rule.rule)
                assert village.page_of("").url == village.address + ELSEWHERE[rule.endpoint]
                continue
            reader = READERS_OF_ONE.get(rule.endpoint) or READERS.get(rule.rule.split("/")[1])
            if reader is None:
                found.append(f"{rule.rule}: who reads this page? (READERS)")
                continue
            place = places[reader[0]]
            unknown = rule.arguments - place.examples.keys()
            if unknown:
                found.append(f"{rule.rule}: no example of {sorted(unknown)} in the {reader[0]}")
                continue
            found += place.open(address_of(app, rule, place.examples), reader[1])
        for path in village.more:
            found += village.open(path, "")
        assert found == []
        complaints = [c for p in places.values() for page in p.pages.values() for c in page.complaints]
        assert complaints == []


def test_what_is_left_out_still_exists(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert endpoints >= NO_PAGE.keys() | ELSEWHERE.keys() | READERS_OF_ONE.keys()
    assert {rule.rule.split("/")[1] for rule in pages_of(app)} - {""} == READERS.keys()


def pages_of(app: Flask) -> list[Rule]:
    """The addresses at which a person reads a page."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.rule.startswith(NO_PAGES)
        and rule.endpoint not in NO_PAGE
    ]


def address_of(app: Flask, rule: Rule, examples: Mapping[str, object]) -> str:
    """The path of a page with an example of each of its arguments."""
    values = {name: examples[name] for name in rule.arguments}
    return app.url_map.bind("localhost").build(rule.endpoint, values)


def _object(village: Place, app: Flask) -> list[str]:
    """A villager objects and looks up the receipt, so that these pages exist; what axe says of the latter."""
    page = village.page_of("")
    page.goto(f"{village.address}/portal/notices/{village.examples['notice_id']}")
    page.fill("textarea[name=text]", "中标价高于预算，请公开合同。")
    with page.expect_navigation():
        page.locator("form:has(textarea[name=text]) button").click()
    assert page.url.endswith("/portal/objections/received")
    with app.app_context():
        village.examples["objection_id"] = db.session.scalars(select(Objection.id)).one()
        db.session.remove()
    found = list(faults_of(page, "the receipt just given"))
    number, code = page.locator("h1 + div strong").all_inner_texts()
    page.goto(f"{village.address}/portal/receipts")
    page.fill("#no", number)
    page.fill("#code", code)
    with page.expect_navigation():
        page.locator("form:has(#code) button").click()
    assert not page.locator("[data-errors]").count()
    return found + list(faults_of(page, "what became of an objection"))


@contextmanager
def _village(chromium: Any, folder: Path, size: str) -> Iterator[tuple[Flask, Place]]:
    """Cases, tasks with every kind of field, notices and a decision, with somebody for each office."""
    folder.mkdir()
    with build.built_app(folder) as app:
        with app.app_context():
            test_axe.prepare()
            world = portal.World(app, ("objection", "public_notice"))
            world.set_clock(build.NOW)
            for role in ("designer", "supervisor"):
                build.add_person(role, unit=world.town, roles=(role,))
            notice = world.notice_of(world.post_notice())
            decision = world.add_decision()
            others = (
                world.add_notice(kind="decision", facts={"decision_id": str(decision)}),
                world.add_notice(state="withdrawn", reason="写错了"),
            )
            more = tuple(f"/portal/notices/{each}" for each in others)
            with transaction() as session:
                signed = passwords.hash_password(test_axe.PASSWORD)
                for person in session.query(Person):
                    person.password_hash = signed
            examples: dict[str, object] = {
                "case_id": 1,
                "decision_id": decision,
                "key": "road",
                "notice_id": notice,
                "task_id": 1,
                "unit_id": world.village,
                "username": "wang",
                "version": db.session.scalars(select(DefinitionVersion.id).limit(1)).one(),
            }
            db.session.remove()
        with serving(app) as address:
            yield app, Place(address, examples, chromium, size, more)


@contextmanager
def _hall(chromium: Any, folder: Path, size: str) -> Iterator[Place]:
    """A village with a register and delegations, and a meeting that has counted its votes and is closed."""
    folder.mkdir()
    with hall(folder, villagers(20), delegated=("absence_subsidy",)) as place:
        meeting = place.call_meeting()
        place.open(meeting, 14)
        place.count(meeting, (11, 1, 1, 1))
        place.who("head").post(f"/meetings/{meeting}/close")
        with place.app.app_context(), transaction() as session:
            signed = passwords.hash_password(test_axe.PASSWORD)
            for person in session.query(Person):
                person.password_hash = signed
        with serving(place.app) as address:
            yield Place(address, {"meeting_id": int(meeting), "unit_id": place.village}, chromium, size)
