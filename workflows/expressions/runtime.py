"""The operators behind a compiled expression, and what bounds their work.

Data is JSON: null, true, false, numbers, texts, lists, dicts. Every operator checks what it is given, and
charges the run for what grows with its operands, so that time and memory stay bounded for any text and
any data. Nothing here changes its operands.
"""

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from workflows.errors import Phrase, message
from workflows.expressions.instants import looks_like_instant, parse_instant
from workflows.expressions.reasons import Failure
from workflows.expressions.tokens import LARGEST_NUMBER
from workflows.model import World

LONGEST_TEXT = 100_000
LONGEST_LIST = 10_000
BUDGET = 400_000  # units of work in one evaluation: about a tenth of a second
LARGEST_RESULT = 200_000  # values in one result
DEEPEST_RESULT = 60

Number = int | float | Decimal
_NUMBERS = (int, float)


class Run:
    """One evaluation: what it may know of the world, and how much work it may still do."""

    __slots__ = ("left", "world")

    def __init__(self, world: World | None) -> None:
        self.world = world
        self.left = BUDGET

    def charge(self, units: int) -> None:
        self.left -= units
        if self.left < 0:
            raise Failure(
                message(
                    "it asks for too much work on this data: use shorter lists, or let a service compute it"
                )
            )


def kind(value: Any) -> Phrase:
    """What a modeller calls this kind of value."""
    if value is None:
        return Phrase(message("null"))
    if isinstance(value, bool):
        return Phrase(message("true or false"))
    if isinstance(value, (int, float, Decimal)):
        return Phrase(message("a number"))
    if isinstance(value, str):
        return Phrase(message("a text"))
    if isinstance(value, (list, tuple)):
        return Phrase(message("a list"))
    if isinstance(value, Mapping):
        return Phrase(message("an object"))
    return Phrase(message("something that is no data"))


def described(value: Any) -> Phrase:
    """The kind of value, with the beginning of the value where it is a number or a text."""
    if isinstance(value, str):
        return Phrase(message("the text “{value}”"), value=value[:40])
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return Phrase(message("the number {value}"), value=f"{value:.12g}")
    return kind(value)


# --- numbers -----------------------------------------------------------------------------------------


def number(value: Any, what: str) -> Number:
    """`value` if it is a number within the bounds; raises Failure naming the operation `what` otherwise."""
    if isinstance(value, (int, float, Decimal)):
        if -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
            return value
        raise Failure(message("“{what}” met a number beyond 10^18"), what=what)
    raise Failure(message("“{what}” needs a number, not {kind}"), what=what, kind=described(value))


def reckon(sign: str, left: Any, right: Any, compute: Callable[[Any, Any], Any]) -> Number:
    """The result of an arithmetical operation, within the bounds."""
    a, b = number(left, sign), number(right, sign)
    if isinstance(a, Decimal) != isinstance(b, Decimal):
        a, b = _decimal(a), _decimal(b)
    try:
        return number(compute(a, b), sign)
    except ZeroDivisionError:
        raise Failure(message("“{sign}” divides by zero"), sign=sign) from None


def _decimal(value: Number) -> Decimal:
    return (
        value
        if isinstance(value, Decimal)
        else Decimal(str(value))
        if isinstance(value, float)
        else Decimal(value)
    )


def add(run: Run, left: Any, right: Any) -> Any:
    """Numbers are summed, texts and lists joined."""
    if isinstance(left, str) and isinstance(right, str):
        size = len(left) + len(right)
        if size > LONGEST_TEXT:
            raise Failure(message("a text would grow beyond {n} characters"), n=LONGEST_TEXT)
        run.charge(size >> 3)
        return left + right
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return joined(run, (left, right))
    if isinstance(left, str) or isinstance(right, str):
        raise Failure(
            message(
                "“+” joins two texts or adds two numbers, not {a} and {b}: write str(…) around the number"
            ),
            a=described(left),
            b=described(right),
        )
    return reckon("+", left, right, lambda a, b: a + b)


def joined(run: Run, lists: tuple[Any, ...]) -> list[Any]:
    """The items of all `lists` in one."""
    size = sum(len(items) for items in lists)
    if size > LONGEST_LIST:
        raise Failure(message("a list would grow beyond {n} items"), n=LONGEST_LIST)
    run.charge(size)
    return [item for items in lists for item in items]


def subtract(left: Any, right: Any) -> Any:
    return reckon("-", left, right, lambda a, b: a - b)


def multiply(left: Any, right: Any) -> Any:
    return reckon("*", left, right, lambda a, b: a * b)


def divide(left: Any, right: Any) -> Any:
    """A whole number where two whole numbers divide without rest, a fraction otherwise."""
    return reckon("/", left, right, _quotient)


def _quotient(a: Any, b: Any) -> Any:
    return a // b if isinstance(a, int) and isinstance(b, int) and a % b == 0 else a / b


def floor_divide(left: Any, right: Any) -> Any:
    return reckon("//", left, right, lambda a, b: a // b)


def remainder(left: Any, right: Any) -> Any:
    return reckon("%", left, right, lambda a, b: a % b)


def negative(value: Any) -> Any:
    return -number(value, "-")


def positive(value: Any) -> Any:
    return number(value, "+")


# --- comparing ---------------------------------------------------------------------------------------


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


# --- reaching into data ------------------------------------------------------------------------------


def attribute(owner: Any, key: str) -> Any:
    """`owner.key`: a key of an object, never anything of Python."""
    if isinstance(owner, Mapping):
        try:
            return owner[key]
        except KeyError:
            raise Failure(
                message('there is no “{key}” in the object: write get(…, "{key}") where it may be missing'),
                key=key,
            ) from None
    raise Failure(message("“.{key}” needs an object before it, not {kind}"), key=key, kind=kind(owner))


def item(owner: Any, key: Any) -> Any:
    """`owner[key]`: a key of an object, or a position in a list (the first is 0, the last -1)."""
    if isinstance(owner, Mapping):
        if not isinstance(key, str):
            raise Failure(message("keys of objects are texts, not {kind}"), kind=described(key))
        return attribute(owner, key)
    if isinstance(owner, (list, tuple)):
        if isinstance(key, bool) or not isinstance(key, int):
            raise Failure(message("positions in a list are whole numbers, not {kind}"), kind=described(key))
        if not -len(owner) <= key < len(owner):
            raise Failure(message("the list has {n} items: there is none at {key}"), n=len(owner), key=key)
        return owner[key]
    raise Failure(message("“[…]” needs a list or an object before it, not {kind}"), kind=kind(owner))


def each(run: Run, items: Any, weight: int) -> Any:
    """What a `for` goes through, charged for all its rounds beforehand."""
    if isinstance(items, Mapping):
        items = list(items)
    if not isinstance(items, (list, tuple)):
        raise Failure(message("“for … in” needs a list, not {kind}"), kind=described(items))
    if len(items) > LONGEST_LIST:
        raise Failure(
            message("the list has {n} items: at most {most} can be gone through"),
            n=len(items),
            most=LONGEST_LIST,
        )
    run.charge(len(items) * weight)
    return items


def empty(value: Any) -> bool:
    return value is None or value in ("", [], {}) or value == ()


# --- decision cells ----------------------------------------------------------------------------------


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


# --- results -----------------------------------------------------------------------------------------


def size_of(run: Run, value: Any, depth: int = 0) -> int:
    """How many values `value` holds; never looks further than the run can pay."""
    if depth > DEEPEST_RESULT:
        raise Failure(message("the data is nested more than {n} levels deep"), n=DEEPEST_RESULT)
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, (list, tuple)):
        return 1 + (len(value) >> 6 if isinstance(value, str) else 0)
    run.charge(len(value))
    return 1 + sum(size_of(run, inner, depth + 1) for inner in value)


def plain(value: Any) -> Any:
    """`value` as JSON has it, sharing nothing with the data. Raises Failure for what JSON cannot hold."""
    if value is None or type(value) is bool or type(value) is str:
        return value
    left = [LARGEST_RESULT]
    return _plain(value, left, 0)


def _plain(value: Any, left: list[int], depth: int) -> Any:
    left[0] -= 1
    if left[0] < 0 or depth > DEEPEST_RESULT:
        raise Failure(message("the result is too large or too deeply nested to be stored"))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        left[0] -= len(value) >> 6
        return str(value)
    if isinstance(value, Decimal):
        value = int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise Failure(message("the number {n} is too large to be stored"), n=f"{float(value):.3g}")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Failure(message("the result is not a number"))
        return value
    if isinstance(value, Mapping):
        return {_key(key): _plain(inner, left, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner, left, depth + 1) for inner in value]
    raise Failure(message("a value of kind {kind} is no data"), kind=type(value).__name__)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise Failure(message("keys of objects are texts, not {kind}"), kind=described(key))
    return key
