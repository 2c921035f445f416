"""Starting cases and doing tasks, on every database."""

from datetime import timedelta

import pytest
from building_app import (
    NOW,
    actor_of,
    add_group,
    add_person,
    add_unit,
    bpmn,
    case_row,
    chain,
    complete,
    open_task,
    publish,
    start,
    statements,
)
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Record, StepRow, Task
from app.runtime import records
from app.runtime.refusals import (
    MayNotComplete,
    NoSuchDefinition,
    NoSuchTask,
    NoSuchUnit,
    TaskAlreadyDone,
    TaskChanged,
    TaskHeldByAnother,
    UnstorableText,
)
from app.runtime.transaction import transaction

TWO = bpmn(chain("userTask#a@office", "userTask#b@office"))


class Village:
    """A township with a village, an office with two clerks, a starter and a stranger."""

    def __init__(self) -> None:
        self.town = add_unit("镇", kind="township")
        self.village = add_unit("村", parent=self.town)
        add_person("li", unit=self.town)
        add_person("wang", unit=self.town)
        self.starter = add_person("zhao", unit=self.village)
        self.stranger = add_person("qian", unit=self.village)
        add_group("office", unit=self.town, members=(actor_of("li"), actor_of("wang")))
        self.li, self.wang = actor_of("li"), actor_of("wang")


def test_a_case_runs_from_start_to_end(any_app: Flask) -> None:
    v = Village()
    moved = start(publish(TWO), by=v.starter, unit=v.village, data={"x": 1})
    assert moved.state == "running"
    assert moved.case_no == f"2026-{v.village}-0001"
    first = open_task(moved.case_id, "a")
    assert first.group_id is not None
    done = complete(first.id, {"y": 2}, by=v.li, now=NOW + timedelta(hours=1))
    second = open_task(moved.case_id, "b")
    assert done.next == (second.id,)
    assert complete(second.id, by=v.li).case_state == "completed"
    case = case_row(moved.case_id)
    assert (case.state, case.outcome, case.data, case.state_blob) == (
        "completed",
        "e",
        {"x": 1, "y": 2},
        None,
    )
    kinds = db.session.execute(select(Record.kind).order_by(Record.seq)).scalars().all()
    assert kinds == ["case.started", "task.completed", "task.completed", "case.completed"]
    assert records.verify(moved.case_id) == []


def test_each_visit_is_one_step_with_who_and_when(any_app: Flask) -> None:
    v = Village()
    moved = start(publish(TWO), by=v.starter, unit=v.village)
    complete(open_task(moved.case_id).id, by=v.wang, now=NOW + timedelta(minutes=5))
    step = db.session.execute(select(StepRow).where(StepRow.element == "a")).scalar_one()
    assert (step.how, step.by_id, step.left_at) == ("left", v.wang.id, NOW + timedelta(minutes=5))
    assert db.session.execute(select(StepRow.how).where(StepRow.element == "b")).scalar_one() == ""


def test_a_plain_completion_costs_at_most_nine_statements(any_app: Flask) -> None:
    v = Village()
    key = publish(TWO)
    complete(open_task(start(key, by=v.starter, unit=v.village).case_id).id, by=v.li)
    moved = start(key, by=v.starter, unit=v.village)
    task_id = open_task(moved.case_id).id
    with statements() as sent:
        complete(task_id, {"y": 2}, by=v.li)
    assert 0 < len(sent) <= 9, "\n".join(sent)


def test_a_task_done_twice_says_who_was_first(any_app: Flask) -> None:
    v = Village()
    task_id = open_task(start(publish(TWO), by=v.starter, unit=v.village).case_id).id
    complete(task_id, by=v.li)
    with pytest.raises(TaskAlreadyDone, match=r"名li.*2026-11-23 09:00"):
        complete(task_id, by=v.wang)


def test_a_held_task_is_not_taken_by_a_colleague(any_app: Flask) -> None:
    v = Village()
    task_id = open_task(start(publish(TWO), by=v.starter, unit=v.village).case_id).id
    with transaction() as session:
        task = session.get_one(Task, task_id)
        task.assignee_id, task.state = v.li.id, "claimed"
    with pytest.raises(TaskHeldByAnother, match="名li"):
        complete(task_id, by=v.wang)
    complete(task_id, by=v.li)


def test_neither_a_stranger_nor_an_administrator_does_an_officials_task(any_app: Flask) -> None:
    v = Village()
    admin = add_person("root", unit=v.town, roles=("admin",))
    task_id = open_task(start(publish(TWO), by=v.starter, unit=v.village).case_id).id
    for who in (v.stranger, v.starter, admin):
        with pytest.raises(MayNotComplete):
            complete(task_id, by=who)


def test_a_task_of_an_unknown_group_falls_to_the_starter(any_app: Flask) -> None:
    v = Village()
    task_id = open_task(
        start(publish(bpmn(chain("userTask#a@nobody"))), by=v.starter, unit=v.village).case_id
    ).id
    with pytest.raises(MayNotComplete):
        complete(task_id, by=v.stranger)
    complete(task_id, by=v.starter)


def test_the_nearest_group_of_that_name_gets_the_task(any_app: Flask) -> None:
    v = Village()
    near = add_group("office", unit=v.village)
    moved = start(publish(TWO), by=v.starter, unit=v.village)
    assert open_task(moved.case_id).group_id == near


def test_another_version_of_the_task_is_refused(any_app: Flask) -> None:
    v = Village()
    task = open_task(start(publish(TWO), by=v.starter, unit=v.village).case_id)
    with pytest.raises(TaskChanged):
        complete(task.id, by=v.li, version=task.row_version + 1)
    complete(task.id, by=v.li, version=1)


def test_unknown_things_are_refused_by_name(any_app: Flask) -> None:
    v = Village()
    with pytest.raises(NoSuchTask):
        complete(4711, by=v.li)
    with pytest.raises(NoSuchDefinition):
        start("nothing", by=v.li, unit=v.village)
    key = publish(TWO)
    with pytest.raises(NoSuchUnit):
        start(key, by=v.li, unit=4711)
    with pytest.raises(NoSuchDefinition):
        start(key, by=v.li, unit=v.village, version=7)


def test_a_text_that_no_database_stores_is_refused(any_app: Flask) -> None:
    v = Village()
    key = publish(TWO)
    with pytest.raises(UnstorableText):
        start(key, by=v.starter, unit=v.village, data={"a": [{"b\0": 1}]})
    task = open_task(start(key, by=v.starter, unit=v.village, data={"a": "\\u0000"}).case_id)
    with pytest.raises(UnstorableText):
        complete(task.id, {"a": "x\0"}, by=v.li)
