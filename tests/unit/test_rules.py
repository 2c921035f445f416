"""The rule book: what holds where and when, who decides, and which files are refused."""

import json
import re
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from workflows.errors import Unpublishable
from workflows.services.rules import (
    Barred,
    BodyChoice,
    BodyUnknown,
    CommunityUnknown,
    FigureUnknown,
    MatterUnknown,
    RuleBook,
    Rules,
)

FOLDER = Path(__file__).parents[2] / "bpmn" / "rules"
SHIPPED = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml")}
BOOK = RuleBook.load(SHIPPED)
TODAY = date(2026, 11, 22)
SHANDONG = ("CN", "CN-37", "CN-3707")

VOCABULARY = """
figures:
- {figure: notice_days, units: [calendar_days, working_days], stricter: more, zh: "{value}", en: "{value}"}
- {figure: minutes_days, units: [working_days], stricter: less, zh: "{value}", en: "{value}"}
- {figure: quorum, units: [tests], stricter: tests, zh: "{value}", en: "{value}"}
bodies:
- {code: assembly, zh: 会, en: assembly, place: CN, valid_from: 2000-01-01, checked_on: 2026-11-22,
   confirmed: true, source: product default}
matters:
- {code: road, zh: 路, en: road, place: CN, valid_from: 2000-01-01, checked_on: 2026-11-22, confirmed: true,
   source: product default, delegable: true, bodies: {village: [assembly]}, papers: [survey]}
papers:
  survey: {zh: 调查, en: survey}
  risk: {zh: 风险, en: risk}
"""


def here(*place: str, day: date = TODAY) -> Rules:
    return BOOK.at(place or ("CN",), day)


def rule(identity: str, **changes: object) -> dict[str, object]:
    """One rule of a fictitious act: ten days' notice, unless changed."""
    return {
        "id": identity,
        "body": "assembly",
        "figure": "notice_days",
        "value": 10,
        "unit": "calendar_days",
        "place": "CN",
        "valid_from": "2020-01-01",
        "checked_on": "2026-11-22",
        "confirmed": True,
        "source": {"act": "试点法", "article": "第一条"},
    } | changes


def book_of(*rules: dict[str, object], extra: str = "") -> RuleBook:
    lines = json.dumps(list(rules), ensure_ascii=False)
    for key in ("valid_from", "valid_to", "checked_on"):  # days are written without quotes in YAML
        for year in range(1990, 2031):
            lines = lines.replace(f'"{key}": "{year}-', f'"{key}": {year}-')

    lines = re.sub(r'(: \d{4}-\d{2}-\d{2})"', r"\1", lines)
    return RuleBook.load(
        {"words.yaml": VOCABULARY, "rules.yaml": f"rules: {lines}\n", "extra.yaml": extra or "{}"}
    )


def codes_of(*rules: dict[str, object], extra: str = "") -> set[str]:
    with pytest.raises(Unpublishable) as refused:
        book_of(*rules, extra=extra)
    return {problem.code for problem in refused.value.problems}


class TestFiguresOfTheLaw:
    def test_an_assembly_of_villagers_is_called_ten_days_ahead(self) -> None:
        figure = here().figure("villagers_assembly", "notice_days")
        assert (figure.value, figure.unit, figure.source.article) == (10, "calendar_days", "第二十五条第二款")
        assert figure.shortenable

    def test_the_collectives_notice_knows_no_urgent_case(self) -> None:
        assert not here().figure("collective_members_assembly", "notice_days").shortenable

    def test_a_case_of_2025_is_posted_under_the_old_law_and_one_of_2026_under_the_new(self) -> None:
        old = here(*SHANDONG, day=date(2025, 12, 31)).figure("villagers_assembly", "publication_days")
        new = here(*SHANDONG, day=date(2026, 1, 1)).figure("villagers_assembly", "publication_days")
        assert (old.value, old.place) == (5, "CN-37")
        assert (new.value, new.place, new.source.article) == (15, "CN", "第三十五条第四款")

    def test_the_old_law_is_cited_by_its_old_number(self) -> None:
        old = here(day=date(2025, 6, 1)).figure("villagers_assembly", "quorum")
        assert old.source.article == "第二十二条（旧）"

    def test_where_the_law_is_silent_the_product_default_says_so(self) -> None:
        figure = here().figure("villagers_assembly", "cooldown_days")
        assert (figure.value, figure.source.act, figure.confirmed) == (30, "product default", False)

    def test_a_law_of_any_place_replaces_the_product_default(self) -> None:
        default = here().figure("representatives_meeting", "notice_days")
        law = here(*SHANDONG).figure("representatives_meeting", "notice_days")
        assert default.source.is_default
        assert not law.source.is_default
        assert law.source.article == "第二十四条第二款"

    def test_shandong_adds_a_quorum_of_women_to_the_national_one(self) -> None:
        quorum = here(*SHANDONG).figure("representatives_meeting", "quorum")
        assert len(quorum.sources) == 2
        assert "妇女代表" in quorum.text.zh
        assert "组成人员" in quorum.text.zh
        assert "妇女代表" not in here("CN", "CN-33").figure("representatives_meeting", "quorum").text.zh

    def test_shares_are_exact_fractions(self) -> None:
        assert here(*SHANDONG).figure("hearing", "affected_share").value == Fraction(1, 2)

    def test_every_figure_can_be_stored_as_json(self) -> None:
        rules = here(*SHANDONG)
        for body in rules.bodies():
            for figure in rules.figures(body["code"]).values():
                assert json.loads(json.dumps(figure.as_dict())) == figure.as_dict()

    def test_an_unknown_figure_is_a_refusal(self) -> None:
        with pytest.raises(FigureUnknown):
            here().figure("villagers_assembly", "colour")
        with pytest.raises(FigureUnknown):
            here().tests("villagers_assembly", "notice_days")

    def test_before_the_first_law_nothing_holds(self) -> None:
        with pytest.raises(FigureUnknown):
            here(day=date(1949, 10, 1)).figure("villagers_assembly", "quorum")

    def test_an_empty_book_refuses_every_question(self) -> None:
        rules = RuleBook.empty().at(SHANDONG, TODAY)
        with pytest.raises(FigureUnknown):
            rules.figure("villagers_assembly", "quorum")
        with pytest.raises(MatterUnknown):
            rules.matter("public_works")
        with pytest.raises(BodyUnknown):
            rules.body("villagers_assembly")
        assert rules.matters() == []


class TestWhoDecides:
    def test_the_assembly_decides_a_road_and_its_representatives_only_when_delegated(self) -> None:
        rules = here()
        plain = rules.body_for("public_works", delegated=False, community="village")
        delegated = rules.body_for("public_works", delegated=True, community="village")
        assert isinstance(plain, BodyChoice)
        assert isinstance(delegated, BodyChoice)
        assert (plain.body, delegated.body) == ("villagers_assembly", "representatives_meeting")

    def test_representatives_without_delegation_are_barred_and_told_the_route(self) -> None:
        answer = here().body_for(
            "public_works", delegated=False, community="village", wanted="representatives_meeting"
        )
        assert isinstance(answer, Barred)
        assert "村民会议" in answer.route.zh

    def test_a_delegated_matter_may_still_go_to_the_whole_assembly(self) -> None:
        answer = here().body_for(
            "public_works", delegated=True, community="village", wanted="villagers_assembly"
        )
        assert isinstance(answer, BodyChoice)

    def test_residents_have_their_own_bodies(self) -> None:
        answer = here().body_for("public_works", delegated=True, community="residents")
        assert isinstance(answer, BodyChoice)
        assert answer.body == "residents_representatives"

    @pytest.mark.parametrize("matter", ["land_contract", "homestead_plan", "land_compensation"])
    def test_land_belongs_to_the_members_assembly_whatever_was_delegated(self, matter: str) -> None:
        answer = here().body_for(matter, delegated=True, community="village")
        assert isinstance(answer, BodyChoice)
        assert answer.body == "collective_members_assembly"
        for wanted in ("villagers_assembly", "representatives_meeting", "collective_representatives"):
            barred = here().body_for(matter, delegated=True, community="village", wanted=wanted)
            assert isinstance(barred, Barred)
            assert "成员大会" in barred.route.zh

    def test_land_was_the_villagers_matter_before_may_2025(self) -> None:
        for day, body in (
            (date(2025, 4, 30), "villagers_assembly"),
            (date(2025, 5, 1), "collective_members_assembly"),
        ):
            answer = here(day=day).body_for("land_contract", delegated=False, community="village")
            assert isinstance(answer, BodyChoice)
            assert answer.body == body

    def test_no_assembly_decides_the_minimum_living_allowance(self) -> None:
        answer = here().body_for("dibao", delegated=False, community="village")
        assert isinstance(answer, Barred)
        assert "民政" in answer.reason.zh
        assert "乡镇" in answer.route.zh
        assert answer.source.article == "第四十四条"

    def test_no_assembly_decides_an_expropriation_even_if_asked_for(self) -> None:
        answer = here().body_for(
            "expropriation", delegated=True, community="village", wanted="villagers_assembly"
        )
        assert isinstance(answer, Barred)
        assert "政府" in answer.reason.zh

    def test_the_covenant_cannot_be_delegated(self) -> None:
        rules = here()
        answer = rules.body_for("village_covenant", delegated=True, community="village")
        assert isinstance(answer, BodyChoice)
        assert answer.body == "villagers_assembly"
        assert isinstance(
            rules.body_for(
                "village_covenant", delegated=True, community="village", wanted="representatives_meeting"
            ),
            Barred,
        )

    def test_a_matter_of_the_other_community_is_barred_and_not_a_crash(self) -> None:
        assert isinstance(here().body_for("residents_matter", delegated=False, community="village"), Barred)

    def test_nonsense_is_a_refusal(self) -> None:
        with pytest.raises(MatterUnknown):
            here().body_for("", delegated=False, community="village")
        with pytest.raises(CommunityUnknown):
            here().body_for("dibao", delegated=False, community="kingdom")
        assert isinstance(
            here().body_for("public_works", delegated=True, community="village", wanted="nobody"), Barred
        )

    def test_a_matter_tells_its_papers_by_name(self) -> None:
        papers = here().matter("public_works")["papers"]
        assert {"code": "survey", "names": {"zh": "调查报告", "en": "survey report"}} in papers


class TestALowerPlaceMayOnlyTighten:
    def test_the_stricter_figure_wins_and_both_sources_are_kept(self) -> None:
        book = book_of(rule("nation"), rule("county", place="CN-9901", value=20))
        figure = book.at(("CN", "CN-99", "CN-9901"), TODAY).figure("assembly", "notice_days")
        assert (figure.value, figure.place, len(figure.sources)) == (20, "CN-9901", 2)
        assert book.at(("CN",), TODAY).figure("assembly", "notice_days").value == 10

    def test_the_stricter_of_a_deadline_is_the_shorter(self) -> None:
        days = {"figure": "minutes_days", "unit": "working_days"}
        book = book_of(rule("nation", **days, value=7), rule("county", **days, place="CN-99", value=3))
        assert book.at(("CN", "CN-99"), TODAY).figure("assembly", "minutes_days").value == 3

    def test_a_county_that_loosens_is_refused(self) -> None:
        assert codes_of(rule("nation"), rule("county", place="CN-99", value=9)) == {"rule.loosens"}

    def test_a_city_may_not_loosen_its_province(self) -> None:
        rules = (
            rule("nation"),
            rule("province", place="CN-99", value=20),
            rule("city", place="CN-9901", value=15),
        )
        assert codes_of(*rules) == {"rule.loosens"}

    def test_a_neighbouring_province_binds_nobody(self) -> None:
        book = book_of(rule("one", place="CN-98", value=20), rule("two", place="CN-9901", value=5))
        assert book.at(("CN", "CN-99", "CN-9901"), TODAY).figure("assembly", "notice_days").value == 5

    def test_a_law_that_is_over_binds_nobody(self) -> None:
        book = book_of(
            rule("old", valid_to="2025-12-31", value=30),
            rule("county", place="CN-99", valid_from="2026-01-01", value=5),
        )
        assert book.at(("CN", "CN-99"), TODAY).figure("assembly", "notice_days").value == 5

    def test_two_units_cannot_be_compared(self) -> None:
        assert codes_of(rule("n"), rule("c", place="CN-99", unit="working_days")) == {"rule.unit"}

    def test_units_that_could_meet_at_one_act_must_agree_even_where_neither_governs_the_other(self) -> None:
        every = rule("every", place="CN-99", body="*", unit="working_days", value=12)
        assert codes_of(rule("one"), every) == {"rule.unit"}
        road = rule("road", matter="road", unit="working_days", value=12)
        assert codes_of(road, rule("county", place="CN-99")) == {"rule.unit"}
        book_of(rule("one"), rule("every", place="CN-99", body="*", value=5))  # the stricter wins

    def test_a_lower_quorum_is_refused_and_so_is_at_least_for_more_than(self) -> None:
        def quorum(share: str, compare: str) -> dict[str, object]:
            leaf = {"count": "present", "base": "electors", "share": share, "compare": compare}
            return {"figure": "quorum", "unit": "tests", "value": {"all": [leaf]}}

        nation = rule("n", **quorum("1/2", "more_than"))
        assert codes_of(nation, rule("c", place="CN-99", **quorum("1/3", "at_least"))) == {"rule.loosens"}
        assert codes_of(nation, rule("c", place="CN-99", **quorum("1/2", "at_least"))) == {"rule.loosens"}
        book_of(nation, rule("c", place="CN-99", **quorum("2/3", "at_least")))

    def test_a_matters_own_figure_replaces_the_general_one_of_the_same_place(self) -> None:
        rules = book_of(rule("general"), rule("road", matter="road", value=15)).at(("CN",), TODAY)
        assert rules.figure("assembly", "notice_days", "road").value == 15
        assert rules.figure("assembly", "notice_days").value == 10

    def test_a_county_may_ask_for_more_papers_and_withdraw_delegation(self) -> None:
        extra = """
matters:
- {code: road, zh: 路, en: road, place: CN-99, valid_from: 2020-01-01, checked_on: 2026-11-22,
   confirmed: true, source: product default, delegable: false, hearing: true, papers: [risk]}
"""
        matter = book_of(extra=extra).at(("CN", "CN-99"), TODAY).matter("road")
        assert [p["code"] for p in matter["papers"]] == ["survey", "risk"]
        assert (matter["delegable"], matter["hearing"]) == (False, True)
        assert matter["bodies"]["village"] == ["assembly"]


class TestFilesThatAreRefused:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"source": None}, "rule.source"),
            ({"source": {"act": "试点法"}}, "rule.source"),
            ({"source": "hearsay"}, "rule.source"),
            ({"unit": "fortnights"}, "rule.unit"),
            ({"unit": None}, "rule.unit"),
            ({"unit": "share", "value": "1/2"}, "rule.unit"),
            ({"value": "ten"}, "rule.value"),
            ({"value": True}, "rule.value"),
            ({"value": -1}, "rule.value"),
            ({"value": 10.5}, "rule.value"),
            ({"unit": "share", "value": "3/2"}, "rule.value"),
            ({"unit": "share", "value": "1/0"}, "rule.value"),
            ({"unit": "share", "value": 0.5}, "rule.value"),
            ({"figure": "shoe_size"}, "rule.figure"),
            ({"body": "nobody"}, "rule.body"),
            ({"body": None}, "rule.body"),
            ({"matter": "nothing"}, "rule.matter"),
            ({"place": "Atlantis"}, "rule.place"),
            ({"place": None}, "rule.place"),
            ({"valid_from": "soon"}, "rule.date"),
            ({"valid_to": "2019-12-31"}, "rule.date"),
            ({"checked_on": None}, "rule.date"),
            ({"confirmed": "perhaps"}, "rule.shape"),
            ({"id": None}, "rule.shape"),
            ({"unit": "tests", "figure": "quorum", "value": {"any": []}}, "rule.tests"),
            ({"unit": "tests", "figure": "quorum", "value": {"count": "a", "base": "b"}}, "rule.tests"),
            (
                {"unit": "tests", "figure": "quorum", "value": {"count": "a", "base": "b", "share": "1/2"}},
                "rule.tests",
            ),
            (
                {
                    "unit": "tests",
                    "figure": "quorum",
                    "value": {"count": "a", "base": "b", "share": "1/1", "compare": "more_than"},
                },
                "rule.tests",
            ),
        ],
    )
    def test_a_rule_with_a_flaw_is_refused_by_its_code(self, changes: dict[str, object], code: str) -> None:
        assert code in codes_of(rule("flawed", **changes))

    def test_a_misspelt_name_is_refused_because_it_would_mean_nothing(self) -> None:
        assert codes_of(rule("typo", shortenabel=True)) == {"rule.shape"}

    def test_two_rules_in_force_on_one_day_are_refused(self) -> None:
        assert codes_of(rule("old"), rule("new", valid_from="2026-01-01")) == {"rule.overlap"}

    def test_two_rules_of_one_name_are_refused(self) -> None:
        assert "rule.duplicate" in codes_of(rule("same"), rule("same", place="CN-99"))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "null",
            "- : {",
            "\x00",
            "rules: 5",
            "rules: [5]",
            "surprise: {}",
            "figures: [{}]",
            "bodies: [{}]",
            "matters: [{}]",
            "papers: []",
            "papers: {a: 1}",
            "!!python/object:os.system {}",
            "defaults: []x",
            "[" * 5000,
        ],
    )
    def test_a_file_that_is_no_rule_file_is_refused_and_named(self, text: str) -> None:
        with pytest.raises(Unpublishable) as refused:
            RuleBook.load({"bad.yaml": text})
        assert {p.file for p in refused.value.problems} == {"bad.yaml"}
        assert all(p.code.startswith("rule.") for p in refused.value.problems)

    def test_one_load_names_every_flaw(self) -> None:
        assert len(codes_of(rule("a", unit="x"), rule("b", place="x"), rule("c", source=None))) == 3
