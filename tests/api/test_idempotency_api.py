"""The same Idempotency-Key: one act, one answer, however often and however close together it is sent."""

import io
import threading
from pathlib import Path
from typing import Any

import pytest
from building_app import bpmn, chain
from calling_api import County, county

from app.extensions import db
from app.models import IdempotencyKey


@pytest.fixture
def place(tmp_path: Path, database: str) -> Any:
    with county(tmp_path, database) as built:
        yield built


@pytest.fixture
def key(place: County) -> str:
    return place.publish(bpmn(chain("userTask#a")))


def start(place: County, key: str, mark: str, by: str = "li", **body: Any) -> Any:
    return place.who(by).call(
        "POST", "/cases", json={"definition": key, **body}, headers={"Idempotency-Key": mark}
    )


def test_a_repeated_start_is_one_case(place: County, key: str) -> None:
    first, again = start(place, key, "k1"), start(place, key, "k1")
    assert (again.status_code, again.data) == (201, first.data)
    assert again.mimetype == "application/json"
    assert len(place.who("li").get("/cases")["items"]) == 1
    assert start(place, key, "k2").data != first.data


def test_keys_belong_to_a_person(place: County, key: str) -> None:
    assert start(place, key, "k1").data != start(place, key, "k1", by="wang").data


def test_the_same_key_for_something_else_is_refused(place: County, key: str) -> None:
    start(place, key, "k1")
    other = start(place, key, "k1", title="别的")
    assert other.status_code == 422
    assert other.json["type"].endswith("idempotency_key_reused")


def test_a_refusal_is_answered_again_alike(place: County, key: str) -> None:
    first, again = start(place, "nothing", "k1"), start(place, "nothing", "k1")
    assert first.status_code == again.status_code == 404
    assert (first.data, again.mimetype) == (again.data, "application/problem+json")


def test_racing_requests_act_once(place: County, key: str) -> None:
    answers: list[tuple[int, bytes]] = []

    def act() -> None:
        answer = start(place, key, "race")
        answers.append((answer.status_code, answer.data))

    threads = [threading.Thread(target=act) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert len(place.who("li").get("/cases")["items"]) == 1


def test_a_form_sent_again_with_another_boundary_is_the_same_request(place: County) -> None:
    def send() -> Any:
        return place.who("li").call(
            "POST",
            "/files",
            data={"file": (io.BytesIO(b"text"), "a.txt")},
            headers={"Idempotency-Key": "file"},
        )

    assert send().data == send().data


@pytest.mark.parametrize("mark", ["", "x" * 201, "a b"])
def test_an_unusable_key_is_malformed(place: County, key: str, mark: str) -> None:
    assert start(place, key, mark).status_code == 400


def test_answers_are_not_kept_in_the_clear(place: County, key: str) -> None:
    answer = start(place, key, "k1").json
    with place.app.app_context():
        row = db.session.query(IdempotencyKey).one()
        assert row.status == 201
        assert answer["case_no"] not in row.body


def test_who_may_not_act_leaves_no_trace(place: County, key: str) -> None:
    answer = place.who("li").call("POST", "/people", json={}, headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 403
    assert start(place, key, "k1").status_code == 201
