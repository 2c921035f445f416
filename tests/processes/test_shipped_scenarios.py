"""The shipped processes do what their scenarios tell, and the scenarios come to every shape.

Also: the figures a diagram asks for exist for whoever may decide, wherever the product ships rules.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from building_app import app_on, close

from app.definitions import shipped
from app.runtime import effects
from workflows.parsing import Definition, compile_process
from workflows.scenario import play_file, worlds
from workflows.services.rule_answers import Barred
from workflows.services.rules import RuleBook

ROOT = Path(__file__).parent.parent.parent
PROCESSES = (
    "assembly_vote",
    "collective_discussion",
    "objection",
    "public_hearing",
    "public_notice",
    "village_decision",
)
UNVISITED: dict[str, tuple[str, ...]] = {}
"""Shapes that no scenario can come to, by process. None today; a reason belongs beside each."""

TODAY = date(2026, 11, 23)
_FIGURE = re.compile(
    r"\b(?:rule|vote_rule|party_rule)\.(?!shortenable\b|tests|units|texts|ballots|household_basis)(\w+)"
)


@pytest.fixture(scope="module", autouse=True)
def effects_known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The slices register the effects that diagrams name when an application is made."""
    app = app_on("sqlite://", tmp_path_factory.mktemp("app"))
    yield
    close(app)


@cache
def rules() -> RuleBook:
    return RuleBook.load({p.name: p.read_text() for p in sorted((ROOT / "bpmn/rules").glob("*.yaml"))})


@cache
def definition(key: str) -> Definition:
    files = shipped.folders()
    return compile_process(files[key], callee=files.get, effects=effects.names())


def test_all_shipped_processes_are_told_of_here() -> None:
    assert sorted(shipped.folders()) == sorted(PROCESSES)


@pytest.mark.parametrize("key", PROCESSES)
def test_every_scenario_holds_and_together_they_visit_every_shape(key: str) -> None:
    text = definition(key).files["scenarios.yaml"]

    played = play_file(definition(key), text, among=worlds(rules=rules()))

    assert [str(problem) for problem in played.problems] == []
    assert played.played > 0
    assert played.unvisited(definition(key)) == sorted(UNVISITED.get(key, ()))


@pytest.mark.parametrize("key", PROCESSES)
def test_a_shipped_process_is_published_without_a_warning(key: str) -> None:
    assert [str(warning) for warning in definition(key).warnings] == []


def test_a_scenario_whose_end_is_wrong_is_found_out() -> None:
    text = definition("public_notice").files["scenarios.yaml"].replace("end_clear", "end_upheld", 1)

    played = play_file(definition("public_notice"), text, among=worlds(rules=rules()))

    assert [problem.code for problem in played.problems] == ["scenario.outcome"]


@pytest.mark.parametrize("community", ["village", "residents"])
def test_a_vote_finds_every_figure_it_asks_for_whoever_decides(community: str) -> None:
    """A figure that no rule gives is null, and a null in an expression is an incident in somebody's case."""
    book = rules().at(("CN",), TODAY)
    asked = set(_FIGURE.findall(definition("assembly_vote").files["process.bpmn"]))
    asked |= set(_FIGURE.findall(definition("public_notice").files["process.bpmn"])) | {"acceptance_days"}
    assert "notice_days" in asked
    decided = 0
    for code in matters():
        choice = book.body_for(code, delegated=False, community=community)
        if isinstance(choice, Barred):
            continue
        decided += 1
        figures = book.figures(choice.body, code)
        assert {"quorum", "majority", *asked} <= set(figures), (code, choice.body)
    assert decided > 5


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("collective_discussion", "two_committees"),
        ("public_hearing", "hearing"),
        ("objection", "public_notice"),
        ("public_notice", "public_notice"),
    ],
)
def test_a_process_finds_every_figure_it_asks_for(key: str, body: str) -> None:
    asked = set(_FIGURE.findall(definition(key).files["process.bpmn"]))

    assert asked
    assert asked <= set(rules().at(("CN",), TODAY).figures(body, None))


def matters() -> list[str]:
    text = (ROOT / "bpmn/rules/matters.yaml").read_text()
    return sorted(set(re.findall(r"^- code: (\w+)$", text, re.MULTILINE)))
