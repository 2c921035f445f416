"""The legal calendar of the country: working days, rest days, and where a legal period ends.

Periods are counted as 民法典 200–204 has it, on days in Asia/Shanghai that end at 24:00. Days beyond the
last announced year are taken from the week alone and marked provisional; they never fail. Not for how
long a period is: that is a figure of the rules.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Literal

from chinese_calendar import constants as announced

from workflows.expressions.instants import SHANGHAI, later_month

Unit = Literal["calendar_days", "working_days", "hours", "months"]

_DAY = timedelta(days=1)


class Calendar:
    """Which days are worked. Immutable; safe to share among threads.

    `days` holds the days that the State Council announced (True: worked, as the Saturdays of 调休); every
    other day follows the week, Saturday and Sunday resting. Days after `known_until` are provisional.
    """

    __slots__ = ("_days", "known_until")

    def __init__(self, days: Mapping[date, bool], *, known_until: date) -> None:
        self._days = dict(days)
        self.known_until = known_until

    @classmethod
    def standard(cls) -> "Calendar":
        """The announced calendar as `chinesecalendar` brings it, known to the end of its last whole year."""
        return _standard()

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[date, bool]], *, known_until: date) -> "Calendar":
        """The calendar that `rows` once gave."""
        return cls(dict(rows), known_until=known_until)

    def rows(self) -> list[tuple[date, bool]]:
        """Every announced day and whether it is worked, in order: what a table keeps."""
        return sorted(self._days.items())

    def with_year(self, year: int, days: Mapping[date, bool]) -> "Calendar":
        """This calendar with the announcement for `year` in place of what was known of that year.

        An announcement may reach into the last days of the year before.
        """
        kept = {day: working for day, working in self._days.items() if day.year != year}
        return Calendar({**kept, **days}, known_until=max(self.known_until, date(year, 12, 31)))

    def is_working(self, day: date) -> bool:
        """Whether `day` is worked; provisional days follow the week."""
        announced_as = self._days.get(day)
        return day.weekday() < 5 if announced_as is None else announced_as

    def is_provisional(self, day: date) -> bool:
        """Whether `day` lies beyond the last announced year, so that the answer may still change."""
        return day > self.known_until

    def end_of_period(self, start: datetime, n: int, unit: Unit) -> datetime:
        """When the legal period of `n` units ends that begins with `start`; an aware instant in UTC.

        Days and months end at 24:00 of their last day, hours to the microsecond. Raises: ValueError for a
        negative `n` or a naive `start`, OverflowError beyond the year 9999.
        """
        if n < 0 or start.tzinfo is None:
            raise ValueError("a period needs a length of 0 or more and a start with an offset")
        if unit == "hours":  # 民法典 201(2): hours run from the stated moment
            return (start + timedelta(hours=n)).astimezone(UTC)
        first = legal_day(start)  # 民法典 201(1): the day of the start does not count
        if unit == "working_days":
            return end_of_day(self._nth_working_day(first, n))
        # 民法典 202: a month ends on the day of the same number, or on its last day
        last = later_month(first, n) if unit == "months" else first + timedelta(days=n)
        return end_of_day(self.working_day_from(last))  # 民法典 203(1): it rolls forward from a rest day

    def working_day_from(self, day: date) -> date:
        """`day` itself if it is worked, else the next day that is."""
        while not self.is_working(day):
            day += _DAY
        return day

    def _nth_working_day(self, day: date, n: int) -> date:
        left = n
        while left > 0:
            day += _DAY
            left -= self.is_working(day)
        return self.working_day_from(day)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Calendar):
            return NotImplemented
        return self._days == other._days and self.known_until == other.known_until

    __hash__ = None  # type: ignore[assignment]


def legal_day(instant: datetime) -> date:
    """The day in Asia/Shanghai on which `instant` falls; 24:00 already belongs to the next day."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return instant.astimezone(SHANGHAI).date()


def end_of_day(day: date) -> datetime:
    """24:00 of `day` in Asia/Shanghai, as an aware instant in UTC. 民法典 203(2)."""
    return datetime.combine(day + _DAY, time.min, SHANGHAI).astimezone(UTC)


def last_day(end: datetime) -> date:
    """The last day that a period ending at `end` still covers: 24:00 belongs to the day it ends."""
    return legal_day(end - timedelta(microseconds=1))


@cache
def _standard() -> Calendar:
    days = dict.fromkeys(announced.holidays, False) | dict.fromkeys(announced.workdays, True)
    whole_years = [day.year for day in announced.holidays if (day.month, day.day) == (10, 1)]
    return Calendar(days, known_until=date(max(whole_years), 12, 31))
