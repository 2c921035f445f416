"""A served application and Debian's Chromium. Without Chromium these tests are skipped, and say so."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from building_app import built_app
from flask import Flask
from werkzeug.serving import make_server

from app import translations

CHROMIUM = os.environ.get("MINYI_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "a-long-test-word"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests need Chromium and the built front end."""
    built = Path(translations.ROOT) / "app" / "static" / "dist" / ".vite" / "manifest.json"
    missing = f"no Chromium at {CHROMIUM}" if not Path(CHROMIUM).exists() else ""
    missing = missing or ("" if built.exists() else "the front end is not built: run make")
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)
            if missing:
                item.add_marker(pytest.mark.skip(reason=missing))


@pytest.fixture
def chromium() -> Iterator[Any]:
    """A running Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture
def serve(tmp_path: Path) -> Callable[[Callable[[], None]], Any]:
    """`with serve(prepare) as address`: an application whose tables `prepare` has filled, on a free port."""

    @contextmanager
    def served(prepare: Callable[[], None]) -> Iterator[str]:
        with built_app(tmp_path) as app:
            with app.app_context():
                prepare()
            with _running(app) as address:
                yield address

    return served


@contextmanager
def _running(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
