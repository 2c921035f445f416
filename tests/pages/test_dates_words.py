"""Dates as people say them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from app import translations
from app.presentation.dates import ago_words, day_words, due_words, duration_words, exact_words

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)  # Sunday, 09:00 in Shanghai


@pytest.fixture(autouse=True)
def reader() -> Iterator[None]:
    if not (translations.HERE / "zh" / "LC_MESSAGES" / "messages.mo").exists():
        translations.compile_catalogue()
    app = Flask("words")
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(translations.HERE)
    Babel(app)
    with app.test_request_context(), force_locale("zh"):
        yield


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


def test_a_legal_day_is_said_as_the_day_that_ends() -> None:
    due = due_words(shanghai("2026-11-26T00:00"), now=NOW)
    assert (due.day, due.left, due.pressing) == ("11月25日 周三", "还剩3天", "fine")
    assert due.iso == "2026-11-26T00:00:00+08:00"


def test_a_deadline_in_the_day_says_its_time() -> None:
    due = due_words(shanghai("2026-11-22T15:30"), now=NOW)
    assert (due.day, due.left, due.pressing) == ("11月22日 周日 15:30", "还剩6小时", "soon")


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(minutes=5), "已超5分钟"),
        (timedelta(hours=23), "已超23小时"),
        (timedelta(days=2, hours=1), "已超2天"),
        (timedelta(0), "已超0分钟"),
    ],
)
def test_what_is_over_says_by_how_much(ago: timedelta, words: str) -> None:
    due = due_words(NOW - ago, now=NOW)
    assert (due.left, due.pressing) == (words, "late")


def test_another_year_is_named_and_english_says_it_its_way() -> None:
    at = shanghai("2027-01-04T09:05")
    assert day_words(at, now=NOW) == "2027年1月4日 周一 09:05"
    with force_locale("en"):
        assert day_words(at, now=NOW) == "Mon 4 Jan 2027 09:05"
        assert due_words(shanghai("2026-11-26T00:00"), now=NOW).left == "3 days left"


def test_text_of_the_api_is_read_as_well() -> None:
    assert exact_words("2026-11-22T01:00:00Z") == "2026-11-22 09:00（北京时间）"
    assert ago_words("2026-11-20T00:00:00Z", now=NOW) == "2天前"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0, "0分钟"), (59, "1分钟"), (3_600, "1小时"), (90_000, "1天1小时"), (864_000 * 3, "30天")],
)
def test_lengths_of_time_in_two_steps(seconds: float | None, words: str) -> None:
    assert duration_words(seconds) == words
