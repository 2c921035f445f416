"""The migrations make exactly the tables that the code expects."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from building_app import fresh_database
from sqlalchemy import create_engine

import app.models  # noqa: F401  the tables register themselves
from app.extensions import Base
from app.migrations import at_head


def test_migrations_and_models_agree(tmp_path: Path, database: str) -> None:
    with fresh_database(tmp_path, database) as url:
        engine = create_engine(url)
        with engine.connect() as connection:
            assert at_head(connection)
            found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        engine.dispose()
    assert found == []


@pytest.mark.parametrize("folder", ["migrations/versions"])
def test_each_migration_can_be_taken_back(folder: str) -> None:
    files = list(Path(folder).glob("[0-9]*.py"))
    assert files
    assert all("def downgrade()" in f.read_text() for f in files)
