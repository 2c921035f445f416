"""The form as it is served: choices, limits and examples that whoever fills it can rely on."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from app.forms import Asking, form_problems, present, read_answer
from workflows.forms import Form, parse_form
from workflows.model import World

WORLD = World(now=datetime(2026, 11, 22, 8, 0, tzinfo=UTC))


def form(*components: dict[str, Any]) -> Form:
    return parse_form(json.dumps({"id": "f", "components": list(components)}), "f.form")


def served(asked: dict[str, Any], data: dict[str, Any] | None = None, language: str = "zh") -> dict[str, Any]:
    schema = present(form(asked), Asking(data=data or {}, world=WORLD), language)
    component: dict[str, Any] = schema["components"][0]
    return component


PATTERNS = [
    r"^\d{6}$",
    r"^[A-Z]{2}-\d{3,5}$",
    r"鲁政发〔\d{4}〕\d+号",
    r"^1[3-9]\d{9}$",
    r"^[\u4e00-\u9fff]{2,4}$",
    r"^(东|西)路$",
    r"\d{4}",
    r"^[^<>]{1,20}$",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_comes_with_an_example_that_is_accepted(pattern: str) -> None:
    asked = {"type": "textfield", "key": "no", "validate": {"pattern": pattern, "required": True}}
    example = served(asked)["properties"]["example"]
    assert re.search(pattern, example)
    assert read_answer(form(asked), {"no": example}, Asking()) == {"no": example}
    assert form_problems(form(asked)) == []


def test_the_designers_own_example_is_preferred_where_it_fits() -> None:
    asked = {"type": "textfield", "key": "no", "validate": {"pattern": r"^\d{4}$"}}
    assert served({**asked, "properties": {"example": "2026"}})["properties"]["example"] == "2026"
    assert served({**asked, "properties": {"example": "no"}})["properties"]["example"] != "no"


def test_a_pattern_that_nothing_fits_is_a_problem() -> None:
    asked = form({"type": "textfield", "key": "no", "validate": {"pattern": r"a\bb"}})
    assert [each.code for each in form_problems(asked)] == ["form.pattern_example"]


def test_an_unreadable_expression_is_a_problem() -> None:
    asked = form({"type": "textfield", "key": "no", "conditional": {"hide": "=import os"}})
    assert [each.code for each in form_problems(asked)] == ["form.expression"]


def test_limits_from_data_are_served_as_numbers() -> None:
    asked = {"type": "number", "key": "n", "validate": {"min": 1, "max": "=budget / 2"}}
    assert served(asked, {"budget": 9})["validate"] == {"min": 1, "max": 4.5}


def test_every_enforced_length_is_served() -> None:
    assert served({"type": "textfield", "key": "n"})["validate"]["maxLength"] == 4_000
    assert (
        served({"type": "textfield", "key": "n", "validate": {"pattern": "x"}})["validate"]["maxLength"]
        == 500
    )
    assert served({"type": "textarea", "key": "n"})["validate"]["maxLength"] == 100_000


def test_choices_are_resolved_in_the_readers_language() -> None:
    asked = {"type": "radio", "key": "who", "valuesExpression": "=members"}
    data = {"members": [{"label": "李明", "label_en": "Li Ming", "value": "li"}]}
    assert served(asked, data)["values"] == [{"value": "li", "label": "李明"}]
    assert served(asked, data, "en")["values"] == [{"value": "li", "label": "Li Ming"}]


def test_what_the_case_knows_is_the_default() -> None:
    assert served({"type": "textfield", "key": "n", "defaultValue": "x"}, {"n": "y"})["defaultValue"] == "y"
    assert served({"type": "textfield", "key": "n", "defaultValue": "x"})["defaultValue"] == "x"


def test_shown_text_may_name_data() -> None:
    asked = {"type": "text", "text": "共 {{count}} 人，{{missing}}"}
    assert served(asked, {"count": 3})["text"] == "共 3 人，"


def test_two_languages_stand_side_by_side() -> None:
    asked = {
        "type": "radio",
        "key": "way",
        "label": "意见",
        "properties": {"label_en": "Opinion"},
        "values": [{"value": "a", "label": "同意", "label_en": "Agree"}],
    }
    assert served(asked)["label"] == "意见"
    assert served(asked, language="en")["label"] == "Opinion"
    assert served(asked, language="en")["values"] == [{"value": "a", "label": "Agree"}]
