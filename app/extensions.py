"""The shared objects of the Flask application: the database, the translations, CSRF."""

import sqlite3
from typing import Any

import orjson
from flask_babel import Babel
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Connection, Engine, MetaData, event
from sqlalchemy.orm import DeclarativeBase

WRITE = "minyi_write"
"""Execution option of a connection that is about to write (see runtime/transaction.py)."""


class Base(DeclarativeBase):
    """Base of all tables, with constraint names that migrations can rely on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def engine_options(url: str) -> dict[str, Any]:
    """Options of the SQLAlchemy engine for this database URL."""
    options: dict[str, Any] = {
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": _read_json,
    }
    if url.startswith("postgresql"):
        options |= {
            "pool_size": 8,
            "max_overflow": 8,
            "pool_pre_ping": False,
            "connect_args": {"options": "-c lock_timeout=10s -c statement_timeout=60s -c timezone=UTC"},
        }
    else:
        options |= {"connect_args": {"timeout": 20, "check_same_thread": False}}
    return options


def _read_json(stored: str | bytes | float) -> Any:
    """The value of a JSON column; SQLite hands a lone number back as that number, not as its text."""
    return orjson.loads(stored) if isinstance(stored, str | bytes) else stored


db: SQLAlchemy = SQLAlchemy(model_class=Base, session_options={"autoflush": False, "expire_on_commit": False})
babel = Babel()
csrf = CSRFProtect()


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Give SQLite foreign keys, a write-ahead log, and transactions that we begin ourselves."""
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    """A writer takes SQLite's write lock at once: it waits its turn here instead of failing half way."""
    if connection.dialect.name == "sqlite":
        write = connection.get_execution_options().get(WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
