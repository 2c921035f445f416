"""Scenarios: told in YAML, played in memory, wrong ones told with their step."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from building import Process, each

from workflows.errors import Unpublishable
from workflows.scenario import Played, play_file, problems_of
from workflows.scenario_file import read_scenarios
from workflows.services.rules import RuleBook


def review() -> Process:
    """Opinions of several, a notice (an effect) with a term, then by the count to one of two ends."""
    process = Process().start().user("review", repeat=each("members", into="opinions", answer="opinion"))
    process.service("post", "notice.post", result="notice").catch("term", duration="P10D")
    process.xor("count").end("adopted").end("rejected")
    process.chain("start", "review", "post", "term", "count")
    return process.flow("count", "adopted", "count(opinions, 'yes') > 1").flow(
        "count", "rejected", default=True
    )


GOOD = """
- name: {zh: 两人同意, en: Two agree}
  at: 2026-03-02T09:00:00+08:00
  data: {members: [li, wang]}
  effects: {notice.post: {id: 3}}
  steps:
  - complete: review
    as: wang
    answer: {opinion: yes}
  - expect:
      open: [review]
      waits: []
  - complete: review
    answer: {opinion: "yes"}
  - expect:
      open: []
      waits: [term]
      data: {"len(opinions)": 2, notice.id: 3, "opinions == ['yes', 'yes']": false}
  - advance: P9D
  - expect: {waits: [term]}
  - until: due
  outcome: rejected
"""


def played(text: str) -> Played:
    return play_file(review().compile(effects=["notice.post"]), text)


def test_a_scenario_that_holds_has_no_problem_and_tells_what_it_visited() -> None:
    result = played(GOOD)
    assert result.problems == []
    definition = review().compile(effects=["notice.post"])
    assert result.unvisited(definition) == ["adopted"]


@pytest.mark.parametrize(
    ("change", "code", "step"),
    [
        (("outcome: rejected", "outcome: adopted"), "scenario.outcome", 8),
        (("- until: due", "- complete: review"), "scenario.not_open", 7),
        (("as: wang", "as: zhao"), "scenario.not_open", 1),
        (("waits: []", "waits: [term]"), "scenario.expect_waits", 2),
        (("open: [review]", "open: [review, review]"), "scenario.expect_open", 2),
        (('"len(opinions)": 2', '"len(opinions)": 3'), "scenario.expect_data", 4),
        (('"len(opinions)": 2', "missing: 3"), "scenario.expect_data", 4),
        (("- advance: P9D", "- advance: soon"), "scenario.time", 5),
        (("- advance: P9D", "- message: hello"), "scenario.message", 5),
        (("- until: due", "- advance: P0D"), "scenario.outcome", 8),
        (("data: {members: [li, wang]}", "data: {members: 3}"), "scenario.incident", 1),
        (("effects: {notice.post: {id: 3}}", "effects: {}"), "scenario.expect_waits", 4),
    ],
)
def test_a_scenario_that_does_not_hold_says_why_and_at_which_step(
    change: tuple[str, str], code: str, step: int
) -> None:
    assert change[0] in GOOD
    [problem] = played(GOOD.replace(*change)).problems
    assert (problem.code, problem.params["step"]) == (code, step)
    assert "两人同意" in str(problem)
    assert "{" not in str(problem).split("[", maxsplit=1)[0]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "x",
        "- 3",
        "- {}",
        "- {name: a, nonsense: 1}",
        "- {name: a, steps: [{}]}",
        "- {name: a, steps: [{complete: a, retry: b}]}",
        "- {name: a, steps: [{complete: 3}]}",
        "- {name: a, steps: [{complete: a, answer: [1]}]}",
        "- {name: a, steps: [{expect: {open: x}}]}",
        "- {name: a, steps: 3}",
        "- {name: a, at: tomorrow}",
        "- {name: a, effects: {x: 3}}",
        "- {name: a, place: CN}",
        "- &a {name: a, data: {x: *a}}",
        "- !!python/object/apply:os.system ['true']",
        "- {name: a, data: {x: .nan}}",
        "- {name: a, data: {1: 2}}",
        "[" * 5000,
        "- {name: a}\n" * 201,
        "#" + "x" * 300_000,
    ],
)
def test_a_file_that_is_no_scenario_file_is_refused_with_a_problem(text: str) -> None:
    with pytest.raises(Unpublishable) as refused:
        read_scenarios(text)
    assert all(problem.code == "scenario.format" for problem in refused.value.problems)


def test_an_empty_file_holds_no_scenarios() -> None:
    assert read_scenarios("") == []


def test_the_scenarios_of_a_folder_are_played_with_the_rules_of_their_place_and_day() -> None:
    seen = []

    class Book(RuleBook):
        def at(self, place: Sequence[str], day: date) -> Any:
            seen.append((tuple(place), day.isoformat()))
            return super().at(place, day)

    text = GOOD.replace("  at: 2026", "  place: [CN, CN-37]\n  at: 2026")
    definition = review().compile(effects=["notice.post"], files={"scenarios.yaml": text})
    assert problems_of(definition, rules=Book.empty()) == []
    assert (("CN", "CN-37"), "2026-03-02") in seen
    assert (("CN", "CN-37"), "2026-03-12") in seen


def test_dates_stay_text() -> None:
    [scenario] = read_scenarios("- {name: a, data: {day: 2026-01-01}}")
    assert scenario.data == {"day": "2026-01-01"}


def test_an_expected_incident_can_be_mended_and_retried() -> None:
    text = """
- name: 卡住
  data: {members: 3}
  steps:
  - expect: {incidents: [review]}
  - retry: review
  - expect: {incidents: [review]}
"""
    assert played(text).problems == []


def test_an_effect_that_comes_for_ever_is_stopped() -> None:
    process = Process().start().xor("merge", "again").service("ask", "ask").end()
    process.chain("start", "merge", "ask", "again").flow("again", "merge", "more").flow(
        "again", "end", default=True
    )
    text = "- {name: 无尽, data: {more: true}, effects: {ask: {}}}"
    result = play_file(process.compile(effects=["ask"]), text)
    assert [problem.code for problem in result.problems] == ["scenario.endless"]
