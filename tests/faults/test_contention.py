"""Many at one case at once: every act lands once or is a clean refusal that answers 409."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

from building_app import (
    NOW,
    Actor,
    actor_of,
    add_group,
    add_person,
    add_unit,
    bpmn,
    built_app,
    case_row,
    chain,
    complete,
    open_task,
    publish,
    start,
)
from flask import Flask
from sqlalchemy import func, select

from app.errors import status_of
from app.extensions import db
from app.models import Case, Record, Task
from app.runtime import due, messages, records, runner
from app.runtime.transaction import transaction
from workflows.errors import Refusal

THREADS = 8
HOUR = timedelta(hours=1)


def fork(branches: int) -> str:
    """A process whose tasks t0, t1, … are open at once."""
    nodes = ['<startEvent id="s"/><parallelGateway id="g"/><parallelGateway id="j"/><endEvent id="e"/>']
    nodes.append('<sequenceFlow id="fs" sourceRef="s" targetRef="g"/>')
    nodes.append('<sequenceFlow id="fe" sourceRef="j" targetRef="e"/>')
    for n in range(branches):
        nodes.append(f'<userTask id="t{n}" name="t{n}" minyi:group="office"/>')
        nodes.append(f'<sequenceFlow id="a{n}" sourceRef="g" targetRef="t{n}"/>')
        nodes.append(f'<sequenceFlow id="b{n}" sourceRef="t{n}" targetRef="j"/>')
    return bpmn("".join(nodes))


def office() -> tuple[int, list[Actor]]:
    """A village whose office has eight clerks."""
    unit = add_unit("村")
    clerks = [add_person(f"c{n}", unit=unit) for n in range(THREADS)]
    add_group("office", unit=unit, members=tuple(clerks))
    return unit, [actor_of(clerk.username) for clerk in clerks]


def at_once(app: Flask, act: Callable[[int], object], codes: list[str] | None = None) -> Counter[int]:
    """Do `act(n)` in eight threads at the same moment; how often each status came out, with what `codes`."""
    barrier = Barrier(THREADS)

    def one(n: int) -> int:
        with app.app_context():
            barrier.wait()
            try:
                act(n)
            except Refusal as refusal:
                if codes is not None:
                    codes.append(refusal.code)
                return status_of(refusal)
            finally:
                db.session.remove()
            return 200

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(one, range(THREADS)))


def test_eight_people_at_one_task_do_it_once(database: str, tmp_path: Path) -> None:
    with built_app(tmp_path, database=database) as app, app.app_context():
        unit, clerks = office()
        case_id = start(
            publish(bpmn(chain("userTask#a@office", "userTask#b@office"))), by=clerks[0], unit=unit
        ).case_id
        task_id = open_task(case_id).id
        answers = at_once(app, lambda n: complete(task_id, {f"by{n}": n}, by=clerks[n]))
        assert answers == {200: 1, 409: THREADS - 1}
        assert open_task(case_id).element == "b"
        assert records.verify(case_id) == []


def test_eight_people_at_eight_tasks_of_one_case_all_succeed(database: str, tmp_path: Path) -> None:
    with built_app(tmp_path, database=database) as app, app.app_context():
        unit, clerks = office()
        case_id = start(publish(fork(THREADS)), by=clerks[0], unit=unit).case_id
        tasks = {n: open_task(case_id, f"t{n}").id for n in range(THREADS)}
        answers = at_once(app, lambda n: complete(tasks[n], {f"by{n}": n}, by=clerks[n]))
        assert answers == {200: THREADS}
        case = case_row(case_id)
        assert (case.state, case.data) == ("completed", {f"by{n}": n for n in range(THREADS)})
        assert records.verify(case_id) == []


def test_a_cancellation_among_answers_is_no_deadlock(database: str, tmp_path: Path) -> None:
    with built_app(tmp_path, database=database) as app, app.app_context():
        unit, clerks = office()
        key = publish(fork(THREADS))
        for _ in range(5):
            case_id = start(key, by=clerks[0], unit=unit).case_id
            tasks = {n: open_task(case_id, f"t{n}").id for n in range(THREADS)}
            codes: list[str] = []

            def act(n: int, case_id: int = case_id, tasks: dict[int, int] = tasks) -> None:
                if n:
                    complete(tasks[n], by=clerks[n])
                    return
                with transaction():
                    runner.cancel_case(case_id, reason="撤回", by=clerks[0], now=NOW)

            statuses = at_once(app, act, codes)
            assert set(statuses) <= {200, 409}
            assert set(codes) <= {"task_cancelled"}, "nobody was told to come back later"
            assert case_row(case_id).state == "cancelled"
            assert records.verify(case_id) == []


def test_eight_workers_fire_each_timer_once(database: str, tmp_path: Path) -> None:
    wait = (
        '<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
        "</timerEventDefinition></intermediateCatchEvent>"
    )
    with built_app(tmp_path, database=database) as app, app.app_context():
        unit, clerks = office()
        key = publish(bpmn(chain(wait, "userTask#a@office")))
        cases = [start(key, by=clerks[0], unit=unit).case_id for _ in range(24)]
        fired: list[int] = []
        assert at_once(app, lambda _n: fired.append(due.fire_due(NOW + HOUR))) == {200: THREADS}
        db.session.rollback()
        assert sum(fired) + due.fire_due(NOW + HOUR) == len(cases)
        rows = db.session.execute(
            select(Record.case_id, func.count()).where(Record.kind == "timer.fired").group_by(Record.case_id)
        )
        assert dict(rows.all()) == dict.fromkeys(cases, 1)


def test_starts_in_one_unit_get_numbers_of_their_own(database: str, tmp_path: Path) -> None:
    with built_app(tmp_path, database=database) as app, app.app_context():
        unit, clerks = office()
        key = publish(bpmn(chain("userTask#a@office")))
        assert at_once(app, lambda n: start(key, by=clerks[n], unit=unit)) == {200: THREADS}
        db.session.rollback()
        numbers = db.session.execute(select(Case.case_no).order_by(Case.id)).scalars().all()
        assert sorted(numbers) == [f"2026-{unit}-{n:04d}" for n in range(1, THREADS + 1)]


def test_cases_that_send_to_each_other_never_lock_each_other_out(database: str, tmp_path: Path) -> None:
    message = '<message id="m" name="hello"/>'
    throw = (
        '<intermediateThrowEvent id="t" minyi:correlation="theirs"><messageEventDefinition messageRef="m"/>'
        "</intermediateThrowEvent>"
    )
    catch = throw.replace("Throw", "Catch").replace('id="t"', 'id="c"').replace("theirs", "mine")
    with built_app(tmp_path, database=database) as app, app.app_context():
        unit, clerks = office()
        key = publish(bpmn(chain("userTask#a@office", throw, catch), extra=message))
        cases = [
            start(
                key,
                by=clerks[n],
                unit=unit,
                data={"mine": str(n), "theirs": str(n ^ 1)},
            ).case_id
            for n in range(THREADS)
        ]
        tasks = [open_task(case_id).id for case_id in cases]
        assert at_once(app, lambda n: complete(tasks[n], by=clerks[n])) == {200: THREADS}
        messages.sweep(NOW)
        assert {case_row(case_id).state for case_id in cases} == {"completed"}


def test_a_message_and_an_answer_at_once_both_land(database: str, tmp_path: Path) -> None:
    message = '<message id="m" name="hello"/>'
    catch = (
        '<intermediateCatchEvent id="c" minyi:correlation="number"><messageEventDefinition messageRef="m"/>'
        "</intermediateCatchEvent>"
    )
    with built_app(tmp_path, database=database) as app, app.app_context():
        unit, clerks = office()
        key = publish(bpmn(chain("userTask#a@office", catch), extra=message))
        numbers = range(THREADS // 2)
        cases = [start(key, by=clerks[n], unit=unit, data={"number": str(n)}).case_id for n in numbers]
        tasks = [open_task(case_id).id for case_id in cases]

        def act(n: int) -> None:
            which = n // 2
            if n % 2:
                complete(tasks[which], by=clerks[n])
            else:
                with transaction():
                    messages.deliver("hello", str(which), {}, now=NOW)

        assert at_once(app, act) == {200: THREADS}
        messages.sweep(NOW)
        assert {case_row(case_id).state for case_id in cases} == {"completed"}
        done = db.session.execute(select(func.count()).select_from(Task).where(Task.state == "done"))
        assert done.scalar_one() == len(cases)
