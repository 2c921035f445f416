"""What must hold of every body's count, by the shipped rules: order, monotony, ties, exact thirds."""

from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from app.meetings.counting import Count, agreed, majority, quorum
from app.meetings.rolls import ONE_PER_MEMBER, bases
from workflows.services.rules import RuleBook

RULES = Path(__file__).parents[2] / "bpmn" / "rules"
PLACES = {"CN": ("CN",), "CN-37": ("CN", "CN-37", "CN-3707", "CN-370799")}
DAYS = ("2025-06-01", "2026-11-22")
PEOPLE = st.integers(min_value=1, max_value=3000)


@cache
def book() -> RuleBook:
    """The shipped rules."""
    return RuleBook.load({p.name: p.read_text(encoding="utf-8") for p in RULES.glob("*.yaml")})


@cache
def rules() -> dict[str, dict[str, Any]]:
    """Every body's rule at both places, before and after the revised law, by a readable name."""
    bodies = [
        b["code"] for b in yaml.safe_load((RULES / "bodies.yaml").read_text(encoding="utf-8"))["bodies"]
    ]
    found = {}
    for place, chain in PLACES.items():
        for day in DAYS:
            at = book().at(chain, date.fromisoformat(day))
            for body in bodies:
                known = at.figures(body)
                tests = {f: at.tests(body, f) for f in ("quorum", "majority") if f in known}
                found[f"{body} {place} {day}"] = {"tests": tests}
    return found


@st.composite
def sittings(draw: st.DrawFn) -> tuple[dict[str, int], dict[str, int], Count]:
    """A roll, who is present, and votes that are not more than those present."""
    people = draw(PEOPLE)
    households = draw(st.integers(1, people))
    women = draw(st.integers(0, people))
    present = draw(st.integers(0, people))
    cast: list[int] = []
    for _ in range(4):
        cast.append(draw(st.integers(0, present - sum(cast))))
    presence = {
        "present": present,
        "households_present": draw(st.integers(min(1, present), min(present, households))),
        "women_present": draw(st.integers(max(0, present - (people - women)), min(present, women))),
        "delegates_present": present,
        "recused_present": 0,
    }
    on_roll = bases({"people": people, "households": households, "women": women}, electors=people)
    return on_roll, presence, Count(*cast)


@pytest.fixture(scope="module", params=sorted(rules()))
def rule(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each body's rule in turn."""
    return rules()[request.param]


@given(sitting=sittings())
def test_one_more_yes_never_turns_approval_into_rejection(rule: dict[str, Any], sitting: Any) -> None:
    on_roll, presence, votes = sitting
    assume(votes.cast < presence["present"])
    more = Count(votes.votes_for + 1, votes.votes_against, votes.votes_abstain, votes.votes_invalid)
    if majority(rule, on_roll, presence, votes).passed:
        assert majority(rule, on_roll, presence, more).passed


@given(sitting=sittings())
def test_a_yes_instead_of_a_no_never_turns_approval_into_rejection(
    rule: dict[str, Any], sitting: Any
) -> None:
    on_roll, presence, votes = sitting
    assume(votes.votes_against > 0)
    turned = Count(votes.votes_for + 1, votes.votes_against - 1, votes.votes_abstain, votes.votes_invalid)
    if majority(rule, on_roll, presence, votes).passed:
        assert majority(rule, on_roll, presence, turned).passed


@given(sitting=sittings(), each=st.integers(0, 1500))
def test_a_tie_never_passes(rule: dict[str, Any], sitting: Any, each: int) -> None:
    on_roll, presence, _votes = sitting
    each = min(each, presence["present"] // 2)
    assert not majority(rule, on_roll, presence, Count(each, each, 0, 0)).passed


@given(sitting=sittings())
def test_one_more_person_never_takes_a_quorum_away(rule: dict[str, Any], sitting: Any) -> None:
    on_roll, presence, _votes = sitting
    assume(presence["present"] < on_roll["electors"])
    more = presence | {
        "present": presence["present"] + 1,
        "delegates_present": presence["delegates_present"] + 1,
    }
    if quorum(rule, on_roll, presence).passed:
        assert quorum(rule, on_roll, more).passed


@given(sitting=sittings())
def test_nobody_present_is_never_a_quorum(rule: dict[str, Any], sitting: Any) -> None:
    on_roll, _presence, _votes = sitting
    nobody = dict.fromkeys(
        ("present", "households_present", "women_present", "delegates_present", "recused_present"), 0
    )
    assert not quorum(rule, on_roll, nobody).passed


@given(sitting=sittings(), order=st.randoms(use_true_random=False), second=st.booleans())
def test_the_order_in_which_counts_are_entered_is_irrelevant(
    rule: dict[str, Any], sitting: Any, order: Any, second: bool
) -> None:
    on_roll, presence, votes = sitting
    fields = dict(
        zip(
            ("votes_for", "votes_against", "votes_abstain", "votes_invalid"),
            votes.as_dict().values(),
            strict=True,
        )
    )
    rows = [
        SimpleNamespace(item=item, teller=teller, round=2 if second else 1, **fields)
        for item in ("main", "other")
        for teller in (1, 2)
    ]
    if second:
        rows += [
            SimpleNamespace(
                item="main", teller=t, round=1, **(fields | {"votes_for": fields["votes_for"] + t})
            )
            for t in (1, 2)
        ]
    order.shuffle(rows)
    assert agreed(rows, "main") == votes
    turned = dict(reversed(on_roll.items()))
    assert majority(rule, on_roll, presence, votes) == majority(rule, turned, presence, votes)


@given(people=PEOPLE)
def test_two_thirds_of_the_members_is_exact(people: int) -> None:
    rule = rules()["representatives_meeting CN 2026-11-22"]
    on_roll = bases({"people": people, "households": people, "women": 0}, electors=people)
    needed = -(-2 * people // 3)
    for present in (needed - 1, needed):
        met = quorum(rule, on_roll, _all(present)).passed
        assert met is (Fraction(present, people) >= Fraction(2, 3))


@given(people=PEOPLE)
def test_more_than_half_of_the_electors_is_exact(people: int) -> None:
    rule = rules()["villagers_assembly CN 2026-11-22"]
    on_roll = bases({"people": people, "households": 10 * people, "women": 0}, electors=people)
    for present in (people // 2, people // 2 + 1):
        met = quorum(rule, on_roll, _all(present) | {"households_present": 0}).passed
        assert met is (Fraction(present, people) > Fraction(1, 2))


@given(women=PEOPLE, men=PEOPLE)
def test_women_representatives_are_tested_apart_in_shandong(women: int, men: int) -> None:
    rule = rules()["representatives_meeting CN-37 2026-11-22"]
    on_roll = bases({"people": women + men, "households": 1, "women": women}, electors=women + men)
    needed = -(-2 * women // 3)
    everybody = _all(women + men)
    assert quorum(rule, on_roll, everybody | {"women_present": needed}).passed
    assert not quorum(rule, on_roll, everybody | {"women_present": needed - 1}).passed


def _all(present: int) -> dict[str, int]:
    return {
        "present": present,
        "households_present": present,
        "women_present": present,
        "delegates_present": present,
        "recused_present": 0,
    }


def test_every_body_with_members_has_its_base() -> None:
    on_roll = bases({"people": 7, "households": 3, "women": 2}, electors=9)
    assert {name: on_roll[name] for name in ONE_PER_MEMBER} == dict.fromkeys(ONE_PER_MEMBER, 7)
    assert (on_roll["electors"], on_roll["households"], on_roll["women_representatives"]) == (9, 3, 2)
