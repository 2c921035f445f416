"""The API of tasks. Translates only."""

from typing import Any

from flask_smorest import Blueprint

from app.clock import now
from app.identity.guard import actor, requires
from app.tasks import queries, service
from app.tasks.schemas import (
    AssignSchema,
    ClaimSchema,
    CompletedSchema,
    CompleteSchema,
    DraftSchema,
    TaskDetailSchema,
    TaskSchema,
    TasksQuerySchema,
    TasksSchema,
)

blueprint = Blueprint("tasks_api", __name__, url_prefix="/api/v1/tasks", description="Tasks of officials")


@blueprint.get("")
@requires("tasks.see")
@blueprint.arguments(TasksQuerySchema, location="query")
@blueprint.response(200, TasksSchema)
def list_tasks(wanted: dict[str, Any]) -> dict[str, Any]:
    """The inbox, most urgent first."""
    rows, following = queries.tasks(actor(), now=now(), **wanted)
    return {"items": [service.listed(row) for row in rows], "next": following}


@blueprint.get("/<id:task_id>")
@requires("tasks.see")
@blueprint.response(200, TaskDetailSchema)
def show_task(task_id: int) -> dict[str, Any]:
    """One task with its form, its data and who may do it."""
    return service.detail(actor(), task_id, now=now())


@blueprint.post("/<id:task_id>/claim")
@requires("tasks.complete")
@blueprint.arguments(ClaimSchema)
@blueprint.response(200, TaskSchema)
def claim(given: dict[str, Any], task_id: int) -> dict[str, Any]:
    """Take a task."""
    service.claim(task_id, by=actor(), now=now(), version=given["version"])
    return service.listed(service.one(actor(), task_id))


@blueprint.post("/<id:task_id>/unclaim")
@requires("tasks.complete")
@blueprint.response(200, TaskSchema)
def unclaim(task_id: int) -> dict[str, Any]:
    """Give a task back."""
    service.unclaim(task_id, by=actor(), now=now())
    return service.listed(service.one(actor(), task_id))


@blueprint.post("/<id:task_id>/assign")
@requires("tasks.assign")
@blueprint.arguments(AssignSchema)
@blueprint.response(200, TaskSchema)
def assign(given: dict[str, str], task_id: int) -> dict[str, Any]:
    """Hand a task to somebody eligible, for somebody absent."""
    service.assign(task_id, given["username"], reason=given["reason"], by=actor(), now=now())
    return service.listed(service.one(actor(), task_id))


@blueprint.post("/<id:task_id>/complete")
@requires("tasks.complete")
@blueprint.arguments(CompleteSchema)
@blueprint.response(200, CompletedSchema)
def complete(given: dict[str, Any], task_id: int) -> dict[str, Any]:
    """Do a task; claims one that nobody holds."""
    done = service.complete(task_id, given["data"], by=actor(), now=now(), version=given["version"])
    return {
        "task": done.task_id,
        "case": {"id": done.case_id, "state": done.case_state},
        "next": list(done.next),
    }


@blueprint.put("/<id:task_id>/draft")
@requires("tasks.complete")
@blueprint.arguments(DraftSchema)
@blueprint.response(204)
def save_draft(given: dict[str, Any], task_id: int) -> None:
    """Keep what I have typed so far; nobody else sees it."""
    service.save_draft(task_id, given["data"], by=actor(), now=now())


@blueprint.delete("/<id:task_id>/draft")
@requires("tasks.complete")
@blueprint.response(204)
def drop_draft(task_id: int) -> None:
    """Forget what I have typed."""
    service.drop_draft(task_id, by=actor())
