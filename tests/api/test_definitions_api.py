"""Processes over HTTP: checked, published, listed, compared."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from building_app import bpmn, chain
from calling_api import County, county


@pytest.fixture
def place(tmp_path: Path) -> Any:
    with county(tmp_path) as built:
        yield built


PLAIN = bpmn(chain("userTask#a"))
BROKEN = bpmn(
    '<startEvent id="s"/><exclusiveGateway id="g"/><sequenceFlow id="f" sourceRef="s" targetRef="x"/>'
)


def sent(text: str, name: str = "process.bpmn") -> dict[str, Any]:
    return {"files": [{"name": name, "content": text}], "note": "第一版"}


def test_publishing_gives_a_version_and_the_same_files_give_the_same_one(place: County) -> None:
    designer = place.who("designer")
    first = designer.post("/definitions", sent(PLAIN), 201)
    assert (first["key"], first["version"]) == ("p", 1)
    again = designer.post("/definitions", sent(PLAIN), 201)
    assert (again["id"], again["version"]) == (first["id"], 1)
    assert again["warnings"][-1]["code"] == "policy.same_content"
    changed = designer.post("/definitions", sent(PLAIN.replace('name="a"', 'name="审核"')), 201)
    assert changed["version"] == 2
    assert [each["version"] for each in designer.get("/definitions/p/versions")["items"]] == [2, 1]
    assert designer.get("/definitions/p/versions/1/files/process.bpmn")["content"] == PLAIN
    designer.get("/definitions/p/versions/3/files/process.bpmn", 404)
    designer.get("/definitions/p/versions/1/files/other.bpmn", 404)
    designer.get("/definitions/q", 404)


def test_files_may_come_as_a_form(place: County) -> None:
    form = {"id": "f", "components": [{"type": "textfield", "key": "x"}]}
    answer = place.who("designer").call(
        "POST",
        "/definitions",
        data={
            "files": [
                (io.BytesIO(PLAIN.encode()), "流程/审批.bpmn"),
                (io.BytesIO(json.dumps(form).encode()), "../../etc/f.form"),
            ],
            "note": "表单",
        },
    )
    assert answer.status_code == 201
    assert place.who("li").get("/definitions/p")["files"] == ["f.form", "审批.bpmn"]


def test_a_check_always_answers_and_stores_nothing(place: County) -> None:
    designer = place.who("designer")
    good = designer.post("/definitions/check", sent(PLAIN))
    assert (good["problems"], good["key"]) == ([], "p")
    bad = designer.post("/definitions/check", sent(BROKEN))
    assert bad["problems"]
    kinds = ("xml.", "parse.", "engine.", "form.", "rule.", "flow.", "policy.", "scenario.")
    assert all(each["code"].startswith(kinds) and each["message"] for each in bad["problems"])
    assert designer.get("/definitions")["items"] == []
    refused = designer.post("/definitions", sent(BROKEN), 422)
    assert [each["code"] for each in refused["problems"]] == [each["code"] for each in bad["problems"]]
    assert designer.get("/definitions")["items"] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not xml",
        "<a/>",
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'/>",
        "\ufeff",
        "<" * 10_000,
    ],
)
def test_what_is_no_process_is_told_so(place: County, text: str) -> None:
    found = place.who("designer").post("/definitions/check", sent(text))
    assert found["problems"]
    place.who("designer").post("/definitions", sent(text), 422)


@pytest.mark.parametrize("name", ["x.exe", "..", "a" * 200 + ".bpmn", "/", ".bpmn/"])
def test_names_that_cannot_be_used_are_problems(place: County, name: str) -> None:
    refused = place.who("designer").post("/definitions", sent(PLAIN, name), 422)
    assert refused["problems"][0]["code"] == "parse.file_name"


def test_two_files_with_one_name_are_a_problem(place: County) -> None:
    twice = {"files": [{"name": "a/p.bpmn", "content": PLAIN}, {"name": "b/p.bpmn", "content": PLAIN}]}
    refused = place.who("designer").post("/definitions", twice, 422)
    assert refused["problems"][0]["code"] == "parse.file_twice"


def test_a_pattern_that_nothing_fits_is_refused(place: County) -> None:
    form = {"id": "f", "components": [{"type": "textfield", "key": "x", "validate": {"pattern": r"a\bb"}}]}
    files = [{"name": "p.bpmn", "content": PLAIN}, {"name": "f.form", "content": json.dumps(form)}]
    refused = place.who("designer").post("/definitions", {"files": files}, 422)
    assert [each["code"] for each in refused["problems"]] == ["form.pattern_example"]


def test_too_much_is_too_large(place: County) -> None:
    refused = place.who("designer").post("/definitions/check", sent("x" * 6_000_000), 413)
    assert refused["status"] == 413
    place.who("designer").post("/definitions/check", sent("x" * 9_000_000), 413)


def test_only_designers_publish(place: County) -> None:
    for name in ("li", "supervisor"):
        place.who(name).post("/definitions", sent(PLAIN), 403)
        place.who(name).post("/definitions/check", sent(PLAIN), 403)


def test_the_difference_of_two_versions_is_told_by_shape(place: County) -> None:
    designer = place.who("designer")
    designer.post("/definitions", sent(bpmn(chain("userTask#a", "userTask#b"))), 201)
    designer.post("/definitions", sent(bpmn(chain("userTask#a@committee", "userTask#c"))), 201)
    diff = designer.get("/definitions/p/diff?from=1&to=2")
    assert [each["id"] for each in diff["added"]] == ["c"]
    assert [each["id"] for each in diff["removed"]] == ["b"]
    assert [each["id"] for each in diff["changed"]] == ["a", "f1", "f2"]
    assert diff["files"] == {"process.bpmn": "changed"}
    designer.get("/definitions/p/diff?from=1&to=9", 404)
    designer.get("/definitions/p/diff?from=1", 422)


def test_a_retired_process_takes_no_new_cases(place: County) -> None:
    key = place.publish(PLAIN)
    place.who("li").post(f"/definitions/{key}/state", {"state": "retired"}, 403)
    assert place.who("designer").post(f"/definitions/{key}/state", {"state": "retired"})["startable"] is False
    place.who("li").post("/cases", {"definition": key}, 409)
    place.who("designer").post(f"/definitions/{key}/state", {"state": "active"})
    place.start(key)


def test_a_case_stays_with_its_version(place: County) -> None:
    key = place.publish(bpmn(chain("userTask#a")))
    case_id = place.start(key, by="admin")["id"]
    place.publish(bpmn(chain("userTask#b")))
    assert place.task(case_id)["element"] == "a"
    assert place.task(place.start(key, by="admin")["id"])["element"] == "b"
    assert place.task(place.start(key, by="admin", version=1)["id"])["element"] == "a"
    assert 'id="a"' in place.who("admin").get(f"/cases/{case_id}/diagram")["bpmn"]


def test_a_group_that_no_unit_has_is_a_warning_at_its_tasks(place: County) -> None:
    lanes = (
        '<laneSet id="L"><lane id="l1" name="村民委员会"><flowNodeRef>a</flowNodeRef></lane>'
        '<lane id="l2" name="火星办公室"><flowNodeRef>b</flowNodeRef></lane></laneSet>'
    )
    nodes = (
        "userTask#a",
        "userTask#b",
        "userTask#c@nowhere",
        "userTask#d@committee",
        "userTask#g@nowhere, committee",
    )
    text = bpmn(lanes + chain(*nodes))
    for path, status in (("/definitions/check", 200), ("/definitions", 201)):
        body = {"files": [{"name": "p.bpmn", "content": text}]}
        warnings = place.who("designer").post(path, body, status)["warnings"]
        found = [(each["element"], each["code"]) for each in warnings if each["code"] == "flow.group_unknown"]
        assert found == [("b", "flow.group_unknown"), ("c", "flow.group_unknown")]
        assert "火星办公室" in next(each["message"] for each in warnings if each["element"] == "b")
