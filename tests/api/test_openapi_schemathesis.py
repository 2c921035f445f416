"""The served description and the program agree: whatever is sent, the answer is one that is documented."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from building_app import bpmn, chain
from calling_api import County, county
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
FORM = {"id": "f", "components": [{"type": "textfield", "key": "x", "validate": {"required": True}}]}
FORM_TASK = '<userTask id="b" minyi:group="committee" minyi:form="f.form"/>'


@pytest.fixture(scope="module")
def place() -> Iterator[County]:
    """A county with two running matters, for the whole module: the description is read once."""
    with tempfile.TemporaryDirectory() as folder, county(Path(folder), sandbox=True) as built:
        key = built.publish(bpmn(chain("userTask#a", FORM_TASK)), form=FORM)
        built.start(key, by="admin")
        built.start(key, by="li")
        yield built


BOUNDED = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
)


def test_every_answer_is_documented(place: County) -> None:
    described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", place.app)
    faults = []
    for found in described.get_all_operations():
        operation = found.ok()

        @BOUNDED
        @given(case=operation.as_strategy())
        def agree(case: Any) -> None:
            if case.path == "/api/v1/sandbox/clock" and isinstance(case.body, dict):
                case.body.pop("set", None)  # a far future would make every later deadline pass
            if case.path == "/api/v1/auth/tokens" and case.method == "DELETE":
                return  # it would sign us out
            if case.path == "/health/ready":
                return  # 503 is an answer here: the tables were not made by migrations
            case.call_and_validate(headers={"Authorization": "Bearer token-admin"}, checks=CHECKS)

        try:
            agree()
        except BaseExceptionGroup as several:
            faults += [f"{operation.label}: {each}" for each in several.exceptions]
        except Exception as fault:  # noqa: BLE001 — every operation is tried before the test says no
            faults.append(f"{operation.label}: {fault}")
    assert not faults, "\n\n".join(faults)


def test_every_error_is_problem_json_and_every_list_is_bounded(place: County) -> None:
    document = json.loads(place.app.test_client().get("/api/v1/openapi.json").data)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            assert "default" not in operation["responses"], (path, method)
            assert operation.get("summary"), (path, method)
            for status, answer in operation["responses"].items():
                if status.startswith("4"):
                    assert list(answer["content"]) == ["application/problem+json"], (path, method, status)
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "limit":
                    assert parameter["schema"]["maximum"] <= 200
