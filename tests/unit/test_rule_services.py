"""The pure services that diagrams name: what they give, and what they refuse."""

import json
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflows.errors import Refusal
from workflows.model import Element, ServiceCall, World
from workflows.services import SERVICES
from workflows.services.arguments import ArgumentRefused, RulesMissing
from workflows.services.calendar import Calendar
from workflows.services.rules import FigureUnknown, MatterUnknown, RuleBook

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "bpmn" / "rules", ROOT / "tests" / "rules")
TEXTS = {p.name: p.read_text(encoding="utf-8") for folder in FOLDERS for p in folder.glob("*.yaml")}
BOOK = RuleBook.load(TEXTS)
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
CALENDAR = Calendar.standard()
STEP = Element(id="step", kind="serviceTask", name="Step", process="p")
MINE = (
    "rules.matter",
    "rules.figures",
    "rules.shortened",
    "tally.reckon",
    "papers.complete",
    "meeting.discussion_result",
    "period.end",
    "hearing.seats",
    "hearing.attendance",
    "lots.draw",
)


def ask(name: str, *, place: tuple[str, ...] = ("CN",), **args: Any) -> dict[str, Any]:
    rules = BOOK.at(place, date(2026, 11, 22))
    world = World(now=NOW, rules=rules, place=place, calendar=CALENDAR)
    return SERVICES[name](ServiceCall(name=name, element=STEP, args=args, now=NOW, world=world))


def said(*opinions: str, reason: str = "") -> list[dict[str, str]]:
    return [{"opinion": opinion, "reason": reason} for opinion in opinions]


class TestMatter:
    def test_a_delegated_road_goes_to_the_representatives_with_its_papers(self) -> None:
        answer = ask("rules.matter", matter="public_works", delegated=True, community="village")
        assert (answer["body"], answer["barred"]) == ("representatives_meeting", False)
        assert answer["vital_interest"]
        assert answer["party_study_first"]
        assert "adoption_table" in answer["papers"]

    def test_the_allowance_is_barred_with_reason_and_route_in_two_languages(self) -> None:
        answer = ask("rules.matter", matter="dibao")
        assert (answer["body"], answer["barred"]) == (None, True)
        assert answer["reason"]["zh"]
        assert answer["route"]["en"]

    def test_a_matter_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(MatterUnknown):
            ask("rules.matter", matter="moon_landing")


class TestFigures:
    def test_all_figures_of_an_assembly_come_with_tests_and_sources(self) -> None:
        answer = ask("rules.figures", body="villagers_assembly", matter="public_works")
        assert (answer["notice_days"], answer["publication_days"]) == (10, 15)
        assert set(answer["tests"]) == {"quorum", "majority"}
        cited = [s for s in answer["sources"] if s["figure"] == "notice_days"]
        assert cited[0]["article"] == "第二十五条第二款"
        assert "notice_days" in answer["shortenable"]
        assert "cooldown_days" in answer["unconfirmed"]

    def test_a_figure_on_which_no_rule_speaks_is_null_and_not_missing(self) -> None:
        assert ask("rules.figures", body="hearing")["affected_share"] is None
        assert ask("rules.figures", body="hearing", place=("CN", "CN-37"))["affected_share"] == "1/2"

    def test_the_test_county_announces_hearings_twenty_days_ahead(self) -> None:
        assert ask("rules.figures", body="hearing", place=("CN", "CN-99", "CN-9901"))["announce_days"] == 20
        assert ask("rules.figures", body="hearing", place=("CN", "CN-99"))["announce_days"] == 10

    def test_without_rules_it_is_a_refusal(self) -> None:
        call = ServiceCall("rules.figures", STEP, {"body": "hearing"}, NOW, World(now=NOW))
        with pytest.raises(RulesMissing):
            SERVICES["rules.figures"](call)


GROUNDS = {"reason": "险情", "ground": "村民委员会组织法第二十五条", "approver": "镇长"}
PEOPLE = ["王秀英", "李强", "张伟", "刘洋", "陈静"]


class TestShortening:
    def test_a_villagers_notice_may_be_shortened_with_reason_ground_and_approver(self) -> None:
        asked = {"body": "villagers_assembly", "figure": "notice_days", "days": 1}
        assert ask("rules.shortened", **asked, **GROUNDS)["days"] == 1
        refused = ask("rules.shortened", **asked, **(GROUNDS | {"approver": ""}))
        assert (refused["allowed"], refused["days"]) == (False, 10)

    def test_the_collectives_notice_may_not(self) -> None:
        answer = ask(
            "rules.shortened",
            body="collective_members_assembly",
            figure="notice_days",
            days=9,
            **GROUNDS,
        )
        assert (answer["allowed"], answer["days"]) == (False, 10)

    def test_a_quorum_is_never_shortened(self) -> None:
        with pytest.raises(ArgumentRefused):
            ask("rules.shortened", body="villagers_assembly", figure="quorum", days=1)

    def test_a_longer_time_is_no_shortening(self) -> None:
        answer = ask("rules.shortened", body="collective_members_assembly", figure="notice_days", days=12)
        assert (answer["allowed"], answer["shortened"], answer["days"]) == (True, False, 12)


class TestPapers:
    def test_what_is_missing_is_named_in_the_order_asked(self) -> None:
        answer = ask("papers.complete", needed=["survey", "risk", "legality"], given=["risk"])
        assert (answer["complete"], answer["missing"]) == (False, ["survey", "legality"])

    def test_an_empty_paper_and_a_failed_legality_opinion_do_not_count(self) -> None:
        given = {"survey": "", "legality": {"file": "x.pdf", "passed": False}, "risk": {"file": "r.pdf"}}
        answer = ask("papers.complete", needed=["survey", "legality", "risk"], given=given)
        assert answer["missing"] == ["survey", "legality"]

    def test_nothing_needed_is_complete(self) -> None:
        assert ask("papers.complete", needed=[], given=[])["complete"]


class TestDiscussion:
    def test_the_head_decides_against_the_majority_only_with_a_reason(self) -> None:
        opinions = [*said("oppose", "oppose", "oppose"), *said("agree")]
        silent = ask("meeting.discussion_result", opinions=opinions, mode="head_decides")
        assert (silent["outcome"], silent["head_against_majority"]) == ("approve", True)
        assert silent["reason_missing"]
        opinions[-1]["reason"] = "汛期将至"
        assert not ask("meeting.discussion_result", opinions=opinions, mode="head_decides")["reason_missing"]

    def test_a_vote_needs_more_than_half_of_those_due(self) -> None:
        asked = {"mode": "vote", "due": 7, "body": "two_committees"}
        short = ask("meeting.discussion_result", opinions=said("agree", "agree", "agree"), **asked)
        enough = ask("meeting.discussion_result", opinions=said("agree", "agree", "agree", "agree"), **asked)
        assert (short["passed"], short["outcome"]) == (False, "reject")
        assert (enough["passed"], enough["outcome"]) == (True, "approve")
        assert enough["lines"][0]["needed"] == 4

    def test_a_tie_is_told_and_does_not_pass(self) -> None:
        answer = ask(
            "meeting.discussion_result",
            opinions=said("agree", "agree", "oppose", "oppose"),
            mode="vote",
            body="two_committees",
        )
        assert (answer["tie"], answer["passed"], answer["outcome"]) == (True, False, "reject")

    def test_most_for_revising_sends_it_back(self) -> None:
        answer = ask(
            "meeting.discussion_result",
            opinions=said("agree", "revise", "revise", "revise"),
            mode="vote",
            body="two_committees",
        )
        assert (answer["outcome"], answer["majority"]) == ("revise", "revise")

    def test_a_recused_member_stays_in_the_base_and_has_no_opinion(self) -> None:
        answer = ask(
            "meeting.discussion_result",
            opinions=said("recused", "agree", "agree"),
            mode="vote",
            due=4,
            body="two_committees",
        )
        assert (answer["counts"]["recused"], answer["passed"]) == (1, False)

    def test_a_recused_head_does_not_speak_last(self) -> None:
        with pytest.raises(ArgumentRefused):
            ask("meeting.discussion_result", opinions=said("agree", "recused"), mode="head_decides")

    def test_more_members_than_are_due_is_refused(self) -> None:
        with pytest.raises(ArgumentRefused):
            ask("meeting.discussion_result", opinions=said("agree", "agree"), mode="vote", due=1, body="x")


class TestHearing:
    def seats(
        self, *groups: tuple[str, int, bool], place: tuple[str, ...] = ("CN", "CN-37")
    ) -> dict[str, Any]:
        plan = [{"name": n, "seats": s, "affected": a} for n, s, a in groups]
        return ask("hearing.seats", place=place, groups=plan)

    def test_the_affected_hold_at_least_half_of_the_seats_in_shandong(self) -> None:
        assert self.seats(("沿线村民", 5, True), ("专家", 5, False))["ok"]
        refused = self.seats(("沿线村民", 4, True), ("专家", 5, False))
        assert (refused["ok"], refused["needed"]) == (False, 5)
        assert "5席" in refused["problems"][0]["zh"]

    def test_a_side_without_a_seat_is_not_represented(self) -> None:
        assert not self.seats(("沿线村民", 5, True), ("商户", 0, True))["ok"]

    def test_no_seats_at_all_is_no_plan(self) -> None:
        assert not self.seats()["ok"]

    @pytest.mark.parametrize(("present", "enough"), [(9, False), (10, True)])
    def test_two_thirds_of_fifteen_participants_is_ten(self, present: int, enough: bool) -> None:
        assert ask("hearing.attendance", due=15, present=present)["enough"] is enough

    def test_nobody_due_is_never_enough(self) -> None:
        assert not ask("hearing.attendance", due=0, present=0)["enough"]

    def test_without_a_rule_of_attendance_it_is_refused(self) -> None:
        with pytest.raises(FigureUnknown):
            ask("hearing.attendance", place=(), due=1, present=1)


class TestLots:
    def test_anybody_can_recompute_the_draw(self) -> None:
        answer = ask("lots.draw", candidates=PEOPLE, seats=2, seed="2026-11-22 彩票号码 0517")
        by_hand = sorted(PEOPLE, key=lambda p: sha256(f"2026-11-22 彩票号码 0517|{p}".encode()).hexdigest())
        assert answer["drawn"] == by_hand[:2]
        assert answer["reserves"] == by_hand[2:]

    @given(st.permutations(PEOPLE), st.text(min_size=1).filter(str.strip))
    def test_the_order_of_the_list_plays_no_part(self, people: list[str], seed: str) -> None:
        first = ask("lots.draw", candidates=people, seats=2, seed=seed)
        assert first["drawn"] == ask("lots.draw", candidates=sorted(people), seats=2, seed=seed)["drawn"]

    def test_too_few_candidates_are_all_drawn_and_the_gap_is_told(self) -> None:
        answer = ask("lots.draw", candidates=["甲"], seats=3, seed="s")
        assert (answer["drawn"], answer["short"]) == (["甲"], 2)

    def test_nobody_is_drawn_twice(self) -> None:
        with pytest.raises(ArgumentRefused):
            ask("lots.draw", candidates=["甲", "甲"], seats=1, seed="s")


class TestPeriod:
    def test_ten_days_end_at_midnight_in_shanghai_first_day_not_counted(self) -> None:
        answer = ask("period.end", n=10, unit="calendar_days")
        assert answer["end"] == "2026-12-02T16:00:00Z"

    def test_it_may_start_from_another_instant(self) -> None:
        answer = ask("period.end", **{"n": 48, "unit": "hours", "from": "2026-11-20T00:00:00Z"})
        assert answer["end"] == "2026-11-22T00:00:00Z"

    def test_a_start_that_is_no_instant_is_refused(self) -> None:
        with pytest.raises(ArgumentRefused):
            ask("period.end", **{"n": 1, "unit": "hours", "from": "tomorrow"})


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = [
    *("matter", "delegated", "community", "body", "figure", "days", "tests", "counts", "needed", "given"),
    *("opinions", "head", "mode", "due", "present", "n", "unit", "from", "groups", "candidates", "seats"),
    "seed",
]
WORDS = ["villagers_assembly", "public_works", "notice_days", "vote", "head_decides", "hours", "hearing"]
SHAPED = (
    JUNK
    | st.sampled_from(WORDS)
    | st.lists(
        st.dictionaries(st.sampled_from(["opinion", "reason", "name", "seats", "affected", "code"]), JUNK)
    )
)


@pytest.mark.parametrize("name", MINE)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(args=st.dictionaries(st.sampled_from(NAMES), SHAPED))
def test_whatever_is_passed_a_service_answers_json_or_refuses(name: str, args: dict[str, Any]) -> None:

    try:
        answer = ask(name, **args)
    except Refusal:
        return  # a refusal with a reason is an answer; anything else fails the test
    json.dumps(answer)
