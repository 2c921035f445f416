"""Reads a service's arguments: the right type, or a refusal that names the argument.

Why: what a diagram passes is a person's data; a wrong type is an incident that says what is wrong, never
a KeyError. Not for: rules of the law.
"""

from collections.abc import Mapping
from typing import Any

from workflows.errors import Refusal, message
from workflows.model import ServiceCall
from workflows.services.rules import Rules

MANY = 100_000


class ArgumentRefused(Refusal):
    """A service was called with an argument it cannot use."""

    code = "engine.argument"
    text = message("The step “{service}” cannot use “{name}”: {reason}.")


class RulesMissing(Refusal):
    """The case has no rules of its place."""

    code = "rule.missing"
    text = message("No rules are loaded for this place. Ask an administrator to load the rule files.")


def rules_of(call: ServiceCall) -> Rules:
    """The rules of the case's place and day. Raises RulesMissing."""
    rules = call.world.rules
    if not isinstance(rules, Rules):
        raise RulesMissing()
    return rules


def text(call: ServiceCall, name: str, *, fallback: str | None = None) -> str:
    """A word or sentence that is not empty. Raises ArgumentRefused."""
    value = call.args.get(name)
    if (value is None or value == "") and fallback is not None:
        return fallback
    if not isinstance(value, str) or not value.strip():
        raise refused(call, name, message("a text is expected"))
    return value.strip()


def optional_text(call: ServiceCall, name: str) -> str | None:
    """A text, or None where nothing is given. Raises ArgumentRefused."""
    return text(call, name, fallback="") or None


def choice(call: ServiceCall, name: str, options: tuple[str, ...], *, fallback: str | None = None) -> str:
    """One of `options`. Raises ArgumentRefused."""
    value = text(call, name, fallback=fallback)
    if value not in options:
        raise refused(call, name, "it must be one of " + ", ".join(options))
    return value


def whole(
    call: ServiceCall, name: str, *, least: int = 0, most: int = MANY, fallback: int | None = None
) -> int:
    """A whole number between `least` and `most`. Raises ArgumentRefused."""
    value = call.args.get(name)
    if value is None and fallback is not None:
        return fallback
    if isinstance(value, bool) or not isinstance(value, int):
        raise refused(call, name, message("a whole number is expected"))
    if not least <= value <= most:
        raise refused(call, name, f"it must be between {least} and {most}")
    return value


def flag(call: ServiceCall, name: str, *, fallback: bool) -> bool:
    """True or false; `fallback` where nothing is given. Raises ArgumentRefused."""
    value = call.args.get(name)
    if value is None:
        return fallback
    if not isinstance(value, bool):
        raise refused(call, name, message("true or false is expected"))
    return value


def listing(call: ServiceCall, name: str, *, fallback: list[Any] | None = None) -> list[Any]:
    """A list of at most 100,000 items. Raises ArgumentRefused."""
    value = call.args.get(name)
    if value is None and fallback is not None:
        return fallback
    if not isinstance(value, list | tuple):
        raise refused(call, name, message("a list is expected"))
    if len(value) > MANY:
        raise refused(call, name, f"it is longer than {MANY}")
    return list(value)


def table(call: ServiceCall, name: str) -> Mapping[str, Any]:
    """A table of names and values. Raises ArgumentRefused."""
    value = call.args.get(name)
    if not isinstance(value, Mapping):
        raise refused(call, name, message("a table of names and values is expected"))
    return value


def refused(call: ServiceCall, name: str, reason: str) -> ArgumentRefused:
    """The refusal of one argument, to be raised."""
    return ArgumentRefused(service=call.name, name=name, reason=reason)
