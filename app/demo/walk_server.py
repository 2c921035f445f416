"""A server of its own for the walk: a fresh instance in a temporary folder, a free port, the sandbox clock.

It is started and stopped as an operator would: `python -m app.cli run`, then SIGTERM. Not for tests of the
application itself, which need no server.
"""

import os
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

ROOT = Path(__file__).parent.parent.parent
READY_WITHIN_SECONDS = 120.0
STOPPED_WITHIN_SECONDS = 30.0


class ServerNotReady(Exception):
    """The server did not answer in time; its last lines are the message."""


@dataclass(frozen=True, slots=True)
class Served:
    """Where the server answers, and the environment it runs in (for commands on the same instance)."""

    address: str
    environment: dict[str, str]

    def command(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run one command of `app.cli` on this instance and give what it printed."""
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "app.cli", name],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=READY_WITHIN_SECONDS,
            check=False,
        )


@contextmanager
def served() -> Iterator[Served]:
    """Serve the demo county until the block ends. Raises ServerNotReady."""
    with tempfile.TemporaryDirectory(prefix="minyi-walk-") as folder:
        environment = _environment(Path(folder))
        log = Path(folder) / "server.log"
        with log.open("w") as out:
            server = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "run"],
                cwd=ROOT,
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            address = f"http://127.0.0.1:{environment['PORT']}"
            _wait(address, server, log)
            yield Served(address, environment)
        finally:
            _stop(server)


def _environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MINYI_") and k != "DATABASE_URL"}
    return kept | {
        "MINYI_SANDBOX": "1",
        "MINYI_DEMO": "1",
        "INSTANCE_PATH": str(folder / "instance"),
        "PORT": str(_free_port()),
        "WEB_WORKERS": "1",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urlopen(f"{address}/health/ready", timeout=5) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.2)
    raise ServerNotReady("\n".join(log.read_text().splitlines()[-20:]))


def _stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
    try:
        server.wait(STOPPED_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
