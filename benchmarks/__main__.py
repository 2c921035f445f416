"""`make benchmark`: measures and prints the table of docs/performance.md, in at most four minutes.

    python -m benchmarks [--seconds 15] [--only postgresql|sqlite|engine]

Real web server (2 processes), real worker, a PostgreSQL of its own with fsync on, 8 clients on the same
machine. First a warm-up; then each part in turn. Ends with 1 when something was answered by a fault.
"""

import argparse
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks import clients, machine, many_tasks, place
from benchmarks.clients import Client, Load

MOST_CASES = 3_000
ONE_AT_A_TIME = 60
NOT_OURS = "–"

Line = tuple[str, str, str]


def main() -> int:
    """Measure, print, and say by the exit status whether every answer was as it should be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long the 8 clients work")
    parser.add_argument("--only", choices=("postgresql", "sqlite", "engine"))
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # what was started is stopped and removed
    parts = {
        "postgresql": lambda: _postgresql(asked.seconds),
        "sqlite": lambda: _sqlite(asked.seconds),
        "engine": _engine,
    }
    begin, faults = time.monotonic(), 0
    for name, part in parts.items():
        if asked.only in (None, name):
            faults += part()
    print(f"\n{time.monotonic() - begin:.0f} s in all. Last column: SpiffArena on the same kind of machine.")
    return 1 if faults else 0


def _postgresql(seconds: float) -> int:
    with machine.postgresql() as url:
        where = place.prepare(url)
        with machine.serving(url) as served:
            lines, faults = _measure(served, where, url, seconds)
            many = many_tasks.add_tasks(url, where)
            lines += _lists(served.port, where, many)
    _show("PostgreSQL, fsync on, 2 web processes, 8 clients", lines)
    return faults


def _sqlite(seconds: float) -> int:
    with machine.sqlite() as url:
        where = place.prepare(url)
        with machine.serving(url) as served:
            lines, faults = _measure(served, where, "", seconds)
    _show("SQLite, 2 web processes, 8 clients", lines)
    return faults


def _engine() -> int:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("engine_growth.py"))], stdout=subprocess.PIPE, text=True
    )
    lines = [
        (*re.split(r"\s{2,}", line.strip(), maxsplit=1), NOT_OURS)
        for line in done.stdout.splitlines()
        if line
    ]
    _show("Engine alone", [line for line in lines if len(line) == 3])
    return done.returncode


def _measure(served: machine.Served, where: place.Place, url: str, seconds: float) -> tuple[list[Line], int]:
    port = served.port
    clients.steady(port, where.tokens, seconds=3, most_cases=200)  # warm-up
    before = _bytes(url)
    used, own = served.cpu_seconds(), time.process_time()
    load = clients.steady(port, where.tokens, seconds=seconds, most_cases=MOST_CASES)
    used, own = served.cpu_seconds() - used, time.process_time() - own
    after = _bytes(url)
    cases = len(load.taken["start"].seconds)
    start, complete = load.taken["start"], load.taken["complete"]
    alone = _one_client(port, where)
    contended = clients.at_one_case(port, where.tokens)
    each, same = contended.taken["own task"], contended.taken["same task"]
    lines: list[Line] = [
        ("starts a second", f"{load.rate('start'):.0f}", "4"),
        ("completions a second, beside them", f"{load.rate('complete'):.0f}", "8.1"),
        ("start, p50 / p95", f"{start.p(0.5):.0f} / {start.p(0.95):.0f} ms", NOT_OURS),
        ("completion, p50 / p95", f"{complete.p(0.5):.0f} / {complete.p(0.95):.0f} ms", "458 / 795 ms"),
        ("SQL statements per completion, COMMIT included", _statements(complete), "82"),
        ("SQL statements per start, COMMIT included", _statements(start), NOT_OURS),
    ]
    requests = sum(len(taken.seconds) for taken in load.taken.values())
    cpu = f"{used / requests * 1e3:.1f} + {own / requests * 1e3:.1f} ms"
    lines.append(("processor time of a request: web + client", cpu, NOT_OURS))
    if url:
        lines.append(
            ("kB in the database per finished case", f"{(after - before) / cases / 1024:.1f}", "12–27")
        )
    lines += [
        ("1 client: start, p50", f"{alone['start'].p(0.5):.1f} ms", "35 + 67 ms"),
        ("1 client: completion, p50", f"{alone['complete'].p(0.5):.1f} ms", "104–112 ms"),
        ("1 client: inbox, p50", f"{alone['inbox'].p(0.5):.1f} ms", "26 ms"),
        ("1 client: start before 200 scripts, p50", f"{alone['scripts'].p(0.5):.1f} ms", "624 ms"),
        (
            "8 people, 40 tasks of one case",
            f"{_said(each.statuses)}, p95 {each.p(0.95):.0f} ms",
            "25 of 40 were 500",
        ),
        (
            "8 people, 5 times one and the same task",
            f"{_said(same.statuses)}, p95 {same.p(0.95):.0f} ms",
            NOT_OURS,
        ),
    ]
    return lines, _faults(load, contended)


def _one_client(port: int, where: place.Place) -> dict[str, clients.Taken]:
    client = Client(port, where.tokens[0])
    for _ in range(ONE_AT_A_TIME):
        client.whole_case()
        client.call("inbox", "GET", "/tasks?view=claimable")
    for _ in range(10):
        client.call("scripts", "POST", "/cases", {"definition": place.SCRIPTS, "data": {}})
    client.close()
    return client.taken


def _lists(port: int, where: place.Place, many: int) -> list[Line]:
    client = Client(port, where.tokens[0])
    asked = {
        "inbox: to do": "/tasks?view=mine",
        "inbox: can take": "/tasks?view=claimable",
        "inbox: all that I may see": "/tasks?view=all",
        "inbox: done": "/tasks?view=done",
        "cases of my unit": "/cases",
    }
    for _ in range(ONE_AT_A_TIME):
        for name, path in asked.items():
            client.call(name, "GET", path)
    client.close()
    return [
        (
            f"{many:,} tasks: {name}, p50 / p95",
            f"{client.taken[name].p(0.5):.1f} / {client.taken[name].p(0.95):.1f} ms",
            NOT_OURS,
        )
        for name in asked
    ]


def _bytes(url: str) -> int:
    """What the tables take with their indexes, after VACUUM."""
    if not url:
        return 0
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("VACUUM"))
        size = connection.execute(
            text(
                "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE c.relkind = 'r' "
                "AND c.relnamespace = 'public'::regnamespace"
            )
        ).scalar_one()
    engine.dispose()
    return int(size)


def _statements(taken: clients.Taken) -> str:
    return f"{taken.usual_statements:.0f} (most {max(taken.statements)})"


def _said(statuses: Counter[int]) -> str:
    return ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))


def _faults(*loads: Load) -> int:
    """Answers that should not be: anything but 200, 201 and, at one case, 409."""
    allowed = {200, 201, 409}
    counted: Iterable[Counter[int]] = (taken.statuses for load in loads for taken in load.taken.values())
    return sum(count for each in counted for status, count in each.items() if status not in allowed)


def _show(title: str, lines: list[Line]) -> None:
    print(f"\n{title}")
    for what, ours, peer in lines:
        print(f"  {what:52} {ours:32} {peer}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except machine.Missing as missing:
        sys.exit(str(missing))
