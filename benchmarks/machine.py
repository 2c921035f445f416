"""A PostgreSQL of its own with Debian's settings (fsync on), and the product's real web and worker on it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
STARTING_SECONDS = 60


class Missing(Exception):
    """Something that the benchmark needs is not on this machine; the message says what."""


@dataclass(frozen=True, slots=True)
class Served:
    """The running web server."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """The processor time that its processes have used so far; 0 where the system does not tell."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, rest = int(stat.parent.name), stat.read_text().rpartition(")")[2].split()
            except OSError:  # ended just now
                continue
            if self.pid in (pid, int(rest[1])):
                ticks += int(rest[11]) + int(rest[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database on a server that is stopped and removed afterwards. Raises Missing."""
    folder = _server_programs()
    data = Path(tempfile.mkdtemp(prefix="minyi-benchmark-"))
    port = free_port()
    if os.getuid() == 0:
        shutil.chown(data, "postgres")
    try:
        _as_postgres(
            folder / "initdb", "-D", data, "-U", "minyi", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8"
        )
        options = f"-p {port} -k {data} -c listen_addresses=127.0.0.1"
        _as_postgres(folder / "pg_ctl", "-D", data, "-w", "-l", data / "log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://minyi@127.0.0.1:{port}/postgres"
        finally:
            _as_postgres(folder / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def sqlite() -> Iterator[str]:
    """The URL of an empty SQLite file that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="minyi-benchmark-") as folder:
        yield f"sqlite:///{folder}/minyi.db"


@contextmanager
def serving(database_url: str, *, web_workers: int = 2) -> Iterator[Served]:
    """Serve web and worker as in production on a port of 127.0.0.1; stopped afterwards."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="minyi-benchmark-") as instance:
        environment = os.environ | {
            "DATABASE_URL": database_url,
            "INSTANCE_PATH": instance,
            "MINYI_ENV": "production",
            "MINYI_DEMO": "0",
            "MINYI_SANDBOX": "0",
            "PORT": str(port),
            "SECRET_KEY": "benchmark" * 5,
            "WEB_WORKERS": str(web_workers),
        }
        web = ("gunicorn", "-c", "python:app.gunicorn_conf", "benchmarks.counted:create_app()")
        children = [
            subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=environment)
            for command in (web, ("app.worker",))
        ]
        try:
            _await_answer(port, children)
            yield Served(port, children[0].pid)
        finally:
            for child in children:
                child.send_signal(signal.SIGTERM)
            for child in children:
                _await_end(child)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _server_programs() -> Path:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: each.parent.name)
    if not folders:
        raise Missing("PostgreSQL is not installed here: no initdb. Debian: apt-get install postgresql")
    return folders[-1]


def _as_postgres(*command: object) -> None:
    words = [str(word) for word in command]
    if os.getuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/")
    if done.returncode:
        raise Missing(f"{words[-1]}: {done.stderr.strip()}")


def _await_answer(port: int, children: list[subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < until:
        if any(child.poll() is not None for child in children):
            raise Missing("the server ended while starting: see its messages above")
        try:
            with urlopen(f"http://127.0.0.1:{port}/health/live", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise Missing(f"the server did not answer within {STARTING_SECONDS} s")


def _await_end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(15)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
