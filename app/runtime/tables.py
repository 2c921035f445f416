"""Tables for SQLAlchemy Core: the write path sends few, plain statements and keeps no objects."""

from typing import Any, cast

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from app.extensions import Base


def table(model: type[Base]) -> Table:
    """The table of a model."""
    return cast(Table, model.__table__)


def upsert(connection: Connection, target: Table) -> Any:
    """An INSERT of this dialect, which knows ON CONFLICT."""
    return postgresql.insert(target) if connection.dialect.name == "postgresql" else sqlite.insert(target)
