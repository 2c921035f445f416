"""Fixtures of every test that needs the application. Builders are in `building_app`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

sys.path.insert(0, str(Path(__file__).parent))

from building_app import POSTGRES, built_app

DATABASES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on PostgreSQL need MINYI_TEST_POSTGRES."""
    if not POSTGRES:
        for item in items:
            if item.get_closest_marker("postgres"):
                item.add_marker(pytest.mark.skip(reason="MINYI_TEST_POSTGRES is not set"))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """The application on SQLite; its context is open."""
    with built_app(tmp_path) as built, built.app_context():
        yield built


@pytest.fixture(params=DATABASES)
def any_app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The application on each database in turn; its context is open."""
    with built_app(tmp_path, database=request.param) as built, built.app_context():
        yield built


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """The name of each kind of database in turn, for `built_app`."""
    return str(request.param)
