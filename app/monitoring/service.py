"""Figures for supervisors, the moved clock, and whether the installation is ready."""

from datetime import datetime, timedelta
from typing import Any

import isodate
from flask_babel import get_locale, gettext
from isodate import ISO8601Error
from sqlalchemy.exc import DBAPIError

from app.errors import Invalid, NotFound
from app.extensions import db
from app.migrations import at_head
from app.monitoring import queries
from app.monitoring.queries import ElementFigures, Span
from app.runtime import library, sandbox
from app.runtime.actor import Actor
from app.runtime.sandbox import Advanced
from workflows.errors import message
from workflows.parsing import Definition

DEFAULT_SPAN = timedelta(days=365)


class NoSuchProcess(NotFound):
    """No process has this key, or there is no such unit."""

    code = "no_such_definition"
    text = message("There is no such process or unit.")


def bottlenecks(
    actor: Actor,
    definition: str,
    *,
    now: datetime,
    version: int | None = None,
    unit: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, dict[str, Any]]:
    """Per shape: what is open, how long it waited and was worked on, in seconds. Raises NoSuchProcess."""
    path = queries.unit_path(unit) if unit is not None else ""
    if path is None or not queries.knows(definition):
        raise NoSuchProcess
    last = until or now + timedelta(seconds=1)
    span = Span(definition, since or last - DEFAULT_SPAN, last, version, path)
    figures = queries.bottlenecks(actor, span, now=now)
    bundle = queries.last_bundle(definition) if figures else None
    runnable = library.definition_of(bundle) if bundle is not None else None
    names: dict[str, dict[str, Any]] = {}
    for each in figures:
        key = each.element if each.element not in names else f"{each.process}:{each.element}"
        names[key] = _shown(each, runnable, now)
    return names


def clock_at(*, now: datetime) -> Advanced:
    """Where the product's clock stands. Raises NoSandbox."""
    sandbox.refuse_without()
    return Advanced(now, 0)


def move_clock(*, advance: str | None, to: datetime | None, now: datetime) -> Advanced:
    """Move the product's clock by an ISO duration, or to an instant. Raises Invalid, and what it refuses."""
    sandbox.refuse_without()
    if (advance is None) == (to is None):
        raise Invalid([_fault("", gettext("Say either “advance” or “set”."))])
    return sandbox.advance(to if to is not None else _later(now, advance or ""))


def unready() -> list[str]:
    """What keeps the installation from serving: database, migrations, processes; empty when it is ready."""
    try:
        with db.engine.connect() as connection:
            migrated = at_head(connection)
    except DBAPIError:
        return ["database"]
    if not migrated:
        return ["migrations"]
    return [] if queries.published() else ["processes"]


def _later(now: datetime, duration: str) -> datetime:
    try:
        target = now + isodate.parse_duration(duration)
    except (ISO8601Error, ValueError, OverflowError, TypeError, ArithmeticError):
        raise Invalid([_fault("advance", gettext("Write a duration such as P7D or PT2H."))]) from None
    if not isinstance(target, datetime):
        raise Invalid([_fault("advance", gettext("Write a duration such as P7D or PT2H."))])
    return target


def _fault(path: str, text: str) -> dict[str, str]:
    return {"path": path, "message": text, "code": "invalid"}


def _shown(each: ElementFigures, runnable: Definition | None, now: datetime) -> dict[str, Any]:
    element = runnable.element(each.process, each.element) if runnable else None
    english = str(get_locale() or "zh").startswith("en")
    name = ((english and element.name_en) or element.name) if element else ""
    oldest = (now - each.oldest_open_at).total_seconds() if each.oldest_open_at else None
    target = each.target.get(50)
    return {
        "name": name or each.element,
        "kind": element.kind if element else "",
        "process": each.process,
        "open": each.open,
        "overdue": each.overdue,
        "oldest_open_seconds": oldest,
        "completed": each.completed,
        "wait": _seconds(each.wait),
        "work": _seconds(each.work),
        "target_seconds": target / 1000 if target is not None else None,
        "breached_share": each.breached / each.with_deadline if each.with_deadline else None,
    }


def _seconds(ranks: dict[int, float]) -> dict[str, float | None]:
    return {f"p{p}": ranks[p] / 1000 if p in ranks else None for p in queries.PERCENTS}
