"""The API of processes. Translates only."""

from typing import Any

from flask import request
from flask_babel import gettext
from flask_smorest import Blueprint

from app.clock import now
from app.definitions import queries, service
from app.definitions.schemas import (
    CheckedSchema,
    DefinitionSchema,
    DefinitionsQuerySchema,
    DefinitionsSchema,
    DiffQuerySchema,
    DiffSchema,
    FileSchema,
    PublishedSchema,
    PublishSchema,
    StateSchema,
)
from app.definitions.sent_files import SentFile
from app.errors import problem_row
from app.http import PageQuerySchema
from app.identity.guard import actor, requires
from app.payload import check_text, parser

blueprint = Blueprint(
    "definitions_api", __name__, url_prefix="/api/v1/definitions", description="Published processes"
)

_FILES = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": PublishSchema},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "note": {"type": "string", "maxLength": 2000},
                    },
                }
            },
        },
    }
}


@blueprint.get("")
@requires("definitions.see")
@blueprint.arguments(DefinitionsQuerySchema, location="query")
@blueprint.response(200, DefinitionsSchema)
def list_definitions(wanted: dict[str, Any]) -> dict[str, Any]:
    """Published processes, by key."""
    rows, following = queries.definitions(**wanted)
    return {"items": service.described(rows, actor=actor(), now=now()), "next": following}


@blueprint.post("")
@requires("definitions.publish")
@blueprint.doc(**_FILES)
@blueprint.response(201, PublishedSchema)
def publish() -> dict[str, Any]:
    """Publish the files of one process as its next version.

    The same files as the latest version make no new one: the answer is that version, with the warning
    `policy.same_content`.
    """
    sent, note = _sent()
    stored = service.publish(sent, note=note, by=actor(), now=now())
    return {
        "id": str(stored.id),
        "key": stored.key,
        "version": stored.version,
        "warnings": [problem_row(each, gettext) for each in stored.warnings],
    }


@blueprint.post("/check")
@requires("definitions.publish")
@blueprint.doc(**_FILES)
@blueprint.response(200, CheckedSchema)
def check() -> dict[str, Any]:
    """Check the files of one process; nothing is stored."""
    found = service.check(_sent()[0])
    return {
        "problems": [problem_row(each, gettext) for each in found.problems],
        "warnings": [problem_row(each, gettext) for each in found.warnings],
        "key": found.key,
        "name": found.name,
    }


@blueprint.get("/<key>")
@requires("definitions.see")
@blueprint.response(200, DefinitionSchema)
def show(key: str) -> dict[str, Any]:
    """One process in its latest version."""
    return service.described([service.one(key)], actor=actor(), now=now())[0]


@blueprint.get("/<key>/versions")
@requires("definitions.see")
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, DefinitionsSchema)
def list_versions(wanted: dict[str, Any], key: str) -> dict[str, Any]:
    """The versions of a process, the newest first."""
    service.one(key)
    rows, following = queries.versions(key, **wanted)
    return {"items": service.described(rows, actor=actor(), now=now()), "next": following}


@blueprint.get("/<key>/versions/<id:version>/files/<path:name>")
@requires("definitions.see")
@blueprint.response(200, FileSchema)
def show_file(key: str, version: int, name: str) -> dict[str, str]:
    """A file as it was published."""
    return {"name": name, "content": service.file(key, version, name)}


@blueprint.get("/<key>/diff")
@requires("definitions.see")
@blueprint.arguments(DiffQuerySchema, location="query")
@blueprint.response(200, DiffSchema)
def diff(wanted: dict[str, int], key: str) -> Any:
    """What differs between two versions."""
    return service.changes(key, wanted["before"], wanted["after"])


@blueprint.post("/<key>/state")
@requires("definitions.publish")
@blueprint.arguments(StateSchema)
@blueprint.response(200, DefinitionSchema)
def set_state(given: dict[str, str], key: str) -> dict[str, Any]:
    """Let a process take new cases, or no more."""
    return service.described([service.set_state(key, given["state"])], actor=actor(), now=now())[0]


def _sent() -> tuple[list[SentFile], str]:
    """The files of this request, from a form with files or from JSON, and the note."""
    if request.mimetype == "multipart/form-data":
        sent = [
            SentFile(file.filename or "", file.read())
            for _, files in request.files.lists()
            for file in files
            if file.filename
        ]
        return sent, check_text(request.form.get("note", ""))[:2000]
    given = parser.parse(PublishSchema(), request, location="json")
    return [SentFile(each["name"], each["content"]) for each in given["files"]], given["note"]
