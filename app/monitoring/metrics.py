"""The installation's figures for Prometheus, read from the database: every node answers alike."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.monitoring import queries

CONTENT_TYPE = CONTENT_TYPE_LATEST
_MEANINGS = {
    "timers_due": "Timers that are due and have not fired",
    "timers": "Timers that cases wait for",
    "outbox": "Work outside the database that is owed",
    "outbox_due": "Work outside the database that could be done now",
    "outbox_failed": "Work outside the database that was given up",
    "inbox": "Messages that nobody waits for yet",
    "incidents": "Incidents that are not settled",
    "tasks": "Open tasks",
    "tasks_overdue": "Open tasks past their deadline",
}


class _Figures(Collector):
    def __init__(self, now: datetime, machine: datetime) -> None:
        self.now, self.machine = now, machine

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, depth in queries.depths(self.now, self.machine).items():
            yield GaugeMetricFamily(f"minyi_{name}", _MEANINGS[name], value=depth)
        cases = GaugeMetricFamily("minyi_cases", "Cases by state", labels=["state"])
        for state, count in queries.cases_by_state().items():
            cases.add_metric([state], count)
        yield cases


def exposition(now: datetime, machine: datetime) -> bytes:
    """The figures in Prometheus' text format. `now`: product time; `machine`: machine time."""
    registry = CollectorRegistry()
    registry.register(_Figures(now, machine))
    return generate_latest(registry)
