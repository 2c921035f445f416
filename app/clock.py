"""The product's clock. Everything that counts legal time asks it; sign-in, throttles and keys do not.

`now` travels as an argument from here on: only HTTP modules, the worker and the CLI call `now()`.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask, current_app

SHANGHAI = ZoneInfo("Asia/Shanghai")
_KEY = "minyi.clock"


def machine_now() -> datetime:
    """The machine's instant, aware UTC: for tokens, sessions, throttles and idempotency only."""
    return datetime.now(UTC)


def now() -> datetime:
    """The product's instant, aware UTC, whole seconds cut off nowhere; moved forward in a sandbox."""
    offset: Callable[[], timedelta] | None = current_app.extensions.get(_KEY)
    return machine_now() + (offset() if offset else timedelta(0))


def install(app: Flask, offset: Callable[[], timedelta]) -> None:
    """Let `offset` say how far the sandbox has moved the clock. Without it the clock is the machine's."""
    app.extensions[_KEY] = offset
