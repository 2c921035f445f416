"""What a browser posts for a served form, as the JSON answer that a program would send; and rows of lists.

Names are the dotted keys of the form; rows are numbered ("members.0.name"). Checks nothing: the service does.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from werkzeug.datastructures import FileStorage, MultiDict

MOST_ROWS = 501
Values = MultiDict[str, str]
Keep = Callable[[FileStorage], str]
"""Stores an upload and returns its id."""


def read_answer(
    schema: Mapping[str, Any] | None,
    values: Values,
    *,
    files: MultiDict[str, FileStorage] | None = None,
    keep: Keep | None = None,
) -> dict[str, Any]:
    """The answer in `values`; uploads are stored by `keep` and named by their ids."""
    reader = _Reader(values, files, keep)
    answer: dict[str, Any] = {}
    reader.collect(_components(schema), "", answer)
    return answer


def change_rows(answer: dict[str, Any], values: Values) -> bool:
    """Add or remove the row that a button asked for (`_add`=list, `_remove`=list.number); whether one did."""
    if added := values.get("_add"):
        rows = _list_at(answer, added)
        rows.append({})
        return True
    if removed := values.get("_remove"):
        path, _, number = removed.rpartition(".")
        rows = _list_at(answer, path)
        if number.isdecimal() and int(number) < len(rows):
            del rows[int(number)]
        return True
    return False


class _Reader:
    def __init__(self, values: Values, files: MultiDict[str, FileStorage] | None, keep: Keep | None) -> None:
        self.values = values
        self.files = files
        self.keep = keep

    def collect(self, components: Sequence[Mapping[str, Any]], prefix: str, answer: dict[str, Any]) -> None:
        for each in components:
            kind, key = each.get("type"), each.get("key")
            path = str(each.get("path") or "")
            if each.get("disabled") or each.get("readonly"):
                continue
            if kind == "group":
                below = f"{prefix}{path}." if path else prefix
                self.collect(_components(each), below, _into(answer, path))
            elif kind == "dynamiclist" and path:
                _put(answer, path, self.rows(each, f"{prefix}{path}."))
            elif isinstance(key, str) and key and kind != "expression":
                self.one(each, prefix + key, key, answer)

    def one(self, asked: Mapping[str, Any], name: str, key: str, answer: dict[str, Any]) -> None:
        kind, sent = asked.get("type"), self.values.getlist(name)
        if kind == "checkbox":
            _put(answer, key, bool(sent) and sent[-1] not in ("", "false"))
        elif kind in ("checklist", "taglist"):
            _put(answer, key, [text for text in sent if text])
        elif kind == "filepicker":
            held = [text for text in sent if text and text not in self.values.getlist(f"{name}--drop")]
            held += self.uploaded(name)
            _put(answer, key, held if asked.get("multiple") else (held[-1] if held else None))
        elif sent:
            text = sent[-1].replace("\r\n", "\n")
            _put(answer, key, self.text(asked, text))

    def text(self, asked: Mapping[str, Any], text: str) -> str | None:
        if not text and asked.get("type") not in ("textfield", "textarea"):
            return None
        aware = asked.get("timeSerializingFormat") == "utc_offset" and asked.get("subtype") != "date"
        return f"{text}+08:00" if asked.get("type") == "datetime" and aware else text

    def uploaded(self, name: str) -> list[str]:
        if self.files is None or self.keep is None:
            return []
        return [self.keep(file) for file in self.files.getlist(name) if file and file.filename]

    def rows(self, asked: Mapping[str, Any], prefix: str) -> list[dict[str, Any]]:
        sources = [*self.values, *(self.files or ())]
        numbers = {
            int(number)
            for name in sources
            if name.startswith(prefix)
            and (number := name[len(prefix) :].partition(".")[0]).isdecimal()
            and len(number) <= 4
        }
        found: list[dict[str, Any]] = []
        for number in sorted(numbers)[:MOST_ROWS]:
            row: dict[str, Any] = {}
            self.collect(_components(asked), f"{prefix}{number}.", row)
            found.append(row)
        return found


def without_empty_rows(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer without the rows that nobody filled in: what is sent, as against what is shown again."""
    return {name: _tidied(value) for name, value in answer.items()}


def _tidied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_empty_rows(value)
    if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        return [_tidied(each) for each in value if not isinstance(each, Mapping) or _has_content(each)]
    return value


def _has_content(row: Mapping[str, Any]) -> bool:
    return any(
        _has_content(v) if isinstance(v, Mapping) else v not in ("", None, [], False) for v in row.values()
    )


def _components(holder: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    held = (holder or {}).get("components")
    return [each for each in held if isinstance(each, Mapping)] if isinstance(held, list) else []


def _into(answer: dict[str, Any], key: str) -> dict[str, Any]:
    for part in key.split(".") if key else ():
        answer = answer.setdefault(part, {})
    return answer


def _put(answer: dict[str, Any], key: str, value: Any) -> None:
    path, _, last = key.rpartition(".")
    _into(answer, path)[last] = value


def _list_at(answer: dict[str, Any], path: str) -> list[Any]:
    """The list of this path; a detached one where the path leads nowhere."""
    held: Any = answer
    for part in path.split("."):
        if isinstance(held, list) and part.isdecimal() and int(part) < len(held):
            held = held[int(part)]
        elif isinstance(held, dict):
            held = held.get(part)
        else:
            held = None
    return held if isinstance(held, list) else []
