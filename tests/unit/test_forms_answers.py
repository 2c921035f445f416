"""What a form keeps of an answer, and what it refuses."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel

from app.errors import Invalid
from app.forms import Asking, AttachedFile, choice_form, present, read_answer
from workflows.forms import Form, parse_form
from workflows.model import World

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english() -> Any:
    app = Flask("forms")
    Babel(app, default_locale="en")
    with app.test_request_context():
        yield


def form(*components: dict[str, Any]) -> Form:
    numbered = [{"id": f"Field_{n}", **each} for n, each in enumerate(components)]
    return parse_form(json.dumps({"type": "default", "id": "f", "components": numbered}), "f.form")


def text(key: str = "name", **more: Any) -> dict[str, Any]:
    return {"type": "textfield", "key": key, "label": key, **more}


def number(key: str = "amount", **more: Any) -> dict[str, Any]:
    return {"type": "number", "key": key, "label": key, **more}


def read(asked: Form, answer: Any, data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return read_answer(asked, answer, Asking(data=data or {}, world=World(now=NOW), **more))


def faults(asked: Form, answer: Any, data: dict[str, Any] | None = None, **more: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        read(asked, answer, data, **more)
    assert all(set(row) == {"path", "message", "code"} and row["message"] for row in refused.value.errors)
    return {row["path"]: row["code"] for row in refused.value.errors}


def test_unknown_and_disabled_keys_are_ignored() -> None:
    asked = form(text(), text("office", disabled=True))
    assert read(asked, {"name": "李明", "office": "县长", "other": 1}) == {"name": "李明"}


def test_a_readonly_field_keeps_the_value_of_the_case() -> None:
    assert read(form(text(readonly=True)), {"name": "changed"}, {"name": "李明"}) == {}


@pytest.mark.parametrize("empty", [None, "", "   "])
def test_blanks_do_not_answer_a_required_field(empty: str | None) -> None:
    assert faults(form(text(validate={"required": True})), {"name": empty}) == {"name": "required"}


def test_lengths_are_measured_without_the_blanks_around_but_the_text_is_kept_as_typed() -> None:
    asked = form(text(validate={"minLength": 2, "maxLength": 3}))
    assert read(asked, {"name": " 李明华 "}) == {"name": " 李明华 "}
    assert faults(asked, {"name": "   李   "}) == {"name": "minLength"}
    assert faults(asked, {"name": "李明华文"}) == {"name": "maxLength"}


def test_a_pattern_may_be_found_anywhere_in_the_text() -> None:
    asked = form(text(validate={"pattern": r"\d{4}"}))
    assert read(asked, {"name": "编号 2026"}) == {"name": "编号 2026"}
    assert faults(asked, {"name": "编号 202"}) == {"name": "pattern"}


@pytest.mark.parametrize("value", [1, True, [], {"a": 1}, ["x"]])
def test_a_text_field_takes_only_text(value: Any) -> None:
    asked = form(text(validate={"required": True}))
    assert set(faults(asked, {"name": value}).values()) <= {"type", "required"}


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("email", ["a.b@example.cn"], ["a@b", "a b@example.cn", "@example.cn"]),
        ("phone", ["13800138000", "0536-1234567", "+86 138 0013 8000"], ["12", "电话", "1380013800x"]),
    ],
)
def test_e_mail_addresses_and_telephone_numbers(kind: str, good: list[str], bad: list[str]) -> None:
    asked = form(text(validate={"validationType": kind}))
    for each in good:
        assert read(asked, {"name": each}) == {"name": each}
    for each in bad:
        assert faults(asked, {"name": each}) == {"name": kind}


def test_numbers_stay_as_json_wrote_them() -> None:
    kept = read(form(number("a"), number("b"), number("c")), {"a": 12, "b": 0.1, "c": "3.50"})
    assert kept == {"a": 12, "b": 0.1, "c": 3.5}
    assert type(kept["a"]) is int


@pytest.mark.parametrize("value", [True, "x", "1e999", "NaN", 1e300, 10**40, [], {}, "1" * 50, 1e-300])
def test_what_is_no_sensible_number_is_refused(value: Any) -> None:
    assert set(faults(form(number(validate={"required": True})), {"amount": value})) == {"amount"}


def test_limits_of_numbers_hold_exactly() -> None:
    asked = form(number(decimalDigits=2, increment="0.05", validate={"min": 0.1, "max": 5}))
    assert read(asked, {"amount": 0.15}) == {"amount": 0.15}
    assert faults(asked, {"amount": 0.05}) == {"amount": "min"}
    assert faults(asked, {"amount": 5.05}) == {"amount": "max"}
    assert faults(asked, {"amount": 0.151}) == {"amount": "decimalDigits"}
    assert faults(asked, {"amount": 0.16}) == {"amount": "increment"}


def test_a_number_kept_as_text_keeps_its_digits() -> None:
    assert read(form(number(serializeToString=True)), {"amount": "3.50"}) == {"amount": "3.50"}


def test_a_limit_may_depend_on_the_data() -> None:
    asked = form(number(validate={"max": "=budget / 2"}))
    assert read(asked, {"amount": 50}, {"budget": 100}) == {"amount": 50}
    assert faults(asked, {"amount": 51}, {"budget": 100}) == {"amount": "max"}


def test_a_required_box_must_be_ticked() -> None:
    asked = form({"type": "checkbox", "key": "seen", "label": "s", "validate": {"required": True}})
    assert read(asked, {"seen": True}) == {"seen": True}
    assert faults(asked, {"seen": False}) == {"seen": "required"}
    assert faults(asked, {"seen": "yes"}) == {"seen": "type"}


def choice(kind: str, **more: Any) -> dict[str, Any]:
    values = [{"label": "甲", "value": "a"}, {"label": "乙", "value": "b"}]
    return {"type": kind, "key": "way", "label": "w", "values": values, **more}


def test_only_offered_choices_are_taken() -> None:
    for kind in ("radio", "select"):
        assert read(form(choice(kind)), {"way": "b"}) == {"way": "b"}
        assert faults(form(choice(kind)), {"way": "c"}) == {"way": "choice"}
        assert faults(form(choice(kind)), {"way": ["a"]}) == {"way": "choice"}
    for kind in ("checklist", "taglist"):
        assert read(form(choice(kind)), {"way": ["b", "a", "b"]}) == {"way": ["b", "a"]}
        assert faults(form(choice(kind)), {"way": ["a", "c"]}) == {"way": "choice"}
        assert faults(form(choice(kind, validate={"required": True})), {"way": []}) == {"way": "required"}
        assert read(form(choice(kind)), {}) == {"way": []}


def test_choices_may_come_from_the_data() -> None:
    asked = form({"type": "select", "key": "who", "label": "w", "valuesExpression": "=members"})
    members = {"members": [{"label": "李明", "value": "li"}, "wang", 3]}
    assert read(asked, {"who": "li"}, members) == {"who": "li"}
    assert read(asked, {"who": "3"}, members) == {"who": 3}
    assert faults(asked, {"who": "zhao"}, members) == {"who": "choice"}
    assert faults(asked, {"who": "li"}) == {"who": "choice"}


@pytest.mark.parametrize(
    ("more", "good", "bad"),
    [
        ({"subtype": "date"}, "2026-02-28", ["2026-02-29", "28.2.2026", "20260228", "2026-02-28T10:00", 5]),
        ({"subtype": "time"}, "09:30", ["24:00", "9:30", "09:30+08:00"]),
        ({"subtype": "datetime"}, "2026-02-28T09:30", ["2026-02-28", "2026-02-28 09:30", "2026-02-28T25:00"]),
        (
            {"subtype": "datetime", "timeSerializingFormat": "utc_offset"},
            "2026-02-28T09:30+08:00",
            ["2026-02-28T09:30", "2026-02-28T09:30+99:00"],
        ),
    ],
)
def test_dates_and_times(more: dict[str, Any], good: str, bad: list[Any]) -> None:
    asked = form({"type": "datetime", "key": "at", "label": "at", **more})
    assert read(asked, {"at": good}) == {"at": good}
    for each in bad:
        assert faults(asked, {"at": each}) == {"at": "type"}


def test_a_past_day_is_counted_in_shanghai() -> None:
    asked = form({"type": "datetime", "key": "at", "subtype": "date", "disallowPassedDates": True})
    late = World(now=datetime(2026, 11, 22, 17, 0, tzinfo=UTC))  # 23 November, 01:00 in Shanghai
    assert read_answer(asked, {"at": "2026-11-23"}, Asking(world=late)) == {"at": "2026-11-23"}
    with pytest.raises(Invalid):
        read_answer(asked, {"at": "2026-11-22"}, Asking(world=late))


def test_a_hidden_field_is_neither_asked_nor_kept() -> None:
    asked = form(
        choice("radio"),
        text("why", conditional={"hide": '=way = "a"'}, validate={"required": True}),
    )
    assert read(asked, {"way": "a", "why": "secret"}) == {"way": "a"}
    assert faults(asked, {"way": "b"}) == {"why": "required"}


def test_a_field_that_depends_on_a_hidden_one_sees_nothing_there() -> None:
    asked = form(
        choice("radio"),
        text("first", conditional={"hide": '=way = "a"'}),
        text("second", conditional={"hide": '=first = "x"'}, validate={"required": True}),
    )
    assert faults(asked, {"way": "a", "first": "x"}) == {"second": "required"}


def test_two_fields_under_one_key_are_told_apart_by_their_conditions() -> None:
    asked = form(
        choice("radio"),
        number("n", conditional={"hide": '=way = "b"'}, validate={"max": 5}),
        number("n", conditional={"hide": '=way = "a"'}, validate={"max": 50}),
    )
    assert read(asked, {"way": "b", "n": 40}) == {"way": "b", "n": 40}
    assert faults(asked, {"way": "a", "n": 40}) == {"n": "max"}


def test_groups_and_lists_nest_and_name_the_place_of_a_fault() -> None:
    asked = form(
        {"type": "group", "path": "person", "label": "p", "components": [text(validate={"required": True})]},
        {
            "type": "dynamiclist",
            "path": "items",
            "label": "i",
            "components": [text("what", validate={"required": True}), number("n")],
        },
    )
    answer = {"person": {"name": "李明"}, "items": [{"what": "灯", "n": 2, "x": 1}, {"what": "路"}]}
    assert read(asked, answer) == {
        "person": {"name": "李明"},
        "items": [{"what": "灯", "n": 2}, {"what": "路", "n": None}],
    }
    assert faults(asked, {"items": [{"what": "灯"}, {}, 7]}) == {
        "person.name": "required",
        "items.1.what": "required",
        "items.2": "type",
    }
    assert faults(asked, {"person": [], "items": {"0": {}}}) == {"person": "type", "items": "type"}


def test_what_the_case_has_under_a_path_is_not_lost() -> None:
    asked = form({"type": "group", "path": "person", "label": "p", "components": [text()]})
    data = {"person": {"name": "李明", "age": 50}}
    assert read(asked, {"person": {"name": "王芳"}}, data) == {"person": {"name": "王芳", "age": 50}}


def test_an_unsent_optional_key_is_empty_unless_the_case_has_it() -> None:
    asked = form(text(), number(), text("note", defaultValue="无"))
    assert read(asked, {}) == {"name": "", "amount": None, "note": "无"}
    assert read(asked, {}, {"name": "李明", "amount": 3, "note": "x"}) == {}


def test_files_must_be_known_and_of_the_kind_that_is_asked_for() -> None:
    def files(ids: Any) -> dict[str, AttachedFile]:
        return {"f1": AttachedFile("f1", "图.PNG", "image/png", 10)} if "f1" in ids else {}

    asked = form({"type": "filepicker", "key": "paper", "label": "p", "accept": ".pdf,image/*"})
    several = form({"type": "filepicker", "key": "paper", "label": "p", "multiple": True, "accept": ".pdf"})
    assert read(asked, {"paper": "f1"}, files=files) == {"paper": "f1"}
    assert faults(asked, {"paper": "f2"}, files=files) == {"paper": "file"}
    assert faults(asked, {"paper": ["f1", "f1"]}, files=files) == {"paper": "file"}
    assert faults(several, {"paper": ["f1"]}, files=files) == {"paper": "accept"}
    assert faults(several, {"paper": [{}]}, files=files) == {"paper": "file"}


@pytest.mark.parametrize("answer", [None, [], "x", 3])
def test_an_answer_is_an_object(answer: Any) -> None:
    assert faults(form(text()), answer) == {"": "type"}


def test_a_choice_task_asks_one_question() -> None:
    asked = choice_form(["同意", "退回"])
    assert read(asked, {"choice": "退回"}) == {"choice": "退回"}
    assert faults(asked, {}) == {"choice": "required"}
    served = present(asked, Asking(), "zh")["components"][0]
    assert [each["value"] for each in served["values"]] == ["同意", "退回"]


def test_the_same_form_is_read_alike_in_two_threads_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    asked = form(number(validate={"max": "=most"}))

    def accepted(most: int) -> bool:
        asking = Asking(data={"most": most}, world=World(now=NOW))
        app = Flask("other")
        Babel(app)
        with app.test_request_context():
            try:
                read_answer(asked, {"amount": 50}, asking)
            except Invalid:
                return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(accepted, [10, 100] * 50)) == [False, True] * 50
