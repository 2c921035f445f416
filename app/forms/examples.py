"""Examples beside limits: text that fits a pattern, a date that is not past.

A program that fills a form needs one, and a person sees at once what is meant. Not a proof that every
answer of that kind passes.
"""

import re
from datetime import date, timedelta
from functools import lru_cache
from random import Random

import rstr

from workflows.forms import Field

_TRIES = 60


@lru_cache(2048)
def pattern_example(pattern: str, shortest: int = 0, longest: int = 500) -> str | None:
    """A short text in which `pattern` is found, of `shortest` to `longest` characters; None if none is known.

    The same pattern always gives the same example.
    """
    best: str | None = None
    for seed in range(_TRIES):
        try:
            text = rstr.Rstr(Random(seed)).xeger(pattern)  # noqa: S311 — an example, not a secret
        except (ValueError, KeyError, TypeError, IndexError, RecursionError, re.error):
            return best
        if fits(text, pattern, shortest, longest) and (best is None or len(text) < len(best)):
            best = text
    return best


def fits(text: str, pattern: str, shortest: int, longest: int) -> bool:
    """Whether `text` satisfies the pattern and the lengths, and survives trimming and JSON."""
    return (
        text == text.strip()
        and text.isprintable()
        and shortest <= len(text) <= longest
        and re.search(pattern, text) is not None
    )


def example_of(asked: Field, *, shortest: int, longest: int, today: str) -> str | None:
    """An answer that fits the field: the designer's own where it does, else one that is made."""
    given = asked.properties.get("example")
    limits = asked.limits
    if limits.pattern:
        if given is not None and fits(given, limits.pattern, shortest, longest):
            return given
        return pattern_example(limits.pattern, shortest, longest)
    if given is not None:
        return given
    if limits.kind == "email":
        return "li.ming@example.cn"
    if limits.kind == "phone":
        return "13800138000"
    if asked.type == "datetime":
        return _moment(asked, today)
    return None


def _moment(asked: Field, today: str) -> str:
    day = date.fromisoformat(today) + timedelta(days=1) if today else date(2026, 12, 1)
    offset = "+08:00" if asked.aware else ""
    if asked.subtype == "time":
        return "09:00" + offset
    return day.isoformat() + ("" if asked.subtype == "date" else f"T09:00{offset}")
