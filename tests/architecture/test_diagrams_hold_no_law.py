"""No diagram and no form holds a figure of the law: each asks the rules, for the number and for its unit."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "bpmn"
DIAGRAMS = sorted(FOLDER.glob("*/process.bpmn"))
FORMS = sorted(FOLDER.glob("*/*.form"))
DAYS_IN_WORDS = re.compile(r"[0-9一二三四五六七八九十]+ ?(?:个工作日|个月|日|天|小时)(?!常)")
SHARES_IN_WORDS = re.compile(r"过半|半数|[二三四五]分之[一二三四]")
ALLOWED = {"第一天"}  # “the first day after”, which is no figure


def drawn(path: Path) -> str:
    """The process without the coordinates of its picture."""
    return path.read_text(encoding="utf-8").split("<bpmndi:")[0]


def test_there_are_diagrams_and_forms() -> None:
    assert len(DIAGRAMS) >= 6
    assert len(FORMS) > 30


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda p: p.parent.name)
def test_a_diagram_counts_no_days_of_its_own(path: Path) -> None:
    text = drawn(path)
    assert re.findall(r"\b(?:working_days|days|months|hours)\(\s*[0-9]", text) == []
    assert re.findall(r"\belse [1-9][0-9]*\b", text) == []
    assert re.findall(r'name="(?:n|days)" value="[0-9]', text) == []


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda p: p.parent.name)
def test_a_period_takes_its_unit_from_the_rules(path: Path) -> None:
    """A place may give working days where the nation gives calendar days, or the other way round."""
    text = drawn(path)
    for name, figure in re.findall(r"\b(?:working_days|days)\((\w+)\.(\w+)\)", text):
        assert f"{name}.units.{figure}" in text, (path.parent.name, figure)


@pytest.mark.parametrize("path", [*DIAGRAMS, *FORMS], ids=lambda p: f"{p.parent.name}/{p.name}")
def test_words_for_people_name_no_figure(path: Path) -> None:
    text = drawn(path)
    found = {m.group() for m in (*DAYS_IN_WORDS.finditer(text), *SHARES_IN_WORDS.finditer(text))}
    if path.suffix == ".form":
        found = {f for f in found if f"第{f[-2:]}" not in ALLOWED}
    assert found == set()
