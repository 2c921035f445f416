"""What somebody answered, in words: the labels of fields and chosen options in the reader's language.

Choices that an expression gave are looked up in what the case knew then. Not for drawing forms (forms_html).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from flask_babel import gettext

from app import clock
from app.forms import Asking
from app.presentation import dates
from workflows.forms import Field, Form
from workflows.forms.tree import keyed

LONGEST_SAID = 600
"""Characters of one answer that the story shows."""
MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: its label, its words (a line for each row), and the files that it names as (id, name)."""

    label: str
    text: str
    files: tuple[tuple[str, str], ...] = ()


def answered(
    answer: Mapping[str, Any], form: Form | None, *, asking: Asking, english: bool, strays: bool = True
) -> Iterator[Said]:
    """The answers in drawn order, empty ones left out. `strays`: also those that no field asked for."""
    words = _Words(asking.with_answer(answer), english=english)
    fields = form.fields_by_key() if form else {}
    for key, field in fields.items():
        value = _at(answer, key)
        if not _empty(value):
            yield words.said(field, value)
    if strays:
        asked = {key.split(".", 1)[0] for key in fields}
        for key, value in answer.items():
            if key not in asked and not _empty(value):
                yield Said(key, _short(words.of(value)))


class _Words:
    """Says values in one language over what the case knew."""

    def __init__(self, asking: Asking, *, english: bool) -> None:
        self.asking = asking
        self.english = english
        self.colon, self.semicolon, self.comma = (": ", "; ", ", ") if english else ("：", "；", "、")

    def said(self, field: Field, value: Any) -> Said:
        files = tuple(dict.fromkeys(_files(field, value)))
        text = "" if field.type == "filepicker" else self.answer(field, value)
        return Said(self.label(field), _short(text), tuple((each, "") for each in files))

    def label(self, field: Field) -> str:
        english = (field.label_en or field.properties.get("label_en", "")) if self.english else ""
        return english or field.label or field.key

    def answer(self, field: Field, value: Any) -> str:
        if field.type == "dynamiclist" and isinstance(value, list):
            rows = [self.row(field, each) for each in value[:MOST_ROWS]]
            return "\n".join(rows if len(rows) == 1 else (f"{n}. {row}" for n, row in enumerate(rows, 1)))
        if field.type == "datetime":
            return _moment(value)
        options = {
            str(each): (self.english and en) or zh
            for each, zh, en in (self.asking.options(field) if field.options or field.options_from else ())
        }
        return self.of(value, options)

    def row(self, field: Field, row: Any) -> str:
        if not isinstance(row, Mapping):
            return self.of(row)
        told = [
            f"{self.label(child)}{self.colon}{self.answer(child, _at(row, key))}"
            for key, child in keyed(field.children, "")
            if not _empty(_at(row, key)) and child.type != "filepicker"
        ]
        return self.semicolon.join(told)

    def of(self, value: Any, options: Mapping[str, str] | None = None) -> str:
        if isinstance(value, bool):
            return str(gettext("yes") if value else gettext("no"))
        if isinstance(value, list):
            return self.comma.join(self.of(each, options) for each in value[:MOST_ROWS])
        if isinstance(value, Mapping):
            told = (f"{k}{self.colon}{self.of(v)}" for k, v in value.items() if not _empty(v))
            return self.semicolon.join(told)
        return (options or {}).get(str(value), str(value))


def _files(field: Field, value: Any) -> Iterator[str]:
    if field.type == "filepicker":
        yield from (str(each) for each in (value if isinstance(value, list) else [value]))
    elif field.type == "dynamiclist" and isinstance(value, list):
        for row in value[:MOST_ROWS]:
            for key, child in keyed(field.children, ""):
                held = _at(row, key)
                if not _empty(held):
                    yield from _files(child, held)


def _moment(value: Any) -> str:
    """A day or an instant as people say it; as it stands where it is neither."""
    text = str(value)
    try:
        if len(text) == len("2026-11-23"):
            noon = datetime.combine(date.fromisoformat(text), time(12), clock.SHANGHAI)
            return dates.date_words(noon, now=clock.now())
        at = dates.instant(text)
        return dates.day_words(at, now=clock.now()) if at.tzinfo else text.replace("T", " ")
    except ValueError:
        return text


def _at(data: Any, key: str) -> Any:
    for step in key.split("."):
        data = data.get(step) if isinstance(data, Mapping) else None
    return data


def _empty(value: Any) -> bool:
    return value in (None, "", [], {})


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SAID else text[: LONGEST_SAID - 1] + "…"
