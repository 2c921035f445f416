"""Brings a database to the newest table layout, and tells whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

FOLDER = Path(__file__).parent.parent / "migrations"


def upgrade(database_url: str) -> None:
    """Run every migration that the database does not have yet."""
    command.upgrade(_config(database_url), "head")


def at_head(connection: Connection) -> bool:
    """Whether the database has every migration of this program and none from a newer one."""
    heads = set(ScriptDirectory.from_config(_config("")).get_heads())
    return set(MigrationContext.configure(connection).get_current_heads()) == heads


def _config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config
