"""The command line: `python -m app.cli …`. `run` is what `make run` starts.

Commands only call what the slices offer; nothing is decided here.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

import click

from app import clock
from app.config import SettingRefused, Settings, from_environment
from app.demo.county import demo_signins, load_demo
from app.factory import create_app
from app.identity.service import create_first_admin
from app.migrations import upgrade
from workflows.errors import Refusal, Unpublishable


@click.group()
def main() -> None:
    """Minyi 民议: decisions and grievances of villages, townships and counties."""


@main.command()
def run() -> None:
    """Prepare the database, then serve web and worker until stopped."""
    settings = _settings()
    _prepare(settings)
    _say("starting web and worker")
    serving = Serving(settings)
    sys.exit(serving.until_stopped(_announce))


@main.command()
def migrate() -> None:
    """Bring the database to the newest table layout."""
    upgrade(_settings().database_url)


@main.command("publish-shipped")
def publish_shipped() -> None:
    """Publish the processes in bpmn/ that are new or changed."""
    from app.definitions.shipped import publish_all

    with create_app(_settings()).app_context():
        for key, version in publish_all(now=clock.now()):
            click.echo(f"{key} v{version}")


@main.command("check-processes")
def check_processes() -> None:
    """Check every process in bpmn/: diagrams, forms, rules and scenarios."""
    from app.definitions.shipped import check_all

    create_app(_settings())  # the slices register the effects that diagrams may name
    faults = 0
    for folder, problems, warnings in check_all():
        faults += len(problems)
        click.echo(f"{folder}: {len(problems)} problems, {len(warnings)} warnings")
        for problem in problems:
            click.echo(f"  ✗ {problem}")
        for warning in warnings:
            click.echo(f"  · {warning}")
    sys.exit(1 if faults else 0)


@main.command("demo")
def demo() -> None:
    """Load the demo county (safe to repeat)."""
    app = create_app(_settings())
    with app.app_context():
        load_demo(now=clock.now())


@main.command("create-admin")
@click.argument("username")
@click.password_option()
def create_admin(username: str, password: str) -> None:
    """Create the first administrator of an empty installation."""
    settings = _settings()
    upgrade(settings.database_url)
    with create_app(settings).app_context():
        try:
            create_first_admin(username, password)
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from refusal
    click.echo(f"Administrator “{username}” created. Start with: make run MINYI_DEMO=0")


@main.command("verify-records")
def verify_records() -> None:
    """Check the hash chain of every case's record; exits with 1 where one is broken."""
    from app.runtime.records import verify_all

    with create_app(_settings()).app_context():
        broken = list(verify_all())
    for case_no, fault in broken:
        click.echo(f"{case_no}: {fault}")
    click.echo(f"{len(broken)} faults")
    sys.exit(1 if broken else 0)


@main.command("draw")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def draw_anew(file: Path) -> None:
    """Draw the process in FILE anew: its own picture is replaced, nothing else."""
    from workflows.layout import draw

    file.write_text(draw(file.read_text(encoding="utf-8")), encoding="utf-8")


class Serving:
    """gunicorn and the worker as two child processes; both stop when either ends or a signal comes."""

    def __init__(self, settings: Settings) -> None:
        self.address = f"http://127.0.0.1:{settings.port}"
        self.stopping = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        web = [sys.executable, "-m", "gunicorn", "-c", "python:app.gunicorn_conf", "app.factory:create_app()"]
        worker = [sys.executable, "-m", "app.worker"]
        self.children = [subprocess.Popen(c, start_new_session=True) for c in (web, worker)]  # noqa: S603
        self.make = os.getppid() if _make_would_catch_it(os.getppid()) else 0

    def until_stopped(self, ready: Callable[[str], None]) -> int:
        """Call `ready` once the server answers; return the exit status when everything has stopped."""
        announced = False
        while not self.stopping:
            ended = [c for c in self.children if c.poll() is not None]
            if ended:
                click.echo(f"A part of Minyi ended by itself with status {ended[0].returncode}.", err=True)
                self._end_children()
                return 1
            if not announced and self._answers():
                announced = True
                ready(self.address)
            # An interrupt sent to `make` alone stays there: make puts its handler away and waits for us.
            if self.make and not _make_would_catch_it(self.make):
                break
            time.sleep(0.2)
        self._end_children()
        return 0

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.address}/health/ready", timeout=2) as answer:  # noqa: S310  our own address
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _end_children(self) -> None:
        for child in self.children:
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + 15
        for child in self.children:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()


def _make_would_catch_it(process: int) -> bool:
    """Whether this process is a `make` with a handler for SIGINT; False where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
    fields = {name: value.strip() for name, _, value in (line.partition(":") for line in status.splitlines())}
    caught = int(fields.get("SigCgt", "0"), 16) >> (signal.SIGINT - 1) & 1
    return bool(caught) and fields.get("Name", "").endswith("make")


def _settings() -> Settings:
    try:
        return from_environment()
    except SettingRefused as refused:
        raise click.ClickException(str(refused)) from refused


def _prepare(settings: Settings) -> None:
    from app.definitions.shipped import publish_all

    _say("bringing the database up to date")
    upgrade(settings.database_url)
    app = create_app(settings)
    with app.app_context():
        if settings.demo:
            _say("loading the demo county")
            load_demo(now=clock.now())
        try:
            published = publish_all(now=clock.now())
        except Unpublishable as refused:
            raise click.ClickException(str(refused)) from refused
        if published:
            _say("published " + ", ".join(f"{key} v{version}" for key, version in published))


def _announce(address: str) -> None:
    click.echo(f"\nMinyi 民议 is ready: {address}")
    if os.environ.get("MINYI_DEMO", "0") == "1":
        click.echo("Demo sign-ins (all with the password minyi-demo):")
        for username, who in demo_signins():
            click.echo(f"  {username:<18}{who}")
    click.echo("Stop with Ctrl+C.")
    sys.stdout.flush()


def _say(text: str) -> None:
    click.echo(f"· {text}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
