"""The forms of the shipped processes: two languages, limits that people see, no trap for who just goes on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent / "bpmn"
FORMS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*/*.form"))
SILENT = ("text", "html", "separator", "spacer")
BACKWARDS = {"no", "order", "refuse", "upheld", "oppose", "some_refused", "replaced"}
"""Answers that send a matter back or down: never the first of a choice."""
WAYS_OUT = {
    ("public_hearing/challenge.form", "challenged"),
    ("village_decision/consult.form", "hearing_wanted"),
}
"""Questions whose ordinary answer is no: nobody challenges the chair, no hearing is asked for."""


def fields(form: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting = list(form["components"])
    while waiting:
        field = waiting.pop(0)
        yield field
        waiting += field.get("components", [])


def read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / name).read_text())
    return loaded


@pytest.mark.parametrize("name", FORMS)
def test_every_label_choice_and_description_is_there_in_both_languages(name: str) -> None:
    form = read(name)
    assert form["properties"]["title"]
    assert form["properties"]["title_en"]
    for field in fields(form):
        more = field.get("properties", {})
        if field["type"] in SILENT:
            assert more.get("text_en"), field
            continue
        assert field.get("label"), field
        assert more.get("label_en"), field
        assert bool(field.get("description")) == bool(more.get("description_en")), field
        for value in field.get("values", []):
            assert value["label"], value
            assert value["label_en"], value


@pytest.mark.parametrize("name", FORMS)
def test_a_text_has_a_greatest_length_and_a_number_its_limits(name: str) -> None:
    for field in fields(read(name)):
        if field["type"] in ("textfield", "textarea"):
            assert field["validate"]["maxLength"] <= 20_000, field["key"]
        if field["type"] == "number":
            assert "min" in field["validate"], field["key"]


@pytest.mark.parametrize("name", FORMS)
def test_the_first_of_a_choice_is_the_ordinary_way_on(name: str) -> None:
    for field in fields(read(name)):
        if field["type"] != "radio" or (name, field["key"]) in WAYS_OUT:
            continue
        assert field["values"][0]["value"] not in BACKWARDS, field["key"]


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_asked_for_by_its_process(name: str) -> None:
    folder, file = name.split("/")
    assert f'"{file}"' in (ROOT / folder / "process.bpmn").read_text()
