"""form-js schemas, read: every component the editor writes, and what is wrong told by field."""

import json
from decimal import Decimal
from typing import Any

import pytest

from workflows.errors import Unpublishable
from workflows.forms import Field, Form, Option, parse_form, walk


def form(*components: dict[str, Any]) -> Form:
    return parse_form(json.dumps({"type": "default", "id": "f", "components": list(components)}), "ask.form")


def field(kind: str, **more: Any) -> Field:
    keyed = {"key": "a"} if "path" not in more else {}
    return form({"type": kind, **keyed, **more}).fields[0]


def refused(text: str | dict[str, Any]) -> list[tuple[str, str]]:
    """Code and field of each problem."""
    given = text if isinstance(text, str) else json.dumps({"components": [text]})
    with pytest.raises(Unpublishable) as told:
        parse_form(given, "ask.form")
    assert all(problem.hint and problem.file == "ask.form" for problem in told.value.problems)
    return [(problem.code, problem.element) for problem in told.value.problems]


def test_labels_in_both_languages_and_other_properties() -> None:
    each = field("textfield", label="事项", properties={"labelEn": "Matter", "more": 1}, description="x")

    assert (each.label, each.label_en, each.description) == ("事项", "Matter", "x")
    assert each.properties["more"] == "1"
    assert each.is_input


def test_text_limits() -> None:
    limits = field(
        "textarea",
        validate={"required": True, "minLength": 2, "maxLength": "=limit", "pattern": "^[0-9]+$"},
    ).limits

    assert (limits.required, limits.min_length, limits.max_length) == (True, 2, "limit")
    assert limits.pattern == "^[0-9]+$"
    assert field("textfield", validate={"validationType": "email"}).limits.kind == "email"
    assert field("textfield", validate={"validationType": "custom"}).limits.kind == ""


def test_number_keeps_exact_decimals() -> None:
    each = field(
        "number",
        decimalDigits=2,
        increment="0.05",
        serializeToString=True,
        validate={"min": 0.1, "max": "=budget * 2"},
    )

    assert (each.decimal_digits, each.increment, each.as_text) == (2, Decimal("0.05"), True)
    assert (each.limits.minimum, each.limits.maximum) == (Decimal("0.1"), "budget * 2")


@pytest.mark.parametrize("kind", ["radio", "select", "checklist", "taglist"])
def test_options_are_fixed_or_come_from_the_data(kind: str) -> None:
    fixed = field(kind, values=[{"label": "甲", "value": "a", "labelEn": "A"}, {"label": "2", "value": 2}])

    assert fixed.options == (Option("a", "甲", "A"), Option(2, "2"))
    assert field(kind, valuesKey="people").options_from == "people"
    assert field(kind, valuesExpression="=concat(a, b)").options_from == "concat(a, b)"
    assert refused({"type": kind, "key": "a", "values": []}) == [("form.options", "a")]
    twice = [{"label": "1", "value": "x"}, {"label": "2", "value": "x"}]
    assert refused({"type": kind, "key": "a", "values": twice}) == [("form.options", "a")]


@pytest.mark.parametrize("subtype", ["date", "time", "datetime"])
def test_moments(subtype: str) -> None:
    each = field(
        "datetime",
        subtype=subtype,
        dateLabel="Day",
        timeLabel="Hour",
        timeInterval=30,
        disallowPassedDates=True,
        timeSerializingFormat="utc_offset",
    )

    assert (each.subtype, each.label, each.label_time) == (subtype, "Day", "Hour")
    assert (each.past_refused, each.aware, each.minutes_step) == (True, True, 30)
    assert refused({"type": "datetime", "key": "a", "subtype": "century"}) == [("form.value", "a")]


def test_files_pictures_tables_and_buttons() -> None:
    assert field("filepicker", multiple=True, accept=".pdf,.jpg").accept == ".pdf,.jpg"
    shown = form(
        {"type": "text", "text": "# Read this"},
        {"type": "html", "content": "<b>this</b>"},
        {"type": "image", "source": "=photo", "alt": "the road"},
        {
            "type": "table",
            "dataSource": "=bids",
            "columns": [{"key": "price", "label": "Price"}, {"key": "who"}],
        },
        {"type": "button", "action": "reset"},
        {"type": "separator"},
        {"type": "spacer"},
    )

    assert [each.is_input for each in shown.fields] == [False] * 7
    assert shown.fields[0].text == "# Read this"
    assert shown.fields[3].columns == (("price", "Price"), ("who", "who"))
    assert shown.fields[4].action == "reset"
    assert shown.names() == frozenset()


def test_conditions_are_expressions_without_their_mark() -> None:
    each = field("textfield", conditional={"hide": "= not urgent"})

    assert each.hide == "not urgent"
    assert [
        text for _, text in form({"type": "expression", "key": "sum", "expression": "=a + b"}).expressions()
    ] == ["a + b"]


def test_groups_and_lists_nest() -> None:
    nested = form(
        {"type": "group", "path": "applicant", "components": [{"type": "textfield", "key": "name"}]},
        {"type": "group", "components": [{"type": "textfield", "key": "plain"}]},
        {
            "type": "dynamiclist",
            "path": "bids",
            "defaultRepetitions": 2,
            "allowAddRemove": False,
            "components": [{"type": "number", "key": "price"}],
        },
        {"type": "textfield", "key": "off", "disabled": True},
    )

    assert list(nested.fields_by_key()) == ["applicant.name", "plain", "bids", "off"]
    assert nested.names() == {"applicant", "plain", "bids"}
    bids = nested.fields_by_key()["bids"]
    assert (bids.rows, bids.rows_change, bids.children[0].key) == (2, False, "price")
    assert len(list(walk(nested.fields))) == 7


@pytest.mark.parametrize("key", ["", "1st", "a b", "a-b", "__class__", "a.__b", "a..b", 7, None, "x" * 101])
def test_a_key_that_is_no_data_name_is_refused(key: Any) -> None:
    assert [code for code, _ in refused({"type": "textfield", "key": key})] == ["form.key"]


def test_the_same_key_twice_is_refused_unless_both_are_conditional() -> None:
    one = {"type": "textfield", "key": "a"}
    hidden = {**one, "conditional": {"hide": "=x"}}

    assert refused(json.dumps({"components": [one, one]})) == [("form.duplicate_key", "a")]
    assert len(form(hidden, hidden).fields) == 2
    inside = {"type": "dynamiclist", "path": "rows", "components": [one, one]}
    assert refused(inside) == [("form.duplicate_key", "a")]


def test_unknown_types_are_refused_with_the_known_ones() -> None:
    with pytest.raises(Unpublishable) as told:
        form({"type": "hologram", "key": "a"})

    assert "textfield" in str(told.value.problems[0])
    assert [p.code for p in told.value.problems] == ["form.type"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"validate": "required"},
        {"validate": {"min": "a lot"}},
        {"validate": {"minLength": 1.5}},
        {"validate": {"maxLength": -1}},
        {"validate": {"min": "1e999999"}},
        {"decimalDigits": 400},
        {"increment": 0},
        {"label": {"de": "x"}},
        {"conditional": {"hide": 7}},
    ],
)
def test_wrong_values_are_told_by_field(wrong: dict[str, Any]) -> None:
    assert refused({"type": "number", "key": "a", **wrong}) == [("form.value", "a")]


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("[", "form.pattern"),
        ("(a+)+$", "form.pattern_slow"),
        ("(a|b*)*", "form.pattern_slow"),
        ("x" * 301, "form.pattern_slow"),
    ],
)
def test_patterns_that_are_wrong_or_could_hang_are_refused(pattern: str, code: str) -> None:
    assert refused({"type": "textfield", "key": "a", "validate": {"pattern": pattern}}) == [(code, "a")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "form.json"),
        ("{", "form.json"),
        ("\x00", "form.json"),
        ("[" * 100_000, "form.json"),
        ("<form/>", "form.json"),
        ("[]", "form.schema"),
        ("7", "form.schema"),
        ("{}", "form.schema"),
        ('{"components": [7]}', "form.schema"),
        ('{"components": "x"}', "form.schema"),
        (" " * 1_000_001, "form.too_big"),
    ],
)
def test_what_is_no_form_is_one_clear_problem(text: str, code: str) -> None:
    assert [found for found, _ in refused(text)] == [code]


def test_five_hundred_fields_are_read_and_one_more_refused() -> None:
    many = [{"type": "textfield", "key": f"k{n}"} for n in range(501)]

    assert len(form(*many[:500]).fields) == 500
    assert refused(json.dumps({"components": many})) == [("form.too_many", "")]


def test_groups_nested_without_end_are_refused() -> None:
    each: dict[str, Any] = {"type": "textfield", "key": "a"}
    for _ in range(50):
        each = {"type": "group", "components": [each]}

    assert refused(each) == [("form.too_deep", "")]
