"""What a case is pinned to, what is kept in memory, and what a case knows of its place."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from building_app import (
    NOW,
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
from sqlalchemy import func, select, update

from app.extensions import db
from app.models import Bundle, CalendarDay, Case, Outbox, Unit
from app.runtime import library, world
from app.runtime.library import _Cache
from app.runtime.refusals import DefinitionRetired, NotStartable
from app.runtime.transaction import transaction
from workflows.errors import Unpublishable

CALL = '<callActivity id="call" calledElement="inner"/>'


def inner(task: str) -> str:
    return bpmn(chain(f"userTask#{task}"), key="inner")


def test_a_running_case_keeps_the_versions_it_began_with(any_app: Flask) -> None:
    unit = add_unit("村")
    who = add_person("zhao", unit=unit)
    publish(inner("old"))
    outer = publish(bpmn(chain("userTask#first", CALL), key="outer"))
    before = start(outer, by=who, unit=unit).case_id
    publish(inner("new"))
    after = start(outer, by=who, unit=unit).case_id
    for case_id, element in ((before, "old"), (after, "new")):
        complete(open_task(case_id, "first").id, by=who)
        task = open_task(case_id)
        assert (task.element, task.process, task.definition) == (element, "inner", "outer")
    pins = (
        db.session.execute(select(Bundle.pins).where(Bundle.pins != {}).order_by(Bundle.id)).scalars().all()
    )
    assert [pin for pin in pins if pin] == [{"inner": 1}, {"inner": 2}]


def test_the_same_files_are_one_version(any_app: Flask) -> None:
    add_unit("村")
    publish(inner("a"))
    publish(inner("a"))
    publish(inner("b"))
    with transaction():
        assert library.bundle_for("inner").version == 2
        assert library.bundle_for("inner").id == library.bundle_for("inner").id


def test_a_definition_is_compiled_once_for_many_threads(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    add_unit("村")
    publish(inner("a"))
    with transaction():
        bundle = library.bundle_for("inner").id
    compiled: list[int] = []
    compile_one = library._compile

    def counted(bundle_id: int) -> Any:
        compiled.append(bundle_id)
        return compile_one(bundle_id)

    monkeypatch.setattr(library, "_compile", counted)

    def get(_n: int) -> int:
        with app.app_context():
            return id(library.definition_of(bundle))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(get, range(8)))) == 1
    assert compiled == [bundle]


def test_the_cache_forgets_what_was_used_longest_ago() -> None:
    cache = _Cache(size=2)
    one, _two = cache.entry(1), cache.entry(2)
    assert cache.entry(1) is one
    cache.entry(3)
    assert set(cache._entries) == {1, 3}


def test_a_retired_process_takes_no_cases_and_a_broken_one_is_not_published(any_app: Flask) -> None:
    unit = add_unit("村")
    key = publish(inner("a"))
    with transaction() as session:
        session.execute(update(library.DefinitionRow).values(state="retired"))
    with pytest.raises(DefinitionRetired):
        start(key, by=None, unit=unit)
    with pytest.raises(Unpublishable):
        publish("<not-bpmn/>")
    message = '<message id="m" name="x"/>'
    by_message = bpmn(
        '<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent><endEvent id="e"/>'
        '<sequenceFlow id="f" sourceRef="s" targetRef="e"/>',
        key="told",
        extra=message,
    )
    with pytest.raises(NotStartable):
        start(publish(by_message), by=None, unit=unit)


def test_a_changed_calendar_and_a_changed_place_are_seen_at_once(any_app: Flask) -> None:
    town = add_unit("镇", kind="township", place="CN-3707")
    village = add_unit("村", parent=town)
    with transaction():
        seen = world.world_of_unit(village, now=NOW)
        assert seen.place == ("CN", "CN-37", "CN-3707")
        assert seen.calendar.is_working(date(2026, 11, 23))
    with transaction() as session:
        session.add(CalendarDay(day="2026-11-23", working=False))
        session.get_one(Unit, village).place = "CN-3707-X"
        session.flush()
    with transaction():
        seen = world.world_of_unit(village, now=NOW)
        assert not seen.calendar.is_working(date(2026, 11, 23))
        assert seen.place[-1] == "CN-3707-X"
    with transaction(), statements() as sent:
        world.world_of_unit(village, now=NOW)
    assert len(sent) == 1, "calendar and place stay in memory"


def test_cases_that_answer_each_other_for_ever_keep_no_person_waiting(any_app: Flask) -> None:
    unit = add_unit("村")
    who = add_person("zhao", unit=unit)
    event = '<messageEventDefinition messageRef="{}"/>'
    messages = '<message id="ping" name="ping"/><message id="pong" name="pong"/>'

    def player(key: str, catch: str, throw: str) -> str:
        flows = (("s", "g"), ("g", "c"), ("c", "t"), ("t", "x"), ("x", "g"))
        return bpmn(
            '<startEvent id="s"/><exclusiveGateway id="g"/><exclusiveGateway id="x" default="f_x_g"/>'
            f'<intermediateCatchEvent id="c">{event.format(catch)}</intermediateCatchEvent>'
            f'<intermediateThrowEvent id="t">{event.format(throw)}</intermediateThrowEvent><endEvent id="e"/>'
            '<sequenceFlow id="out" sourceRef="x" targetRef="e"><conditionExpression>1 == 2'
            "</conditionExpression></sequenceFlow>"
            + "".join(f'<sequenceFlow id="f_{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in flows),
            key=key,
            extra=messages,
        )

    one = start(publish(player("one", "ping", "pong")), by=who, unit=unit).case_id
    start(publish(player("two", "pong", "ping")), by=who, unit=unit)
    serve = bpmn(
        chain(f'<intermediateThrowEvent id="t">{event.format("ping")}</intermediateThrowEvent>'),
        key="serve",
        extra=messages,
    )
    start(publish(serve), by=who, unit=unit)
    assert case_row(one).state == "running"
    assert db.session.execute(select(func.count()).select_from(Outbox)).scalar_one() == 1
    assert db.session.execute(select(func.max(Case.record_seq))).scalar_one() < 200


def refused_after_looking(key: str) -> None:
    """What a start does whose form is refused: the bundle is made, its definition read, all is undone."""
    assert library.definition_of(library.bundle_for(key).id).key == key
    raise NotStartable(key=key)


def undo(key: str) -> None:
    with transaction():
        refused_after_looking(key)


def test_a_start_that_was_undone_leaves_no_definition_to_the_next(any_app: Flask) -> None:
    unit = add_unit("村")
    li = add_person("li", unit=unit)
    keys = [publish(bpmn(chain(f"userTask#of_{key}"), key=key)) for key in ("one", "two")]
    with pytest.raises(NotStartable):
        undo(keys[0])

    moved = start(keys[1], by=li, unit=unit)  # SQLite gives it the id that was undone
    assert open_task(moved.case_id).element == "of_two"


def test_a_bundle_undone_with_a_savepoint_leaves_no_definition_either(any_app: Flask) -> None:
    unit = add_unit("村")
    li = add_person("li", unit=unit)
    keys = [publish(bpmn(chain(f"userTask#of_{key}"), key=key)) for key in ("one", "two")]
    with transaction() as session:
        savepoint = session.begin_nested()
        with pytest.raises(NotStartable):
            refused_after_looking(keys[0])
        savepoint.rollback()
        assert library.definition_of(library.bundle_for(keys[1]).id).key == "two"
    moved = start(keys[1], by=li, unit=unit)
    assert open_task(moved.case_id).element == "of_two"
