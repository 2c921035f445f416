"""Notices, objections and decisions as the shipped processes use them, with the clock moved."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
)
from flask import Flask
from sqlalchemy import select

from app.clock import SHANGHAI
from app.extensions import db
from app.models import Decision, InboxMessage, IncidentRow, Meeting, Notice, Objection, Task, Timer
from app.notices import effects
from app.runtime import records, runner
from app.runtime.transaction import transaction

BPMN = Path(__file__).resolve().parents[2] / "bpmn"
DAY = timedelta(days=1)
# NOW is Monday 2026-11-23: 15 calendar days later is Tuesday 2026-12-08, whose 24:00 is 16:00 UTC.
PERIOD_ENDS = datetime(2026, 12, 8, 16, 0, tzinfo=UTC)


def shipped(key: str) -> str:
    files = {path.name: path.read_text("utf-8") for path in (BPMN / key).iterdir() if path.is_file()}
    files.pop("README.md", None)
    return publish(files)


class Village:
    """A village of Shandong with its committee (wang) and its supervision committee (zhao)."""

    def __init__(self) -> None:
        self.town = add_unit("东镇", kind="township", place="CN-3707")
        self.id = add_unit("东村", parent=self.town)
        add_person("wang", unit=self.id)
        add_person("zhao", unit=self.id)
        add_group("village_committee", unit=self.id, members=(actor_of("wang"),))
        add_group("supervision_committee", unit=self.id, members=(actor_of("zhao"),))
        self.wang, self.zhao = actor_of("wang"), actor_of("zhao")
        shipped("objection")
        shipped("public_notice")

    def post(self, **more: Any) -> int:
        """Start the shipped notice and carry it to its posting; returns the case's id."""
        data = {"title": "道路硬化", "text": "东路硬化，预算12万元。", "kind": "general"} | more
        moved = start("public_notice", by=self.wang, unit=self.id, data=data)
        redacted = {"title": data["title"], "text": data["text"], "redacted": "yes", "channels": ["board"]}
        complete(open_task(moved.case_id, "redact").id, redacted, by=self.wang)
        complete(open_task(moved.case_id, "publish").id, {"board_place": "村委会门口"}, by=self.wang)
        return moved.case_id


def notice_of(case_id: int) -> Notice:
    db.session.rollback()
    return db.session.scalars(
        select(Notice).where(Notice.case_id == case_id).order_by(Notice.id.desc()).limit(1)
    ).one()


def pass_time(case_id: int, now: datetime) -> None:
    """Let the due timers of the case fire."""
    due = db.session.scalars(select(Timer).where(Timer.case_id == case_id, Timer.due_at <= now)).all()
    refs = [(each.ref) for each in due]
    db.session.rollback()
    assert refs, "no timer is due"
    for ref in refs:
        with transaction():
            runner.move(
                case_id,
                lambda case, ref=ref: case.fire(ref),
                by=None,
                now=now,
                record=runner.Entry("timer.fired"),
            )


def object_to(notice: Notice, *, now: datetime = NOW, unit: int, receipt: str = "R1") -> int:
    """An objection and its case, as the portal opens them; returns the case's id."""
    notice_id, case_id = notice.id, notice.case_id
    with transaction() as session:
        data = {"title": "异议", "text": "造价有误", "notice_id": str(notice_id)}
        moved = runner.start_case(
            "objection", data=data, by=None, unit_id=unit, now=now, parent_id=case_id, link="objection"
        )
        session.add(
            Objection(
                notice_id=notice_id,
                case_id=moved.case_id,
                receipt_no=receipt,
                code_digest=b"0" * 32,
                text="造价有误",
                received_at=now,
            )
        )
        session.flush()
        return moved.case_id


def settle(case_id: int, finding: str, *, by: Any, now: datetime) -> None:
    answer = {"finding": finding, "verification": "查看了合同。", "reply": "已核实。"}
    complete(open_task(case_id, "verify").id, answer, by=by, now=now)


def elements(case_id: int) -> set[str]:
    db.session.rollback()
    return set(
        db.session.scalars(
            select(Task.element).where(Task.case_id == case_id, Task.state.in_(("open", "claimed")))
        )
    )


def test_a_notice_runs_its_full_legal_period_and_is_verified(any_app: Flask) -> None:
    v = Village()
    case_id = v.post()
    notice = notice_of(case_id)
    assert (notice.state, notice.posted_from, notice.posted_to) == ("posted", NOW, PERIOD_ENDS)
    assert notice.objections_open
    assert notice.rule["publication_days"] == 15
    assert notice.rule["period"] == {"days": 15, "unit": "calendar_days", "provisional": False}
    pass_time(case_id, PERIOD_ENDS)
    complete(open_task(case_id, "verify").id, {"covered": "yes"}, by=v.zhao, now=PERIOD_ENDS)
    assert case_row(case_id).state == "completed"
    ended = notice_of(case_id)
    assert (ended.state, ended.ended_at) == ("ended", PERIOD_ENDS)
    assert records.verify(case_id) == []


def test_a_period_that_ends_on_a_rest_day_rolls_to_the_next_working_day(app: Flask) -> None:
    v = Village()
    saturday_after = datetime(2026, 11, 27, 1, 0, tzinfo=UTC)  # 15 days later: Saturday 2026-12-12
    key = publish(poster(days=15, unit="calendar_days"))
    moved = start(key, by=v.wang, unit=v.id, now=saturday_after)
    assert notice_of(moved.case_id).posted_to == datetime(2026, 12, 14, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("posted", "ends"),
    [
        ("2026-11-23T23:59", "2026-12-08"),
        ("2026-11-24T00:00", "2026-12-09"),  # midnight is the next day already, though UTC says the 23rd
        ("2026-11-24T00:30", "2026-12-09"),
        ("2026-09-24T23:59", "2026-10-09"),  # 15 days on is a working Friday after the holidays
        ("2026-09-25T00:01", "2026-10-10"),  # a Saturday, worked in exchange
        ("2028-02-14T12:00", "2028-02-29"),  # a leap year
    ],
)
def test_the_day_of_posting_is_the_day_in_china(app: Flask, posted: str, ends: str) -> None:
    v = Village()
    at = datetime.fromisoformat(posted).replace(tzinfo=SHANGHAI)
    moved = start(
        publish(poster(days=15, unit="calendar_days")), by=v.wang, unit=v.id, now=at.astimezone(UTC)
    )
    last = datetime.fromisoformat(ends).replace(tzinfo=SHANGHAI)
    assert notice_of(moved.case_id).posted_to == last + DAY


def test_the_period_beyond_the_announced_calendar_is_provisional_and_never_an_incident(app: Flask) -> None:
    v = Village()
    moved = start(publish(poster(days=200, unit="working_days")), by=v.wang, unit=v.id)
    assert moved.state == "running"
    assert notice_of(moved.case_id).rule["period"]["provisional"] is True


def test_a_minor_error_is_corrected_and_the_period_begins_anew(any_app: Flask) -> None:
    v = Village()
    case_id = v.post()
    first = notice_of(case_id)
    objection = object_to(first, now=NOW + DAY, unit=v.id)
    settle(objection, "minor", by=v.zhao, now=NOW + 2 * DAY)
    assert elements(case_id) == {"correct"}
    later = NOW + 3 * DAY
    corrected = {"title": "道路硬化", "text": "预算11万元。", "correction": "金额有误。"}
    complete(open_task(case_id, "correct").id, corrected, by=v.wang, now=later)
    complete(open_task(case_id, "publish").id, {"board_place": "门口"}, by=v.wang, now=later)
    second = notice_of(case_id)
    assert (second.previous_id, second.reason) == (first.id, "金额有误。")
    assert second.posted_to == datetime(2026, 12, 11, 16, 0, tzinfo=UTC)
    db.session.rollback()
    assert db.session.get(Notice, first.id).state == "interrupted"
    pass_time(case_id, second.posted_to)
    assert elements(case_id) == {"verify"}, "the corrected error must not count again"


def test_an_upheld_objection_takes_the_notice_down(any_app: Flask) -> None:
    v = Village()
    case_id = v.post()
    objection = object_to(notice_of(case_id), now=NOW + DAY, unit=v.id)
    settle(objection, "upheld", by=v.zhao, now=NOW + 2 * DAY)
    case = case_row(case_id)
    assert (case.state, case.data["notice_outcome"]) == ("completed", "upheld")
    assert (notice_of(case_id).state, notice_of(case_id).reason) == ("withdrawn", "异议成立")
    row = db.session.scalars(select(Objection)).one()
    assert (row.outcome, row.reply, row.settled_at) == ("upheld", "已核实。", NOW + 2 * DAY)


def test_the_notice_waits_for_every_open_objection_after_its_period(any_app: Flask) -> None:
    v = Village()
    case_id = v.post()
    one = object_to(notice_of(case_id), now=NOW + DAY, unit=v.id, receipt="R1")
    two = object_to(notice_of(case_id), now=NOW + DAY, unit=v.id, receipt="R2")
    pass_time(case_id, PERIOD_ENDS)
    assert elements(case_id) == set()
    settle(one, "unfounded", by=v.zhao, now=PERIOD_ENDS + DAY)
    assert elements(case_id) == set()
    settle(two, "unfounded", by=v.zhao, now=PERIOD_ENDS + DAY)
    assert elements(case_id) == {"verify"}


def test_an_objection_to_the_corrected_notice_before_still_counts(app: Flask) -> None:
    v = Village()
    case_id = v.post()
    slow = object_to(notice_of(case_id), now=NOW + DAY, unit=v.id, receipt="R1")
    quick = object_to(notice_of(case_id), now=NOW + DAY, unit=v.id, receipt="R2")
    settle(quick, "minor", by=v.zhao, now=NOW + DAY)
    corrected = {"title": "t", "text": "x", "correction": "c"}
    complete(open_task(case_id, "correct").id, corrected, by=v.wang, now=NOW + 2 * DAY)
    complete(open_task(case_id, "publish").id, {"board_place": "门口"}, by=v.wang, now=NOW + 2 * DAY)
    settle(slow, "upheld", by=v.zhao, now=NOW + 3 * DAY)
    assert case_row(case_id).data["notice_outcome"] == "upheld"


def test_an_objection_whose_case_is_cancelled_counts_as_withdrawn(app: Flask) -> None:
    v = Village()
    case_id = v.post()
    objection = object_to(notice_of(case_id), now=NOW + DAY, unit=v.id)
    with transaction():
        runner.cancel_case(objection, reason="本人书面撤回", by=v.zhao, now=NOW + DAY)
    row = db.session.scalars(select(Objection)).one()
    assert (row.outcome, row.reply) == ("withdrawn", "本人书面撤回")
    db.session.rollback()
    pass_time(case_id, PERIOD_ENDS)
    assert elements(case_id) == {"verify"}


def test_cancelling_a_case_takes_its_notices_down_with_the_reason(any_app: Flask) -> None:
    v = Village()
    case_id = v.post()
    with transaction():
        runner.cancel_case(case_id, reason="项目取消", by=v.wang, now=NOW + DAY)
    notice = notice_of(case_id)
    assert (notice.state, notice.reason, notice.ended_at) == ("withdrawn", "项目取消", NOW + DAY)


def test_a_notice_stays_up_to_its_end_when_its_case_completes_before(app: Flask) -> None:
    v = Village()
    moved = start(publish(poster(days=5, unit="working_days")), by=v.wang, unit=v.id)
    complete(open_task(moved.case_id).id, by=v.wang, now=NOW + DAY)
    assert case_row(moved.case_id).state == "completed"
    assert notice_of(moved.case_id).state == "posted"


def test_settling_tells_nobody_when_the_case_of_the_notice_is_over(app: Flask) -> None:
    v = Village()
    case_id = v.post()
    objection = object_to(notice_of(case_id), now=NOW + DAY, unit=v.id)
    with transaction():
        runner.cancel_case(case_id, reason="项目取消", by=v.wang, now=NOW + DAY)
    settle(objection, "unfounded", by=v.zhao, now=NOW + 2 * DAY)
    assert db.session.scalars(select(InboxMessage)).all() == []


def test_the_seed_is_what_anybody_computes_from_the_posted_notice(app: Flask) -> None:
    v = Village()
    moved = start(publish(poster(days=1, unit="calendar_days")), by=v.wang, unit=v.id)
    notice = notice_of(moved.case_id)
    lines = [moved.case_no, "general", "2026-11-23T01:00:00Z", "2026-11-24T16:00:00Z", "标题", "内容"]
    expected = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    assert effects.seed_of(notice, case_no=moved.case_no) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"days": "null"},
        {"days": "-1"},
        {"days": "100000"},
        {"unit": '"moons"'},
        {"title": '""'},
        {"text": "null"},
        {"kind": '"Up And Down"'},
        {"facts": "[1]"},
        {"channels": '["board", 3]'},
        {"previous": '"999999"'},
        {"previous": '"1 OR 1"'},
        {"objections": '"perhaps"'},
    ],
)
def test_arguments_that_do_not_fit_are_incidents_and_nothing_is_posted(
    app: Flask, change: dict[str, str]
) -> None:
    v = Village()
    moved = start(publish(poster(**change)), by=v.wang, unit=v.id)
    assert moved.state == "incident"
    assert db.session.scalars(select(Notice)).all() == []
    code = db.session.scalars(select(IncidentRow.code)).one()
    assert code in ("effect.argument", "no_such_notice")


def test_a_case_cannot_touch_the_notice_or_decision_of_another(app: Flask) -> None:
    v = Village()
    v.post()
    notice_id = db.session.scalars(select(Notice.id)).one()
    db.session.rollback()
    for service in ("notice.check", "notice.withdraw"):
        key = service.replace(".", "_")
        task = named(service, "foreign", notice_id=f'"{notice_id}"', reason='"x"')
        moved = start(publish(bpmn(chain(task), key=key)), by=v.wang, unit=v.id)
        assert moved.state == "incident"
    assert db.session.get(Notice, notice_id).state == "posted"


def test_settling_outside_an_objection_is_an_incident(app: Flask) -> None:
    v = Village()
    task = named("objection.settle", outcome='"upheld"', reply='"x"')
    moved = start(publish(bpmn(chain(task))), by=v.wang, unit=v.id)
    assert moved.state == "incident"
    assert db.session.scalars(select(IncidentRow.code)).one() == "no_objection_here"


def test_a_collective_decision_is_kept_with_its_exact_figures(any_app: Flask) -> None:
    v = Village()
    key = publish(bpmn(chain(discussion(), named("decision.publish", decision_id="decision.decision_id"))))
    moved = start(key, by=v.wang, unit=v.id)
    assert moved.state == "completed", db.session.scalars(select(IncidentRow.message)).all()
    row = db.session.scalars(select(Decision)).one()
    counts = (row.roll, row.present, row.votes_for, row.votes_against, row.votes_abstain, row.votes_invalid)
    assert counts == (7, 6, 4, 1, 1, 0)
    assert row.passed
    assert row.published_at == NOW
    assert row.reckoning["lines"] == [{"needed": 4, "got": 4, "met": True}]
    assert row.reckoning["body_names"]["zh"] == "村党组织和村民委员会联席会议"
    assert row.reckoning["matter_names"] == {}


@pytest.mark.parametrize(
    "change", [{"for": "8"}, {"present": "8"}, {"roll": "null"}, {"passed": '"yes"'}, {"abstain": "-1"}]
)
def test_figures_that_cannot_be_true_are_no_decision(app: Flask, change: Mapping[str, str]) -> None:
    v = Village()
    moved = start(publish(bpmn(chain(discussion(**change)))), by=v.wang, unit=v.id)
    assert moved.state == "incident"
    assert db.session.scalars(select(Decision)).all() == []


def test_an_annulled_decision_keeps_its_reason_and_is_not_published_again(app: Flask) -> None:
    v = Village()
    nodes = (
        discussion(),
        named("decision.publish", decision_id="decision.decision_id"),
        named("decision.annul", decision_id="decision.decision_id", reason='"异议成立"'),
        named("decision.publish", "again", decision_id="decision.decision_id"),
    )
    moved = start(publish(bpmn(chain(*nodes))), by=v.wang, unit=v.id)
    assert moved.state == "incident"
    row = db.session.scalars(select(Decision)).one()
    assert row.annulled_at == NOW
    assert row.reckoning["annulled_because"] == "异议成立"
    assert db.session.scalars(select(IncidentRow.code)).one() == "decision_annulled"


def test_a_meeting_gives_one_decision_an_item_once(any_app: Flask) -> None:
    v = Village()
    record = named("decision.record", meeting_id="meeting_id", result="decision")
    again = named("decision.record", "again", meeting_id="meeting_id", result="second")
    show = named("decision.publish", decision_id="decision.decision_id")
    moved = start(publish(bpmn(chain("userTask#a", record, again, show))), by=v.wang, unit=v.id)
    meeting_id = closed_meeting(moved.case_id, v.id)
    complete(open_task(moved.case_id).id, {"meeting_id": str(meeting_id)}, by=v.wang)
    case = case_row(moved.case_id)
    assert case.state == "completed", db.session.scalars(select(IncidentRow.message)).all()
    assert case.data["second"] == case.data["decision"]
    first, second = db.session.scalars(select(Decision).order_by(Decision.id)).all()
    assert (first.item, first.passed, first.votes_for) == ("硬化东路", True, 400)
    assert (second.item, second.passed, second.votes_for) == ("修渠", False, 300)
    assert first.roll == second.roll == 1500
    assert first.present == second.present == 800
    assert first.reckoning["quorum_lines"] == [{"about": "quorum", "got": 800}]
    assert first.published_at == second.published_at == NOW


@pytest.mark.parametrize("state", ["planned", "adjourned"])
def test_a_meeting_without_a_result_gives_no_decision(app: Flask, state: str) -> None:
    v = Village()
    record = named("decision.record", meeting_id="meeting_id")
    moved = start(publish(bpmn(chain("userTask#a", record))), by=v.wang, unit=v.id)
    meeting_id = closed_meeting(moved.case_id, v.id, state=state)
    complete(open_task(moved.case_id).id, {"meeting_id": str(meeting_id)}, by=v.wang)
    assert case_row(moved.case_id).state == "incident"
    assert db.session.scalars(select(IncidentRow.code)).one() == "meeting_not_closed"


def named(service: str, identity: str = "", result: str = "", **inputs: str) -> str:
    """A service task that names an effect with these expressions."""
    rows = "".join(
        f'<minyi:input name="{name}" value="{value.replace(chr(34), "&quot;")}"/>'
        for name, value in inputs.items()
    )
    answer = f' minyi:result="{result}"' if result else ""
    name = identity or service.replace(".", "_")
    return (
        f'<serviceTask id="{name}" name="{name}" minyi:service="{service}"{answer}>'
        f"<extensionElements>{rows}</extensionElements></serviceTask>"
    )


def poster(**change: Any) -> str:
    """A process that posts a notice and then waits for a person."""
    inputs = {
        "kind": '"general"',
        "title": '"标题"',
        "text": '"内容"',
        "days": "5",
        "unit": '"calendar_days"',
        "objections": "false",
        "facts": "{}",
        "figures": "{}",
        "channels": '["board"]',
        "previous": "null",
    }
    for name, value in change.items():
        inputs[name] = f'"{value}"' if name == "unit" and not value.startswith('"') else str(value)
    return bpmn(chain(named("notice.post", result="notice", **inputs), "userTask#a"), key="poster")


def discussion(**change: str) -> str:
    """Recording a collective discussion of seven, of whom six came."""
    inputs = {
        "title": '"硬化东路"',
        "body": '"two_committees"',
        "matter": '""',
        "passed": "true",
        "roll": "7",
        "present": "6",
        "for": "4",
        "against": "1",
        "abstain": "1",
        "invalid": "0",
        "figures": "{}",
        "lines": '[{"needed": 4, "got": 4, "met": true}]',
    }
    return named("decision.record", result="decision", **(inputs | change))


def closed_meeting(case_id: int, unit: int, *, state: str = "closed") -> int:
    """A meeting that voted on two items."""
    votes = {"against": 100, "abstain": 20, "invalid": 5, "lines": []}
    lines = [{"about": "quorum", "got": 800}, {"about": "road", "got": 400}]
    items = {"road": votes | {"for": 400, "passed": True}, "canal": votes | {"for": 300, "passed": False}}
    with transaction() as session:
        meeting = Meeting(
            case_id=case_id,
            ref="m",
            element="hold",
            unit_id=unit,
            kind="vote",
            body="villagers_assembly",
            title="村民会议",
            items=[{"key": "road", "text": "硬化东路"}, {"key": "canal", "text": "修渠"}],
            rule={},
            state=state,
            roll_size=1500,
            counts={},
            present=0,
            minutes={},
            result={"items": items, "passed": True, "lines": lines, "present": 800, "roll_size": 1500},
            closed_at=NOW,
        )
        session.add(meeting)
        session.flush()
        return meeting.id
