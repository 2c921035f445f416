"""Case numbers that people can read out: year-unit-sequence, unique, counted per unit and year.

The year is that of the day in Asia/Shanghai. The counter's row stays locked until the start commits:
starts in one unit follow one another, those in different units do not meet.
"""

from datetime import datetime
from functools import cache
from typing import Any

from app.clock import SHANGHAI
from app.extensions import db
from app.models import CaseCounter
from app.runtime.tables import insert_in, table

_counters = table(CaseCounter)


def next_case_no(unit_id: int, *, now: datetime) -> str:
    """The next number of the unit, e.g. 2026-12-0045; inside a transaction."""
    year = now.astimezone(SHANGHAI).year
    connection = db.session.connection()
    counted = connection.execute(
        _counting(connection.dialect.name), {"unit_id": unit_id, "year": year, "last": 1}
    )
    return f"{year}-{unit_id}-{counted.scalar_one():04d}"


@cache
def _counting(dialect: str) -> Any:
    """The statement, made once."""
    return (
        insert_in(dialect, _counters)
        .on_conflict_do_update(index_elements=["unit_id", "year"], set_={"last": _counters.c.last + 1})
        .returning(_counters.c.last)
    )
