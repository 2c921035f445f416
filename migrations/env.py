"""Runs the migrations against the URL it is given, in one transaction; writes new ones with plain types."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import create_engine

import app.models  # noqa: F401  the tables register themselves
from app.extensions import Base
from app.models.types import Instant


def render_item(kind: str, thing: Any, _context: AutogenContext) -> str | Literal[False]:
    """Our own column types are written as what the database has, so that old migrations never change."""
    if kind == "type" and isinstance(thing, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and type(thing).__name__ == "JSON":
        return "JSON"
    if kind == "type" and type(thing).__name__ == "BigInteger":
        return "BIG"
    return False


engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        compare_type=False,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
engine.dispose()
