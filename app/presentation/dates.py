"""Dates and deadlines as people say them: 11月25日 周三（还剩3天）, in the language of the reader.

A legal day ends at 24:00: an instant of midnight sharp is said as the end of the day before. Not for
computing deadlines (workflows/services/calendar).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from flask import Flask
from flask_babel import get_locale, gettext, ngettext

from app import clock

SOON = timedelta(days=3)
Pressing = Literal["late", "soon", "fine"]


@dataclass(frozen=True, slots=True)
class DueWords:
    """A deadline in words: `day` (11月25日 周三), `left` (还剩3天), how pressing, and the exact instant."""

    day: str
    left: str
    pressing: Pressing
    exact: str
    iso: str


def due_words(due_at: datetime | str, *, now: datetime) -> DueWords:
    """A deadline as people say it, with what is left of it at `now`."""
    at = instant(due_at)
    return DueWords(
        day=day_words(at, now=now, ends=True),
        left=_left(at, now),
        pressing=_pressing(at, now),
        exact=exact_words(at),
        iso=at.isoformat(),
    )


def day_words(at: datetime | str, *, now: datetime, ends: bool = False) -> str:
    """The day and, unless it is a whole day's end, the time. `ends`: midnight means the day before."""
    local = instant(at).astimezone(clock.SHANGHAI)
    whole = local.hour == local.minute == local.second == 0
    if ends and whole:
        local -= timedelta(seconds=1)
    words = _day(local, this_year=now.astimezone(clock.SHANGHAI).year)
    return words if whole and ends else f"{words} {local:%H:%M}"


def date_words(at: datetime | str, *, now: datetime) -> str:
    """The day alone."""
    return _day(instant(at).astimezone(clock.SHANGHAI), this_year=now.astimezone(clock.SHANGHAI).year)


def ago_words(at: datetime | str, *, now: datetime) -> str:
    """How long ago: 3天前, 2小时前, 刚刚."""
    passed = now - instant(at)
    if passed < timedelta(minutes=1):
        return str(gettext("just now"))
    minutes = int(passed.total_seconds() // 60)
    if minutes < 60:
        return str(ngettext("%(num)d minute ago", "%(num)d minutes ago", minutes))
    if minutes < 24 * 60:
        return str(ngettext("%(num)d hour ago", "%(num)d hours ago", minutes // 60))
    return str(ngettext("%(num)d day ago", "%(num)d days ago", minutes // (24 * 60)))


def exact_words(at: datetime | str) -> str:
    """The exact instant as it goes on paper: 2026-11-25 24:00（北京时间）."""
    local = instant(at).astimezone(clock.SHANGHAI)
    return str(gettext("%(at)s (Beijing time)", at=f"{local:%Y-%m-%d %H:%M}"))


def duration_words(seconds: float | None) -> str:
    """A length of time in two steps at most: 3天4小时, 25分钟; a dash for none."""
    if seconds is None:
        return "–"
    minutes = max(0, round(seconds / 60))
    days, hours = minutes // 1440, minutes % 1440 // 60
    parts = []
    if days:
        parts.append(ngettext("%(num)d day", "%(num)d days", days))
    if hours and days < 10:
        parts.append(ngettext("%(num)d hour", "%(num)d hours", hours))
    if not days and (minutes % 60 or not hours):
        parts.append(ngettext("%(num)d minute", "%(num)d minutes", minutes % 60))
    return (" " if _english() else "").join(parts)


def instant(value: datetime | str) -> datetime:
    """An aware instant from a datetime or its ISO text."""
    return datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else value


def install(app: Flask) -> None:
    """Offer the words as template filters, reckoned at the product's clock."""

    def at_now(words: Any) -> Any:
        return lambda value: words(value, now=clock.now()) if value else ""

    app.jinja_env.filters.update(
        due=lambda value: due_words(value, now=clock.now()),
        day=at_now(day_words),
        date=at_now(date_words),
        ago=at_now(ago_words),
        exact=lambda value: exact_words(value) if value else "",
        iso=lambda value: instant(value).isoformat() if value else "",
        duration=duration_words,
    )


def _english() -> bool:
    locale = get_locale()
    return locale is not None and locale.language == "en"


def _day(local: datetime, *, this_year: int) -> str:
    weekdays = (
        gettext("Mon"),
        gettext("Tue"),
        gettext("Wed"),
        gettext("Thu"),
        gettext("Fri"),
        gettext("Sat"),
        gettext("Sun"),
    )
    weekday = weekdays[local.weekday()]
    if _english():
        return f"{weekday} {local.day} {local:%b}" + (f" {local.year}" if local.year != this_year else "")
    year = f"{local.year}年" if local.year != this_year else ""
    return f"{year}{local.month}月{local.day}日 {weekday}"


def _pressing(at: datetime, now: datetime) -> Pressing:
    if at <= now:
        return "late"
    return "soon" if at - now <= SOON else "fine"


def _left(at: datetime, now: datetime) -> str:
    minutes = int(abs(at - now).total_seconds() // 60)
    late = at <= now
    if minutes < 60:
        words = (
            ngettext("%(num)d minute overdue", "%(num)d minutes overdue", minutes)
            if late
            else ngettext("%(num)d minute left", "%(num)d minutes left", minutes)
        )
    elif minutes < 24 * 60:
        hours = minutes // 60
        words = (
            ngettext("%(num)d hour overdue", "%(num)d hours overdue", hours)
            if late
            else ngettext("%(num)d hour left", "%(num)d hours left", hours)
        )
    else:
        ends = (at - timedelta(seconds=1)).astimezone(clock.SHANGHAI).date()
        days = abs((ends - now.astimezone(clock.SHANGHAI).date()).days) or 1
        words = (
            ngettext("%(num)d day overdue", "%(num)d days overdue", days)
            if late
            else ngettext("%(num)d day left", "%(num)d days left", days)
        )
    return str(words)
