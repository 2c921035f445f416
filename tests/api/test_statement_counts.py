"""What requests cost in SQL statements: counted, never timed. The sign-in counts, BEGIN and COMMIT do not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from building_app import bpmn, chain, statements
from calling_api import County, county

TWO_TASKS = bpmn(
    '<startEvent id="s"/><userTask id="ask" name="a" minyi:group="committee"/>'
    '<userTask id="check" name="c" minyi:group="committee"/>'
    '<exclusiveGateway id="x" default="f4"/><endEvent id="yes"/><endEvent id="no"/>'
    '<sequenceFlow id="f0" sourceRef="s" targetRef="ask"/>'
    '<sequenceFlow id="f1" sourceRef="ask" targetRef="check"/>'
    '<sequenceFlow id="f2" sourceRef="check" targetRef="x"/>'
    '<sequenceFlow id="f3" sourceRef="x" targetRef="yes"><conditionExpression>approved</conditionExpression>'
    "</sequenceFlow>"
    '<sequenceFlow id="f4" sourceRef="x" targetRef="no"/>'
)


@pytest.fixture
def place(tmp_path: Path, database: str) -> Iterator[County]:
    with county(tmp_path, database) as built:
        yield built


def cost(place: County, call: Any) -> tuple[int, Any]:
    """The number of statements of a call, and its answer."""
    with place.app.app_context(), statements() as sent:
        answer = call()
    return len(sent), answer


def started(place: County) -> dict[str, Any]:
    """A case of the process, after one that filled the caches of this application."""
    key = place.publish(TWO_TASKS)
    place.start(key)
    return place.start(key)


def test_a_completion_that_opens_a_task_costs_at_most_nine(place: County) -> None:
    task = started(place)["next"][0]
    count, done = cost(place, lambda: place.who("li").post(f"/tasks/{task}/complete", {"data": {}}))
    assert len(done["next"]) == 1
    assert count <= 9


def test_a_completion_that_ends_the_case_costs_at_most_nine(place: County) -> None:
    task = started(place)["next"][0]
    answer = {"data": {"approved": True}}
    following = place.who("li").post(f"/tasks/{task}/complete", answer)["next"][0]
    count, done = cost(place, lambda: place.who("li").post(f"/tasks/{following}/complete", answer))
    assert done["case"]["state"] == "completed"
    assert count <= 9


def test_a_start_costs_at_most_twelve(place: County) -> None:
    key = place.publish(TWO_TASKS)
    place.start(key)  # makes the bundle, which nobody keeps before it is committed
    place.start(key)  # compiles it, once a process
    count, begun = cost(place, lambda: place.start(key))
    assert len(begun["next"]) == 1
    assert count <= 12


def test_many_answers_in_one_case_cost_the_same_as_few(place: County) -> None:
    """The price of a completion does not grow with what the case has behind it."""
    key = place.publish(bpmn(chain(*(f"userTask#u{n}@committee" for n in range(12)))))
    task = place.start(key)["next"][0]
    counts = []
    for _ in range(10):
        path = f"/tasks/{task}/complete"
        count, done = cost(place, lambda path=path: place.who("li").post(path, {"data": {}}))
        counts.append(count)
        task = done["next"][0]
    assert counts[1:] == [counts[1]] * 9


def test_what_slices_keep_for_a_case_is_asked_once_at_its_end(place: County) -> None:
    key = place.publish(bpmn(chain("userTask#u@committee")))
    place.start(key)
    task = place.start(key)["next"][0]
    with place.app.app_context(), statements() as sent:
        place.who("li").post(f"/tasks/{task}/complete", {"data": {}})
    about_others = [each for each in sent if "meetings" in each or "notices" in each or "objections" in each]
    assert len(about_others) == 1


@pytest.mark.parametrize("view", ["mine", "claimable", "done", "all"])
def test_a_list_costs_two_statements_however_long_it_is(place: County, view: str) -> None:
    key = place.publish(bpmn(chain("userTask#u@committee")))
    for _ in range(5):
        place.start(key)
    count, listed = cost(place, lambda: place.who("li").get(f"/tasks?view={view}"))
    assert count == 2
    assert len(listed["items"]) == (5 if view in ("claimable", "all") else 0)
