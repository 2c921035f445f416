"""Supervisors' first page: per step what is open, overdue and how long it takes."""

from datetime import date, datetime, time, timedelta

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from app import clock
from app.identity.guard import actor, requires
from app.monitoring import choices, service

blueprint = Blueprint("monitoring", __name__)
SORTS = ("overdue", "open", "work", "wait", "completed")


@blueprint.get("/supervision")
@requires("monitoring.see")
def index() -> str:
    """The steps of one process as a table, the most overdue first."""
    who, now = actor(), clock.now()
    processes = choices.processes(who)
    key = request.args.get("definition", "")[:120] or (processes[0].key if processes else "")
    unit = request.args.get("unit", "")
    since, until = _day(request.args.get("from", "")), _day(request.args.get("to", ""))
    figures = (
        service.bottlenecks(
            who,
            key,
            now=now,
            unit=int(unit) if unit.isdecimal() and len(unit) < 15 else None,
            since=_start(since) if since else None,
            until=_start(until + timedelta(days=1)) if until else None,
        )
        if key
        else {}
    )
    sort = request.args.get("sort", "overdue")
    sort = sort if sort in SORTS else "overdue"
    rows = sorted(figures.values(), key=lambda row: _rank(row, sort), reverse=True)
    return render_template(
        "monitoring/index.html",
        processes=processes,
        chosen=next((p for p in processes if p.key == key), None),
        key=key,
        unit=unit,
        units=choices.units(who),
        since=since.isoformat() if since else "",
        until=until.isoformat() if until else "",
        rows=rows,
        sort=sort,
        columns=_columns(),
    )


def _columns() -> tuple[tuple[str, str], ...]:
    return (
        ("overdue", _("Overdue")),
        ("open", _("Open")),
        ("completed", _("Completed")),
        ("wait", _("Waiting p50")),
        ("work", _("Working p50")),
    )


def _rank(row: dict[str, object], sort: str) -> tuple[float, float, float]:
    def number(value: object) -> float:
        held = value.get("p50") if isinstance(value, dict) else value
        return float(held) if isinstance(held, int | float) else -1.0

    return number(row[sort]), number(row["overdue"]), number(row["open"])


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _start(day: date) -> datetime:
    """The day's first instant in Asia/Shanghai."""
    return datetime.combine(day, time(), clock.SHANGHAI)
