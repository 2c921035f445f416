"""The API of monitoring, health and the sandbox clock. Translates only."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from app.clock import machine_now, now
from app.identity.guard import actor, public, requires
from app.monitoring import metrics, service
from app.monitoring.schemas import (
    BottlenecksQuerySchema,
    BottlenecksSchema,
    ClockSchema,
    HealthSchema,
    MoveClockSchema,
)

blueprint = Blueprint("monitoring_api", __name__, description="Supervision, health, and the sandbox clock")


@blueprint.get("/api/v1/monitoring/bottlenecks")
@requires("monitoring.see")
@blueprint.arguments(BottlenecksQuerySchema, location="query")
@blueprint.response(200, BottlenecksSchema)
def bottlenecks(wanted: dict[str, Any]) -> dict[str, Any]:
    """Where a process gets stuck; completed steps of the last year unless `from` says otherwise."""
    return {"elements": service.bottlenecks(actor(), now=now(), **wanted)}


@blueprint.get("/api/v1/sandbox/clock")
@requires("sandbox.clock")
@blueprint.response(200, ClockSchema)
def show_clock() -> Any:
    """Where the product's clock stands."""
    return service.clock_at(now=now())


@blueprint.post("/api/v1/sandbox/clock")
@requires("sandbox.clock")
@blueprint.arguments(MoveClockSchema)
@blueprint.response(200, ClockSchema)
def move_clock(given: dict[str, Any]) -> Any:
    """Move the clock forward, stopping at each due instant; due timers have fired when this returns."""
    return service.move_clock(advance=given.get("advance"), to=given.get("to"), now=now())


@blueprint.get("/health/live")
@public
@blueprint.response(200, HealthSchema)
def live() -> dict[str, Any]:
    """The program runs."""
    return {"status": "ok", "missing": []}


@blueprint.get("/health/ready")
@public
@blueprint.response(200, HealthSchema)
@blueprint.alt_response(503, schema=HealthSchema, description="Not ready; `missing` says why")
def ready() -> Any:
    """The database answers, is at head, and processes are published."""
    missing = service.unready()
    return ({"status": "unready", "missing": missing}, 503) if missing else {"status": "ok", "missing": []}


@blueprint.get("/metrics")
@public
@blueprint.response(200, {"type": "string"}, content_type="text/plain")
def show_metrics() -> Response:
    """The installation's figures in Prometheus' text format."""
    return Response(metrics.exposition(now(), machine_now()), content_type=metrics.CONTENT_TYPE)
