"""What a browser posts for a form, as the JSON answer that programs would send.

Names are the dotted keys of the form; rows of a list are numbered ("members.0.name"). Checks nothing:
`read_answer` does.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from workflows.forms import Field, Form

MOST_POSTED_ROWS = 501


class Posted(Protocol):
    """The part of werkzeug's MultiDict that is used."""

    def getlist(self, key: str) -> list[str]: ...
    def keys(self) -> Any: ...


def posted(form: Form, values: Posted) -> dict[str, Any]:
    """The answer in `values`, with empty texts kept (they empty a field) and unticked boxes as false."""
    answer: dict[str, Any] = {}
    _collect(form.fields, "", values, answer)
    return answer


def _collect(asked: Sequence[Field], prefix: str, values: Posted, answer: dict[str, Any]) -> None:
    for each in asked:
        if each.disabled:
            continue
        if each.type == "group":
            _collect(
                each.children, f"{prefix}{each.key}." if each.key else prefix, values, _into(answer, each.key)
            )
        elif each.type == "dynamiclist" and each.key:
            _put(answer, each.key, _rows(each, f"{prefix}{each.key}.", values))
        elif each.is_input and each.key:
            _one(each, prefix + each.key, values, answer)


def _one(each: Field, name: str, values: Posted, answer: dict[str, Any]) -> None:
    sent = values.getlist(name)
    if each.type == "checkbox":
        _put(answer, each.key, bool(sent) and sent[-1] not in ("", "false"))
    elif each.type in ("checklist", "taglist") or (each.type == "filepicker" and each.multiple):
        _put(answer, each.key, [text for text in sent if text])
    elif sent:
        text = sent[-1].replace("\r\n", "\n")
        _put(answer, each.key, text if text or each.type in ("textfield", "textarea") else None)


def _rows(each: Field, prefix: str, values: Posted) -> list[dict[str, Any]]:
    numbers = set()
    for name in values.keys():  # noqa: SIM118 — a MultiDict, read through a protocol
        if name.startswith(prefix):
            number = name[len(prefix) :].partition(".")[0]
            if number.isdecimal() and len(number) <= 4:
                numbers.add(int(number))
    rows: list[dict[str, Any]] = []
    for number in sorted(numbers)[:MOST_POSTED_ROWS]:
        row: dict[str, Any] = {}
        _collect(each.children, f"{prefix}{number}.", values, row)
        if any(value not in ("", None, [], False) for value in row.values()):
            rows.append(row)
    return rows


def _into(answer: dict[str, Any], key: str) -> dict[str, Any]:
    for part in key.split(".") if key else ():
        answer = answer.setdefault(part, {})
    return answer


def _put(answer: dict[str, Any], key: str, value: Any) -> None:
    path, _, last = key.rpartition(".")
    _into(answer, path)[last] = value


__all__ = ["Mapping", "Posted", "posted"]
