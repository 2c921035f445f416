"""Tables for SQLAlchemy Core: the write path sends few, plain statements and keeps no objects."""

from typing import Any, cast

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from app.extensions import Base


def table(model: type[Base]) -> Table:
    """The table of a model."""
    return cast(Table, model.__table__)


def upsert(connection: Connection, target: Table) -> Any:
    """An INSERT of this connection's dialect, which knows ON CONFLICT."""
    return insert_in(connection.dialect.name, target)


def insert_in(dialect: str, target: Table) -> Any:
    """An INSERT of the dialect of this name, which knows ON CONFLICT."""
    return postgresql.insert(target) if dialect == "postgresql" else sqlite.insert(target)
