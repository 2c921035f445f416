"""Runs the migrations: against the URL it is given, in one transaction."""

from alembic import context
from sqlalchemy import create_engine

import app.models  # noqa: F401  the tables register themselves
from app.extensions import Base

engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
engine.dispose()
