"""Reads `scenarios.yaml` into `Scenario` values and says, step by step, what is wrong in it.

YAML with JSON's values only: a date stays text, anchors and tags are refused. The format is
docs/reference/scenarios.md. Not for playing: `scenario`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml

from workflows import timers
from workflows.errors import Phrase, Problem, Refusal, Unpublishable, message
from workflows.model import Data
from workflows.values import accepted_value

LONGEST_FILE = 300_000
MOST_SCENARIOS = 200
MOST_STEPS = 1_000

_VERBS: Mapping[str, frozenset[str]] = {
    "complete": frozenset({"as", "answer"}),
    "resolve": frozenset({"answer"}),
    "retry": frozenset(),
    "message": frozenset({"key", "data"}),
    "advance": frozenset(),
    "until": frozenset(),
    "expect": frozenset(),
}
_EXPECTED = frozenset({"open", "waits", "incidents", "data"})
_FIELDS = frozenset({"name", "start", "data", "at", "place", "starter", "effects", "steps", "outcome"})


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its verb, what the verb is said of, and the rest by name."""

    verb: str
    value: Any
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story of a process."""

    name: str
    name_en: str = ""
    start: str = ""  # id of the start event, "" for the plain one
    data: Data = field(default_factory=dict)
    at: datetime | None = None
    place: tuple[str, ...] = ()  # codes of places, nation first
    starter: str = ""
    effects: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    outcome: str = ""


def read_scenarios(text: str, *, file: str = "scenarios.yaml") -> list[Scenario]:
    """The scenarios of a file. Raises `Unpublishable` with a problem of kind `scenario.` for each fault."""
    document = _load(text, file)
    if document is None:
        return []
    if not isinstance(document, list) or len(document) > MOST_SCENARIOS:
        raise Unpublishable([_problem(file, _NO_LIST, limit=MOST_SCENARIOS)])
    found: list[Scenario] = []
    problems: list[Problem] = []
    for number, each in enumerate(document, start=1):
        try:
            found.append(_scenario(each))
        except _Wrong as wrong:
            problems.append(_problem(file, _WRONG, number=number, reason=wrong.reason))
    if problems:
        raise Unpublishable(problems)
    return found


class _Wrong(Exception):
    def __init__(self, template: str, **params: Any) -> None:
        self.reason = Phrase(template, **params)
        super().__init__(self.reason)


class _Loader(yaml.SafeLoader):
    """YAML without dates and without anchors, which could make a small file enormous."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("anchors are not allowed")
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _load(text: str, file: str) -> Any:
    if len(text) > LONGEST_FILE:
        raise Unpublishable([_problem(file, _TOO_LONG, limit=LONGEST_FILE)])
    try:
        return accepted_value(yaml.load(text, Loader=_Loader), path="")  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as broken:
        raise Unpublishable([_problem(file, _NO_YAML, reason=_short(broken))]) from broken
    except Refusal as refused:
        reason = Phrase(refused.text, **refused.params)
        raise Unpublishable([_problem(file, _NO_YAML, reason=reason)]) from refused


def _short(broken: Exception) -> str:
    return " ".join(str(broken).split())[:200]


def _scenario(raw: Any) -> Scenario:
    if not isinstance(raw, dict):
        raise _Wrong(message("it is not a list of names and values"))
    _only(raw, _FIELDS)
    name = raw.get("name", "")
    names = name if isinstance(name, dict) else {"zh": name}
    if not isinstance(names.get("zh"), str) or not names["zh"].strip():
        raise _Wrong(message("it has no name"))
    steps = raw.get("steps", [])
    if not isinstance(steps, list) or len(steps) > MOST_STEPS:
        raise _Wrong(message("“steps” is not a list of at most {limit} steps"), limit=MOST_STEPS)
    effects = _object(raw, "effects")
    for effect, answer in effects.items():
        answers = answer if isinstance(answer, list) else [answer]
        if not all(isinstance(each, dict) for each in answers):
            raise _Wrong(message("the answer of effect “{name}” is neither object nor list"), name=effect)
    return Scenario(
        name=names["zh"],
        name_en=_text(names, "en"),
        start=_text(raw, "start"),
        data=_object(raw, "data"),
        at=_instant(_text(raw, "at")),
        place=_place(raw.get("place", [])),
        starter=_text(raw, "starter"),
        effects=effects,
        steps=tuple(_step(number, step) for number, step in enumerate(steps, start=1)),
        outcome=_text(raw, "outcome"),
    )


def _place(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(code, str) for code in raw):
        raise _Wrong(message("“place” is no list of place codes"))
    return tuple(raw)


def _step(number: int, raw: Any) -> Step:
    verbs = [verb for verb in _VERBS if isinstance(raw, dict) and verb in raw]
    if len(verbs) != 1:
        raise _Wrong(
            message("step {step} needs exactly one of {verbs}"), step=number, verbs=", ".join(_VERBS)
        )
    [verb] = verbs
    more = {name: value for name, value in raw.items() if name != verb}
    _only(more, _VERBS[verb], step=number)
    for name in ("answer", "data"):
        _object(more, name)
    value = raw[verb]
    if verb == "expect":
        _expectation(number, value)
    elif not isinstance(value, str) or not value:
        raise _Wrong(message("step {step}: “{verb}” needs a text"), step=number, verb=verb)
    return Step(verb=verb, value=value, more=more)


def _expectation(number: int, value: Any) -> None:
    if not isinstance(value, dict):
        raise _Wrong(message("step {step}: “{verb}” needs names and values"), step=number, verb="expect")
    _only(value, _EXPECTED, step=number)
    _object(value, "data")
    for name in ("open", "waits", "incidents"):
        shapes = value.get(name, [])
        if not isinstance(shapes, list) or not all(isinstance(each, str) for each in shapes):
            raise _Wrong(message("step {step}: “{verb}” needs a list of shape ids"), step=number, verb=name)


def _only(raw: Mapping[str, Any], allowed: frozenset[str], *, step: int = 0) -> None:
    for name in raw:
        if name not in allowed:
            raise _Wrong(message("“{name}” is not known here (step {step})"), name=name, step=step or "–")


def _object(raw: Mapping[str, Any], name: str) -> Data:
    value = raw.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Wrong(message("“{name}” is no object"), name=name)
    return value


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Wrong(message("“{name}” is no text"), name=name)
    return value


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return timers.due("date", text, datetime.fromisoformat("2000-01-01T00:00:00+00:00")).at
    except Refusal as refused:
        raise _Wrong(refused.text, **refused.params) from refused


def _problem(file: str, template: str, **params: Any) -> Problem:
    return Problem("scenario.format", template, file=file, params=params)


_TOO_LONG = message("The file is longer than {limit} characters.")
_NO_YAML = message("The file cannot be read: {reason}.")
_NO_LIST = message("The file should be a list of at most {limit} scenarios.")
_WRONG = message("Scenario number {number}: {reason}.")
