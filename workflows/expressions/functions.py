"""The functions of the language, each with how many arguments it takes.

A function gets the run first (its budget and what it knows of the world), then checked arguments; it
returns data and changes nothing. Not for the rules of an act: those are services.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, Literal, Protocol

from workflows.errors import message
from workflows.expressions import instants, runtime
from workflows.expressions.instants import SHANGHAI, parse_instant, written
from workflows.expressions.reasons import Failure
from workflows.expressions.runtime import LONGEST_LIST, LONGEST_TEXT, Run, described, number

Unit = Literal["calendar_days", "working_days", "hours", "months"]


class LegalCalendar(Protocol):
    """What the time functions ask of `World.calendar`."""

    def end_of_period(self, start: datetime, n: int, unit: Unit) -> datetime: ...


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
    return sum(1 for item in _items(run, value, "count") if runtime.equal(run, item, wanted[0]))


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
        if runtime.COMPARISONS[sign](run, item, best):
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
    return runtime.within(run, item, whole)


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


def _text(run: Run, value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise Failure(message("{name}() needs a text, not {kind}"), name=name, kind=described(value))
    if len(value) > LONGEST_TEXT:
        raise Failure(message("a text would grow beyond {n} characters"), n=LONGEST_TEXT)
    run.charge(3 + (len(value) >> 3))
    return value


def _starts_with(run: Run, text: Any, start: Any) -> bool:
    return _text(run, text, "starts_with").startswith(_text(run, start, "starts_with"))


def _ends_with(run: Run, text: Any, end: Any) -> bool:
    return _text(run, text, "ends_with").endswith(_text(run, end, "ends_with"))


def _lower(run: Run, text: Any) -> str:
    return _text(run, text, "lower").lower()


def _upper(run: Run, text: Any) -> str:
    return _text(run, text, "upper").upper()


# --- time --------------------------------------------------------------------------------------------


def _now(run: Run) -> str:
    return written(_clock(run))


def _today(run: Run) -> str:
    return _clock(run).astimezone(SHANGHAI).date().isoformat()


def _clock(run: Run) -> datetime:
    if run.world is None:
        raise Failure(message("the time is not known here"))
    return run.world.now


def _start(run: Run, start: tuple[Any, ...], name: str) -> datetime:
    return parse_instant(_text(run, start[0], name)) if start else _clock(run)


def _period(run: Run, n: Any, *start: Any, name: str, unit: Unit) -> str:
    if isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= 36_600:
        raise Failure(
            message("{name}() needs a whole number from 0 to 36600, not {kind}"),
            name=name,
            kind=described(n),
        )
    begin = _start(run, start, name)
    if run.world is None or run.world.calendar is None:
        raise Failure(message("the calendar of working days is not known here"))
    legal: LegalCalendar = run.world.calendar
    run.charge(10 + (n if unit == "working_days" else 0))
    try:
        return written(legal.end_of_period(begin, n, unit))
    except OverflowError:
        raise Failure(message("it leads beyond the year 9999")) from None


def _hours(run: Run, n: Any, *start: Any) -> str:
    amount = number(n, "hours")
    if not 0 <= amount <= 880_000:
        raise Failure(message("hours() needs a number from 0 to 880000, not {kind}"), kind=described(n))
    try:
        return written(_start(run, start, "hours") + timedelta(hours=float(amount)))
    except OverflowError:
        raise Failure(message("it leads beyond the year 9999")) from None


def _at(run: Run, day: Any, clock: Any) -> str:
    """A time of day in China on a date, as an instant; 24:00 ends the day."""
    text = _text(run, clock, "at")
    hours, colon, minutes = text.partition(":")
    ok = colon and len(hours) in (1, 2) and len(minutes) == 2 and (hours + minutes).isascii()
    if (
        not ok
        or not (hours + minutes).isdigit()
        or int(minutes) > 59
        or int(hours) * 60 + int(minutes) > 1440
    ):
        raise Failure(message('“{text}” is no time of day: write "09:00" or "17:30"'), text=text)
    try:
        begin = instants.midnight(_day(_text(run, day, "at")))
        return written(begin + timedelta(hours=int(hours), minutes=int(minutes)))
    except OverflowError:
        raise Failure(message("it leads beyond the year 9999")) from None


def _day(text: str) -> Any:
    return (
        instants.parse_date(text)
        if instants.is_date(text)
        else parse_instant(text).astimezone(SHANGHAI).date()
    )


def _date_of(run: Run, instant: Any) -> str:
    """The day in China on which the instant falls."""
    return str(_day(_text(run, instant, "date_of")).isoformat())


def _date(run: Run, text: Any) -> str:
    return instants.parse_date(_text(run, text, "date")).isoformat()


def _instant(run: Run, text: Any) -> str:
    return written(parse_instant(_text(run, text, "instant")))


def _duration(run: Run, text: Any) -> str:
    """A duration as written, once it has been read as one."""
    length = _text(run, text, "duration")
    instants.parse_duration(length)
    return length


def _last_day(run: Run, end: Any) -> str:
    """The last day of a period that ends at `end`: 24:00 belongs to the day it ends."""
    return str(_day(written(parse_instant(_text(run, end, "last_day")) - timedelta(seconds=1))).isoformat())


def _chosen(run: Run, *given: Any, name: str, choose: Callable[[list[datetime]], datetime]) -> str:
    return written(choose([parse_instant(_text(run, text, name)) for text in given]))


def _add(run: Run, start: Any, length: Any) -> str:
    """An instant, or a date, later by an ISO duration; a date stays a date where no hours are added."""
    begin = _text(run, start, "add")
    duration = instants.parse_duration(_text(run, length, "add"))
    end = duration.after(parse_instant(begin))
    if instants.is_date(begin) and duration.microseconds % 86_400_000_000 == 0:
        return end.astimezone(SHANGHAI).date().isoformat()
    return written(end)


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
    "now": Function(_now, 0, 0),
    "today": Function(_today, 0, 0),
    "hours": Function(_hours, 1, 2),
    "days": Function(partial(_period, name="days", unit="calendar_days"), 1, 2),
    "working_days": Function(partial(_period, name="working_days", unit="working_days"), 1, 2),
    "months": Function(partial(_period, name="months", unit="months"), 1, 2),
    "at": Function(_at, 2, 2),
    "later": Function(partial(_chosen, name="later", choose=max), 2, None),
    "earlier": Function(partial(_chosen, name="earlier", choose=min), 2, None),
    "date_of": Function(_date_of, 1, 1),
    "last_day": Function(_last_day, 1, 1),
    "date": Function(_date, 1, 1),
    "duration": Function(_duration, 1, 1),
    "instant": Function(_instant, 1, 1),
    "add": Function(_add, 2, 2),
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
