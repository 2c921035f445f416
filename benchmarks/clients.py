"""Clients of the HTTP API over connections that stay open, and what they measured."""

import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from benchmarks.counted import HEADER
from benchmarks.place import FORTY, MANY, SHORT


@dataclass(slots=True)
class Taken:
    """What requests of one kind took: seconds, statements, and how many had which status."""

    seconds: list[float] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def p(self, share: float) -> float:
        """The milliseconds that this share of the requests stayed within."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3 if ordered else float("nan")

    @property
    def usual_statements(self) -> float:
        """The median of statements."""
        return statistics.median(self.statements) if self.statements else float("nan")

    def add(self, other: "Taken") -> None:
        """Take over what another has measured."""
        self.seconds += other.seconds
        self.statements += other.statements
        self.statuses += other.statuses


class Client:
    """One person at one connection; what its requests took is in `taken`, by kind."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.taken: dict[str, Taken] = {}

    def call(self, kind: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request: its status and the JSON of its answer."""
        sent = None if body is None else json.dumps(body).encode()
        begin = time.perf_counter()
        self._connection.request(method, "/api/v1" + path, sent, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        taken = self.taken.setdefault(kind, Taken())
        taken.seconds.append(time.perf_counter() - begin)
        taken.statuses[answer.status] += 1
        taken.statements.append(int(answer.headers.get(HEADER) or 0))
        return answer.status, json.loads(text) if text else None

    def start(self, definition: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
        """Start a case; its answer."""
        _status, answer = self.call("start", "POST", "/cases", {"definition": definition, "data": data or {}})
        return dict(answer)

    def complete(self, task: str, data: dict[str, Any], kind: str = "complete") -> tuple[int, Any]:
        """Complete a task."""
        return self.call(kind, "POST", f"/tasks/{task}/complete", {"data": data})

    def whole_case(self) -> None:
        """One start and both tasks."""
        following = self.start(SHORT, {"topic": "路灯", "amount": 1200}).get("next")
        while following:
            _status, done = self.complete(following[0], {"approved": True, "opinion": "同意"})
            following = done.get("next")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Load:
    """What several clients did at once."""

    seconds: float
    taken: dict[str, Taken]

    def rate(self, kind: str) -> float:
        """Requests of a kind in a second."""
        return len(self.taken[kind].seconds) / self.seconds


def together(clients: Sequence[Client], work: Callable[[Client, int], None]) -> Load:
    """Let every client do `work(client, its number)` in a thread of its own, beginning at the same moment."""
    line = threading.Barrier(len(clients) + 1)
    faults: list[BaseException] = []

    def run(client: Client, number: int) -> None:
        line.wait()
        try:
            work(client, number)
        except BaseException as fault:  # noqa: BLE001  raised again below
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(each, n)) for n, each in enumerate(clients)]
    for thread in threads:
        thread.start()
    line.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    if faults:
        raise faults[0]
    taken: dict[str, Taken] = {}
    for client in clients:
        for kind, measured in client.taken.items():
            taken.setdefault(kind, Taken()).add(measured)
    return Load(seconds, taken)


def steady(port: int, tokens: Sequence[str], *, seconds: float, most_cases: int) -> Load:
    """Whole cases by one client a token, until the time or the number of cases is over."""
    left = threading.Semaphore(most_cases)

    def work(client: Client, _number: int) -> None:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until and left.acquire(blocking=False):
            client.whole_case()

    clients = [Client(port, token) for token in tokens]
    try:
        return together(clients, work)
    finally:
        for client in clients:
            client.close()


def at_one_case(port: int, tokens: Sequence[str]) -> Load:
    """40 tasks of one case, answered by 8 people at once; then five times all 8 at one and the same task."""
    clients = [Client(port, token) for token in tokens]
    first = Client(port, tokens[0])
    tasks = first.start(MANY, {"seats": list(range(FORTY))})["next"]
    together(clients, lambda client, n: _each(client, tasks[n :: len(clients)]))
    raced = [first.start(MANY, {"seats": [1]})["next"][0] for _ in range(5)]
    line = threading.Barrier(len(clients), timeout=60)
    load = together(clients, lambda client, _n: _race(client, raced, line))
    for client in (first, *clients):
        client.close()
    return load


def _each(client: Client, tasks: Sequence[str]) -> None:
    for task in tasks:
        client.complete(task, {"given": 1}, "own task")


def _race(client: Client, tasks: Sequence[str], line: threading.Barrier) -> None:
    for task in tasks:
        line.wait()
        client.complete(task, {"given": 1}, "same task")
