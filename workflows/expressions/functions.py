"""The functions of the language, each with how many arguments it takes.

A function gets the run first (its budget and what it knows of the world), then checked arguments; it
returns data and changes nothing. Not for the rules of an act: those are services.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

from workflows.errors import message
from workflows.expressions import comparing, runtime, times
from workflows.expressions.reasons import Failure
from workflows.expressions.runtime import LONGEST_LIST, Run, described, number, text_of


@dataclass(frozen=True, slots=True)
class Function:
    """One function: what computes it, and how many arguments it takes (`most` None: any number)."""

    compute: Callable[..., Any]
    least: int
    most: int | None
    loops: bool = False  # takes `expression for name in list` as its only argument


# --- lists and objects -------------------------------------------------------------------------------


def _items(run: Run, value: Any, name: str) -> list[Any]:
    if isinstance(value, (list, tuple)):
        if len(value) > LONGEST_LIST:
            raise Failure(message("{name}() takes at most {n} items"), name=name, n=LONGEST_LIST)
        run.charge(len(value))
        return list(value)
    raise Failure(message("{name}() needs a list, not {kind}"), name=name, kind=described(value))


def _len(run: Run, value: Any) -> int:
    if isinstance(value, (str, list, tuple, Mapping)):
        return len(value)
    raise Failure(message("{name}() needs a list, not {kind}"), name="len", kind=described(value))


def _count(run: Run, value: Any, *wanted: Any) -> int:
    if not wanted:
        return _len(run, value)
    return sum(1 for item in _items(run, value, "count") if comparing.equal(run, item, wanted[0]))


def _sum(run: Run, value: Any, *more: Any) -> Any:
    items = [value, *more] if more or not isinstance(value, (list, tuple)) else _items(run, value, "sum")
    total: Any = 0
    for item in items:
        total = runtime.reckon("sum", total, item, lambda a, b: a + b)
    return total


def _best(run: Run, first: Any, *more: Any, name: str, sign: str) -> Any:
    items = [first, *more] if more else _items(run, first, name)
    if not items:
        raise Failure(message("{name}() of an empty list"), name=name)
    best = items[0]
    if not isinstance(best, (str, int, float, Decimal)):
        raise Failure(message("{name}() needs numbers or texts, not {kind}"), name=name, kind=described(best))
    for item in items[1:]:
        if comparing.COMPARISONS[sign](run, item, best):
            best = item
    return best


def _any(run: Run, *values: Any) -> bool:
    return any(_truths(run, values, "any"))


def _all(run: Run, *values: Any) -> bool:
    return all(_truths(run, values, "all"))


def _truths(run: Run, values: tuple[Any, ...], name: str) -> list[Any]:
    return list(values) if len(values) > 1 else _items(run, values[0], name)


def _get(run: Run, owner: Any, key: Any, default: Any = None) -> Any:
    if owner is None:
        return default
    if isinstance(owner, Mapping):
        return owner.get(key, default) if isinstance(key, str) else default
    if isinstance(owner, (list, tuple)) and isinstance(key, int) and not isinstance(key, bool):
        return owner[key] if -len(owner) <= key < len(owner) else default
    raise Failure(message("{name}() needs an object, not {kind}"), name="get", kind=described(owner))


def _contains(run: Run, whole: Any, item: Any) -> bool:
    return comparing.within(run, item, whole)


def _keys(run: Run, owner: Any) -> list[Any]:
    return list(_object(run, owner, "keys"))


def _values(run: Run, owner: Any) -> list[Any]:
    return list(_object(run, owner, "values").values())


def _object(run: Run, owner: Any, name: str) -> Mapping[str, Any]:
    if isinstance(owner, Mapping):
        run.charge(len(owner))
        return owner
    raise Failure(message("{name}() needs an object, not {kind}"), name=name, kind=described(owner))


def _concat(run: Run, first: Any, *more: Any) -> Any:
    whole = first if more else runtime.joined(run, (_items(run, first, "concat"),))
    for part in more:
        whole = runtime.add(run, whole, part)
    return whole


def _append(run: Run, items: Any, *more: Any) -> list[Any]:
    return runtime.joined(run, (_items(run, items, "append"), more))


# --- numbers -----------------------------------------------------------------------------------------


def _abs(run: Run, value: Any) -> Any:
    return abs(number(value, "abs"))


def _round(run: Run, value: Any, digits: Any = 0) -> Any:
    """Half away from zero (四舍五入), on the decimal digits as they are written."""
    exact = number(value, "round")
    if not isinstance(digits, int) or not 0 <= digits <= 12:
        raise Failure(message("round() takes 0 to 12 digits, not {kind}"), kind=described(digits))
    if isinstance(exact, int):
        return int(exact)
    rounded = Decimal(str(exact)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return int(rounded) if digits == 0 else float(rounded)


def _int(run: Run, value: Any) -> int:
    if isinstance(value, str):
        text = value.strip()
        digits = text[1:] if text[:1] in ("-", "+") else text
        if digits.isascii() and digits.isdigit() and len(digits) <= 18:
            return int(text)
        raise Failure(message("int() cannot read “{text}” as a whole number"), text=value)
    return int(number(value, "int"))


# --- texts -------------------------------------------------------------------------------------------


def _str(run: Run, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return str(number(value, "str"))


def _starts_with(run: Run, text: Any, start: Any) -> bool:
    return text_of(run, text, "starts_with").startswith(text_of(run, start, "starts_with"))


def _ends_with(run: Run, text: Any, end: Any) -> bool:
    return text_of(run, text, "ends_with").endswith(text_of(run, end, "ends_with"))


def _lower(run: Run, text: Any) -> str:
    return text_of(run, text, "lower").lower()


def _upper(run: Run, text: Any) -> str:
    return text_of(run, text, "upper").upper()


FUNCTIONS: Mapping[str, Function] = {
    "len": Function(_len, 1, 1, loops=True),
    "sum": Function(_sum, 1, None, loops=True),
    "min": Function(partial(_best, name="min", sign="<"), 1, None, loops=True),
    "max": Function(partial(_best, name="max", sign=">"), 1, None, loops=True),
    "abs": Function(_abs, 1, 1),
    "round": Function(_round, 1, 2),
    "count": Function(_count, 1, 2, loops=True),
    "any": Function(_any, 1, None, loops=True),
    "all": Function(_all, 1, None, loops=True),
    "str": Function(_str, 1, 1),
    "int": Function(_int, 1, 1),
    "get": Function(_get, 2, 3),
    "contains": Function(_contains, 2, 2),
    "starts_with": Function(_starts_with, 2, 2),
    "ends_with": Function(_ends_with, 2, 2),
    "lower": Function(_lower, 1, 1),
    "upper": Function(_upper, 1, 1),
    "keys": Function(_keys, 1, 1),
    "values": Function(_values, 1, 1),
    "concat": Function(_concat, 1, None),
    "append": Function(_append, 2, None),
    "now": Function(times.now, 0, 0),
    "today": Function(times.today, 0, 0),
    "hours": Function(times.hours, 1, 2),
    "days": Function(partial(times.period, name="days", unit="calendar_days"), 1, 2),
    "working_days": Function(partial(times.period, name="working_days", unit="working_days"), 1, 2),
    "months": Function(partial(times.period, name="months", unit="months"), 1, 2),
    "at": Function(times.at, 2, 2),
    "later": Function(partial(times.chosen, name="later", choose=max), 2, None),
    "earlier": Function(partial(times.chosen, name="earlier", choose=min), 2, None),
    "date_of": Function(times.date_of, 1, 1),
    "last_day": Function(times.last_day, 1, 1),
    "date": Function(times.date, 1, 1),
    "duration": Function(times.duration, 1, 1),
    "instant": Function(times.instant, 1, 1),
    "add": Function(times.add, 2, 2),
}
FUNCTION_NAMES = frozenset(FUNCTIONS) | {"defined"}

FEEL_NAMES: Mapping[str, str] = {
    "string length": "len",
    "upper case": "upper",
    "lower case": "lower",
    "starts with": "starts_with",
    "ends with": "ends_with",
    "list contains": "contains",
    "date and time": "instant",
    "string": "str",
}
