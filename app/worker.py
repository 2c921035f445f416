"""The worker: fires due timers, tells other cases, sends what is owed. `python -m app.worker`.

Huey rings and keeps the threads; what is to be done stands in rows (`runtime.rounds`). A round is asked for
every second and whenever somebody rings. Any number of workers may run, on any machine; a killed one
leaves nothing half done. SIGTERM and SIGINT: the present round ends, then it stops.
"""

import logging
import signal
import sys
from typing import Any

from flask import Flask
from huey.consumer import Consumer, Scheduler

from app.factory import create_app
from app.runtime import doorbell
from app.runtime.doorbell import Bell
from app.runtime.rounds import go_round

log = logging.getLogger("minyi.worker")
SECONDS_BETWEEN_ROUNDS = 1
LONGEST_POLL_SECONDS = 0.5
MOST_ROUNDS = 5
"""Rounds at one ring: a signal is heard between rings."""


class _RoundEverySecond(Scheduler):  # type: ignore[misc]
    """Asks for a round every second. (Huey's own periodic tasks know minutes only.)"""

    bell: Bell

    def enqueue_periodic_tasks(self, now: Any) -> None:
        self.bell.ring()


class _Consumer(Consumer):  # type: ignore[misc]
    """Huey's consumer with our scheduler; both signals let the present round end."""

    def __init__(self, bell: Bell) -> None:
        class RoundEverySecond(_RoundEverySecond):
            periodic_task_seconds = SECONDS_BETWEEN_ROUNDS

        RoundEverySecond.bell = bell
        self.scheduler_class = RoundEverySecond
        super().__init__(
            bell.huey,
            workers=1,
            periodic=True,
            initial_delay=0.05,
            max_delay=LONGEST_POLL_SECONDS,
            scheduler_interval=SECONDS_BETWEEN_ROUNDS,
            check_worker_health=True,
        )
        self._signal_actions |= {signal.SIGTERM: (False, True), signal.SIGINT: (False, True)}


def run_worker(app: Flask) -> None:
    """Work until a signal comes. In the main thread."""
    bell = doorbell.hang(app, lambda: _round(app))
    log.info("worker started")
    try:
        _Consumer(bell).run()
    finally:
        doorbell.take_down(app)
    log.info("worker stopped")


def _round(app: Flask) -> None:
    """Rounds until nothing is left, so that a backlog does not wait for the next second."""
    for _ in range(MOST_ROUNDS):
        if go_round(app).idle:
            return


def main() -> None:
    """Run a worker with the settings of the environment."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every plugin
    logging.getLogger("huey").setLevel(logging.WARNING)
    run_worker(create_app())


if __name__ == "__main__":
    main()
