"""A form as it is served: form-js's schema with everything that depends on data already resolved.

Choices stand in `values`, limits are numbers, labels are in the reader's language, values that the case
already has are the defaults, and every limit that `validation` enforces is in it.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.forms.asking import Asking
from app.forms.examples import example_of
from app.forms.inputs import LONGEST, lengths, plain
from workflows.forms import CHOICES, Field, Form

SCHEMA_VERSION = 18
_HOLE = re.compile(r"\{\{(.{1,2000}?)\}\}", re.DOTALL)


def present(form: Form, asking: Asking, language: str) -> dict[str, Any]:
    """The form-js schema of `form` over what `asking` knows, in `language` (zh or en)."""
    known = asking.with_answer({k: None for k in form.names() if k not in asking.data})
    return {
        "type": "default",
        "id": form.id,
        "schemaVersion": SCHEMA_VERSION,
        "components": [_component(each, known, known.data, language) for each in form.fields],
    }


def shown_data(form: Form, data: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a case's data that the form shows: the names of its fields."""
    names = {key.split(".", 1)[0] for key in form.fields_by_key()}
    return {name: data[name] for name in sorted(names) if name in data}


def _component(asked: Field, asking: Asking, values: Any, language: str) -> dict[str, Any]:
    english = language == "en"
    properties = {k: v for k, v in asked.properties.items() if k != "example"}
    label_en = asked.label_en or properties.get("label_en", "")
    description_en = asked.description_en or properties.get("description_en", "")
    made: dict[str, Any] = {
        "type": asked.type,
        "id": asked.id,
        "key" if asked.is_input or asked.type == "expression" else "path": asked.key,
        "label": (english and label_en) or asked.label,
        "description": (english and description_en) or asked.description,
        "conditional": {"hide": f"={asked.hide}"} if asked.hide else None,
        "disabled": asked.disabled or None,
        "readonly": asked.readonly or None,
        "text": _text(asked, asking, english),
        "source": asked.source,
        "alt": asked.alt,
        "columns": [{"key": k, "label": label} for k, label in asked.columns],
        "action": asked.action,
        "accept": asked.accept,
        "multiple": asked.multiple or None,
    }
    if asked.type == "datetime":
        made |= _moment(asked)
    if asked.type == "number":
        made |= _number(asked)
    if asked.type in CHOICES:
        made["values"] = [
            {"value": value, "label": (english and en) or label} for value, label, en in asking.options(asked)
        ]
    if asked.is_input:
        made["validate"] = _limits(asked, asking)
        shortest, longest = lengths(asked, asking)
        example = example_of(asked, shortest=shortest, longest=longest, today=asking.today)
        if example is not None:
            properties["example"] = example
        default = _at(values, asked.key)
        made["defaultValue"] = asked.default if default is None else default
    if asked.type == "expression":
        made["expression"] = f"={asked.text}"
        made["defaultValue"] = asking.value(asked.text)
    if asked.children:
        made["components"] = _children(asked, asking, values, language)
    if asked.type == "dynamiclist":
        made |= {"defaultRepetitions": asked.rows, "allowAddRemove": asked.rows_change}
        rows = _at(values, asked.key)
        made["defaultValue"] = rows if isinstance(rows, list) else None
    made["properties"] = properties
    return {name: value for name, value in made.items() if value not in (None, "", [], {})}


def _children(asked: Field, asking: Asking, values: Any, language: str) -> list[dict[str, Any]]:
    if asked.type == "dynamiclist":
        values = {}
    elif asked.key:
        values = _at(values, asked.key) or {}
        asking = asking.with_answer(values) if isinstance(values, Mapping) else asking
    return [_component(each, asking, values, language) for each in asked.children]


def _limits(asked: Field, asking: Asking) -> dict[str, Any]:
    limits = asked.limits
    made: dict[str, Any] = {
        "required": limits.required or None,
        "min": _json_number(asking.number(limits.minimum)),
        "max": _json_number(asking.number(limits.maximum)),
        "pattern": limits.pattern,
        "patternErrorMessage": limits.pattern_message,
        "validationType": limits.kind,
    }
    if asked.type in LONGEST:
        shortest, longest = lengths(asked, asking)
        made["minLength"] = shortest or None
        made["maxLength"] = longest
    return {name: value for name, value in made.items() if value not in (None, "")}


def _moment(asked: Field) -> dict[str, Any]:
    return {
        "subtype": asked.subtype,
        "timeLabel": asked.label_time,
        "timeSerializingFormat": "utc_offset" if asked.aware else "no_timezone",
        "disallowPassedDates": asked.past_refused or None,
        "timeInterval": None if asked.subtype == "date" else asked.minutes_step,
    }


def _number(asked: Field) -> dict[str, Any]:
    return {
        "decimalDigits": asked.decimal_digits,
        "increment": None if asked.increment is None else plain(asked.increment),
        "serializeToString": asked.as_text or None,
    }


def _text(asked: Field, asking: Asking, english: bool) -> str:  # noqa: FBT001 — a private choice of language
    text = (english and asked.properties.get("text_en", "")) or asked.text
    if asked.type == "text":
        return _HOLE.sub(lambda hole: _words(asking.value(hole.group(1))), text)
    return text if asked.type == "html" else ""


def _words(value: Any) -> str:
    if value is None:
        return ""
    return "、".join(str(each) for each in value) if isinstance(value, list) else str(value)


def _json_number(number: Decimal | None) -> int | float | None:
    if number is None:
        return None
    return int(number) if number == number.to_integral_value() else float(number)


def _at(values: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(values, Mapping):
            return None
        values = values.get(part)
    return values
