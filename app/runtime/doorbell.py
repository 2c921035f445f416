"""Wakes the worker. Rows are the truth: a ring that is lost only delays until the worker's next round.

Huey carries the ring: a file beside the embedded database, or tables in PostgreSQL across machines.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from flask import Flask, current_app
from huey import Huey, PostgresHuey, SqliteHuey
from sqlalchemy.engine import make_url

from app.config import Settings
from app.runtime.transaction import after_commit

log = logging.getLogger("minyi.doorbell")
ROUND = "minyi_round"
_KEY = "minyi.bell"
_TABLES_LOCK = 0x6D696E7969


@dataclass(frozen=True, slots=True)
class Bell:
    """The queue of an application and the one task in it: a round of the worker."""

    huey: Huey
    round: Any

    def ring(self) -> None:
        """Ask for a round unless one has been asked for already."""
        if self.huey.pending_count() == 0:
            self.round()


def hang(app: Flask, run: Callable[[], object]) -> Bell:
    """Open the queue; whoever consumes it (the worker) does `run` at every ring."""
    huey = _open(app.config["SETTINGS"])

    def work() -> None:
        run()

    bell = app.extensions[_KEY] = Bell(huey, huey.task(name=ROUND)(work))
    return bell


def take_down(app: Flask) -> None:
    """Close the queue's connection."""
    bell: Bell | None = app.extensions.pop(_KEY, None)
    if bell is not None:
        bell.huey.storage.close()


def ring_after_commit() -> None:
    """Wake the worker once the present transaction has committed."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    after_commit(lambda: ring(app))


def ring(app: Flask) -> None:
    """Wake the worker now. A queue that is out of reach is told in the log: the worker comes by anyway."""
    try:
        bell: Bell = app.extensions.get(_KEY) or hang(app, _not_here)
        bell.ring()
    except Exception:
        log.warning("the doorbell is out of reach", exc_info=True)


def _not_here() -> None:
    """A web process rings and never consumes."""


def _open(settings: Settings) -> Huey:
    """The queue; its tables are made where they are missing."""
    if settings.sqlite:
        return SqliteHuey("minyi", filename=str(settings.instance_path / "queue.db"), results=False)
    url = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:  # two that make the same tables at once: one would fail
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_TABLES_LOCK,))
        return PostgresHuey("minyi", dsn=url, results=False)
