"""Instants, dates and durations as texts: reading, writing and reckoning with them.

Instants are written in UTC to the second, `2026-12-02T16:00:00Z`; dates as `2026-12-02` and meant in
Asia/Shanghai, the legal day of the country. Durations are those of ISO 8601. Not for working days: that
is `services.calendar`.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from workflows.errors import message
from workflows.expressions.reasons import Failure

SHANGHAI = ZoneInfo("Asia/Shanghai")

_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = r"([0-9]{1,9}(?:[.,][0-9]{1,9})?)"
_DURATION = re.compile(
    rf"P(?:{_NUMBER}W|(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}D)?"
    rf"(T(?=[0-9])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)"
)
_SECONDS = {"W": 604_800, "D": 86_400, "H": 3_600, "M": 60, "S": 1}


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: whole months, which have no fixed length, and an exact rest in microseconds."""

    months: int
    microseconds: int

    @property
    def rest(self) -> timedelta:
        return timedelta(microseconds=self.microseconds)

    def after(self, start: datetime, *, times: int = 1) -> datetime:
        """The instant `times` durations after `start`.

        Months are counted on the calendar of Asia/Shanghai and end on its last day where a month is
        shorter: one month after 31 January is 28 or 29 February.
        """
        try:
            local = start.astimezone(SHANGHAI)
            moved = datetime.combine(later_month(local.date(), self.months * times), local.timetz())
            return (moved + self.rest * times).astimezone(UTC)
        except (OverflowError, ValueError):
            raise Failure(message("it leads beyond the year 9999")) from None


def parse_duration(text: str) -> Duration:
    """An ISO 8601 duration, exactly. Raises: Failure for anything else, negative ones included."""
    if text.startswith("-") or "-" in text:
        raise Failure(message("the duration {text} is negative: time only goes on"), text=text)
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise Failure(
            message("“{text}” is no ISO 8601 duration: write for example P10D, PT2H or P1M"), text=text
        )
    weeks, years, months, days, _, hours, minutes, seconds = match.groups()
    parts = [
        (weeks, "W"),
        (years, "Y"),
        (months, "months"),
        (days, "D"),
        (hours, "H"),
        (minutes, "M"),
        (seconds, "S"),
    ]
    given = [(Fraction(value.replace(",", ".")), unit) for value, unit in parts if value]
    if any(amount.denominator != 1 for amount, _ in given[:-1]):
        raise Failure(message("in the duration {text} only the smallest unit may have a fraction"), text=text)
    in_months = sum(amount * (12 if unit == "Y" else 1) for amount, unit in given if unit in ("Y", "months"))
    if Fraction(in_months).denominator != 1:
        raise Failure(message("the duration {text} holds a part of a month: write days instead"), text=text)
    exact = sum(amount * _SECONDS[unit] * 1_000_000 for amount, unit in given if unit in _SECONDS)
    if in_months > 120_000 or exact > 10**18:
        raise Failure(message("the duration {text} is too long"), text=text)
    return Duration(int(in_months), int(exact))


def later_month(day: date, months: int) -> date:
    """The same day `months` months later, or the last day of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError(year)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def looks_like_instant(text: str) -> bool:
    """Whether `text` is written as a date with time and offset; says nothing about its truth."""
    return (
        len(text) >= 17
        and text[4] == "-"
        and text[13:14] == ":"
        and (match := _INSTANT.fullmatch(text)) is not None
        and match.group(6) is not None
    )


def is_date(text: str) -> bool:
    """Whether `text` is written as a date alone."""
    return len(text) == 10 and _DATE.fullmatch(text) is not None


def parse_date(text: str) -> date:
    """Raises: Failure where `text` is no day of the calendar."""
    if is_date(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise Failure(message("{text} is no day of the calendar"), text=text) from None
    raise Failure(message("“{text}” is no date: write it as 2026-12-02"), text=text)


def parse_instant(text: str) -> datetime:
    """The instant, aware, in UTC; a date alone is 00:00 of that day in Asia/Shanghai.

    Raises: Failure for anything else, and for a time of day without an offset.
    """
    if is_date(text):
        return midnight(parse_date(text))
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise Failure(
            message(
                "“{text}” is neither a date nor an instant: write 2026-12-02 or 2026-12-02T08:00:00+08:00"
            ),
            text=text,
        )
    day, hour, minute, second, fraction, offset = match.groups()
    if offset is None:
        raise Failure(
            message("{text} has no offset from UTC: write {text}+08:00 for Chinese time"), text=text
        )
    if offset in "Zz":
        offset = "+00:00"
    elif len(offset) == 3:
        offset += ":00"
    elif len(offset) == 5:
        offset = offset[:3] + ":" + offset[3:]
    micro = (fraction or "0").ljust(6, "0")[:6]
    try:
        return datetime.fromisoformat(f"{day}T{hour}:{minute}:{second or '00'}.{micro}{offset}").astimezone(
            UTC
        )
    except (ValueError, OverflowError):
        raise Failure(message("{text} is no instant of the calendar"), text=text) from None


def midnight(day: date) -> datetime:
    """00:00 of `day` in Asia/Shanghai, as an instant in UTC."""
    try:
        return datetime.combine(day, time.min, SHANGHAI).astimezone(UTC)
    except OverflowError:
        raise Failure(message("{text} is no instant of the calendar"), text=day.isoformat()) from None


def written(instant: datetime) -> str:
    """The instant in UTC to the second: 2026-12-02T16:00:00Z."""
    return (
        instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if instant.year >= 1000
        else _written_early(instant)
    )


def _written_early(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
