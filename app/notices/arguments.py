"""Reads the arguments that a diagram gives to an effect; whatever does not fit is refused by its name."""

from typing import Any

from app.notices.refusals import ArgumentUnusable
from app.runtime.effects import EffectCall
from workflows.errors import message

MANY = 10_000_000


def text(call: EffectCall, name: str, *, longest: int, needed: bool = True) -> str:
    """A text, its ends trimmed. Raises ArgumentUnusable."""
    value = call.args.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str):
        raise ArgumentUnusable(argument=name, reason=message("a text is expected"))
    value = value.strip()
    if needed and not value:
        raise ArgumentUnusable(argument=name, reason=message("it is empty"))
    if len(value) > longest or "\0" in value:
        raise ArgumentUnusable(argument=name, reason=message("it is too long or holds unreadable characters"))
    return value


def shortened(value: str, longest: int) -> str:
    """A title cut to what can be stored, with a mark that it was."""
    return value if len(value) <= longest else value[: longest - 1] + "…"


def flag(call: EffectCall, name: str) -> bool:
    """Yes or no; nothing is no. Raises ArgumentUnusable."""
    value = call.args.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise ArgumentUnusable(argument=name, reason=message("yes or no is expected"))
    return value


def whole(call: EffectCall, name: str, *, most: int = MANY) -> int:
    """A whole number from 0. Raises ArgumentUnusable."""
    value = call.args.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ArgumentUnusable(argument=name, reason=message("a whole number from 0 is expected"))
    return value


def mapping(call: EffectCall, name: str) -> dict[str, Any]:
    """A table of values; nothing is an empty one. Raises ArgumentUnusable."""
    value = call.args.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ArgumentUnusable(argument=name, reason=message("a table of values is expected"))
    return value


def listing(call: EffectCall, name: str, kind: type, *, most: int = 200) -> list[Any]:
    """A list of values of one kind; nothing is an empty one. Raises ArgumentUnusable."""
    value = call.args.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > most or not all(isinstance(each, kind) for each in value):
        raise ArgumentUnusable(argument=name, reason=message("a list is expected"))
    return value


def row_id(call: EffectCall, name: str, *, needed: bool = True) -> int | None:
    """An id as the effects give it (text) or as a number. Raises ArgumentUnusable."""
    value = call.args.get(name)
    if value in (None, "") and not needed:
        return None
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 18:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
        return value
    raise ArgumentUnusable(argument=name, reason=message("an id is expected"))
