"""The villagers' API without sign-in: notices, objections, receipts, decisions; the worst inputs."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import building_portal as portal
import pytest
from building_app import NOW, built_app
from building_portal import World
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.models import Case, CaseLink, FailedAttempt, Notice, Objection, Task

DAY = timedelta(days=1)


@pytest.fixture
def world(any_app: Flask) -> Iterator[World]:
    """A village with its processes; the product's clock stands at NOW."""
    with portal.world(any_app) as built:
        yield built


def get(world: World, path: str, status: int = 200, **more: Any) -> Any:
    answer = world.ask("GET", f"/api/v1/portal{path}", **more)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.json


def post(world: World, path: str, body: Any, status: int = 201, **more: Any) -> Any:
    answer = world.ask("POST", f"/api/v1/portal{path}", json=body, **more)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.json


def test_a_posted_notice_is_there_for_everybody_with_its_days_left(world: World) -> None:
    case_id = world.post_notice(title="道路硬化")
    (item,) = get(world, "/notices")["items"]
    assert item["title"] == "道路硬化"
    assert (item["state"], item["days_left"], item["objections_open"]) == ("posted", 15, True)
    assert (item["posted_from"], item["posted_to"]) == ("2026-11-23T01:00:00Z", "2026-12-08T16:00:00Z")
    assert item["unit"]["name"] == "东村"
    detail = get(world, f"/notices/{item['id']}", headers={"Accept-Language": "en"})
    assert [rule["figure"] for rule in detail["rules"]] == ["publication_days", "objection_reply_days"]
    assert "15 days" in detail["rules"][0]["text"]
    assert detail["case_no"] == world.case_no(case_id)


def test_the_lists_are_narrowed_and_paged_in_stable_order(world: World) -> None:
    for n in range(3):
        world.add_notice(title=f"第{n}号")
    world.add_notice(title="已过期", posted_to=NOW - DAY)
    world.add_notice(title="已撤下", state="withdrawn")
    world.add_notice(title="50%_折", kind="finance")
    titles = lambda query: [i["title"] for i in get(world, f"/notices{query}")["items"]]  # noqa: E731
    assert titles("?state=past") == ["已撤下", "已过期"]
    assert titles("?state=posted") == ["50%_折", "第2号", "第1号", "第0号"]
    assert titles("?kind=finance") == ["50%_折"]
    assert titles("?q=%25_") == ["50%_折"]
    assert titles(f"?unit={world.town}&limit=1") == ["50%_折"]
    assert titles("?unit=999999") == []
    first = get(world, "/notices?limit=4")
    rest = get(world, f"/notices?limit=4&cursor={first['next']}")
    seen = [i["title"] for i in first["items"] + rest["items"]]
    assert seen == ["50%_折", "已撤下", "已过期", "第2号", "第1号", "第0号"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    "query",
    ["?state=up", "?unit=1;drop", "?limit=0", "?limit=201", "?cursor=zzz", "?kind=<b>", "?q=" + "长" * 101],
)
def test_a_query_that_does_not_fit_is_refused(world: World, query: str) -> None:
    assert get(world, f"/notices{query}", 422)["errors"]


@pytest.mark.parametrize("path", ["/notices/999", "/notices/abc", "/notices/" + "9" * 30, "/decisions/999"])
def test_what_is_not_there_is_not_found(world: World, path: str) -> None:
    get(world, path, 404)


def test_nul_in_a_query_is_no_fault(world: World) -> None:
    answer = world.ask("GET", "/api/v1/portal/notices?q=%00")
    assert answer.status_code in (400, 422)


def test_an_objection_opens_a_linked_case_and_gives_a_receipt(world: World) -> None:
    case_id = world.post_notice()
    notice_id = world.notice_of(case_id)
    given = post(
        world, f"/notices/{notice_id}/objections", {"text": "  预算不对 ", "contact": "李四 13800000000"}
    )
    assert set(given) == {"receipt_no", "code"}
    row = db.session.scalars(select(Objection)).one()
    assert (row.text, row.receipt_no) == ("预算不对", given["receipt_no"])
    assert given["code"].encode() not in row.code_digest
    assert row.contact is not None
    assert b"13800000000" not in row.contact
    case = db.session.get_one(Case, row.case_id)
    assert (case.definition, case.unit_id, case.parent_id, case.starter_id) == (
        "objection",
        world.village,
        case_id,
        None,
    )
    link = db.session.scalars(select(CaseLink).where(CaseLink.other_id == row.case_id)).one()
    assert (link.case_id, link.kind) == (case_id, "objection")
    task = db.session.scalars(select(Task).where(Task.case_id == row.case_id)).one()
    assert task.element == "verify"


def test_the_contact_is_nowhere_in_the_case_of_the_objection(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    post(world, f"/notices/{notice_id}/objections", {"text": "不对", "contact": "13800000000"})
    case_id = db.session.scalars(select(Objection.case_id)).one()
    assert case_id is not None
    assert "13800000000" not in world.everything_about(case_id)


def test_a_receipt_tells_what_became_of_the_objection(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    given = post(world, f"/notices/{notice_id}/objections", {"text": "不对"})
    path = f"/receipts/{given['receipt_no']}?code={given['code']}"
    told = get(world, path)
    assert (told["state"], told["can"], told["unit"]) == ("handling", [], "东镇东村")
    assert told["due_at"] == "2026-11-30T16:00:00Z"  # five days end on Saturday the 28th: Monday
    assert len(told["steps"]) == 1
    world.settle("unfounded", reply="合同写明了单价。")
    told = get(world, path, headers={"Accept-Language": "en"})
    assert (told["state"], told["outcome"], told["reply"]) == (
        "settled",
        "unfounded",
        "合同写明了单价。",
    )
    assert told["due_at"] is None
    assert told["steps"][-1]["text"] == "Not founded: the notice stays as it is."


def test_spaces_in_a_receipt_do_not_matter(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    given = post(world, f"/notices/{notice_id}/objections", {"text": "不对"})
    no, code = given["receipt_no"], given["code"]
    get(world, f"/receipts/{no[:4]} {no[4:8]}-{no[8:]}?code={code[:4]}%20{code[4:]}")


def test_a_wrong_code_is_not_found_and_throttled_for_this_receipt(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    given = post(world, f"/notices/{notice_id}/objections", {"text": "不对"})
    other = post(world, f"/notices/{notice_id}/objections", {"text": "不对"})
    assert other != given
    wrong = str((int(given["code"]) + 1) % 10**8).zfill(8)
    for _time in range(10):
        get(world, f"/receipts/{given['receipt_no']}?code={wrong}", 404)
    refused = world.ask("GET", f"/api/v1/portal/receipts/{given['receipt_no']}?code={given['code']}")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    get(world, f"/receipts/{other['receipt_no']}?code={other['code']}")


def test_a_receipt_outlives_a_change_of_the_secret_while_the_old_one_is_listed(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    given = post(world, f"/notices/{notice_id}/objections", {"text": "不对"})
    path = f"/receipts/{given['receipt_no']}?code={given['code']}"
    old = world.app.config["SECRET_KEY"]
    world.app.config["SECRET_KEY"] = "another" * 8
    get(world, path, 404)
    world.app.config["SECRET_KEY_FALLBACKS"] = [old]
    get(world, path)


@pytest.mark.parametrize("no", ["0", "x" * 500, "１２３", "%00", "' OR 1=1", "999999999999"])
def test_an_unknown_receipt_is_not_found(world: World, no: str) -> None:
    answer = world.ask("GET", f"/api/v1/portal/receipts/{no}", query_string={"code": "1"})
    assert answer.status_code in (400, 404)


def test_a_receipt_without_a_code_is_not_found(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    given = post(world, f"/notices/{notice_id}/objections", {"text": "不对"})
    get(world, f"/receipts/{given['receipt_no']}", 404)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"objections_open": False}, "no_objections_taken"),
        ({"posted_to": NOW}, "notice_period_over"),
        ({"state": "interrupted"}, "notice_period_over"),
        ({"state": "withdrawn"}, "notice_period_over"),
    ],
)
def test_a_notice_that_takes_no_objection_says_why(world: World, change: dict[str, Any], code: str) -> None:
    notice_id = world.add_notice(**change)
    refused = post(world, f"/notices/{notice_id}/objections", {"text": "不对"}, 409)
    assert refused["type"].endswith(code)
    assert refused["detail"]
    assert db.session.scalars(select(Objection)).all() == []


def test_the_last_second_of_the_period_still_counts(world: World) -> None:
    notice_id = world.add_notice(posted_to=NOW + timedelta(seconds=1))
    post(world, f"/notices/{notice_id}/objections", {"text": "不对"})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": "   \n"},
        {"text": 7},
        {"text": None},
        {"text": "长" * 5001},
        {"text": "x", "contact": "长" * 201},
        {"text": "x", "contact": ["a"]},
    ],
)
def test_an_objection_that_does_not_validate_opens_nothing(world: World, body: dict[str, Any]) -> None:
    notice_id = world.add_notice()
    assert post(world, f"/notices/{notice_id}/objections", body, 422)["errors"]
    assert db.session.scalars(select(Objection)).all() == []


def test_nul_and_broken_bodies_are_refused(world: World) -> None:
    notice_id = world.add_notice()
    for body in (b'{"text": "a\\u0000b"}', b'{"text": "\xff"}', b"{", b"[]", b"null"):
        answer = world.ask(
            "POST",
            f"/api/v1/portal/notices/{notice_id}/objections",
            data=body,
            content_type="application/json",
        )
        assert answer.status_code in (400, 422), answer.get_data(as_text=True)


def test_an_objection_to_nothing_is_not_found(world: World) -> None:
    post(world, "/notices/4711/objections", {"text": "不对"}, 404)


def test_the_same_idempotency_key_objects_once(world: World) -> None:
    notice_id = world.add_notice()
    key = {"Idempotency-Key": "abc"}
    first = post(world, f"/notices/{notice_id}/objections", {"text": "不对"}, headers=key)
    assert post(world, f"/notices/{notice_id}/objections", {"text": "不对"}, headers=key) == first
    assert len(db.session.scalars(select(Objection)).all()) == 1


def test_one_address_cannot_flood_a_notice(world: World) -> None:
    notice_id = world.add_notice()
    post(world, f"/notices/{notice_id}/objections", {"text": "不对"})
    row = db.session.scalars(select(FailedAttempt)).one()
    row.failures = 60
    db.session.commit()
    refused = post(world, f"/notices/{notice_id}/objections", {"text": "不对"}, 429)
    assert refused["type"].endswith("too_many_objections")
    post(world, f"/notices/{world.add_notice()}/objections", {"text": "不对"})


def test_only_published_decisions_are_there_with_their_exact_counts(world: World) -> None:
    world.add_decision(title="未公开", published=False)
    world.add_decision(title="硬化东路")
    (item,) = get(world, "/decisions", headers={"Accept-Language": "en"})["items"]
    counts = {name: item[name] for name in ("roll", "present", "for", "against", "abstain", "invalid")}
    assert counts == {"roll": 1500, "present": 800, "for": 401, "against": 380, "abstain": 15, "invalid": 4}
    assert (item["passed"], item["annulled"], item["body_name"]) == (True, False, "villagers' assembly")
    assert item["tests"] == [
        {
            "text": "more than half of those present are in favour",
            "needed": 401,
            "got": 401,
            "base": 800,
            "met": True,
            "article": "村民委员会组织法第二十六条",
        }
    ]
    assert item["quorum"][0]["base"] == 1500
    assert "more than half of those present" in item["rule"]


def test_an_annulled_decision_stays_visible_with_the_mark_and_reason(world: World) -> None:
    decision_id = world.add_decision(annulled="异议成立")
    item = get(world, f"/decisions/{decision_id}")
    assert (item["annulled"], item["annulled_because"]) == (True, "异议成立")


def test_the_clock_ends_a_notice_without_anybody_acting(world: World) -> None:
    notice_id = world.add_notice(posted_to=NOW + DAY)
    assert get(world, f"/notices/{notice_id}")["state"] == "posted"
    world.set_clock(NOW + DAY)
    ended = get(world, f"/notices/{notice_id}")
    assert (ended["state"], ended["days_left"], ended["objections_open"]) == ("ended", 0, False)
    assert db.session.get_one(Notice, notice_id).state == "posted"


def test_a_retired_objection_process_leaves_nothing_half_done(tmp_path: Path) -> None:
    with built_app(tmp_path) as app, app.app_context(), portal.world(app, processes=()) as world:
        notice_id = world.add_notice()
        answer = world.ask("POST", f"/api/v1/portal/notices/{notice_id}/objections", json={"text": "不对"})
        assert answer.status_code == 404
        assert db.session.scalars(select(Objection)).all() == []
