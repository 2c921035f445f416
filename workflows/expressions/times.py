"""The functions over time: the clock and the calendar of the world, instants, dates and durations.

They take and give texts: instants in UTC, dates of Asia/Shanghai. Legal periods are the calendar's.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from workflows.errors import message
from workflows.expressions import instants
from workflows.expressions.instants import SHANGHAI, parse_instant, written
from workflows.expressions.reasons import Failure
from workflows.expressions.runtime import Run, described, number, text_of

Unit = Literal["calendar_days", "working_days", "hours", "months"]


class LegalCalendar(Protocol):
    """What the time functions ask of `World.calendar`."""

    def end_of_period(self, start: datetime, n: int, unit: Unit) -> datetime: ...


def now(run: Run) -> str:
    return written(_clock(run))


def today(run: Run) -> str:
    return _clock(run).astimezone(SHANGHAI).date().isoformat()


def _clock(run: Run) -> datetime:
    if run.world is None:
        raise Failure(message("the time is not known here"))
    return run.world.now


def _start(run: Run, start: tuple[Any, ...], name: str) -> datetime:
    return parse_instant(text_of(run, start[0], name)) if start else _clock(run)


def period(run: Run, n: Any, *start: Any, name: str, unit: Unit) -> str:
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


def hours(run: Run, n: Any, *start: Any) -> str:
    amount = number(n, "hours")
    if not 0 <= amount <= 880_000:
        raise Failure(message("hours() needs a number from 0 to 880000, not {kind}"), kind=described(n))
    try:
        return written(_start(run, start, "hours") + timedelta(hours=float(amount)))
    except OverflowError:
        raise Failure(message("it leads beyond the year 9999")) from None


def at(run: Run, day: Any, clock: Any) -> str:
    """A time of day in China on a date, as an instant; 24:00 ends the day."""
    text = text_of(run, clock, "at")
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
        begin = instants.midnight(_day(text_of(run, day, "at")))
        return written(begin + timedelta(hours=int(hours), minutes=int(minutes)))
    except OverflowError:
        raise Failure(message("it leads beyond the year 9999")) from None


def _day(text: str) -> Any:
    return (
        instants.parse_date(text)
        if instants.is_date(text)
        else parse_instant(text).astimezone(SHANGHAI).date()
    )


def date_of(run: Run, instant: Any) -> str:
    """The day in China on which the instant falls."""
    return str(_day(text_of(run, instant, "date_of")).isoformat())


def date(run: Run, text: Any) -> str:
    return instants.parse_date(text_of(run, text, "date")).isoformat()


def instant(run: Run, text: Any) -> str:
    return written(parse_instant(text_of(run, text, "instant")))


def duration(run: Run, text: Any) -> str:
    """A duration as written, once it has been read as one."""
    length = text_of(run, text, "duration")
    instants.parse_duration(length)
    return length


def last_day(run: Run, end: Any) -> str:
    """The last day of a period that ends at `end`: 24:00 belongs to the day it ends."""
    return str(_day(written(parse_instant(text_of(run, end, "last_day")) - timedelta(seconds=1))).isoformat())


def chosen(run: Run, *given: Any, name: str, choose: Callable[[list[datetime]], datetime]) -> str:
    return written(choose([parse_instant(text_of(run, text, name)) for text in given]))


def add(run: Run, start: Any, length: Any) -> str:
    """An instant, or a date, later by an ISO duration; a date stays a date where no hours are added."""
    run.charge(40)
    begin = text_of(run, start, "add")
    duration = instants.parse_duration(text_of(run, length, "add"))
    end = duration.after(parse_instant(begin))
    if instants.is_date(begin) and duration.microseconds % 86_400_000_000 == 0:
        return end.astimezone(SHANGHAI).date().isoformat()
    return written(end)
