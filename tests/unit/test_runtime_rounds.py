"""The outbox, the moved clock and a round of the worker."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from building_app import NOW, Actor, add_person, add_unit, bpmn, built_app, case_row, chain, publish, start
from flask import Flask
from sqlalchemy import select

from app import clock
from app.clock import machine_now
from app.extensions import db
from app.models import Outbox, SettingRow, StepRow
from app.runtime import due, kicks, outbox, runner, sandbox
from app.runtime.outbox import Letter
from app.runtime.rounds import go_round
from app.runtime.sandbox import ClockGoesForwardOnly, ClockIsMoving, NoSandbox
from app.runtime.transaction import transaction

HOUR = timedelta(hours=1)


def timer(identity: str, duration: str) -> str:
    inside = f"<timerEventDefinition><timeDuration>{duration}</timeDuration></timerEventDefinition>"
    return f'<intermediateCatchEvent id="{identity}">{inside}</intermediateCatchEvent>'


@pytest.fixture
def moving(database: str, tmp_path: Path) -> Iterator[Flask]:
    """An application whose clock can be moved."""
    with built_app(tmp_path, database=database, sandbox=True) as app, app.app_context():
        yield app


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> list[Letter]:
    """What a sender of the kind `mail` was given."""
    letters: list[Letter] = []
    monkeypatch.setitem(outbox._senders, "mail", letters.append)
    return letters


def people() -> tuple[int, Actor]:
    unit = add_unit("村")
    return unit, add_person("zhao", unit=unit)


def owe(kind: str = "mail", **payload: Any) -> int:
    with transaction():
        return outbox.owe(kind, payload)


def row(letter_id: int) -> Outbox:
    db.session.rollback()
    return db.session.execute(select(Outbox).where(Outbox.id == letter_id)).scalar_one()


def test_a_letter_is_sent_once_after_the_commit(any_app: Flask, post: list[Letter]) -> None:
    letter_id = owe(to="zhao")
    assert outbox.deliver_due() == 1
    assert outbox.deliver_due() == 0
    assert [(each.id, each.payload) for each in post] == [(letter_id, {"to": "zhao"})]
    assert row(letter_id).done_at is not None


def test_a_letter_of_an_act_that_failed_is_not_owed(any_app: Flask, post: list[Letter]) -> None:
    def fail() -> None:
        with transaction():
            outbox.owe("mail", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert outbox.deliver_due() == 0


def test_a_letter_that_cannot_be_sent_is_tried_later_and_then_shown_as_failed(
    any_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def broken(letter: Letter) -> None:
        seen.append(letter.id)
        raise ConnectionError("no line")

    monkeypatch.setitem(outbox._senders, "mail", broken)
    letter_id = owe()
    assert outbox.deliver_due() == 0
    after = row(letter_id)
    assert after.available_at > machine_now()
    assert "no line" in after.error
    at = machine_now()
    for _ in range(outbox.MOST_ATTEMPTS + 3):
        at += timedelta(hours=1)
        outbox.deliver_due(at)
    assert len(seen) == outbox.MOST_ATTEMPTS
    assert set(seen) == {letter_id}
    assert row(letter_id).failed
    with transaction():
        outbox.again(letter_id)
    outbox.deliver_due()
    assert len(seen) == outbox.MOST_ATTEMPTS + 1


def test_a_letter_without_a_sender_stays_owed(any_app: Flask, post: list[Letter]) -> None:
    letter_id = owe("pigeon")
    assert outbox.deliver_due() == 0
    assert (row(letter_id).done_at, row(letter_id).failed, row(letter_id).attempts) == (None, False, 0)


def test_a_letter_that_another_worker_has_taken_is_left_to_it(any_app: Flask, post: list[Letter]) -> None:
    letter_id = owe()
    assert outbox._claim(letter_id, 0, machine_now()) is not None
    assert outbox._claim(letter_id, 0, machine_now()) is None
    assert outbox.deliver_due() == 0
    assert outbox.deliver_due(machine_now() + outbox.LEASE) == 1, "the other one died"


def test_the_clock_stops_at_each_due_instant(moving: Flask) -> None:
    unit, who = people()
    begun = clock.now()
    key = publish(bpmn(chain(timer("one", "P1D"), timer("two", "PT36H"))), now=begun)
    ids = [start(key, by=who, unit=unit, now=begun + n * HOUR).case_id for n in range(2)]
    advanced = sandbox.advance(begun + timedelta(days=7))
    assert (advanced.now, advanced.fired) == (begun + timedelta(days=7), 4)
    for n, case_id in enumerate(ids):
        assert case_row(case_id).ended_at == begun + n * HOUR + timedelta(hours=60)
    left = db.session.execute(select(StepRow.left_at).where(StepRow.element == "one").order_by(StepRow.id))
    assert left.scalars().all() == [begun + timedelta(hours=24), begun + timedelta(hours=25)]
    assert timedelta(0) <= clock.now() - advanced.now < timedelta(seconds=20)


def test_another_process_sees_the_moved_clock(moving: Flask) -> None:
    people()
    target = clock.now() + timedelta(days=30)
    sandbox.advance(target)
    with moving.app_context():
        assert clock.now() >= target


def test_the_clock_goes_forward_only_and_for_one_at_a_time(moving: Flask) -> None:
    people()
    for wrong in (clock.now() - HOUR, clock.now() + timedelta(days=365 * 300)):
        with pytest.raises(ClockGoesForwardOnly):
            sandbox.advance(wrong)
    with transaction():
        sandbox._write(sandbox.MOVING_UNTIL, (machine_now() + HOUR).isoformat())
    assert sandbox.is_moving()
    with pytest.raises(ClockIsMoving):
        sandbox.advance(clock.now() + HOUR)


def test_a_worker_leaves_the_timers_to_whoever_moves_the_clock(moving: Flask) -> None:
    unit, who = people()
    start(publish(bpmn(chain(timer("t", "PT1H")))), by=who, unit=unit, now=clock.now() - 2 * HOUR)
    with transaction():
        sandbox._write(sandbox.MOVING_UNTIL, (machine_now() + HOUR).isoformat())
    assert go_round(moving).fired == 0
    with transaction() as session:
        session.delete(session.get_one(SettingRow, sandbox.MOVING_UNTIL))
    assert go_round(moving).fired == 1


def test_without_the_setting_the_clock_is_the_machines(any_app: Flask) -> None:
    with pytest.raises(NoSandbox):
        sandbox.advance(clock.now() + HOUR)


def test_a_round_does_everything_that_is_due(any_app: Flask, post: list[Letter]) -> None:
    unit, who = people()
    case_id = start(publish(bpmn(chain(timer("t", "PT1H")))), by=who, unit=unit, now=NOW - 24 * HOUR).case_id
    owe()
    done = go_round(any_app)
    assert (done.fired, done.sent, case_row(case_id).state) == (1, 1, "completed")
    assert go_round(any_app).idle


def test_a_timer_that_cannot_fire_keeps_no_other_waiting(
    any_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit, who = people()
    key = publish(bpmn(chain(timer("t", "PT1H"))))
    first, second = (start(key, by=who, unit=unit).case_id for _ in range(2))
    fire = runner.fire_timer

    def broken(case_id: int, ref: str, **more: Any) -> Any:
        if case_id == first:
            raise RuntimeError("a fault of ours")
        return fire(case_id, ref, **more)

    monkeypatch.setattr(runner, "fire_timer", broken)
    assert due.fire_due(NOW + HOUR) == 1
    assert (case_row(first).state, case_row(second).state) == ("running", "completed")
    monkeypatch.undo()
    monkeypatch.setattr(due, "machine_now", lambda: machine_now() + HOUR)
    assert due.fire_due(NOW + HOUR) == 1


def test_a_kick_that_fails_stays_owed_with_its_reason(
    any_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_kick: kicks.Kick) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setitem(kicks._handlers, "test", broken)
    with transaction():
        kicks.owe("test", {}, case_id=None, now=NOW)
    left = db.session.execute(select(Outbox)).scalar_one()
    assert (left.attempts, "a fault of ours" in left.error, left.done_at) == (1, True, None)
    told: list[kicks.Kick] = []
    monkeypatch.setitem(kicks._handlers, "test", told.append)
    monkeypatch.setattr(kicks, "machine_now", lambda: machine_now() + HOUR)
    db.session.rollback()
    assert kicks.work_off(NOW) == 1
    assert len(told) == 1
