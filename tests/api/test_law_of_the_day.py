"""A meeting votes under the law of its own day, whatever held when it was planned."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from holding_meetings import Hall, hall, villagers
from sqlalchemy import update

from app.clock import machine_now
from app.models import Delegation
from app.runtime import world
from app.runtime.transaction import transaction
from workflows.services.calendar import legal_day
from workflows.services.rules import RuleBook

TIGHTER = """
defaults:
  place: CN-37
  checked_on: 2026-11-22
  confirmed: true
  source: {{act: 试验法, act_en: Test act, article: 第一条}}
rules:
- id: test.tighter
  body: villagers_assembly
  figure: quorum
  unit: tests
  valid_from: {day}
  value:
    all:
    - count: present
      base: electors
      share: 3/4
      compare: at_least
      text: {{zh: 四分之三, en: three quarters}}
"""


def book_tightened_from(day: date) -> RuleBook:
    """The shipped rules, and a province that asks three quarters of the electors from `day` on."""
    texts = {p.name: p.read_text(encoding="utf-8") for p in sorted(world.RULES_FOLDER.glob("*.yaml"))}
    return RuleBook.load(texts | {"test.yaml": TIGHTER.format(day=day.isoformat())})


def use(monkeypatch: pytest.MonkeyPatch, place: Hall | None, book: RuleBook) -> None:
    """What a release with this rule book does."""
    monkeypatch.setattr(world, "_book", book)
    if place is not None:
        place.app.extensions.pop(world._KEY, None)


def articles(place: Hall, meeting: str) -> list[str]:
    """What the meeting cites for its quorum."""
    tests = place.who("head").get(f"/meetings/{meeting}")["rule"]["tests"]
    return [str(t["article"]) for t in tests]


def test_a_meeting_planned_under_the_old_law_for_a_day_of_the_new_one_shows_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, None, book_tightened_from(legal_day(machine_now()) + timedelta(days=5)))
    with hall(tmp_path, villagers(20)) as place:
        meeting = place.call_meeting()
        assert any("Test act" in a for a in articles(place, meeting))


def test_a_meeting_held_before_the_new_law_begins_keeps_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, None, book_tightened_from(legal_day(machine_now()) + timedelta(days=60)))
    with hall(tmp_path, villagers(20)) as place:
        meeting = place.call_meeting()
        place.open(meeting, 11)
        assert not any("Test act" in a for a in articles(place, meeting))
        assert place.who("head").get(f"/meetings/{meeting}")["quorum_met"] is True


@pytest.mark.parametrize("frozen_before", [False, True])
def test_a_law_made_after_the_planning_binds_the_vote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, frozen_before: bool
) -> None:
    with hall(tmp_path, villagers(20)) as place:
        meeting, head = place.call_meeting(), place.who("head")
        assert not any("Test act" in a for a in articles(place, meeting))
        if frozen_before:
            head.post(f"/meetings/{meeting}/freeze")
        use(monkeypatch, place, book_tightened_from(legal_day(machine_now()) + timedelta(days=1)))
        if not frozen_before:
            head.post(f"/meetings/{meeting}/freeze")
        place.go_to(meeting)
        ids = [e["id"] for e in place.roll(meeting)]
        seen: Any = head.post(f"/meetings/{meeting}/attendance", {"present": ids[:14]})
        assert seen["quorum_met"] is False  # 14 of 20 were enough under the old law
        assert head.post(f"/meetings/{meeting}/attendance", {"present": ids[:15]})["quorum_met"] is True
        place.count(meeting, (10, 4, 1, 0))
        closed = head.post(f"/meetings/{meeting}/close")
        assert any("Test act" in t["article"] for t in closed["tests"]), closed["tests"]


@pytest.mark.parametrize("frozen_before", [False, True])
def test_representatives_whose_delegation_was_revoked_meanwhile_may_not_vote(
    tmp_path: Path, *, frozen_before: bool
) -> None:
    people = villagers(9, representative=True)
    with hall(tmp_path, people, delegated=["collective_money_use"]) as place:
        meeting, head = place.call_meeting(), place.who("head")
        assert head.get(f"/meetings/{meeting}")["body"] == "representatives_meeting"
        if frozen_before:
            head.post(f"/meetings/{meeting}/freeze")
        with place.app.app_context(), transaction() as session:
            session.execute(update(Delegation).values(revoked_at=machine_now()))
        if frozen_before:
            place.go_to(meeting)
            ids = [e["id"] for e in place.roll(meeting)]
            refused = head.post(f"/meetings/{meeting}/attendance", {"present": ids}, 409)
        else:
            refused = head.post(f"/meetings/{meeting}/freeze", None, 409)
        assert "body_may_not_decide" in refused["type"]
        assert "delegated" in refused["detail"]
