"""Timers, messages, effects and linked cases, on every database."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from building_app import NOW, add_person, add_unit, bpmn, case_row, chain, complete, open_task, publish, start
from flask import Flask
from sqlalchemy import func, select

from app.errors import AppRefusal
from app.extensions import db
from app.models import Case, CaseLink, InboxMessage, IncidentRow, Outbox, Record, Subscription, Task, Timer
from app.runtime import due, effects, inbox, kicks, messages, records, runner
from app.runtime.actor import Actor
from app.runtime.effects import Done, EffectCall, Waiting
from app.runtime.messages import Delivery
from app.runtime.refusals import CaseNotSuspended, CaseOver, CaseSuspended, NoSuchCase
from app.runtime.transaction import transaction
from workflows.errors import Refusal

HOUR = timedelta(hours=1)
TIMER = (
    '<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
    "</timerEventDefinition></intermediateCatchEvent>"
)
MESSAGE = '<message id="m" name="answer"/><signal id="sig" name="alarm"/>'
CATCH = (
    '<intermediateCatchEvent id="c" minyi:correlation="number">'
    '<messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
)
LISTEN = '<intermediateCatchEvent id="l"><signalEventDefinition signalRef="sig"/></intermediateCatchEvent>'


def service(name: str, **inputs: str) -> str:
    given = "".join(f'<minyi:input name="{n}" value="{v}"/>' for n, v in inputs.items())
    inside = f"<extensionElements>{given}</extensionElements>"
    return f'<serviceTask id="x" minyi:service="{name}">{inside}</serviceTask>'


@pytest.fixture
def registered() -> Iterator[Any]:
    """Effects registered for one test only."""
    before = dict(effects._effects), dict(effects._deadlines), dict(effects._ends)
    yield effects
    effects._effects, effects._deadlines, effects._ends = before


def people() -> tuple[int, Actor]:
    unit = add_unit("村")
    return unit, add_person("zhao", unit=unit)


def kinds(case_id: int) -> list[str]:
    query = select(Record.kind).where(Record.case_id == case_id).order_by(Record.seq)
    return list(db.session.execute(query).scalars())


def count(model: Any) -> int:
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(model)).scalar_one()


def send(name: str, key: str = "", **more: Any) -> Delivery:
    with transaction():
        return messages.deliver(name, key, more.pop("data", {}), now=NOW, **more)


def test_a_timer_fires_when_it_is_due_and_not_before(any_app: Flask) -> None:
    unit, who = people()
    case_id = start(publish(bpmn(chain(TIMER))), by=who, unit=unit).case_id
    assert due.fire_due(NOW + HOUR - timedelta(microseconds=1)) == 0
    assert due.fire_due(NOW + HOUR) == 1
    assert due.fire_due(NOW + HOUR) == 0
    assert case_row(case_id).state == "completed"
    assert kinds(case_id) == ["case.started", "timer.fired", "case.completed"]


def test_a_suspended_case_stands_still_and_catches_up(any_app: Flask) -> None:
    unit, who = people()
    case_id = start(publish(bpmn(chain(TIMER, "userTask#a"))), by=who, unit=unit).case_id
    with transaction():
        runner.suspend_case(case_id, reason="查实情况", by=who, now=NOW)
    assert due.fire_due(NOW + 2 * HOUR) == 0
    with transaction():
        runner.resume_case(case_id, by=who, now=NOW + 2 * HOUR)
    assert due.fire_due(NOW + 2 * HOUR) == 1
    task_id = open_task(case_id).id
    with transaction():
        runner.suspend_case(case_id, reason="再查", by=who, now=NOW)
    with pytest.raises(CaseSuspended):
        complete(task_id, by=who)
    with transaction(), pytest.raises(CaseSuspended):
        runner.suspend_case(case_id, reason="又", by=who, now=NOW)


def test_a_cancelled_case_waits_for_nothing(any_app: Flask) -> None:
    unit, who = people()
    fork = bpmn(
        '<startEvent id="s"/><parallelGateway id="g"/><userTask id="a" name="a"/>'
        + TIMER
        + '<endEvent id="e"/><endEvent id="e2"/>'
        '<sequenceFlow id="f1" sourceRef="s" targetRef="g"/>'
        '<sequenceFlow id="f2" sourceRef="g" targetRef="a"/>'
        '<sequenceFlow id="f3" sourceRef="g" targetRef="t"/>'
        '<sequenceFlow id="f4" sourceRef="a" targetRef="e"/>'
        '<sequenceFlow id="f5" sourceRef="t" targetRef="e2"/>'
    )
    case_id = start(publish(fork), by=who, unit=unit, data={"x": 1}).case_id
    task_id = open_task(case_id).id
    with transaction():
        moved = runner.cancel_case(case_id, reason="撤回", by=who, now=NOW)
    assert (moved.state, case_row(case_id).data) == ("cancelled", {"x": 1})
    assert count(Timer) == 0
    with pytest.raises(AppRefusal) as refused:
        complete(task_id, by=who)
    assert refused.value.status == 409
    with transaction(), pytest.raises(CaseOver):
        runner.cancel_case(case_id, reason="x", by=who, now=NOW)
    with transaction(), pytest.raises(CaseOver):
        runner.resume_case(case_id, by=who, now=NOW)
    assert records.verify(case_id) == []


def test_only_a_suspended_case_is_resumed(any_app: Flask) -> None:
    unit, who = people()
    case_id = start(publish(bpmn(chain("userTask#a"))), by=who, unit=unit).case_id
    with transaction(), pytest.raises(CaseNotSuspended):
        runner.resume_case(case_id, by=who, now=NOW)


def test_a_message_reaches_the_case_with_its_key_and_no_other(any_app: Flask) -> None:
    unit, who = people()
    key = publish(bpmn(chain(CATCH), extra=MESSAGE))
    one = start(key, by=who, unit=unit, data={"number": "1"}).case_id
    two = start(key, by=who, unit=unit, data={"number": "2"}).case_id
    delivery = send("answer", "2", data={"yes": True})
    assert [moved.case_id for moved in delivery.moved] == [two]
    assert case_row(one).state == "running"
    assert case_row(two).data == {"number": "2", "yes": True}


def test_a_message_that_comes_too_early_waits(any_app: Flask) -> None:
    unit, who = people()
    key = publish(bpmn(chain(CATCH), extra=MESSAGE))
    assert send("answer", "7", data={"n": 1}).kept
    assert send("answer", "8", data={"n": 2}).kept
    case_id = start(key, by=who, unit=unit, data={"number": "7"}).case_id
    assert case_row(case_id).data == {"number": "7", "n": 1}
    assert count(InboxMessage) == 1


def test_a_message_that_met_its_wait_unseen_is_found_by_the_sweep(any_app: Flask) -> None:
    unit, who = people()
    case_id = start(
        publish(bpmn(chain(CATCH), extra=MESSAGE)), by=who, unit=unit, data={"number": "7"}
    ).case_id
    with transaction():  # as if the subscription had not been visible yet
        inbox.keep("answer", "7", {"n": 1}, case_id=None, now=NOW)
    assert messages.sweep(NOW) == 1
    assert messages.sweep(NOW) == 0
    assert case_row(case_id).state == "completed"


def test_a_message_for_a_suspended_case_is_there_when_it_goes_on(any_app: Flask) -> None:
    unit, who = people()
    key = publish(bpmn(chain(CATCH), extra=MESSAGE))
    case_id = start(key, by=who, unit=unit, data={"number": "7"}).case_id
    with transaction():
        runner.suspend_case(case_id, reason="x", by=who, now=NOW)
    assert send("answer", "7").kept
    with transaction():
        assert runner.resume_case(case_id, by=who, now=NOW).state == "completed"


def test_an_addressed_message_needs_no_key_and_may_come_too_early(any_app: Flask) -> None:
    unit, who = people()
    key = publish(bpmn(chain("userTask#a", CATCH), extra=MESSAGE))
    other, case_id = (start(key, by=who, unit=unit, data={"number": "7"}).case_id for _ in range(2))
    assert send("answer", case_id=case_id).kept
    complete(open_task(other).id, by=who)
    assert case_row(other).state == "running"
    complete(open_task(case_id).id, by=who)
    assert case_row(case_id).state == "completed"
    assert send("answer", case_id=other).moved[0].state == "completed"
    with pytest.raises(CaseOver):
        send("answer", case_id=case_id)
    with pytest.raises(NoSuchCase):
        send("answer", case_id=4711)


def test_a_message_starts_the_process_that_it_names(any_app: Flask) -> None:
    _unit, who = people()
    begin = bpmn(
        '<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent><userTask id="a" name="a"/>'
        '<endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="a"/>'
        '<sequenceFlow id="f2" sourceRef="a" targetRef="e"/>',
        extra=MESSAGE,
    )
    publish(begin)
    started = send("answer", data={"x": 1}, by=who).started
    assert case_row(started[0].case_id).starter_id == who.id
    assert open_task(started[0].case_id).element == "a"
    assert count(InboxMessage) == 0


def test_a_signal_reaches_everybody_who_listens_and_is_not_kept(any_app: Flask) -> None:
    unit, who = people()
    key = publish(bpmn(chain(LISTEN), extra=MESSAGE))
    cases = [start(key, by=who, unit=unit).case_id for _ in range(3)]
    with transaction():
        assert len(messages.broadcast("alarm", {}, now=NOW).moved) == 3
    assert {case_row(each).state for each in cases} == {"completed"}
    with transaction():
        messages.broadcast("alarm", {}, now=NOW)
    assert count(InboxMessage) == 0


def test_a_message_that_one_case_throws_reaches_another_after_the_commit(any_app: Flask) -> None:
    unit, who = people()
    waiting = publish(bpmn(chain(CATCH), key="waits", extra=MESSAGE))
    throw = CATCH.replace("Catch", "Throw").replace('id="c"', 'id="t"')
    throwing = publish(bpmn(chain("userTask#a", throw), key="throws", extra=MESSAGE))
    waits = start(waiting, by=who, unit=unit, data={"number": "5"}).case_id
    throws = start(throwing, by=who, unit=unit, data={"number": "5"}).case_id
    complete(open_task(throws).id, by=who)
    assert case_row(waits).state == "completed"
    assert count(Outbox) == 0


def test_an_effect_that_is_done_lets_the_case_go_on_at_once(any_app: Flask, registered: Any) -> None:
    unit, who = people()
    seen: list[EffectCall] = []

    @registered.effect("test.double")
    def double(call: EffectCall) -> Done:
        seen.append(call)
        return Done({"y": call.args["x"] * 2})

    moved = start(publish(bpmn(chain(service("test.double", x="x")))), by=who, unit=unit, data={"x": 4})
    assert case_row(moved.case_id).data == {"x": 4, "y": 8}
    assert (seen[0].case_id, seen[0].case_no, seen[0].by) == (moved.case_id, moved.case_no, who)


def test_what_an_effect_refuses_is_an_incident_and_what_it_wrote_is_undone(
    any_app: Flask, registered: Any
) -> None:
    unit, who = people()
    broken = [True]

    class NotToday(Refusal):
        code = "test.not_today"

    @registered.effect("test.moody")
    def moody(_call: EffectCall) -> Done:
        add = InboxMessage(name="written", data={}, received_at=NOW)
        db.session.add(add)
        db.session.flush()
        if broken:
            raise NotToday
        return Done()

    case_id = start(
        publish(bpmn(chain("userTask#a", service("test.moody", x="1")))), by=who, unit=unit
    ).case_id
    assert complete(open_task(case_id).id, by=who).case_state == "incident"
    assert count(InboxMessage) == 0
    incident = db.session.execute(select(IncidentRow)).scalar_one()
    assert (incident.n, incident.element, incident.code) == (1, "x", "test.not_today")
    with transaction():
        assert runner.retry_incident(case_id, 1, by=who, now=NOW).state == "incident"
    broken.clear()
    with transaction():
        assert runner.retry_incident(case_id, 1, by=who, now=NOW).state == "completed"
    assert count(InboxMessage) == 1
    assert records.verify(case_id) == []


def test_an_effect_that_waits_ends_by_resolve_or_by_its_deadline(any_app: Flask, registered: Any) -> None:
    unit, who = people()

    @registered.effect("test.wait")
    def wait(call: EffectCall) -> Waiting:
        return Waiting("meeting", 42, due_at=call.now + HOUR)

    key = publish(bpmn(chain(service("test.wait", x="1"))))
    one, two = (start(key, by=who, unit=unit).case_id for _ in range(2))
    row = db.session.execute(select(Subscription).where(Subscription.case_id == one)).scalar_one()
    assert (row.kind, row.target_id) == ("meeting", 42)
    with transaction():
        runner.resolve(one, row.ref, {"passed": True}, by=who, now=NOW)
    assert case_row(one).data == {"passed": True}
    assert due.fire_due(NOW + HOUR) == 1
    assert case_row(two).data == {"timed_out": True}
    assert count(Timer) == count(Subscription) == 0


def test_a_linked_case_tells_the_one_that_waits_for_it(any_app: Flask) -> None:
    unit, who = people()
    publish(bpmn(chain("userTask#b"), key="child"))
    call = service("case.start", definition="'child'", data="{'from': x}", wait="true")
    parent = start(publish(bpmn(chain(call), key="parent")), by=who, unit=unit, data={"x": 1}).case_id
    child = db.session.execute(select(Case.id).where(Case.parent_id == parent)).scalar_one()
    assert db.session.execute(select(CaseLink.other_id).where(CaseLink.case_id == parent)).scalar() == child
    complete(open_task(child).id, {"said": "yes"}, by=who)
    ended = case_row(parent)
    assert ended.state == "completed"
    assert ended.data is not None
    assert ended.data["outcome"] == "e"
    assert ended.data["data"] == {"from": 1, "said": "yes"}


def test_a_case_that_starts_itself_for_ever_is_stopped(any_app: Flask) -> None:
    unit, who = people()
    call = service("case.start", definition="'again'", wait="false")
    key = publish(bpmn(chain(call), key="again"))
    start(key, by=who, unit=unit)
    assert count(Case) <= 12
    assert count(IncidentRow) == 1


def test_a_kick_that_a_crash_left_over_is_worked_off_once(
    any_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit, who = people()
    key = publish(bpmn(chain(CATCH), extra=MESSAGE))
    case_id = start(key, by=who, unit=unit, data={"number": "7"}).case_id
    monkeypatch.setattr(kicks, "try_now", lambda *_a: False)
    with transaction():
        payload = {"name": "answer", "key": "7", "data": {}, "unit_id": unit, "by": None}
        kicks.owe("message", payload, case_id=None, now=NOW)
    monkeypatch.undo()
    monkeypatch.setattr(kicks, "machine_now", lambda: NOW + timedelta(days=365))
    assert case_row(case_id).state == "running"
    assert kicks.work_off(NOW) == 1
    assert kicks.work_off(NOW) == 0
    assert case_row(case_id).state == "completed"


def test_a_cycle_starts_a_case_each_time(any_app: Flask) -> None:
    people()
    begin = bpmn(
        '<startEvent id="s"><timerEventDefinition><timeCycle>R2/PT1H</timeCycle></timerEventDefinition>'
        '</startEvent><endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="e"/>'
    )
    publish(begin)
    fired = [due.fire_due(NOW + n * HOUR) for n in range(5)]
    assert sum(fired) == count(Case) >= 2
    assert due.next_instant() is None


def test_a_changed_record_is_found(any_app: Flask) -> None:
    unit, who = people()
    case_id = start(
        publish(bpmn(chain("userTask#a"))), by=who, unit=unit, data={"x": 1.0, "y": 1e22, "z": -0.5e-9}
    ).case_id
    complete(open_task(case_id).id, {"n": 3.0}, by=who)
    assert records.verify(case_id) == []
    with transaction() as session:
        row = session.get_one(Record, (case_id, 2))
        row.actor = "somebody else"
    assert [fault.code for fault in records.verify(case_id)] == ["record.changed"]
    with transaction() as session:
        session.delete(session.get_one(Record, (case_id, 3)))
    assert "record.head" in [fault.code for fault in records.verify(case_id)]


def test_what_a_slice_has_changed_in_objects_is_not_lost_by_an_act(any_app: Flask) -> None:
    unit, who = people()
    case_id = start(publish(bpmn(chain("userTask#a", "userTask#b"))), by=who, unit=unit).case_id
    task_id = open_task(case_id).id
    with transaction() as session:
        task = session.get_one(Task, task_id)
        case = session.get_one(Case, case_id)
        case.title = "改过的标题"
        runner.complete_task(task_id, {}, by=who, now=NOW)
        assert task.state == "done"
    assert case_row(case_id).title == "改过的标题"
