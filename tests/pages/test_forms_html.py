"""A served schema as fields, and what a browser posts as an answer: every type, and the worst of both."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel
from werkzeug.datastructures import MultiDict

from app.presentation.forms_answer import change_rows, read_answer, without_empty_rows
from app.presentation.forms_html import FieldView, field_id, form_view
from app.presentation.plain_text import paragraphs


@pytest.fixture(autouse=True)
def reader() -> Iterator[None]:
    app = Flask("forms")
    Babel(app)
    with app.test_request_context():
        yield


def schema(*components: dict[str, Any]) -> dict[str, Any]:
    return {"components": list(components)}


def only(*components: dict[str, Any], **more: Any) -> FieldView:
    (field,) = form_view(schema(*components), **more).fields
    return field


def sent(**values: Any) -> MultiDict[str, str]:
    return MultiDict(values)


ROWS = {
    "type": "dynamiclist",
    "path": "members",
    "label": "人员",
    "defaultRepetitions": 2,
    "components": [{"type": "textfield", "key": "name", "label": "姓名"}],
}
KIND = {
    "type": "select",
    "key": "kind",
    "values": [{"value": "a", "label": "甲"}, {"value": 7, "label": "乙"}],
}


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ({"type": "textfield", "validate": {"validationType": "phone"}}, ("text", "tel")),
        ({"type": "textfield", "validate": {"validationType": "email"}}, ("text", "email")),
        ({"type": "datetime", "subtype": "date"}, ("date", "date")),
        ({"type": "datetime", "subtype": "time"}, ("time", "time")),
        ({"type": "datetime", "subtype": "datetime"}, ("datetime", "datetime-local")),
    ],
)
def test_each_kind_asks_the_browser_for_its_own_keyboard(
    component: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert only(component | {"key": "x"}).input_type == expected[1]


def test_numbers_are_typed_as_text_with_a_numeric_keyboard() -> None:
    assert only({"type": "number", "key": "n"}).input_mode == "decimal"
    assert only({"type": "number", "key": "n", "decimalDigits": 0}).input_mode == "numeric"


def test_what_was_typed_stands_before_what_is_known() -> None:
    asked = {"type": "textfield", "key": "x", "defaultValue": "old"}
    assert only(asked).value == "old"
    assert only(asked, values={"x": ""}).value == ""
    assert only(asked, values={"x": "<b>"}).value == "<b>"


def test_choices_with_numbers_are_chosen_again() -> None:
    assert [c.chosen for c in only(KIND, values={"kind": "7"}).choices] == [False, True]
    assert [c.chosen for c in only(KIND | {"defaultValue": 7}).choices] == [False, True]


def test_a_condition_over_the_case_is_decided_and_one_over_the_form_is_left_open() -> None:
    by_case = {"type": "textfield", "key": "x", "conditional": {"hide": "=big = false"}}
    assert form_view(schema(by_case), data={"big": False}).fields == ()
    assert not only(by_case, data={"big": True}).unsure
    by_form = {"type": "textfield", "key": "x", "conditional": {"hide": '=kind != "a"'}}
    kind, asked = form_view(schema(KIND, by_form)).fields
    assert kind.refreshes
    assert asked.unsure
    assert len(form_view(schema(KIND, by_form), values={"kind": "7"}, decided=True).fields) == 1
    assert len(form_view(schema(KIND, by_form), values={"kind": "a"}, decided=True).fields) == 2


def test_a_condition_that_cannot_be_read_hides_nothing() -> None:
    asked = {"type": "textfield", "key": "x", "conditional": {"hide": "=)("}}
    assert not only(asked).unsure


def test_errors_go_to_their_fields_and_each_once_to_the_top() -> None:
    errors = [
        {"path": "members.1.name", "message": "写姓名", "code": "required"},
        {"path": "", "message": "整体", "code": "x"},
        {"path": "gone", "message": "没有这一栏", "code": "x"},
    ]
    view = form_view(schema(ROWS), values={"members": [{}, {}]}, errors=errors)
    assert [e["href"] for e in view.errors] == ["#f-members-1-name", "", ""]
    assert view.fields[0].rows[1][0].error == "写姓名"
    assert view.fields[0].rows[0][0].error == ""


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {},
        {"components": None},
        {"components": ["x", 3, None]},
        {"components": [{"type": "unheard"}]},
        {"components": [{"type": "textfield", "key": "a", "validate": "no", "properties": 3}]},
        {"components": [{"type": "radio", "key": "a", "values": "no"}]},
        {"components": [{"type": "dynamiclist", "path": "p", "defaultValue": "no", "components": 3}]},
        {"components": [{"type": "table", "source": "=a.b", "columns": [3, {}]}]},
    ],
)
def test_a_broken_schema_draws_what_can_be_drawn(broken: Any) -> None:
    form_view(broken, values={"a": {"b": 1}, "p": 3}, data={"a": 3}, errors=[{"path": "a", "message": "m"}])
    read_answer(broken, sent(a="1", **{"p.0.x": "1"}))


def test_field_ids_are_safe_and_different() -> None:
    names = ["a.b", "a-b", "地块", 'x"><y', "a b", "A.b"]
    ids = [field_id(name) for name in names]
    assert all(each.isascii() and each.replace("-", "").isalnum() for each in ids)
    assert len(set(ids)) == len(names)


def test_an_answer_is_what_a_program_would_send() -> None:
    asked = schema(
        {"type": "textfield", "key": "t"},
        {"type": "textarea", "key": "long"},
        {"type": "checkbox", "key": "yes"},
        {"type": "checkbox", "key": "no"},
        {"type": "checklist", "key": "some"},
        {"type": "number", "key": "empty"},
        {"type": "datetime", "key": "at", "subtype": "datetime", "timeSerializingFormat": "utc_offset"},
        {"type": "textfield", "key": "shut", "disabled": True},
        {"type": "group", "path": "site", "components": [{"type": "textfield", "key": "where"}]},
        ROWS,
    )
    posted = MultiDict(
        [
            ("t", ""),
            ("long", "a\r\nb"),
            ("yes", "true"),
            ("some", "a"),
            ("some", "b"),
            ("empty", ""),
            ("at", "2026-11-25T09:00"),
            ("shut", "x"),
            ("site.where", "桥头"),
            ("members.3.name", "丙"),
            ("members.0.name", "甲"),
            ("members.1.name", ""),
            ("members.-1.name", "x"),
            ("members.99999.name", "x"),
            ("unknown", "x"),
        ]
    )
    answer = read_answer(asked, posted)
    assert without_empty_rows(answer) == {
        "t": "",
        "long": "a\nb",
        "yes": True,
        "no": False,
        "some": ["a", "b"],
        "empty": None,
        "at": "2026-11-25T09:00+08:00",
        "site": {"where": "桥头"},
        "members": [{"name": "甲"}, {"name": "丙"}],
    }


@pytest.mark.parametrize(
    ("press", "value", "left"),
    [
        ("_add", "members", ["a", "b", None]),
        ("_remove", "members.0", ["b"]),
        ("_remove", "members.7", ["a", "b"]),
        ("_remove", "members", ["a", "b"]),
        ("_add", "other.place", ["a", "b"]),
        ("_add", "members.0.name", ["a", "b"]),
    ],
)
def test_rows_change_only_where_there_are_rows(press: str, value: str, left: list[str | None]) -> None:
    answer: dict[str, Any] = {"members": [{"name": "a"}, {"name": "b"}]}
    assert change_rows(answer, sent(**{press: value}))
    assert [row.get("name") for row in answer["members"]] == left


def test_texts_of_designers_are_never_markup() -> None:
    found = list(paragraphs("<p>一<script>x</script></p><p>二<br>三</p>", markup=True))
    assert [p.text for p in found] == ["一x", "二", "三"]
    assert [(p.kind, p.text) for p in paragraphs("## 题\n- **项**\n<b>", markup=False)] == [
        ("heading", "题"),
        ("entry", "项"),
        ("words", "<b>"),
    ]
