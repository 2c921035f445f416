"""Hearings as published, replayed: the dates and seats of a real one, and the rule of a county of its own.

The county's twenty days are a rule of a test place (tests/rules), which does not ship. Published are the days
and the seats; names and how many enrolled are filled in.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from building_app import app_on, close

from app.definitions import shipped
from app.runtime import effects
from workflows.parsing import Definition, compile_process
from workflows.scenario import Played, play_file, worlds
from workflows.services.rules import RuleBook

ROOT = Path(__file__).parent.parent.parent
NATION = "[CN]"
COUNTY = "[CN, CN-99, CN-9901]"

PLANNED = """
- name: {name}
  at: 2026-{announced}T08:00:00+08:00
  place: {place}
  data: {{title: 国道206线改建, text: 改建方案, called: true}}
  effects:
    notice.post: {{notice_id: "1", posted_from: "", posted_to: "2026-12-31T16:00:00Z", seed: "5eed"}}
  steps:
  - complete: plan
    answer: {{venue: 会议室, wish_date: "2026-{wished}", wish_time: "09:00", enrol_date: "2026-{enrol}",
      seats_total: 5, seats_affected: 3, observers: 5, chair_name: 主持人, selection: 现场报名,
      reason: 利害相关, guests: {guests}}}
  - expect: {{waits: [enrolment_over], data: {{date_of(hearing_at): "2026-{held}", len(guests): 10}}}}
  - until: due
  - until: 2026-{listed}T09:00:00+08:00
  - complete: register
    answer: {{enrolled: {enrolled}}}
  - complete: deliver
    answer: {{delivered_how: 当面送达, delivered: "yes"}}
  - expect: {{data: {{hearing_at != announced_at: false, len(hearing.participants): 15, hearing.short: 0}}}}
  - complete: challenge
    answer: {{challenged: "no", chair_name: 主持人}}
  - until: due
  - expect: {{open: [attendance], data: {{date_of(now()): "2026-{held}"}}}}
"""
GUESTS = [*[("沿线村委会成员", "affected")] * 7, *[("代表或专家", "other")] * 3]
ENROLLED = [*[("报名居民", "affected")] * 7, *[("报名居民", "other")] * 5]


@pytest.fixture(scope="module", autouse=True)
def effects_known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    app = app_on("sqlite://", tmp_path_factory.mktemp("app"))
    yield
    close(app)


def test_the_published_dates_and_seats_are_accepted() -> None:
    """Announced on 11 May, enrolment to 22 May, papers with the list on 23 May, heard on 13 June at nine."""
    played = replay(announced="05-11", enrol="05-22", listed="05-23", wished="06-13", held="06-13")

    assert_holds(played)


def test_the_county_of_twenty_days_accepts_them_too_for_they_left_thirty_three() -> None:
    played = replay(
        announced="05-11", enrol="05-22", listed="05-23", wished="06-13", held="06-13", place=COUNTY
    )

    assert_holds(played)


def test_a_hearing_sixteen_days_ahead_is_lawful_where_only_the_nation_speaks() -> None:
    played = replay(announced="05-11", enrol="05-16", listed="05-19", wished="05-27", held="05-27")

    assert_holds(played)


def test_in_the_county_of_twenty_days_the_same_hearing_is_moved_to_the_first_lawful_day() -> None:
    """Twenty days from 11 May end on 31 May, a Sunday: they roll to Monday; the hearing is on Tuesday."""
    played = replay(
        announced="05-11", enrol="05-16", listed="05-19", wished="05-27", held="06-02", place=COUNTY
    )

    assert_holds(played)


def test_in_the_county_the_wished_day_would_not_have_been_kept() -> None:
    played = replay(
        announced="05-11", enrol="05-16", listed="05-19", wished="05-27", held="05-27", place=COUNTY
    )

    assert [problem.code for problem in played.problems] == ["scenario.expect_data"]


def test_the_rule_of_the_test_place_does_not_ship() -> None:
    shipped_rules = "".join(p.read_text() for p in (ROOT / "bpmn/rules").glob("*.yaml"))

    assert "CN-99" not in shipped_rules


def replay(*, announced: str, enrol: str, listed: str, wished: str, held: str, place: str = NATION) -> Played:
    text = PLANNED.format(
        name="hearing",
        announced=announced,
        enrol=enrol,
        listed=listed,
        wished=wished,
        held=held,
        place=place,
        guests=rows(GUESTS),
        enrolled=rows(ENROLLED),
    )
    return play_file(hearing(), text, among=worlds(rules=rules()))


def rows(people: list[tuple[str, str]]) -> str:
    written = (f"{{name: {name}{n}, side: {side}}}" for n, (name, side) in enumerate(people, start=1))
    return f"[{', '.join(written)}]"


def assert_holds(played: Played) -> None:
    assert ([str(problem) for problem in played.problems], played.played) == ([], 1)


@cache
def rules() -> RuleBook:
    folders = (ROOT / "bpmn/rules", ROOT / "tests/rules")
    return RuleBook.load({path.name: path.read_text() for f in folders for path in sorted(f.glob("*.yaml"))})


@cache
def hearing() -> Definition:
    files = shipped.folders()
    return compile_process(files["public_hearing"], callee=files.get, effects=effects.names())
