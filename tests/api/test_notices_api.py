"""Officials report interruptions and open contacts, over HTTP; the shipped notice starts anew."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import building_app as build
import building_portal as portal
import pytest
from building_app import NOW
from building_portal import World
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Notice, Objection, Task, Timer
from app.runtime import runner
from app.runtime.transaction import transaction

DAY = timedelta(days=1)


@pytest.fixture
def world(any_app: Flask) -> Iterator[World]:
    """A village with its processes; the product's clock stands at NOW."""
    with portal.world(any_app) as built:
        yield built


def post(world: World, by: str, path: str, body: Any, status: int = 200) -> Any:
    answer = world.ask("POST", f"/api/v1{path}", json=body, headers=world.bearer(by))
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.json


def object_to(world: World, notice_id: int, **body: str) -> int:
    """Object as a villager; returns the objection's id."""
    sent = {"text": "不对"} | body
    assert world.ask("POST", f"/api/v1/portal/notices/{notice_id}/objections", json=sent).status_code == 201
    return db.session.scalars(select(Objection.id).order_by(Objection.id.desc()).limit(1)).one()


def open_elements(case_id: int) -> set[str]:
    db.session.rollback()
    wanted = select(Task.element).where(Task.case_id == case_id, Task.state.in_(("open", "claimed")))
    return set(db.session.scalars(wanted))


def test_an_interruption_starts_the_period_anew(world: World) -> None:
    case_id = world.post_notice()
    first = world.notice_of(case_id)
    later = NOW + 9 * DAY
    world.set_clock(later)
    told = post(world, "wang", f"/notices/{first}/interrupt", {"reason": "12月2日被撕毁"})
    assert told["state"] == "interrupted"
    assert told["reason"] == "12月2日被撕毁"
    assert open_elements(case_id) == {"correct"}
    assert "notice.interrupted" in world.kinds_in_record(case_id)
    corrected = {"title": "道路硬化", "text": "东路硬化。", "correction": "公示被撕毁，重新公示。"}
    wang = world.who("wang")
    build.complete(build.open_task(case_id, "correct").id, corrected, by=wang, now=later)
    build.complete(build.open_task(case_id, "publish").id, {"board_place": "村口"}, by=wang, now=later)
    second = world.notice_of(case_id)
    assert second != first
    notice = db.session.get_one(Notice, second)
    assert notice.posted_to == datetime(2026, 12, 17, 16, 0, tzinfo=UTC)  # fifteen days after 2 December
    assert notice.previous_id == first
    answer = world.ask("GET", f"/api/v1/portal/notices/{first}").json
    assert (answer["state"], answer["next_notice"]) == ("interrupted", str(second))


def test_a_notice_is_interrupted_once(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    post(world, "wang", f"/notices/{notice_id}/interrupt", {"reason": "撕毁"})
    post(world, "zhao", f"/notices/{notice_id}/interrupt", {"reason": "撕毁"}, 409)


def test_officials_of_another_village_cannot_interrupt(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    post(world, "sun", f"/notices/{notice_id}/interrupt", {"reason": "撕毁"}, 404)
    assert db.session.get_one(Notice, notice_id).state == "posted"


def test_nobody_interrupts_without_signing_in(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    answer = world.ask("POST", f"/api/v1/notices/{notice_id}/interrupt", json={"reason": "x"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": "长" * 2001}, {"reason": 3}]
)
def test_an_interruption_needs_a_reason(world: World, body: dict[str, Any]) -> None:
    notice_id = world.notice_of(world.post_notice())
    post(world, "wang", f"/notices/{notice_id}/interrupt", body, 422)
    assert db.session.get_one(Notice, notice_id).state == "posted"


def test_a_notice_whose_period_is_over_is_not_interrupted_unless_its_case_waits(world: World) -> None:
    case_id = world.post_notice()
    notice_id = world.notice_of(case_id)
    object_to(world, notice_id)
    after = datetime(2026, 12, 8, 16, 0, tzinfo=UTC)
    world.set_clock(after)
    fire_timers(case_id, after)
    post(world, "wang", f"/notices/{notice_id}/interrupt", {"reason": "曾被遮挡"})
    assert open_elements(case_id) == {"correct"}
    plain = world.add_notice(posted_to=NOW)
    post(world, "wang", f"/notices/{plain}/interrupt", {"reason": "撕毁"}, 409)


def test_a_notice_of_a_case_that_is_over_is_not_interrupted(world: World) -> None:
    notice_id = world.add_notice()
    build.complete(build.open_task(world.case_id).id, by=world.who("wang"))
    post(world, "wang", f"/notices/{notice_id}/interrupt", {"reason": "撕毁"}, 409)


def test_the_contact_opens_only_for_the_handlers_and_is_recorded_with_the_reason(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    objection_id = object_to(world, notice_id, contact="李四 13800000000")
    path = f"/objections/{objection_id}/contact"
    post(world, "sun", path, {"reason": "好奇"}, 404)
    post(world, "wang", path, {"reason": "好奇"}, 403)
    post(world, "zhao", path, {"reason": " "}, 422)
    told = post(world, "zhao", path, {"reason": "约定现场核实"})
    assert told == {"contact": "李四 13800000000"}
    case_id = db.session.get_one(Objection, objection_id).case_id
    assert case_id is not None
    assert world.kinds_in_record(case_id)[-1] == "objection.contact_opened"
    everything = world.everything_about(case_id)
    assert "约定现场核实" in everything
    assert "13800000000" not in everything


def test_the_contact_stays_closed_once_the_objection_is_settled(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    objection_id = object_to(world, notice_id, contact="13800000000")
    world.settle("unfounded")
    post(world, "zhao", f"/objections/{objection_id}/contact", {"reason": "x"}, 409)


def test_without_a_contact_there_is_none_to_open(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    objection_id = object_to(world, notice_id)
    post(world, "zhao", f"/objections/{objection_id}/contact", {"reason": "x"}, 409)


def test_a_contact_stays_readable_while_the_old_key_is_listed(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    objection_id = object_to(world, notice_id, contact="13800000000")
    old = world.app.config["SECRET_KEY"]
    world.app.config["SECRET_KEY"] = "another" * 8
    post(world, "zhao", f"/objections/{objection_id}/contact", {"reason": "x"}, 409)
    world.app.config["SECRET_KEY_FALLBACKS"] = [old]
    told = post(world, "zhao", f"/objections/{objection_id}/contact", {"reason": "x"})
    assert told == {"contact": "13800000000"}


def fire_timers(case_id: int, now: datetime) -> None:
    """Let every timer of a case fire."""
    waits = db.session.scalars(select(Timer.ref).where(Timer.case_id == case_id)).all()
    db.session.rollback()
    assert waits
    for ref in waits:
        with transaction():
            entry = runner.Entry("timer.fired")
            runner.move(case_id, lambda case, ref=ref: case.fire(ref), by=None, now=now, record=entry)  # type: ignore[misc]
