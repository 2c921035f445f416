"""How the application speaks HTTP: the documented API, error answers, languages, cursors.

Errors of /api are problem+json; errors of pages are pages. Nothing here knows a slice.
"""

import base64
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from importlib.util import find_spec
from typing import Any, TypeVar
from urllib.parse import quote

import orjson
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask, Response, has_request_context, make_response, render_template, request, session
from flask.json.provider import JSONProvider
from flask_babel import Babel, gettext
from flask_smorest import Api
from marshmallow import EXCLUDE, Schema, fields, validate
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, ValidationError

from app import openapi, payload
from app.errors import TITLES, Invalid, Throttled, problem_body
from app.runtime.transaction import Busy, is_busy
from workflows.errors import Refusal, Unpublishable, message

log = logging.getLogger("minyi")
LANGUAGES = ("zh", "en")
MAX_PAGE = 200
Row = TypeVar("Row")


class FieldErrorSchema(Schema):
    """One field that does not validate."""

    path = fields.String(required=True)
    message = fields.String(required=True)
    code = fields.String(required=True)


class DiagramProblemSchema(Schema):
    """One problem of a definition, on its shape."""

    file = fields.String()
    element = fields.String()
    code = fields.String(required=True)
    message = fields.String(required=True)
    hint = fields.String()


class ProblemSchema(Schema):
    """An error answer (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldErrorSchema))
    problems = fields.List(fields.Nested(DiagramProblemSchema))


class InstantField(fields.Field[datetime]):
    """An instant in UTC to the second, as 2026-11-22T08:00:00Z."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "string", "format": "date-time"}, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else instant_text(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
        except (ValueError, TypeError):
            moment = None
        if moment is None or moment.tzinfo is None or not 1900 < moment.year < 2300:
            raise self.make_error("validator_failed")
        return moment.astimezone(UTC)


class IdField(fields.Field[int]):
    """An id: text outside, a whole number inside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "string", "pattern": ID_PATTERN}, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else str(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, str) and value.isascii() and value.isdecimal() and 0 < len(value) <= 18:
            return int(value)
        raise self.make_error("validator_failed")


ID_PATTERN = "^[0-9]{1,18}$"


class PageQuerySchema(Schema):
    """Where in a list, and how much of it."""

    class Meta:
        unknown = EXCLUDE

    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=MAX_PAGE))
    cursor = fields.String(load_default="", validate=validate.Length(max=500))


def _schema_name(schema: Any) -> str:
    """The name of a schema in the description: its slice and its class, so that slices need not agree."""
    made = resolve_schema_cls(schema)
    kind = made[0] if isinstance(made, list) else made
    slice_name = kind.__module__.removeprefix("app.").partition(".")[0]
    name = kind.__name__.removesuffix("Schema")
    return name if slice_name == "http" else f"{slice_name.capitalize()}{name}"


def instant_text(moment: datetime) -> str:
    """An aware instant as the API writes it: UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _IdConverter(BaseConverter):
    """A path part that is an id; anything else is not found."""

    regex = "[0-9]{1,18}"
    part_isolating = True

    def to_python(self, value: str) -> int:
        if not value.isascii():
            raise ValidationError
        return int(value)


class _Json(JSONProvider):
    """orjson, with instants as the API writes them."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj, default=_as_json, option=_JSON_OPTIONS).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return payload.read_json(s.encode() if isinstance(s, str) else s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        body = orjson.dumps(self._prepare_response_obj(args, kwargs), default=_as_json, option=_JSON_OPTIONS)
        return Response(body, mimetype="application/json")


_JSON_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "__html__"):
        return str(value)
    raise TypeError(f"{type(value)} has no JSON form")


class _Api(Api):  # type: ignore[misc]
    """flask-smorest's API with our error body."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """Ours are installed for the whole application."""


def install(app: Flask, babel: Babel) -> None:
    """Give the application its API, its languages and its error answers."""
    app.config.update(
        API_TITLE="Minyi 民议",
        API_VERSION="1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )
    app.json = _Json(app)
    app.url_map.converters["id"] = _IdConverter
    app.before_request(payload.check_address)
    babel.init_app(app, locale_selector=choose_language)
    api = app.extensions["minyi.api"] = _Api(
        app, spec_kwargs={"marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=_schema_name)}
    )
    api.register_converter(_IdConverter, lambda _: {"type": "string", "pattern": ID_PATTERN})
    app.register_error_handler(Refusal, _answer)
    app.register_error_handler(Unpublishable, _answer)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_fault)


def register_api(app: Flask, blueprint: Any) -> None:
    """Add a slice's documented blueprint."""
    app.extensions["minyi.api"].register_blueprint(blueprint)


def complete_api(app: Flask, *, is_public: Callable[[Any, str, str], bool]) -> None:
    """Finish the served description when all slices are there; `is_public(view, method, endpoint)`."""
    public = frozenset(
        (openapi.path_of(rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if is_public(app.view_functions[rule.endpoint], method, rule.endpoint)
    )
    openapi.complete(app.extensions["minyi.api"].spec, public=public)


def part_exists(module: str) -> bool:
    """Whether a slice has this module."""
    return find_spec(module) is not None


def choose_language() -> str:
    """zh or en: the reader's choice, else what the browser or program asks for, else Chinese."""
    if not has_request_context():
        return "zh"  # the worker and the command line
    if request.path.startswith("/api/"):
        return request.accept_languages.best_match(LANGUAGES, "zh") or "zh"
    chosen = session.get("language")
    return chosen if chosen in LANGUAGES else "zh"


def problem_response(body: dict[str, Any]) -> Response:
    """`body` as an application/problem+json answer."""
    response = Response(orjson.dumps(body), status=body["status"], content_type="application/problem+json")
    if body["status"] == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def attachment_response(name: str, kind: str, content: bytes) -> Response:
    """A stored file as a download: never shown by the browser itself, whatever it says it is."""
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def field_errors(messages: Any, path: str = "") -> list[dict[str, str]]:
    """marshmallow's nested messages as [{path, message, code}], in order; paths are dotted."""
    if isinstance(messages, dict):
        rows: list[dict[str, str]] = []
        for key, value in messages.items():
            below = (
                path
                if key in ("_schema", "json", "query", "files", "form")
                else f"{path}.{key}"
                if path
                else str(key)
            )
            rows += field_errors(value, below)
        return rows
    texts = messages if isinstance(messages, list) else [messages]
    return [{"path": path, **_sentence(text)} for text in texts]


def _sentence(text: Any) -> dict[str, str]:
    """A message of marshmallow, or of ours, in the reader's language and with its code."""
    code = getattr(text, "code", None)
    if code is not None:
        return {"message": str(text), "code": code}
    for beginning, known, ours in _MARSHMALLOW:
        if str(text).startswith(beginning):
            return {"message": gettext(ours), "code": known}
    return {"message": str(text), "code": "invalid"}


_MARSHMALLOW = (
    ("Missing data for required field", "required", message("This is needed.")),
    ("Field may not be null", "null", message("This is needed.")),
    ("Unknown field", "unknown", message("There is no such field.")),
    ("Not a valid", "type", message("This has another type or form than is asked for.")),
    ("Invalid input type", "type", message("This has another type or form than is asked for.")),
    ("Invalid type", "type", message("This has another type or form than is asked for.")),
    ("Invalid value", "type", message("This has another type or form than is asked for.")),
    ("Must be one of", "choice", message("This is not among the values that are known here.")),
    ("Must be greater", "range", message("This number is outside of what is allowed.")),
    ("Must be less", "range", message("This number is outside of what is allowed.")),
    ("Shorter than", "length", message("This is shorter than is allowed.")),
    ("Longer than", "length", message("This is longer than is allowed.")),
    ("Length must", "length", message("This has another length than is allowed.")),
)


def encode_cursor(*values: Any) -> str:
    """An opaque place in a list."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def decode_cursor(text: str, types: Sequence[type]) -> list[Any] | None:
    """The values of a cursor, or None for an empty one. Raises Invalid for one that is not ours."""
    if not text:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError as bad:
        raise bad_cursor() from bad
    fits = isinstance(values, list) and len(values) == len(types)
    if not fits or not all(v is None or type(v) is t for v, t in zip(values, types, strict=True)):
        raise bad_cursor()
    return list(values)


def page(
    rows: Sequence[Row], limit: int, place: Callable[[Row], tuple[Any, ...]]
) -> tuple[list[Row], str | None]:
    """Cut `limit + 1` fetched rows to `limit`, with the cursor of the next page."""
    if len(rows) <= limit:
        return list(rows), None
    return list(rows[:limit]), encode_cursor(*place(rows[limit - 1]))


def bad_cursor() -> Invalid:
    """The refusal of a cursor that is not ours."""
    return Invalid(
        [{"path": "cursor", "message": gettext("This is not a cursor of this list."), "code": "cursor"}]
    )


def _wants_api() -> bool:
    return request.path.startswith(("/api/", "/health", "/metrics"))


def _respond(body: dict[str, Any]) -> Response:
    if _wants_api():
        return problem_response(body)
    return make_response(render_template("error.html", problem=body), body["status"])


def _answer(refusal: Exception) -> Response:
    response = _respond(problem_body(refusal, gettext))
    if isinstance(refusal, Throttled):
        response.headers["Retry-After"] = str(refusal.params.get("seconds", 60))
    return response


def _answer_http(fault: HTTPException) -> Response:
    if fault.response is not None:
        return fault.response  # type: ignore[return-value]
    status = fault.code or 500
    if status == 413:
        payload.read_away(request)
    data = getattr(fault, "data", None) or {}
    if status == 422 and "messages" in data:
        return _answer(Invalid(field_errors(data["messages"])))
    title = TITLES.get(status, TITLES[400])(gettext)
    body = {
        "type": f"/problems/http_{status}",
        "title": title,
        "status": status,
        "detail": gettext(_WHAT_TO_DO[status]) if status in _WHAT_TO_DO else title,
    }
    response = _respond(body)
    for name, value in fault.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


_WHAT_TO_DO = {
    404: message("There is nothing at this address. Check it and try again."),
    405: message("This cannot be done at this address. The header Allow says what can."),
    413: message("What was sent is larger than is taken here."),
    415: message("Send the content as JSON, or as a form where files are asked for."),
}


def _answer_fault(fault: Exception) -> Response:
    if isinstance(fault, DBAPIError) and is_busy(fault):
        return _answer(Busy())
    log.exception("fault while answering %s %s", request.method, request.path)
    body = {
        "type": "/problems/fault",
        "title": TITLES[500](gettext),
        "status": 500,
        "detail": gettext("Something went wrong on our side. Nothing was changed; please try again later."),
    }
    return _respond(body)
