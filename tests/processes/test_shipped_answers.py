"""Scenarios answer as people could: what the form asks for, all that it requires, choices that it offers.

A scenario that answers otherwise would prove a process that nobody can walk. And no diagram holds a figure.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree

ROOT = Path(__file__).parent.parent.parent / "bpmn"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
MINYI = "{urn:minyi:bpmn:1}"
FOLDERS = sorted(path.parent.name for path in ROOT.glob("*/scenarios.yaml"))
Json = dict[str, Any]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_answer_of_a_scenario_fits_a_form_of_that_shape(folder: str) -> None:
    forms = forms_of(folder)
    answered = 0
    for name, element, answer in answers(folder):
        faults = [faults_of(form, answer) for form in forms[element]]
        assert [] in faults, (name, element, faults)
        answered += 1
    assert answered > 0


def test_an_answer_that_no_form_asks_for_is_found_out() -> None:
    form = json.loads((ROOT / "public_notice/verify.form").read_text())

    assert faults_of(form, {"covered": "yes", "invented": 1}) == ["unknown: invented"]
    assert faults_of(form, {"covered": "perhaps"}) == ["covered: perhaps"]
    assert faults_of(form, {}) == ["missing: covered"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_diagram_holds_a_figure_of_the_law(folder: str) -> None:
    """Counting on by one, and asking for none or more than one, are no figures."""
    for where, text in expressions(folder):
        bare = re.sub(r'"[^"]*"', "", text)
        found = set(re.findall(r"(?<![\w.])\d+(?:\.\d+)?", bare)) - {"0", "1"}
        assert found == set(), (where, text)


def answers(folder: str) -> Iterator[tuple[str, str, Json]]:
    for scenario in yaml.safe_load((ROOT / folder / "scenarios.yaml").read_text()):
        for step in scenario["steps"]:
            if "complete" in step:
                yield scenario["name"]["zh"], step["complete"], step.get("answer") or {}


def forms_of(folder: str) -> dict[str, list[Json]]:
    """The forms of each shape of this process and of those it calls; ids may be used in several."""
    found: dict[str, list[Json]] = {}
    waiting, seen = [folder], set()
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        root = etree.parse(ROOT / here / "process.bpmn").getroot()
        waiting += [call.get("calledElement") for call in root.iter(f"{BPMN}callActivity")]
        for task in root.iter(f"{BPMN}userTask"):
            form = json.loads((ROOT / here / task.get(f"{MINYI}form")).read_text())
            found.setdefault(task.get("id"), []).append(form)
    return found


def faults_of(form: Json, answer: Json) -> list[str]:
    fields = {field.get("key") or field.get("path"): field for field in form["components"]}
    fields.pop(None, None)
    faults = [f"unknown: {key}" for key in answer if key not in fields]
    for key, field in fields.items():
        needed = field.get("validate", {}).get("required") and "conditional" not in field
        if needed and answer.get(key) in (None, "", []):
            faults.append(f"missing: {key}")
        if field["type"] == "radio" and key in answer:
            offered = [value["value"] for value in field["values"]]
            if answer[key] not in offered:
                faults.append(f"{key}: {answer[key]}")
        if field["type"] == "group" and isinstance(answer.get(key), dict):
            faults += [f"{key}.{fault}" for fault in faults_of(field, answer[key]) if "unknown" not in fault]
        if field["type"] == "dynamiclist":
            faults += [f"{key}.{fault}" for row in answer.get(key, []) for fault in faults_of(field, row)]
    return faults


def expressions(folder: str) -> Iterator[tuple[str, str]]:
    root = etree.parse(ROOT / folder / "process.bpmn").getroot()
    for element in root.iter():
        tag = str(element.tag)
        if tag in (f"{BPMN}conditionExpression", f"{BPMN}script", f"{BPMN}timeDate", f"{BPMN}timeDuration"):
            yield str(element.getparent().get("id")), element.text or ""
        if tag in (f"{MINYI}input", f"{MINYI}output"):
            yield str(element.getparent().getparent().get("id")), element.get("value", "")
        if element.get(f"{MINYI}due"):
            yield str(element.get("id")), element.get(f"{MINYI}due", "")
