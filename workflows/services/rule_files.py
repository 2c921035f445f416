"""Reads the rule files (YAML) into typed entries, and says what is wrong with them.

What: one text in, entries and problems out. Why: a figure without a source, or a county that loosens
the law, must never reach a case. Not for: asking what holds at a place on a day; that is `rules`.
"""

import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import yaml

from workflows.errors import Problem, message
from workflows.services.rule_entries import (
    COMMUNITIES,
    DEFAULT,
    BarredEntry,
    BodyEntry,
    Entry,
    Kind,
    MatterEntry,
    Provenance,
    Read,
    Source,
    Text,
    fraction,
)

UNITS = ("calendar_days", "working_days", "hours", "years", "share", "count", "tests")
COMPARISONS = ("at_least", "more_than")
_PLACE = re.compile(r"CN(-[0-9]{2,12})?")
_ORIGIN = {"place", "source", "valid_from", "valid_to", "checked_on", "confirmed", "note"}
_PARTS = {
    "figures": {"figure", "units", "stricter", "zh", "en"},
    "rules": _ORIGIN | {"id", "body", "figure", "matter", "value", "unit", "shortenable"},
    "bodies": _ORIGIN
    | {"code", "zh", "en", "base", "ballots", "household_basis", "proxy", "online", "online_settled"},
    "matters": _ORIGIN
    | {"code", "zh", "en", "bodies", "delegable", "vital_interest", "hearing", "hearing_source"}
    | {"party_study_first", "papers", "barred", "approvals"},
}
_CODE = re.compile(r"[a-z][a-z0-9_]*")


class _Bad(Exception):
    """A part of an entry that cannot be read: code, what, and the values for the message."""

    def __init__(self, code: str, text: str, **params: Any) -> None:
        self.code, self.text, self.params = code, text, params
        super().__init__(text)


def read(texts: Mapping[str, str]) -> Read:
    """Read all rule files; never raises for what they hold: see `problems`."""
    result = Read()
    for file in sorted(texts):
        try:
            _read_file(file, texts[file], result)
        except _Bad as bad:
            result.problems.append(_problem(bad, file, ""))
    return result


def _read_file(file: str, text: str, result: Read) -> None:
    try:
        loaded = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = str(error)[:200]
        raise _Bad("rule.yaml", message("The rule file cannot be read: {why}."), why=why) from error
    head = _mapping(loaded, "file")
    known = {"defaults", "figures", "rules", "bodies", "matters", "papers", "about"}
    if unknown := sorted(str(k) for k in head if k not in known):
        text = message("The rule file has unknown parts: {parts}.")
        raise _Bad("rule.shape", text, parts=", ".join(unknown))
    defaults = _mapping(_given(head, "defaults", {}), "defaults")
    readers = {"figures": _kind, "rules": _entries, "bodies": _body, "matters": _matter}
    for section, reader in readers.items():
        for index, raw in enumerate(_list(_given(head, section, []), section)):
            name = str(raw.get("id") or raw.get("code") or index) if isinstance(raw, dict) else str(index)
            try:
                own = _mapping(raw, name)
                _known_parts(own, section)
                reader(_merged(defaults, own), file, result)
            except _Bad as bad:
                result.problems.append(_problem(bad, file, name))
    for code, names in _mapping(_given(head, "papers", {}), "papers").items():
        result.papers[str(code)] = _text(names, str(code))


def _kind(raw: Mapping[str, Any], file: str, result: Read) -> None:
    units = tuple(_list(raw.get("units"), "units"))
    if not units or any(u not in UNITS for u in units):
        text = message("The figure names an unknown unit; known are {units}.")
        raise _Bad("rule.unit", text, units=", ".join(UNITS))
    stricter = raw.get("stricter")
    if stricter not in ("more", "less", "tests"):
        raise _Bad("rule.shape", message("The figure must say what is stricter: more, less or tests."))
    result.kinds.append(Kind(_code(raw, "figure"), _text(raw, "figure"), str(stricter), units))


def _entries(raw: Mapping[str, Any], file: str, result: Read) -> None:
    identity = raw.get("id")
    if not isinstance(identity, str) or not identity:
        raise _Bad("rule.shape", message("A rule has no id."))
    unit = raw.get("unit")
    if unit not in UNITS:
        text = message("Unknown unit “{unit}”; known are {units}.")
        raise _Bad("rule.unit", text, unit=unit, units=", ".join(UNITS))
    origin = _origin(raw, file)
    value = _value(raw.get("value"), str(unit))
    bodies = raw.get("body")
    for body in bodies if isinstance(bodies, list) else [bodies]:
        if not isinstance(body, str) or (body != "*" and not _CODE.fullmatch(body)):
            raise _Bad("rule.body", message("The rule does not say for which body it holds."))
        entry = Entry(
            id=identity if not isinstance(bodies, list) else f"{identity}.{body}",
            body=body,
            figure=_code(raw, "figure"),
            matter=_code(raw, "matter") if raw.get("matter") else "",
            value=value,
            unit=str(unit),
            shortenable=_flag(raw, "shortenable", fallback=False),
            note=str(raw.get("note") or ""),
            origin=origin,
        )
        result.entries.append(entry)


def _body(raw: Mapping[str, Any], file: str, result: Read) -> None:
    ballots = tuple(str(b) for b in _list(raw.get("ballots") or [], "ballots"))
    if any(b not in ("secret", "show_of_hands") for b in ballots):
        raise _Bad("rule.shape", message("A kind of ballot is secret or show_of_hands."))
    proxy = str(raw.get("proxy") or "none")
    if proxy not in ("none", "household_written"):
        raise _Bad("rule.shape", message("A proxy rule is none or household_written."))
    result.bodies.append(
        BodyEntry(
            code=_code(raw, "code"),
            names=_text(raw, "body"),
            base=tuple(str(b) for b in _list(raw.get("base") or [], "base")),
            ballots=ballots,
            household_basis=_flag(raw, "household_basis", fallback=False),
            proxy=proxy,
            online=_flag(raw, "online", fallback=False),
            online_settled=_flag(raw, "online_settled", fallback=True),
            note=str(raw.get("note") or ""),
            origin=_origin(raw, file),
        )
    )


def _matter(raw: Mapping[str, Any], file: str, result: Read) -> None:
    bodies = {
        str(community): tuple(str(b) for b in _list(chosen, "bodies"))
        for community, chosen in _mapping(raw.get("bodies") or {}, "bodies").items()
    }
    if unknown := sorted(set(bodies) - set(COMMUNITIES)):
        raise _Bad("rule.shape", message("Unknown community “{community}”."), community=", ".join(unknown))
    hearing = raw.get("hearing_source")
    barred = {}
    for body, why in _mapping(raw.get("barred") or {}, "barred").items():
        part = _mapping(why, "barred")
        barred[str(body)] = BarredEntry(
            _text(part.get("reason"), "reason"),
            _text(part.get("route"), "route"),
            _source(part.get("source")),
        )
    result.matters.append(
        MatterEntry(
            code=_code(raw, "code"),
            names=_text(raw, "matter"),
            bodies=bodies,
            delegable=_flag(raw, "delegable", fallback=False),
            vital_interest=_flag(raw, "vital_interest", fallback=False),
            hearing=_flag(raw, "hearing", fallback=False),
            hearing_source=_source(hearing) if hearing else None,
            party_study_first=_flag(raw, "party_study_first", fallback=False),
            papers=tuple(str(p) for p in _list(raw.get("papers") or [], "papers")),
            barred=barred,
            approvals=tuple(_text(a, "approvals") for a in _list(raw.get("approvals") or [], "approvals")),
            note=str(raw.get("note") or ""),
            origin=_origin(raw, file),
        )
    )


def _origin(raw: Mapping[str, Any], file: str) -> Provenance:
    place = raw.get("place")
    if not isinstance(place, str) or not _PLACE.fullmatch(place):
        raise _Bad("rule.place", message("“{place}” is not a place code such as CN or CN-3707."), place=place)
    valid_from, valid_to = _day(raw, "valid_from"), None
    if raw.get("valid_to") is not None:
        valid_to = _day(raw, "valid_to")
        if valid_to < valid_from:
            raise _Bad("rule.date", message("The rule ends before it begins."))
    return Provenance(
        place=place,
        source=_source(raw.get("source")),
        valid_from=valid_from,
        valid_to=valid_to,
        checked_on=_day(raw, "checked_on"),
        confirmed=_flag(raw, "confirmed", fallback=None),
        file=file,
    )


def _source(raw: Any) -> Source:
    if raw == DEFAULT:
        return Source(DEFAULT, "product default")
    if not isinstance(raw, Mapping) or not raw.get("act") or not raw.get("article"):
        raise _Bad(
            "rule.source",
            message("The rule names no source: an act and an article, or “product default”."),
        )
    return Source(*(str(raw.get(k) or "") for k in ("act", "act_en", "article", "url")))


def _value(value: Any, unit: str) -> Any:
    if unit == "tests":
        return _tree(value, 0)
    if unit == "share":
        return _share(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10_000:
        text = message("“{value}” is not a whole number of {unit}.")
        raise _Bad("rule.value", text, value=value, unit=unit)
    return value


def _tree(raw: Any, depth: int) -> dict[str, Any]:
    tree = _mapping(raw, "tests")
    for key in ("all", "any"):
        if key in tree:
            items = _list(tree[key], key)
            if len(tree) != 1 or not items or depth > 4:
                text = message("A list of tests is {{all: […]}} or {{any: […]}} and not empty.")
                raise _Bad("rule.tests", text)
            return {key: [_tree(item, depth + 1) for item in items]}
    if tree.get("compare") not in COMPARISONS:
        raise _Bad("rule.tests", message("A test compares with at_least or more_than."))
    share = _share(tree.get("share"))
    if share == 1 and tree["compare"] == "more_than":
        raise _Bad("rule.tests", message("More than all can never be reached."))
    leaf: dict[str, Any] = {
        "count": _code(tree, "count"),
        "base": _code(tree, "base"),
        "share": f"{share.numerator}/{share.denominator}",
        "compare": tree["compare"],
    }
    if tree.get("text") is not None:
        leaf["text"] = _text(tree["text"], "text").as_dict()
    return leaf


def _share(raw: Any) -> Fraction:
    try:
        share = fraction(raw)
    except ValueError as error:
        raise _Bad("rule.value", message("“{value}” is not a share such as 2/3."), value=raw) from error
    if not 0 < share <= 1:
        raise _Bad("rule.value", message("The share {value} is not between 0 and 1."), value=raw)
    return share


def _known_parts(raw: Mapping[str, Any], section: str) -> None:
    """A misspelt name would silently mean nothing, so it is refused."""
    if unknown := sorted(str(k) for k in raw if k not in _PARTS[section]):
        text = message("Unknown names: {parts}. Known here are {known}.")
        raise _Bad("rule.shape", text, parts=", ".join(unknown), known=", ".join(sorted(_PARTS[section])))


def _given(head: Mapping[str, Any], key: str, empty: Any) -> Any:
    value = head.get(key)
    return empty if value is None else value


def _mapping(raw: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise _Bad("rule.shape", message("“{what}” must be a table of names and values."), what=what)
    return raw


def _list(raw: Any, what: str) -> list[Any]:
    if not isinstance(raw, list):
        raise _Bad("rule.shape", message("“{what}” must be a list."), what=what)
    return raw


def _text(raw: Any, what: str) -> Text:
    if not isinstance(raw, Mapping) or not all(isinstance(raw.get(k), str) and raw[k] for k in ("zh", "en")):
        raise _Bad("rule.text", message("“{what}” needs its words in Chinese and English."), what=what)
    return Text(raw["zh"], raw["en"])


def _code(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise _Bad("rule.shape", message("“{what}” must be a name in small letters."), what=key)
    return value


def _flag(raw: Mapping[str, Any], key: str, *, fallback: bool | None) -> bool:
    value = raw.get(key, fallback)
    if not isinstance(value, bool):
        raise _Bad("rule.shape", message("“{what}” must be true or false."), what=key)
    return value


def _day(raw: Mapping[str, Any], key: str) -> date:
    value = raw.get(key)
    if type(value) is not date:
        raise _Bad("rule.date", message("“{what}” must be a day such as 2026-01-01."), what=key)
    return value


def _merged(defaults: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with the file's defaults; a source given in part is completed from the defaults."""
    merged = {**defaults, **raw}
    common, own = defaults.get("source"), raw.get("source")
    if isinstance(common, Mapping) and isinstance(own, Mapping):
        merged["source"] = {**common, **own}
    return merged


def _problem(bad: _Bad, file: str, name: str) -> Problem:
    return Problem(bad.code, bad.text, element=name, file=file, params=bad.params)
