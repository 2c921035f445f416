"""The worker as a process: it fires, stops on a signal, and a killed one leaves nothing lost or twice."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from building_app import (
    NOW,
    add_person,
    add_unit,
    bpmn,
    built_app,
    chain,
    publish,
    start,
)
from sqlalchemy import func, select

from app.extensions import db
from app.models import Case, Record, Timer
from app.runtime import doorbell, records

ROOT = Path(__file__).resolve().parents[2]
CASES = 200
WAIT = (
    '<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
    "</timerEventDefinition></intermediateCatchEvent>"
)


@contextmanager
def worker(url: str, instance: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m app.worker` on this database."""
    environment = {**os.environ, "DATABASE_URL": url, "INSTANCE_PATH": str(instance), "SECRET_KEY": "k" * 40}
    with (instance / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.worker"], cwd=ROOT, env=environment, stderr=log, stdout=log
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=10)


def until(seen: Callable[[], bool], seconds: float = 40) -> None:
    """Wait until `seen` is true."""
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def left() -> int:
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(Timer)).scalar_one()


def waiting_cases(number: int) -> list[int]:
    """Cases whose timers are long due."""
    unit = add_unit("村")
    who = add_person("zhao", unit=unit)
    key = publish(bpmn(chain(WAIT)))
    return [start(key, by=who, unit=unit, now=NOW - timedelta(days=500)).case_id for _ in range(number)]


def test_a_worker_killed_in_the_middle_loses_nothing_and_does_nothing_twice(
    database: str, tmp_path: Path
) -> None:
    with built_app(tmp_path, database=database) as app, app.app_context():
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        cases = waiting_cases(CASES)
        with worker(url, tmp_path) as process:
            until(lambda: left() < CASES)
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=10)
        assert 0 < left() < CASES, "it was killed in the middle"
        with worker(url, tmp_path), worker(url, tmp_path):
            until(lambda: left() == 0)
        db.session.rollback()
        fired = db.session.execute(
            select(Record.case_id, func.count()).where(Record.kind == "timer.fired").group_by(Record.case_id)
        )
        assert {row[0]: row[1] for row in fired} == dict.fromkeys(cases, 1)
        assert set(db.session.execute(select(Case.state)).scalars()) == {"completed"}
        assert records.verify(cases[0]) == records.verify(cases[-1]) == []


@pytest.mark.parametrize(
    ("database", "name"),
    [("sqlite", "SIGINT"), pytest.param("postgres", "SIGTERM", marks=pytest.mark.postgres)],
)
def test_a_worker_stops_cleanly_on_a_signal(database: str, name: str, tmp_path: Path) -> None:
    with (
        built_app(tmp_path, database=database) as app,
        app.app_context(),
        worker(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path) as process,
    ):
        waiting_cases(1)
        doorbell.ring(app)
        until(lambda: left() == 0)
        process.send_signal(getattr(signal, name))
        assert process.wait(timeout=10) == 0
    log = (tmp_path / "worker.log").read_text()
    assert "worker stopped" in log
    assert "Traceback" not in log
