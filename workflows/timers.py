"""When a BPMN timer is due: dates, durations and cycles of ISO 8601, read exactly.

The library reads them with the system's clock and its own rounding; here `now` is an argument, a month
after 31 January ends with February, and a time of day without an offset is refused. Not for legal
periods in working days: an expression such as working_days(5) gives the instant, `timeDate` takes it.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from workflows.errors import ExpressionRefused, Phrase, Refusal, message
from workflows.expressions import Expression, compile_expression
from workflows.expressions.expression import unwrapped
from workflows.expressions.instants import Duration, parse_duration, parse_instant
from workflows.expressions.reasons import Failure, quoted

TimerKind = Literal["date", "duration", "cycle"]

_CYCLE = re.compile(r"R([0-9]{0,9})((?:/[^/]*)+)")
_LITERAL = re.compile(r"-?P[0-9TYMWDHS.,:+-]*|R[0-9-]*/.*|[0-9]{4}-[0-9]{2}-[0-9]{2}.*")
_QUOTED = re.compile(r"""(["'])([^"'\\]*)\1""")
_GIVES_INSTANT = frozenset(
    [
        "now",
        "today",
        "hours",
        "days",
        "working_days",
        "at",
        "later",
        "earlier",
        "date_of",
        "date",
        "instant",
        "add",
    ]
)
_SHORTEST_CYCLE = timedelta(seconds=1)
_SAMPLE_NOW = datetime(2026, 1, 1, tzinfo=UTC)


class TimerRefused(Refusal):
    """The value of a timer is none of its kind."""

    code = "engine.timer"
    text = message("The timer value “{value}” cannot be used: {reason}.")


@dataclass(frozen=True, slots=True)
class Due:
    """When a timer fires next, and how it goes on.

    `at` is UTC and may lie in the past (then it is due at once). `repeats_left` counts the firings after
    this one, None without end. A firing of a cycle is `count` times its `interval` after its `anchor`, so
    that a monthly cycle begun on the 31st returns to the 31st. All of it is plain: store it as it is.
    """

    at: datetime
    repeats_left: int | None = 0
    interval: str = ""
    anchor: datetime | None = None
    count: int = 0


def due(kind: TimerKind, value: Any, now: datetime) -> Due:
    """When the timer armed at `now` with `value`, a text, fires first.

    date: an instant with its offset, or a date alone (00:00 in Asia/Shanghai). duration: `P10D`, `PT2H`.
    cycle: `R3/PT24H`, `R/P1D`, `R3/2026-12-01T08:00:00+08:00/P1D`. A cycle whose start lies in the past
    joins in at its next firing; firings missed count as done, but for the last one, which is due at once.

    Raises: TimerRefused.
    """
    try:
        if not isinstance(value, str):
            raise Failure(message("a timer needs a text such as P10D or 2026-12-01"))
        text = value.strip()
        if kind == "date":
            return Due(at=_instant(text))
        if kind == "duration":
            return Due(at=_duration(text).after(now))
        return _cycle(text, now)
    except Failure as failure:
        raise TimerRefused(value=quoted(value), reason=failure.reason) from None


def following(current: Due) -> Due | None:
    """The firing after `current`, or None when it was the last.

    Raises: TimerRefused where it would lie beyond the year 9999.
    """
    if not current.interval or current.repeats_left == 0:
        return None
    left = None if current.repeats_left is None else current.repeats_left - 1
    count = current.count + 1
    anchor = current.anchor or current.at
    try:
        at = parse_duration(current.interval).after(anchor, times=count)
    except Failure as failure:
        raise TimerRefused(value=current.interval, reason=failure.reason) from None
    return replace(current, at=at, repeats_left=left, anchor=anchor, count=count)


def timer_expression(text: str, kind: TimerKind) -> Expression:
    """The expression that gives a timer's value: a literal of its kind, quoted or not, or an expression.

    Raises: ExpressionRefused where `text` is neither, or a literal of another kind.
    """
    inner = unwrapped(text) if isinstance(text, str) else ""
    bare = match.group(2).strip() if (match := _QUOTED.fullmatch(inner)) else inner
    if _LITERAL.fullmatch(bare):
        return _literal(text, bare, kind)
    expression = compile_expression(text)
    if expression.constant:
        return _literal(text, expression.literal, kind)
    if kind != "date" and expression.function in _GIVES_INSTANT:
        template = message("{name}() gives an instant, not a length of time: use a date timer")
        raise ExpressionRefused(
            expression=quoted(text.strip()), reason=Phrase(template, name=expression.function)
        )
    return expression


@lru_cache(1024)
def deadline_expression(text: str) -> Expression:
    """The expression that gives a task's due instant; a literal length of time counts from now.

    Raises: ExpressionRefused where `text` is neither a date, a length of time nor an expression.
    """
    inner = unwrapped(text)
    bare = match.group(2).strip() if (match := _QUOTED.fullmatch(inner)) else inner
    if bare.startswith("P") and _LITERAL.fullmatch(bare):
        timer_expression(text, "duration")
        return compile_expression(f'add(now(), "{bare}")')
    return timer_expression(text, "date")


def _literal(text: str, value: Any, kind: TimerKind) -> Expression:
    try:
        due(kind, value, _SAMPLE_NOW)
    except TimerRefused as refused:
        raise ExpressionRefused(expression=quoted(text.strip()), reason=refused.params["reason"]) from None
    return compile_expression(f'"{value}"')


def _instant(text: str) -> datetime:
    if text.startswith(("P", "-P", "R")):
        raise Failure(message("“{text}” is no date: use a duration or cycle timer for it"), text=text)
    return parse_instant(text)


def _duration(text: str) -> Duration:
    if text.startswith("R"):
        raise Failure(message("“{text}” repeats: use a cycle timer for it"), text=text)
    return parse_duration(text)


def _cycle(text: str, now: datetime) -> Due:
    match = _CYCLE.fullmatch(text)
    if match is None:
        raise Failure(
            message("“{text}” is no ISO 8601 cycle: write for example R3/PT24H, R/P1D; cron is not known"),
            text=text,
        )
    times, parts = match.group(1), match.group(2)[1:].split("/")
    if len(parts) > 2 or parts[-1][:1] != "P":
        raise Failure(
            message("the cycle {text} must end with its interval: write R3/PT24H or R3/2026-12-01/P1D"),
            text=text,
        )
    if times and int(times) == 0:
        raise Failure(message("the cycle {text} repeats no time: it would never fire"), text=text)
    interval = parse_duration(parts[-1])
    if interval.months == 0 and interval.rest < _SHORTEST_CYCLE:
        raise Failure(message("the cycle {text} is shorter than a second: it would never rest"), text=text)
    total = int(times) if times else None
    if len(parts) == 1:
        left = None if total is None else total - 1
        return Due(at=interval.after(now), repeats_left=left, interval=parts[0], anchor=now, count=1)
    start = parse_instant(parts[0])
    count = _missed(start, interval, now, total)
    left = None if total is None else total - 1 - count
    at = interval.after(start, times=count)
    return Due(at=at, repeats_left=left, interval=parts[1], anchor=start, count=count)


def _missed(first: datetime, interval: Duration, now: datetime, total: int | None) -> int:
    """How many firings lie before the first one at or after `now`; at most all but the last."""
    if first >= now:
        return 0
    most = (now - first) // _SHORTEST_CYCLE + 1 if total is None else total - 1
    low, high = 0, most  # the answer is the least count whose firing is not before now, or `most`
    while low < high:
        middle = (low + high) // 2
        if _before(first, interval, middle, now):
            low = middle + 1
        else:
            high = middle
    return low


def _before(first: datetime, interval: Duration, count: int, now: datetime) -> bool:
    try:
        return interval.after(first, times=count) < now
    except Failure:
        return False
