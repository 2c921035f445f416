"""The operators that compare: equality, order, ranges, membership, and the tests of decision cells.

Instants compare as instants whatever their offset; null has no order. Charged by the size of what is
compared.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from workflows.errors import message
from workflows.expressions.instants import looks_like_instant, parse_instant
from workflows.expressions.reasons import Failure
from workflows.expressions.results import size_of
from workflows.expressions.runtime import Run, described

_NUMBERS = (int, float)


def equal(run: Run, left: Any, right: Any) -> bool:
    if isinstance(left, (list, tuple, dict)) and isinstance(right, (list, tuple, dict)):
        run.charge(size_of(run, left))
        if isinstance(left, tuple) or isinstance(right, tuple):
            left = list(left) if isinstance(left, tuple) else left
            right = list(right) if isinstance(right, tuple) else right
    elif isinstance(left, str) and isinstance(right, str):
        run.charge(len(left) >> 6)
    return bool(left == right)


def unequal(run: Run, left: Any, right: Any) -> bool:
    return not equal(run, left, right)


def _comparable(run: Run, sign: str, left: Any, right: Any) -> tuple[Any, Any]:
    if isinstance(left, str) and isinstance(right, str):
        run.charge(len(left) >> 6)
        first, second = looks_like_instant(left), looks_like_instant(right)
        if first and second:
            run.charge(12)
            return parse_instant(left), parse_instant(right)
        if first != second and (len(left) == 10 or len(right) == 10) and _both_dated(left, right):
            raise Failure(
                message("“{sign}” compares a date with an instant: write date_of(…) around the instant"),
                sign=sign,
            )
        return left, right
    if _countable(left) and _countable(right):
        return left, right
    raise Failure(
        message("“{sign}” needs two numbers or two texts, not {a} and {b}"),
        sign=sign,
        a=described(left),
        b=described(right),
    )


def _countable(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _both_dated(left: str, right: str) -> bool:
    return all(text[4:5] == "-" and text[7:8] == "-" and text[:4].isdigit() for text in (left, right))


def less(run: Run, left: Any, right: Any) -> bool:
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return bool(left < right)
    a, b = _comparable(run, "<", left, right)
    return bool(a < b)


def less_or_equal(run: Run, left: Any, right: Any) -> bool:
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return bool(left <= right)
    a, b = _comparable(run, "<=", left, right)
    return bool(a <= b)


def greater(run: Run, left: Any, right: Any) -> bool:
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return bool(left > right)
    a, b = _comparable(run, ">", left, right)
    return bool(a > b)


def greater_or_equal(run: Run, left: Any, right: Any) -> bool:
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return bool(left >= right)
    a, b = _comparable(run, ">=", left, right)
    return bool(a >= b)


COMPARISONS: Mapping[str, Callable[[Run, Any, Any], bool]] = {
    "==": equal,
    "!=": unequal,
    "<": less,
    "<=": less_or_equal,
    ">": greater,
    ">=": greater_or_equal,
}


def chained(run: Run, signs: tuple[str, ...], operands: list[Any]) -> bool:
    """Whether each neighbouring pair holds: 1 < x <= 5."""
    return all(COMPARISONS[sign](run, operands[i], operands[i + 1]) for i, sign in enumerate(signs))


def between(run: Run, value: Any, low: Any, high: Any, low_open: bool, high_open: bool) -> bool:  # noqa: FBT001
    """Whether `value` lies in the range; nothing lies nowhere: null gives false."""
    if value is None:
        return False
    above = greater(run, value, low) if low_open else greater_or_equal(run, value, low)
    return above and (less(run, value, high) if high_open else less_or_equal(run, value, high))


def within(run: Run, item: Any, whole: Any) -> bool:
    """`item in whole`: an item of a list, a key of an object, a piece of a text."""
    if isinstance(whole, str):
        if not isinstance(item, str):
            raise Failure(
                message("“in” looks for a text inside a text, not for {kind}"), kind=described(item)
            )
        run.charge((len(whole) >> 2) + ((len(whole) * min(len(item), 64)) >> 6))
        return item in whole
    if isinstance(whole, Mapping):
        return isinstance(item, str) and item in whole
    if isinstance(whole, (list, tuple)):
        run.charge(len(whole))
        if isinstance(item, (list, tuple, Mapping)):
            return any(equal(run, item, other) for other in whole)
        if isinstance(item, str):
            run.charge((len(whole) * len(item)) >> 8)
        return item in whole
    raise Failure(
        message("“in” needs a list, an object or a text on its right, not {kind}"), kind=described(whole)
    )


def not_within(run: Run, item: Any, whole: Any) -> bool:
    return not within(run, item, whole)


def ordered(run: Run, sign: str, value: Any, bound: Any) -> bool:
    """A cell such as `> 3`: like the comparison, but nothing (null) meets no bound."""
    return value is not None and COMPARISONS[sign](run, value, bound)


def meets(run: Run, value: Any, cell: Any) -> bool:
    """A cell that is a plain value: the same value, or one of a list; true is no number."""
    if isinstance(cell, (list, tuple)) and not isinstance(value, (list, tuple)):
        run.charge(len(cell))
        return any(meets(run, value, other) for other in cell)
    return isinstance(value, bool) == isinstance(cell, bool) and equal(run, value, cell)


def holds(run: Run, value: Any, cell: Any) -> bool:
    """A cell that is computed: as `meets`, or a condition that is true by itself."""
    if isinstance(cell, bool) and not isinstance(value, bool):
        return cell
    return meets(run, value, cell)
