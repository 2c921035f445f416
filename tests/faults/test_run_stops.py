"""`run` serves web and worker together and stops both, also when only `make` is told to."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def alive(group_of: str) -> list[str]:
    """Processes whose environment names this instance."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if group_of.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def free_port() -> str:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.parametrize("signal_name", ["SIGINT", "SIGTERM"])
def test_make_run_stops_cleanly_when_only_make_is_told(tmp_path: Path, signal_name: str) -> None:
    (tmp_path / "Makefile").write_text(f"run:\n\t@cd {ROOT} && exec {sys.executable} -m app.cli run\n")
    environment = os.environ | {
        "PORT": free_port(),
        "INSTANCE_PATH": str(tmp_path / "instance"),
        "MINYI_DEMO": "0",
        "WEB_WORKERS": "1",
    }
    environment.pop("DATABASE_URL", None)
    running = subprocess.Popen(
        ["make", "-C", str(tmp_path), "run"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert any("Stop with" in line for line in running.stdout)
    running.send_signal(getattr(signal, signal_name))
    running.wait(30)
    deadline = time.monotonic() + 10
    while alive(str(tmp_path / "instance")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alive(str(tmp_path / "instance")) == []
    running.stdout.close()
