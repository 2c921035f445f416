"""The API of cases, messages and files. Translates only."""

from typing import Any

from flask import Response, current_app, request
from flask_smorest import Blueprint

from app.cases import queries, service, uploads
from app.cases.schemas import (
    CaseDetailSchema,
    CasesQuerySchema,
    CasesSchema,
    DeliverySchema,
    DiagramQuerySchema,
    DiagramSchema,
    HistorySchema,
    MessageSchema,
    MovedSchema,
    OptionalReasonSchema,
    ReasonSchema,
    StartedSchema,
    StartSchema,
    StoredFileSchema,
)
from app.clock import now
from app.http import PageQuerySchema, attachment_response
from app.identity.guard import actor, requires

blueprint = Blueprint("cases_api", __name__, url_prefix="/api/v1", description="Cases, messages and files")


@blueprint.post("/cases")
@requires("cases.start")
@blueprint.arguments(StartSchema)
@blueprint.response(201, StartedSchema)
def start_case(given: dict[str, Any]) -> dict[str, Any]:
    """Start a case."""
    who = actor()
    started = service.start(
        given["definition"],
        data=given["data"],
        by=who,
        now=now(),
        title=given["title"],
        unit_id=given["unit"],
        version=given["version"],
    )
    return {
        "id": started.moved.case_id,
        "case_no": started.moved.case_no,
        "state": started.moved.state,
        "definition": started.definition,
        "version": started.version,
        "next": list(started.next),
    }


@blueprint.get("/cases")
@requires("cases.see")
@blueprint.arguments(CasesQuerySchema, location="query")
@blueprint.response(200, CasesSchema)
def list_cases(wanted: dict[str, Any]) -> dict[str, Any]:
    """Cases that I may see, the newest first."""
    rows, following = queries.cases(actor(), **wanted)
    return {"items": rows, "next": following}


@blueprint.get("/cases/<id:case_id>")
@requires("cases.see")
@blueprint.response(200, CaseDetailSchema)
def show_case(case_id: int) -> dict[str, Any]:
    """One case with its data and all that it waits for."""
    return service.detail(actor(), case_id, now=now())


@blueprint.get("/cases/<id:case_id>/history")
@requires("cases.see")
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, HistorySchema)
def show_history(wanted: dict[str, Any], case_id: int) -> dict[str, Any]:
    """What happened, in order."""
    service.one(actor(), case_id)
    rows, following = queries.history(case_id, **wanted)
    return {"items": rows, "next": following}


@blueprint.get("/cases/<id:case_id>/diagram")
@requires("cases.see")
@blueprint.arguments(DiagramQuerySchema, location="query")
@blueprint.response(200, DiagramSchema)
def show_diagram(wanted: dict[str, str], case_id: int) -> dict[str, Any]:
    """The diagram, and where the case stands in it."""
    return service.diagram(actor(), case_id, process=wanted["process"], now=now())


@blueprint.post("/cases/<id:case_id>/cancel")
@requires("cases.manage")
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, MovedSchema)
def cancel_case(given: dict[str, str], case_id: int) -> Any:
    """End a case before its time."""
    return service.cancel(case_id, reason=given["reason"], by=actor(), now=now())


@blueprint.post("/cases/<id:case_id>/suspend")
@requires("cases.manage")
@blueprint.arguments(OptionalReasonSchema)
@blueprint.response(200, MovedSchema)
def suspend_case(given: dict[str, str], case_id: int) -> Any:
    """Stop a case for a while; its timers wait."""
    return service.suspend(case_id, reason=given["reason"], by=actor(), now=now())


@blueprint.post("/cases/<id:case_id>/resume")
@requires("cases.manage")
@blueprint.arguments(OptionalReasonSchema)
@blueprint.response(200, MovedSchema)
def resume_case(given: dict[str, str], case_id: int) -> Any:
    """Let a suspended case go on."""
    return service.resume(case_id, reason=given["reason"], by=actor(), now=now())


@blueprint.post("/cases/<id:case_id>/messages")
@requires("cases.message")
@blueprint.arguments(MessageSchema)
@blueprint.response(200, DeliverySchema)
def send_to_case(given: dict[str, Any], case_id: int) -> dict[str, Any]:
    """Send a message to this case; it is kept until the case waits for it."""
    return _delivery(
        service.send(given["name"], given["key"], given["data"], by=actor(), now=now(), case_id=case_id)
    )


@blueprint.post("/cases/<id:case_id>/incidents/<id:n>/retry")
@requires("incidents.retry")
@blueprint.response(200, MovedSchema)
def retry_incident(case_id: int, n: int) -> Any:
    """Try again what was stuck."""
    return service.retry(case_id, n, by=actor(), now=now())


@blueprint.post("/messages")
@requires("cases.message")
@blueprint.arguments(MessageSchema)
@blueprint.response(200, DeliverySchema)
def send_message(given: dict[str, Any]) -> dict[str, Any]:
    """Send a message to whoever waits for it; kept until somebody does; starts what it starts."""
    return _delivery(service.send(given["name"], given["key"], given["data"], by=actor(), now=now()))


@blueprint.post("/files")
@requires("files.add")
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
)
@blueprint.response(201, StoredFileSchema)
def add_file() -> uploads.Stored:
    """Attach a file; forms refer to it by id."""
    sent = next((file for _, files in request.files.lists() for file in files), None)
    if sent is None:
        raise uploads.NothingSent
    limit = current_app.config["SETTINGS"].max_upload_bytes
    return uploads.store(sent.filename or "", sent.read(limit + 1), by=actor(), now=now(), limit=limit)


@blueprint.get("/files/<file_id>")
@requires("files.see")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def show_file(file_id: str) -> Response:
    """The bytes of an attachment."""
    kept, content = uploads.read(actor(), file_id)
    return attachment_response(kept.name, kept.type, content)


def _delivery(done: Any) -> dict[str, Any]:
    return {
        "delivered": [each.case_id for each in done.moved],
        "started": [each.case_id for each in done.started],
        "kept": done.kept,
    }
