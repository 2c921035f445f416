"""Whether two conditions are each other's contrary, as far as their text shows."""

import re
from typing import Final

_OPPOSITE: Final = {"==": "!=", "=": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_VALUE: Final = r"([\w.]+|\"[^\"]*\"|'[^']*')"
_COMPARISON: Final = re.compile(_VALUE + r"\s*(==|!=|<=|>=|=|<|>)\s*" + _VALUE + r"\Z")
_WRAPPED: Final = re.compile(r"\A\s*[$#]\{(.*)\}\s*\Z", re.DOTALL)
_TRUE, _FALSE = "true", "false"


def are_complementary(one: str, other: str) -> bool:
    """True when exactly one of the two holds for any data. False says only that the text does not show it."""
    left, right = _plain(one), _plain(other)
    if right == _negated(left) or left == _negated(right):
        return True
    first, second = _comparison(left), _comparison(right)
    if first is None or second is None or first[0] != second[0]:
        return False
    if first[2] == second[2]:
        return _OPPOSITE[first[1]] in (second[1], "==" if second[1] == "=" else second[1])
    return first[1] == second[1] == "==" and {first[2].lower(), second[2].lower()} == {_TRUE, _FALSE}


def _plain(text: str) -> str:
    found = _WRAPPED.match(text)
    inner = (found.group(1) if found else text).strip()
    inner = inner[1:].strip() if inner.startswith("=") else inner
    return re.sub(r"\s+", " ", inner)


def _negated(text: str) -> str:
    return f"not {text}" if re.fullmatch(r"[\w.]+", text) else f"not({text})"


def _comparison(text: str) -> tuple[str, str, str] | None:
    found = _COMPARISON.match(text)
    if found is None:
        return None
    return found.group(1), "==" if found.group(2) == "=" else found.group(2), found.group(3)
