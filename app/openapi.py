"""Completes the served OpenAPI document: the answers that every operation may give, and how to sign in.

flask-smorest documents what views declare; the answers that guard, reader and error handlers give are the
same everywhere and are added here once.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

PROBLEM = "application/problem+json"
ALWAYS = (400, 403, 404, 409, 422)
CHANGING = (413, 415, 429)
_METHODS = ("get", "post", "put", "patch", "delete")


def complete(spec: Any, *, public: frozenset[tuple[str, str]]) -> None:
    """Add error answers and security to every operation of an apispec `spec`; `public` need no sign-in."""
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    for path, method, operation in operations(spec):
        if method == "post":
            operation.setdefault("parameters", []).append(_IDEMPOTENCY)
        if (path, method) not in public:
            operation["security"] = [{"bearer": []}]
        _add_answers(operation, path, method, is_public=(path, method) in public)


def operations(spec: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every (path, method, operation) of the document."""
    for path, item in spec._paths.items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def path_of(rule: str) -> str:
    """The path of a Flask rule as OpenAPI writes it."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def _add_answers(operation: dict[str, Any], path: str, method: str, *, is_public: bool) -> None:
    answers = operation.setdefault("responses", {})
    answers.pop("default", None)
    statuses = [*ALWAYS, *(CHANGING if method != "get" else ())]
    if not is_public or path.endswith("/auth/tokens"):
        statuses.append(401)
    if is_public and 429 not in statuses:
        statuses.append(429)
    for status in statuses:
        answers.setdefault(str(status), {})
    for status, answer in answers.items():
        if re.fullmatch(r"4\d\d", str(status)):
            said = answer.get("description") if isinstance(answer, dict) else None
            answers[status] = {
                "description": said or HTTPStatus(int(status)).phrase,
                "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }


_IDEMPOTENCY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "The same key by the same person returns the first answer again and acts once",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
