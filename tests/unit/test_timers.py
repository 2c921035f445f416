"""When timers are due, read exactly, and what is refused instead of guessed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from workflows.errors import ExpressionRefused
from workflows.model import World
from workflows.services.calendar import Calendar
from workflows.timers import Due, TimerKind, TimerRefused, due, following, timer_expression

NOW = datetime(2026, 1, 31, 2, tzinfo=UTC)  # ten in the morning in Beijing


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("kind", "value", "at"),
    [
        ("duration", "PT1H", utc(2026, 1, 31, 3)),
        ("duration", "P10D", utc(2026, 2, 10, 2)),
        ("duration", "P1M", utc(2026, 2, 28, 2)),
        ("duration", "P13M", utc(2027, 2, 28, 2)),
        ("duration", "P2Y1M", utc(2028, 2, 29, 2)),
        ("duration", "P1Y2M10DT2H30M", utc(2027, 4, 10, 4, 30)),
        ("duration", "P1W", utc(2026, 2, 7, 2)),
        ("duration", "P0.5W", utc(2026, 2, 3, 14)),
        ("duration", "P1.5D", utc(2026, 2, 1, 14)),
        ("duration", "PT0.5S", utc(2026, 1, 31, 2, 0, 0, 500_000)),
        ("duration", "PT0,25H", utc(2026, 1, 31, 2, 15)),
        ("duration", "P0.5Y", utc(2026, 7, 31, 2)),
        ("duration", "PT36H", utc(2026, 2, 1, 14)),
        ("duration", "PT0S", NOW),
        ("duration", " P1D ", utc(2026, 2, 1, 2)),
        ("date", "2026-12-01", utc(2026, 11, 30, 16)),
        ("date", "2026-12-01T10:00:00+08:00", utc(2026, 12, 1, 2)),
        ("date", "2026-12-01T10:00+0800", utc(2026, 12, 1, 2)),
        ("date", "2026-12-01T10:00:00.250Z", utc(2026, 12, 1, 10, 0, 0, 250_000)),
        ("date", "1999-01-01", utc(1998, 12, 31, 16)),
    ],
)
def test_a_timer_is_due_exactly_then(kind: TimerKind, value: str, at: datetime) -> None:
    found = due(kind, value, NOW)
    assert found == Due(at=at)
    assert following(found) is None


def test_a_month_is_counted_on_the_calendar_of_china() -> None:
    # 20:00 on 31 January in UTC is already 1 February in China
    assert due("duration", "P1M", utc(2026, 1, 31, 20)).at == utc(2026, 2, 28, 20)
    assert due("duration", "P1M", utc(2026, 1, 30, 20)).at == utc(2026, 2, 27, 20)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("duration", "P", "ISO 8601"),
        ("duration", "PT", "ISO 8601"),
        ("duration", "P1DT", "ISO 8601"),
        ("duration", "", "ISO 8601"),
        ("duration", "1h", "ISO 8601"),
        ("duration", "P1D2H", "ISO 8601"),
        ("duration", "P1H", "ISO 8601"),
        ("duration", "P1W2D", "ISO 8601"),
        ("duration", "PT1S1M", "ISO 8601"),
        ("duration", "P１D", "ISO 8601"),
        ("duration", "-P1D", "negative"),
        ("duration", "P-1D", "negative"),
        ("duration", "P1.5DT1H", "smallest unit"),
        ("duration", "P0.5M", "part of a month"),
        ("duration", "P0.3Y", "part of a month"),
        ("duration", "P99999999Y", "too long"),
        ("duration", "P9000Y", "9999"),
        ("duration", "R3/PT1H", "cycle timer"),
        ("duration", 5, "needs a text"),
        ("duration", None, "needs a text"),
        ("date", "2026-12-01T10:00:00", "no offset"),
        ("date", "2026-02-30", "no day"),
        ("date", "2026-12-01T25:00:00Z", "no instant"),
        ("date", "2026-12-01T10:00:00+99:00", "no instant"),
        ("date", "tomorrow", "neither a date nor an instant"),
        ("date", "PT1H", "use a duration"),
        ("date", "0001-01-01", "no instant"),
        ("date", "9999-12-31T23:59:59-08:00", "no instant"),
        ("cycle", "PT1H", "ISO 8601 cycle"),
        ("cycle", "0 0 9 * * ?", "cron"),
        ("cycle", "R0/P1D", "never fire"),
        ("cycle", "R-1/P1D", "ISO 8601 cycle"),
        ("cycle", "R/PT0S", "never rest"),
        ("cycle", "R/PT0.01S", "never rest"),
        ("cycle", "R3", "ISO 8601 cycle"),
        ("cycle", "R3/", "interval"),
        ("cycle", "R3/2026-01-01", "interval"),
        ("cycle", "R3/P1D/2026-01-01", "interval"),
        ("cycle", "R3/2026-01-01T00:00:00/P1D", "no offset"),
        ("cycle", "R3/2026-01-01/P1D/P1D", "interval"),
    ],
)
def test_what_is_no_timer_value_is_refused_with_the_reason(kind: TimerKind, value: Any, reason: str) -> None:
    with pytest.raises(TimerRefused) as caught:
        due(kind, value, NOW)
    assert reason in str(caught.value)


def firings(text: str, now: datetime = NOW, most: int = 5) -> list[tuple[datetime, int | None]]:
    found: list[tuple[datetime, int | None]] = []
    current: Due | None = due("cycle", text, now)
    while current is not None and len(found) < most:
        found.append((current.at, current.repeats_left))
        current = following(current)
    return found


def test_a_cycle_of_three_fires_three_times() -> None:
    assert firings("R3/PT24H") == [(utc(2026, 2, 1, 2), 2), (utc(2026, 2, 2, 2), 1), (utc(2026, 2, 3, 2), 0)]


def test_an_endless_cycle_never_ends() -> None:
    assert firings("R/P1D", most=3) == [(utc(2026, 2, day, 2), None) for day in (1, 2, 3)]


def test_a_monthly_cycle_begun_on_the_31st_returns_to_the_31st() -> None:
    days = [at.astimezone(UTC).strftime("%m-%d") for at, _ in firings("R/P1M")]
    assert days == ["02-28", "03-31", "04-30", "05-31", "06-30"]


def test_a_cycle_with_a_start_fires_there_first() -> None:
    assert firings("R2/2026-03-01T08:00:00+08:00/P1W") == [(utc(2026, 3, 1, 0), 1), (utc(2026, 3, 8, 0), 0)]


def test_a_cycle_begun_in_the_past_joins_in_at_its_next_firing() -> None:
    assert firings("R5/2026-01-29T02:00:00Z/P1D") == [
        (NOW, 2),
        (utc(2026, 2, 1, 2), 1),
        (utc(2026, 2, 2, 2), 0),
    ]


def test_a_cycle_that_is_wholly_past_fires_once_at_once() -> None:
    assert firings("R3/2025-01-01T00:00:00Z/P1M") == [(utc(2025, 3, 1), 0)]


def test_a_cycle_of_seconds_since_long_ago_is_found_at_once() -> None:
    assert due("cycle", "R/1970-01-01T00:00:00Z/PT1S", NOW).at == NOW


def test_a_cycle_ends_with_the_calendar() -> None:
    current = due("cycle", "R/9990-01-01/P9Y", NOW)
    second = following(current)
    assert second is not None
    with pytest.raises(TimerRefused, match="9999"):
        following(second)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("PT1H", "duration", "PT1H"),
        ("'PT1H'", "duration", "PT1H"),
        ('"PT1H"', "duration", "PT1H"),
        ('="PT1H"', "duration", "PT1H"),
        ("${'PT1H'}", "duration", "PT1H"),
        ('= duration("PT1H")', "duration", "PT1H"),
        ("R3/PT24H", "cycle", "R3/PT24H"),
        ("'R/P1D'", "cycle", "R/P1D"),
        ("2026-12-01", "date", "2026-12-01"),
        ("2026-12-01T10:00:00+08:00", "date", "2026-12-01T10:00:00+08:00"),
        ("${wait}", "duration", "P2D"),
        ("wait", "duration", "P2D"),
        ("'P' + str(n) + 'D'", "duration", "P3D"),
        ("'R' + str(n) + '/PT1H'", "cycle", "R3/PT1H"),
        ("working_days(1)", "date", "2026-02-02T16:00:00Z"),
        ("if n > 2 then hours(1) else deadline", "date", "2026-01-31T03:00:00Z"),
    ],
)
def test_a_timer_text_is_a_literal_or_an_expression(text: str, kind: TimerKind, value: str) -> None:
    world = World(now=NOW, calendar=Calendar.standard())
    found = timer_expression(text, kind).evaluate({"wait": "P2D", "n": 3}, world)
    assert found == value
    due(kind, found, NOW)


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("", "date", "empty"),
        ("PT1H", "cycle", "ISO 8601 cycle"),
        ("R3/PT1H", "duration", "cycle timer"),
        ("R3/PT1H", "date", "duration or cycle timer"),
        ("P1D", "date", "duration or cycle timer"),
        ("-PT1H", "duration", "negative"),
        ("P1D2H", "duration", "ISO 8601"),
        ("2026-12-01T10:00:00", "date", "no offset"),
        ("2026-13-01", "date", "no day"),
        ("5", "duration", "needs a text"),
        ("'soon'", "duration", "ISO 8601"),
        ("working_days(5)", "duration", "date timer"),
        ("now()", "cycle", "date timer"),
        ("0 0 9 * * ?", "cycle", "“0”"),
        ("1 hour", "duration", "“hour”"),
        ("__import__('os')", "date", "__import__"),
    ],
)
def test_what_can_be_neither_is_refused_at_publish(text: str, kind: TimerKind, reason: str) -> None:
    with pytest.raises(ExpressionRefused) as caught:
        timer_expression(text, kind)
    assert reason in str(caught.value)
