"""Quorums and majorities at their edges, and ballots that do not add up."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from workflows.services.rules import RuleBook
from workflows.services.tally import (
    BallotsDoNotAddUp,
    CountsRefused,
    TestsRefused,
    needed,
    reckon,
    validate_ballot,
)

FOLDER = Path(__file__).parents[2] / "bpmn" / "rules"
RULES = RuleBook.load({p.name: p.read_text(encoding="utf-8") for p in FOLDER.glob("*.yaml")}).at(
    ("CN",), date(2026, 11, 22)
)


def a_test(
    share: str, compare: str = "at_least", *, count: str = "for", base: str = "present"
) -> dict[str, Any]:
    return {"count": count, "base": base, "share": share, "compare": compare}


class TestShippedRules:
    @pytest.mark.parametrize(("present", "passed"), [(749, False), (750, False), (751, True)])
    def test_half_of_1500_electors_is_not_more_than_half(self, present: int, passed: bool) -> None:
        counts = {"electors": 1500, "households": 480, "present": present, "households_present": 0}
        assert reckon(RULES.tests("villagers_assembly", "quorum"), counts).passed is passed

    @pytest.mark.parametrize(("households", "passed"), [(319, False), (320, True)])
    def test_two_thirds_of_480_households_is_a_quorum_too(self, households: int, passed: bool) -> None:
        counts = {
            "electors": 1500,
            "households": 480,
            "present": households,
            "households_present": households,
        }
        assert reckon(RULES.tests("villagers_assembly", "quorum"), counts).passed is passed

    def test_a_line_says_what_was_needed_what_came_and_which_article(self) -> None:
        counts = {"electors": 1500, "households": 480, "present": 700, "households_present": 320}
        first, second = reckon(RULES.tests("villagers_assembly", "quorum"), counts).lines
        assert (first.needed, first.got, first.met) == (751, 700, False)
        assert (second.needed, second.got, second.met) == (320, 320, True)
        assert "第二十六条" in first.article
        assert first.text_zh == "到会的十八周岁以上村民过半数"

    def test_the_collective_needs_two_thirds_of_all_members_not_of_those_present(self) -> None:
        majority = RULES.tests("collective_members_assembly", "majority")
        base = {"members_full_capacity": 900, "present": 600, "against": 0}
        assert not reckon(majority, base | {"for": 599}).passed
        assert reckon(majority, base | {"for": 600}).passed

    def test_abstentions_and_spoilt_ballots_stay_in_the_base_of_those_present(self) -> None:
        majority = RULES.tests("villagers_assembly", "majority")
        assert not reckon(majority, {"present": 100, "for": 50, "against": 10, "abstain": 40}).passed
        assert reckon(majority, {"present": 100, "for": 51, "against": 49}).passed

    def test_an_act_of_the_old_law_is_reckoned_by_the_stored_tests(self) -> None:
        assert reckon({"all": [a_test("2/3")]}, {"present": 3, "for": 2, "against": 1}).passed


class TestEdges:
    def test_a_tie_does_not_pass_even_where_half_would_be_enough(self) -> None:
        outcome = reckon(a_test("1/2"), {"present": 10, "for": 5, "against": 5})
        assert not outcome.passed
        assert outcome.lines[-1].text_zh == "赞成票多于反对票"
        assert (outcome.lines[-1].needed, outcome.lines[-1].got) == (6, 5)

    def test_an_empty_base_meets_nothing(self) -> None:
        assert not reckon(a_test("1/2"), {"present": 0, "for": 0}).passed
        assert not reckon(a_test("1/2"), {"present": 0, "for": 3}).passed

    def test_what_nobody_counted_is_not_met_and_says_so(self) -> None:
        outcome = reckon(
            {"any": [a_test("1/2"), a_test("1/2", count="women", base="girls")]}, {"present": 4, "for": 3}
        )
        assert outcome.passed
        assert [line.known for line in outcome.lines] == [True, False]

    def test_all_asks_for_all_and_any_for_one_and_they_nest(self) -> None:
        met, missed = a_test("1/2"), a_test("1/1")
        counts = {"present": 4, "for": 3}
        assert not reckon({"all": [met, missed]}, counts).passed
        assert reckon({"any": [missed, met]}, counts).passed
        assert not reckon({"all": [{"any": [met]}, {"all": [missed]}]}, counts).passed

    @pytest.mark.parametrize(
        ("share", "base", "compare", "least"),
        [
            ("2/3", 9, "at_least", 6),
            ("2/3", 10, "at_least", 7),
            ("2/3", 9, "more_than", 7),
            ("1/2", 9, "more_than", 5),
            ("1/2", 10, "more_than", 6),
            ("1/3", 100, "at_least", 34),
            ("1/1", 7, "at_least", 7),
            ("1/2", 0, "at_least", 1),
        ],
    )
    def test_the_needed_number_is_exact(self, share: str, base: int, compare: str, least: int) -> None:
        assert needed(share, base, compare) == least


class TestWorstInput:
    @pytest.mark.parametrize(
        "counts",
        [
            {"for": -1},
            {"for": 2.5},
            {"for": "3"},
            {"for": True},
            {"for": None},
            {"for": 10**30},
            [],
            None,
            "x",
        ],
    )
    def test_counts_that_are_no_counts_are_refused(self, counts: Any) -> None:
        with pytest.raises(CountsRefused):
            reckon(a_test("1/2"), counts)

    @pytest.mark.parametrize(
        "tests",
        [
            None,
            [],
            "all",
            {},
            {"all": []},
            {"any": "x"},
            {"all": [5]},
            {"count": "for"},
            {"count": 1, "base": 2, "share": "1/2", "compare": "at_least"},
            {"count": "for", "base": "present", "share": 0.5, "compare": "at_least"},
            {"count": "for", "base": "present", "share": "1/2", "compare": "about"},
        ],
    )
    def test_tests_that_are_no_tests_are_refused(self, tests: Any) -> None:
        with pytest.raises(TestsRefused):
            reckon(tests, {"for": 1, "present": 2})

    def test_endless_nesting_is_refused(self) -> None:
        tests: dict[str, Any] = a_test("1/2")
        for _ in range(500):
            tests = {"all": [tests]}
        with pytest.raises(TestsRefused):
            reckon(tests, {"for": 1, "present": 1})


class TestBallots:
    def ballot(self, **changes: Any) -> dict[str, int]:
        counts: dict[str, Any] = {"votes_for": 50, "against": 30, "abstain": 10, "invalid": 5}
        return validate_ballot(**({"present": 100, "issued": 98} | counts | changes))

    def test_a_ballot_that_adds_up_tells_votes_cast_and_unreturned(self) -> None:
        counted = self.ballot()
        assert (counted["votes_cast"], counted["unreturned"]) == (95, 3)

    def test_one_vote_more_than_ballots_is_refused(self) -> None:
        self.ballot(invalid=8)
        with pytest.raises(BallotsDoNotAddUp):
            self.ballot(invalid=9)

    def test_one_ballot_more_than_people_is_refused(self) -> None:
        self.ballot(issued=100)
        with pytest.raises(BallotsDoNotAddUp):
            self.ballot(issued=101)

    @pytest.mark.parametrize("value", [-1, 1.5, "7", None, True, float("nan")])
    def test_what_is_no_number_of_people_is_refused(self, value: Any) -> None:
        with pytest.raises(CountsRefused):
            self.ballot(against=value)
