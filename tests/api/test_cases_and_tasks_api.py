"""A matter over HTTP: published, started, taken, done, followed; and what is refused on the way."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from building_app import bpmn, chain, statements
from calling_api import County, county

FORM = {
    "id": "f",
    "type": "default",
    "components": [
        {"type": "textfield", "key": "opinion", "id": "A", "label": "意见", "validate": {"required": True}},
        {"type": "number", "key": "amount", "id": "B", "label": "金额", "validate": {"min": 0, "max": 100}},
        {"type": "textfield", "key": "no", "id": "C", "validate": {"pattern": r"^\d{4}-[A-Z]$"}},
    ],
}
WITH_FORM = (
    '<userTask id="ask" name="审核" minyi:nameEn="Review" minyi:group="committee" minyi:form="f.form"/>'
)


@pytest.fixture
def place(tmp_path: Path, database: str) -> Any:
    with county(tmp_path, database) as built:
        yield built


def with_form(place: County) -> str:
    return place.publish(bpmn(chain(WITH_FORM)), form=FORM)


def test_a_matter_goes_from_start_to_end(place: County) -> None:
    started = place.start(with_form(place), data={"topic": "灯"})
    assert started["state"] == "running"
    assert started["case_no"]
    task = place.task(started["id"], by="li")
    assert (task["element"], task["state"], task["assignee"], task["group"]) == (
        "ask",
        "open",
        None,
        "committee",
    )
    assert task["name"] == "Review"
    done = place.who("li").post(f"/tasks/{task['id']}/complete", {"data": {"opinion": "同意", "amount": 3}})
    assert done == {"task": task["id"], "case": {"id": started["id"], "state": "completed"}, "next": []}
    case = place.who("li").get(f"/cases/{started['id']}")
    assert case["state"] == "completed"
    assert case["data"] == {"topic": "灯", "opinion": "同意", "amount": 3, "no": ""}
    assert case["open_tasks"] == []
    assert case["waiting"] == []
    assert case["incidents"] == []
    kinds = [each["kind"] for each in place.who("li").get(f"/cases/{started['id']}/history")["items"]]
    assert kinds[0] == "case.started"
    assert "task.completed" in kinds
    assert kinds[-1] == "case.completed"


def test_a_task_shows_its_form_with_examples_and_who_may_do_it(place: County) -> None:
    task = place.task(place.start(with_form(place), data={"opinion": "先写好的"})["id"])
    shown = place.who("li").get(f"/tasks/{task['id']}")
    fields = {each["key"]: each for each in shown["form"]["components"]}
    assert fields["opinion"]["defaultValue"] == "先写好的"
    assert fields["opinion"]["validate"]["required"] is True
    assert fields["amount"]["validate"] == {"min": 0, "max": 100}
    example = fields["no"]["properties"]["example"]
    assert shown["data"] == {"opinion": "先写好的"}
    assert shown["eligible"] == ["head", "li", "wang"]
    place.who("li").post(f"/tasks/{task['id']}/complete", {"data": {"opinion": "好", "no": example}})


def test_an_answer_that_does_not_fit_names_its_fields_and_changes_nothing(place: County) -> None:
    task = place.task(place.start(with_form(place))["id"])
    refused = place.who("li").post(f"/tasks/{task['id']}/complete", {"data": {"amount": 101, "no": "x"}}, 422)
    assert {(each["path"], each["code"]) for each in refused["errors"]} == {
        ("opinion", "required"),
        ("amount", "max"),
        ("no", "pattern"),
    }
    assert place.task(task["case_id"])["state"] == "open"


def test_who_is_second_is_told_that_somebody_was_first(place: County) -> None:
    task = place.task(place.start(with_form(place))["id"])
    place.who("li").post(f"/tasks/{task['id']}/complete", {"data": {"opinion": "同意"}})
    refused = place.who("wang").post(f"/tasks/{task['id']}/complete", {"data": {"opinion": "不"}}, 409)
    assert refused["type"] == "/problems/task_already_done"


def test_a_task_is_only_for_its_group_whatever_the_role(place: County) -> None:
    task = place.task(place.start(with_form(place))["id"])
    answer = {"data": {"opinion": "同意"}}
    for outsider in ("admin", "zhao", "supervisor", "designer"):
        place.who(outsider).post(f"/tasks/{task['id']}/complete", answer, 403)
    place.who("zhao").get(f"/tasks/{task['id']}", 404)
    place.who("zhao").get(f"/cases/{task['case_id']}", 404)
    assert place.who("zhao").get("/cases")["items"] == []
    assert len(place.who("supervisor").get("/cases")["items"]) == 1


def test_a_task_without_lane_belongs_to_who_started_the_case(place: County) -> None:
    key = place.publish(bpmn(chain("userTask#a")))
    task = place.task(place.start(key, by="admin")["id"])
    assert place.who("admin").get(f"/tasks/{task['id']}")["eligible"] == ["admin"]
    place.who("li").post(f"/tasks/{task['id']}/complete", {}, 403)
    place.who("admin").post(f"/tasks/{task['id']}/complete", {"data": {"any": [1, {"x": None}]}})
    assert place.who("admin").get(f"/cases/{task['case_id']}")["data"] == {"any": [1, {"x": None}]}


def test_taking_giving_back_and_handing_on(place: County) -> None:
    task = place.task(place.start(with_form(place))["id"])
    path = f"/tasks/{task['id']}"
    assert place.who("li").post(f"{path}/claim", {})["assignee"] == "li"
    assert place.who("li").post(f"{path}/claim")["assignee"] == "li"
    assert place.who("wang").post(f"{path}/claim", {}, 409)["type"].endswith("task_held_by_another")
    place.who("wang").post(f"{path}/unclaim", status=409)
    assert [each["id"] for each in place.who("li").get("/tasks?view=mine")["items"]] == [task["id"]]
    assert place.who("wang").get("/tasks?view=claimable")["items"] == []
    assert place.who("li").post(f"{path}/unclaim")["assignee"] is None
    assert [each["id"] for each in place.who("wang").get("/tasks?view=claimable")["items"]] == [task["id"]]
    given = {"username": "wang", "reason": "李明休假"}
    place.who("li").post(f"{path}/assign", given, 403)
    place.who("head").post(f"{path}/assign", {**given, "username": "zhao"}, 422)
    place.who("head").post(f"{path}/assign", {**given, "username": "nobody"}, 422)
    place.who("head").post(f"{path}/assign", {"username": "wang"}, 422)
    assert place.who("head").post(f"{path}/assign", given)["assignee"] == "wang"
    place.who("li").post(f"{path}/complete", {"data": {"opinion": "x"}}, 409)
    assert place.who("wang").get(path)["eligible"] == ["wang"]
    place.who("wang").post(f"{path}/complete", {"data": {"opinion": "x"}})
    happened = place.who("li").get(f"/cases/{task['case_id']}/history")["items"]
    assigned = next(each for each in happened if each["kind"] == "task.assigned")
    assert assigned["detail"]["reason"] == "李明休假"
    assert [each["id"] for each in place.who("wang").get("/tasks?view=done")["items"]] == [task["id"]]


def test_a_stale_version_is_a_conflict(place: County) -> None:
    task = place.task(place.start(with_form(place))["id"])
    place.who("li").post(f"/tasks/{task['id']}/claim", {"version": task["version"]})
    answer = {"data": {"opinion": "x"}, "version": task["version"]}
    place.who("li").post(f"/tasks/{task['id']}/complete", answer, 409)


def test_next_names_the_tasks_that_the_same_person_can_do(place: County) -> None:
    key = place.publish(bpmn(chain("userTask#a@committee", "userTask#b@committee")))
    task = place.task(place.start(key)["id"])
    done = place.who("li").post(f"/tasks/{task['id']}/complete", {})
    assert done["case"]["state"] == "running"
    assert done["next"] == [place.task(task["case_id"])["id"]]


def test_eight_people_at_once_do_a_task_exactly_once(place: County) -> None:
    task = place.task(place.start(with_form(place))["id"])
    answers: list[int] = []

    def act(name: str) -> None:
        path = f"/tasks/{task['id']}/complete"
        answers.append(place.who(name).call("POST", path, json={"data": {"opinion": name}}).status_code)

    threads = [threading.Thread(target=act, args=(name,)) for name in ("li", "wang", "head") * 3][:8]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(answers) == [200] + [409] * 7


def test_completing_costs_at_most_twelve_statements(place: County) -> None:
    key = place.publish(bpmn(chain(WITH_FORM, WITH_FORM.replace('id="ask"', 'id="again"'))), form=FORM)
    first = place.task(place.start(key)["id"])
    place.who("li").post(f"/tasks/{first['id']}/complete", {"data": {"opinion": "warm"}})
    task = place.task(place.start(key)["id"])
    with place.app.app_context(), statements() as sent:
        place_call = place.app.test_client().post(
            f"/api/v1/tasks/{task['id']}/complete",
            json={"data": {"opinion": "x"}},
            headers={"Authorization": "Bearer token-li"},
        )
    assert place_call.status_code == 200
    assert len(sent) <= 12, "\n".join(sent)


def test_the_most_urgent_task_comes_first_and_pages_fit_together(place: County) -> None:
    due = '<userTask id="ask" minyi:group="committee" minyi:due="{}"/>'
    keys = [
        place.publish(bpmn(chain(due.format(text)), key=f"p{n}"))
        for n, text in enumerate(["hours(30)", "hours(2)", "hours(10)"])
    ]
    keys.append(place.publish(bpmn(chain("userTask#ask@committee"), key="p9")))
    for key in keys:
        place.start(key)
        place.start(key)
    whole = place.who("li").get("/tasks?view=claimable")["items"]
    assert [each["definition"] for each in whole] == ["p1", "p1", "p2", "p2", "p0", "p0", "p9", "p9"]
    paged, cursor = [], ""
    while True:
        answer = place.who("li").get(f"/tasks?view=claimable&limit=3&cursor={cursor}")
        paged += answer["items"]
        cursor = answer["next"]
        if cursor is None:
            break
    assert paged == whole
    assert place.who("li").get("/tasks?view=all&overdue=true")["items"] == []
    assert len(place.who("li").get("/tasks?view=all&element=ask&overdue=false")["items"]) == 8


def test_a_start_form_is_checked(place: County) -> None:
    key = place.publish(bpmn(chain("userTask#a"), attributes='minyi:startForm="f.form"'), form=FORM)
    listed = next(each for each in place.who("li").get("/definitions")["items"] if each["key"] == key)
    assert [each["key"] for each in listed["start_form"]["components"]] == ["opinion", "amount", "no"]
    refused = place.who("li").post("/cases", {"definition": key, "data": {"amount": -1}}, 422)
    assert {each["path"] for each in refused["errors"]} == {"opinion", "amount"}
    started = place.start(key, data={"opinion": "好", "other": 1})
    assert place.who("li").get(f"/cases/{started['id']}")["data"] == {
        "opinion": "好",
        "amount": None,
        "no": "",
    }


def test_only_the_groups_that_a_process_names_may_start_it(place: County) -> None:
    key = place.publish(bpmn(chain("userTask#a"), attributes='minyi:startableBy="村民委员会"'))
    assert place.who("li").get(f"/definitions/{key}")["startable"] is True
    assert place.who("zhao").get(f"/definitions/{key}")["startable"] is False
    place.start(key)
    place.who("zhao").post("/cases", {"definition": key}, 403)


def test_cases_begin_in_the_own_unit_or_below(place: County) -> None:
    key = place.publish(bpmn(chain("userTask#a")))
    started = place.start(key, by="supervisor", unit=str(place.village), title="东路硬化")
    case = place.who("li").get(f"/cases/{started['id']}")
    assert (case["title"], case["unit"], case["unit_name"]) == ("东路硬化", str(place.village), "柳家村")
    place.who("li").post("/cases", {"definition": key, "unit": str(place.other)}, 403)
    place.who("li").post("/cases", {"definition": key, "unit": "999"}, 422)
    place.who("li").post("/cases", {"definition": "nothing"}, 404)
    place.who("li").post("/cases", {"definition": key, "version": 7}, 404)


def test_cancel_suspend_and_resume(place: County) -> None:
    case_id = place.start(with_form(place))["id"]
    task = place.task(case_id)
    place.who("wang").post(f"/cases/{case_id}/suspend", {"reason": "查账"}, 403)
    assert place.who("li").post(f"/cases/{case_id}/suspend", {"reason": "查账"})["state"] == "suspended"
    place.who("li").post(f"/tasks/{task['id']}/complete", {"data": {"opinion": "x"}}, 409)
    place.who("li").post(f"/cases/{case_id}/suspend", {}, 409)
    assert place.who("head").post(f"/cases/{case_id}/resume", {})["state"] == "running"
    place.who("li").post(f"/cases/{case_id}/resume", {}, 409)
    place.who("li").post(f"/cases/{case_id}/cancel", {}, 422)
    assert place.who("li").post(f"/cases/{case_id}/cancel", {"reason": "撤回"})["state"] == "cancelled"
    place.who("li").post(f"/cases/{case_id}/cancel", {"reason": "再撤"}, 409)
    assert place.who("li").get("/tasks?view=claimable")["items"] == []
    assert len(place.who("li").get("/cases?state=cancelled")["items"]) == 1


def test_an_incident_is_told_and_can_be_tried_again(place: County) -> None:
    script = '<scriptTask id="sum" name="sum"><script>total = a + b</script></scriptTask>'
    started = place.start(place.publish(bpmn(chain("userTask#w@committee", script))), data={"a": 1})
    task = place.task(started["id"])
    done = place.who("li").post(f"/tasks/{task['id']}/complete", {})
    assert done["case"]["state"] == "incident"
    incident = place.who("li").get(f"/cases/{started['id']}")["incidents"][0]
    assert (incident["n"], incident["element"]) == (1, "sum")
    assert "{" not in incident["message"]
    again = place.who("li").post(f"/cases/{started['id']}/incidents/1/retry")
    assert again["state"] == "incident"
    place.who("li").post(f"/cases/{started['id']}/incidents/9/retry", status=404)
    elements = place.who("li").get(f"/cases/{started['id']}/diagram")["elements"]
    assert elements["sum"]["state"] == "incident"
    assert elements["w"]["state"] == "done"


def test_a_message_is_kept_until_somebody_waits_for_it(place: County) -> None:
    body = chain(
        "userTask#a@committee",
        '<intermediateCatchEvent id="wait">'
        '<messageEventDefinition id="m" messageRef="paid"/></intermediateCatchEvent>',
    )
    key = place.publish(bpmn(body, extra='<message id="paid" name="paid"/>'))
    started = place.start(key)
    sent = place.who("li").post(f"/cases/{started['id']}/messages", {"name": "paid", "data": {"sum": 5}})
    assert sent["kept"] is True
    task = place.task(started["id"])
    done = place.who("li").post(f"/tasks/{task['id']}/complete", {})
    assert done["case"]["state"] == "completed"
    waiting = place.start(key)
    place.who("li").post(f"/tasks/{place.task(waiting['id'])['id']}/complete", {})
    case = place.who("li").get(f"/cases/{waiting['id']}")
    assert [(each["element"], each["kind"], each["name"]) for each in case["waiting"]] == [
        ("wait", "message", "paid")
    ]
    sent = place.who("admin").post("/messages", {"name": "paid", "data": {"sum": 6}})
    assert sent == {"delivered": [waiting["id"]], "started": [], "kept": False}
    assert place.who("li").get(f"/cases/{waiting['id']}")["data"]["sum"] == 6


def test_a_draft_is_seen_by_its_writer_alone(place: County) -> None:
    task = place.task(place.start(with_form(place))["id"])
    path = f"/tasks/{task['id']}"
    assert place.who("li").call("PUT", f"{path}/draft", json={"data": {"opinion": "还没"}}).status_code == 204
    assert place.who("li").call("PUT", f"{path}/draft", json={"data": {"opinion": "写完"}}).status_code == 204
    assert place.who("li").get(path)["draft"] == {"opinion": "写完"}
    assert place.who("wang").get(path)["draft"] is None
    assert place.who("zhao").call("PUT", f"{path}/draft", json={"data": {}}).status_code == 404
    assert place.who("li").call("DELETE", f"{path}/draft").status_code == 204
    assert place.who("li").get(path)["draft"] is None


def test_cases_are_found_and_paged(place: County) -> None:
    key = place.publish(bpmn(chain("userTask#a"), key="one"))
    ids = [place.start(key, title=f"第{n}条路")["id"] for n in range(5)]
    place.start(place.publish(bpmn(chain("userTask#a"), key="two")), by="zhao")
    assert [each["id"] for each in place.who("li").get("/cases")["items"]] == ids[::-1]
    assert [each["id"] for each in place.who("admin").get("/cases?q=第3条")["items"]] == [ids[3]]
    assert len(place.who("admin").get("/cases?definition=two")["items"]) == 1
    assert len(place.who("admin").get(f"/cases?unit={place.township}")["items"]) == 6
    assert len(place.who("admin").get(f"/cases?unit={place.other}&state=running")["items"]) == 1
    first = place.who("li").get("/cases?limit=2")
    second = place.who("li").get(f"/cases?limit=2&cursor={first['next']}")
    assert [each["id"] for each in first["items"] + second["items"]] == ids[:0:-1]
    assert place.who("li").get("/cases?q=100%25_")["items"] == []
    for bad in (
        "limit=201",
        "limit=0",
        "limit=x",
        "state=odd",
        "unit=x",
        "cursor=%00",
        "cursor=W10",
        "cursor=!!",
    ):
        assert place.who("li").call("GET", f"/cases?{bad}").status_code in (400, 422), bad


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"data": NaN}',
        b'{"data": {"x": 1e999}}',
        b'{"data": {"x": 123456789012345678901234567890}}',
        b'{"data": {"x": "\\u0000"}}',
        b'{"data": {"\\u0000": 1}}',
        b'{"data": {"x": "\\ud800"}}',
        b'{"data": {"x": ' + b"[" * 70 + b"]" * 70 + b"}}",
        b'{"data": []}',
        b'{"data": "x"}',
        b"[]",
        b"null",
        b'"x"',
        b'{"data": {}, "version": "1"}',
        b'{"data": {}, "version": 1.5}',
        b'{"data": {}, "version": -1}',
    ],
)
def test_no_body_is_a_fault_of_the_server(place: County, body: bytes) -> None:
    key = place.publish(bpmn(chain("userTask#a")))
    task = place.task(place.start(key)["id"])
    answer = place.who("li").call(
        "POST", f"/tasks/{task['id']}/complete", data=body, content_type="application/json"
    )
    assert answer.status_code in (400, 422)
    assert json.loads(answer.data)["detail"]
    assert place.task(task["case_id"])["state"] == "open"


def test_other_content_and_other_methods_are_refused(place: County) -> None:
    assert place.who("li").call("POST", "/cases", data="<x/>", content_type="text/xml").status_code == 415
    assert place.who("li").call("DELETE", "/cases").status_code == 405
    assert place.who("li").call("GET", "/cases/0x1").status_code == 404
    assert place.who("li").call("GET", "/cases/99999999999999999999").status_code == 404
    assert place.who("li").call("GET", "/cases?q=%00").status_code == 400
    assert place.app.test_client().get("/api/v1/cases").status_code == 401


@pytest.mark.parametrize("item", [1, 0, -2.5, True, None, "12", [1], {"a": 1}])
def test_the_tasks_of_a_multi_instance_are_listed_whatever_each_is_about(place: County, item: Any) -> None:
    loop = (
        "<multiInstanceLoopCharacteristics><loopDataInputRef>items</loopDataInputRef>"
        '<inputDataItem id="item" name="item"/></multiInstanceLoopCharacteristics>'
    )
    key = place.publish(bpmn(chain(f'<userTask id="ask" minyi:group="committee">{loop}</userTask>')))
    case = place.start(key, data={"items": [item]})
    task = place.task(case["id"])
    assert place.who("li").get(f"/tasks/{task['id']}")["element"] == "ask"
    done = place.who("li").post(f"/tasks/{task['id']}/complete", {"data": {}})
    assert done["case"]["state"] == "completed"


def test_a_multi_instance_by_number_is_listed(place: County) -> None:
    tag = "multiInstanceLoopCharacteristics"
    loop = f"<{tag}><loopCardinality>2</loopCardinality></{tag}>"
    key = place.publish(bpmn(chain(f'<userTask id="ask" minyi:group="committee">{loop}</userTask>')))
    case = place.start(key)
    assert len(place.who("li").get(f"/tasks?view=all&case={case['id']}")["items"]) == 2


def test_a_choice_keeps_the_kind_of_value_that_its_form_declares(place: County) -> None:
    values = [{"label": "one", "value": 1}, {"label": "two", "value": "2"}]
    form = {
        "type": "default",
        "id": "f",
        "components": [
            {"type": "select", "key": "one", "id": "A", "values": values},
            {"type": "checklist", "key": "some", "id": "B", "values": values},
        ],
    }
    key = place.publish(bpmn(chain(WITH_FORM)), form=form)
    case = place.start(key)
    task = place.task(case["id"])
    served = place.who("li").get(f"/tasks/{task['id']}")["form"]["components"]
    assert [each["value"] for each in served[0]["values"]] == [1, "2"]
    place.who("li").post(f"/tasks/{task['id']}/complete", {"data": {"one": "1", "some": [1, 2]}})
    assert place.who("li").get(f"/cases/{case['id']}")["data"] == {"one": 1, "some": [1, "2"]}


def test_of_several_groups_the_first_that_is_found_counts(place: County) -> None:
    key = place.publish(bpmn(chain('<userTask id="ask" minyi:group="nowhere, committee"/>')))
    task = place.task(place.start(key, by="head")["id"])
    assert task["group"] == "committee"
