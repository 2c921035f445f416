"""Legal days: the announced calendar of 2025 and 2026, and how periods are counted on it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.services.calendar import Calendar, Unit, end_of_day, last_day, legal_day

CALENDAR = Calendar.standard()
BEIJING = ZoneInfo("Asia/Shanghai")


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2026-10-01", False),  # National Day, a Thursday
        ("2026-10-07", False),  # its last day off, a Wednesday
        ("2026-10-08", True),
        ("2026-10-10", True),  # a Saturday worked in exchange
        ("2026-09-20", True),  # a Sunday worked in exchange
        ("2026-09-25", False),  # Mid-Autumn, a Friday
        ("2026-02-16", False),  # Spring Festival
        ("2026-02-14", True),  # a Saturday worked in exchange
        ("2026-02-28", True),
        ("2026-06-19", False),  # Dragon Boat, a Friday
        ("2026-05-09", True),
        ("2026-11-21", False),  # an ordinary Saturday
        ("2026-11-23", True),
        ("2025-10-08", False),
        ("2025-10-11", True),
    ],
)
def test_the_announced_calendar_is_followed(day: str, working: bool) -> None:
    assert CALENDAR.is_working(date.fromisoformat(day)) is working


def test_beyond_the_announced_years_the_week_counts_and_is_provisional() -> None:
    year = CALENDAR.known_until.year + 1
    assert CALENDAR.known_until == date(year - 1, 12, 31)
    assert not CALENDAR.is_provisional(CALENDAR.known_until)
    assert CALENDAR.is_provisional(date(year, 1, 1))
    national_day = date(year, 10, 1)
    assert CALENDAR.is_working(national_day) is (national_day.weekday() < 5)


@given(st.dates())
def test_no_day_ever_raises(day: date) -> None:
    assert CALENDAR.is_working(day) in (True, False)
    assert CALENDAR.is_provisional(day) is (day > CALENDAR.known_until)


@pytest.mark.parametrize(
    ("start", "n", "unit", "last"),
    [
        # 民法典 201: the first day does not count; 203: a rest day rolls forward
        ("2026-11-23T09:00", 1, "calendar_days", "2026-11-24"),
        ("2026-11-23T00:00", 1, "calendar_days", "2026-11-24"),
        ("2026-11-23T23:59", 1, "calendar_days", "2026-11-24"),
        ("2026-11-23T09:00", 5, "calendar_days", "2026-11-30"),  # ends on a Saturday → Monday
        ("2026-09-24T09:00", 7, "calendar_days", "2026-10-08"),  # ends on 1 October → the 8th
        ("2026-09-24T09:00", 15, "calendar_days", "2026-10-09"),  # holidays inside do count
        ("2026-10-08T09:00", 2, "calendar_days", "2026-10-10"),  # ends on a Saturday that is worked
        ("2026-11-23T09:00", 0, "calendar_days", "2026-11-23"),
        ("2026-11-21T09:00", 0, "calendar_days", "2026-11-23"),
        # working days
        ("2026-11-20T09:00", 1, "working_days", "2026-11-23"),
        ("2026-11-20T09:00", 5, "working_days", "2026-11-27"),
        ("2026-09-30T09:00", 1, "working_days", "2026-10-08"),
        ("2026-09-30T09:00", 3, "working_days", "2026-10-10"),  # 8, 9 and the Saturday worked in exchange
        ("2026-09-30T09:00", 4, "working_days", "2026-10-12"),
        ("2026-02-13T09:00", 2, "working_days", "2026-02-24"),  # across Spring Festival
        ("2026-10-03T09:00", 1, "working_days", "2026-10-08"),  # begun on a holiday
        # months: 民法典 202
        ("2026-01-31T09:00", 1, "months", "2026-02-28"),  # no 31st in February; a Saturday, but worked
        ("2026-08-31T09:00", 1, "months", "2026-09-30"),
        ("2026-09-01T09:00", 1, "months", "2026-10-08"),
        # in the evening of UTC it is already the next day in China
        ("2026-11-24T00:30", 1, "calendar_days", "2026-11-25"),
    ],
)
def test_a_legal_period_ends_at_the_end_of_its_last_day(start: str, n: int, unit: Unit, last: str) -> None:
    end = CALENDAR.end_of_period(beijing(start).astimezone(UTC), n, unit)
    assert end == beijing(last + "T00:00") + timedelta(days=1)
    assert end.utcoffset() == timedelta(0)
    assert last_day(end) == date.fromisoformat(last)


def test_hours_run_from_the_stated_moment_and_never_roll() -> None:
    friday_evening = beijing("2026-11-20T18:30").astimezone(UTC)
    assert CALENDAR.end_of_period(friday_evening, 24, "hours") == friday_evening + timedelta(hours=24)


def test_a_period_needs_a_length_and_an_offset() -> None:
    with pytest.raises(ValueError, match="offset"):
        CALENDAR.end_of_period(datetime(2026, 1, 1), 1, "hours")
    with pytest.raises(ValueError, match="length"):
        CALENDAR.end_of_period(datetime(2026, 1, 1, tzinfo=UTC), -1, "hours")
    with pytest.raises(ValueError, match="offset"):
        legal_day(datetime(2026, 1, 1))


def test_a_legal_day_is_one_of_china_and_ends_at_24() -> None:
    assert legal_day(datetime(2026, 11, 22, 15, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert legal_day(datetime(2026, 11, 22, 16, 0, tzinfo=UTC)) == date(2026, 11, 23)
    assert end_of_day(date(2026, 11, 22)) == datetime(2026, 11, 22, 16, tzinfo=UTC)


@given(st.datetimes(datetime(2005, 1, 1), datetime(2040, 1, 1)), st.integers(0, 400))
def test_more_days_never_end_earlier_and_always_on_a_working_day(naive: datetime, n: int) -> None:
    start = naive.replace(tzinfo=UTC)
    for unit in ("calendar_days", "working_days"):
        end = CALENDAR.end_of_period(start, n, unit)  # type: ignore[arg-type]
        assert start < end <= CALENDAR.end_of_period(start, n + 1, unit)  # type: ignore[arg-type]
        assert CALENDAR.is_working(last_day(end))


@given(st.datetimes(datetime(2005, 1, 1), datetime(2040, 1, 1)), st.integers(1, 60))
def test_a_period_of_working_days_holds_just_so_many(naive: datetime, n: int) -> None:
    start = naive.replace(tzinfo=UTC)
    first, last = legal_day(start), last_day(CALENDAR.end_of_period(start, n, "working_days"))
    between = [first + timedelta(days=k) for k in range(1, (last - first).days + 1)]
    assert sum(CALENDAR.is_working(day) for day in between) == n


def test_rows_bring_the_calendar_back() -> None:
    again = Calendar.from_rows(CALENDAR.rows(), known_until=CALENDAR.known_until)
    assert again == CALENDAR
    assert CALENDAR.rows() == sorted(CALENDAR.rows())


def test_a_new_year_replaces_what_was_guessed() -> None:
    spring_festival = {date(2027, 2, day): False for day in range(5, 12)} | {date(2027, 2, 13): True}
    loaded = CALENDAR.with_year(2027, spring_festival)
    start = beijing("2027-02-04T09:00")
    assert last_day(CALENDAR.end_of_period(start, 1, "working_days")) == date(2027, 2, 5)
    assert last_day(loaded.end_of_period(start, 1, "working_days")) == date(2027, 2, 12)
    assert last_day(loaded.end_of_period(start, 2, "working_days")) == date(2027, 2, 13)
    assert loaded.known_until == date(2027, 12, 31)
    assert not loaded.is_provisional(date(2027, 6, 1))
    assert CALENDAR.is_provisional(date(2027, 6, 1))
