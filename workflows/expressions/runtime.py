"""One evaluation, its budget, and the operators that reckon and reach into data.

Data is JSON: null, true, false, numbers, texts, lists, dicts. Every operator checks what it is given, and
charges the run for what grows with its operands, so that time and memory stay bounded for any text and
any data. Nothing here changes its operands.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from workflows.errors import Phrase, message
from workflows.expressions.reasons import Failure
from workflows.expressions.tokens import LARGEST_NUMBER
from workflows.model import World

LONGEST_TEXT = 100_000
LONGEST_LIST = 10_000
BUDGET = 400_000  # units of work in one evaluation: about a tenth of a second

Number = int | float | Decimal


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


def text_of(run: Run, value: Any, name: str) -> str:
    """`value` if it is a text within the bounds, for the function `name`."""
    if not isinstance(value, str):
        raise Failure(message("{name}() needs a text, not {kind}"), name=name, kind=described(value))
    if len(value) > LONGEST_TEXT:
        raise Failure(message("a text would grow beyond {n} characters"), n=LONGEST_TEXT)
    run.charge(3 + (len(value) >> 3))
    return value
