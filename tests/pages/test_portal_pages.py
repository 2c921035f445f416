"""The villagers' and the officials' pages of notices, decisions and receipts, without a script."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import building_app as build
import building_portal as portal
import pytest
from building_app import NOW
from building_portal import World
from checking import check_page
from flask import Flask
from flask.testing import FlaskClient
from lxml.html import HtmlElement
from sqlalchemy import select

from app.extensions import db
from app.models import FailedAttempt, Objection, Unit

DAY = timedelta(days=1)
ACT, ACT_EN = "村民委员会组织法", "Organic Law of the Villagers' Committees"
EVIL = '<script>alert("x")</script>{{7*7}}'


@pytest.fixture
def world(app: Flask) -> Iterator[World]:
    """A village with its processes; the product's clock stands at NOW."""
    with portal.world(app) as built:
        yield built


def page(world: World, path: str, status: int = 200, *, client: FlaskClient | None = None) -> HtmlElement:
    answer = world.ask("GET", path, client=client)
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return check_page(answer.get_data(as_text=True))


def text_of(element: HtmlElement) -> str:
    return re.sub(r"\s+", " ", element.text_content())


def send(
    world: World, client: FlaskClient, path: str, form: dict[str, str], *, action: str, status: int
) -> Any:
    """Fill in the form of a page and send it, hidden fields included."""
    tree = page(world, path, client=client)
    (wanted,) = (each for each in tree.forms if (each.get("action") or "").endswith(action))
    values = {name: value or "" for name, value in wanted.form_values()} | form
    answer = world.ask("POST", wanted.get("action"), client=client, data=values)
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_public_page_holds_in_both_languages(world: World, language: str) -> None:
    notice_id = world.notice_of(world.post_notice())
    old = world.add_notice(posted_to=NOW - DAY)
    down = world.add_notice(state="withdrawn", reason="写错了")
    meeting = world.add_notice(
        kind="hearing", facts={"enrol_until": "2026-12-01T16:00:00Z", "hearing_at": "?"}
    )
    lots = world.add_notice(
        kind="hearing_list", facts={"seed": "abc", "draw": [{"id": "赵一"}, {"id": "钱二"}]}
    )
    decided = world.add_decision()
    annulled = world.add_decision(annulled="异议成立", passed=False)
    on_decision = world.add_notice(kind="decision", facts={"decision_id": str(decided)})
    client = world.client(language=language)
    paths = [
        "/",
        "/notices",
        "/notices?state=past",
        "/notices?q=none",
        "/decisions",
        "/decisions?q=none",
        "/receipts",
    ]
    for each in (notice_id, old, down, meeting, lots, on_decision):
        paths += [f"/notices/{each}", f"/notices/{each}/print"]
    for each in (decided, annulled):
        paths += [f"/decisions/{each}", f"/decisions/{each}/print"]
    for path in paths:
        tree = page(world, f"/portal{path}", client=client)
        assert tree.get("lang") == {"zh": "zh-CN", "en": "en"}[language]


@pytest.mark.parametrize(
    ("language", "said", "unsaid"),
    [
        ("en", ("East Village", "East Village, East Township", f"{ACT_EN}, 第二十六条"), ("东村", ACT)),
        ("zh", ("东村", "东镇东村", f"{ACT}第二十六条"), ("East Village", ACT_EN)),
    ],
)
def test_units_and_acts_are_named_in_the_language_of_the_page(
    world: World, language: str, said: tuple[str, str, str], unsaid: tuple[str, str]
) -> None:
    with build.transaction() as session:
        session.get_one(Unit, world.town).name_en = "East Township"
        session.get_one(Unit, world.village).name_en = "East Village"
    source = {"act": ACT, "act_en": ACT_EN, "article": "第二十六条", "figure": "majority"}
    decision_id = world.add_decision(rule={"sources": [source]})
    notice_id = world.add_notice(kind="decision", facts={"decision_id": str(decision_id)})
    single = [f"/portal/notices/{notice_id}", f"/portal/decisions/{decision_id}"]
    single += [f"{path}/print" for path in single]
    name, full, article = said
    official = world.client("wang", language=language)
    inbox = page(world, "/inbox?view=claimable", client=official)
    (task,) = inbox.xpath("//li[@data-row]//a/@href")
    assert [text_of(each) for each in inbox.find_class("m-head__unit")] == [name]
    for client, paths, words in (
        (world.client(language=language), ["/portal/", "/portal/notices", "/portal/decisions"], [full]),
        (world.client(language=language), single, [full, article]),
        (
            official,
            [
                "/inbox?view=claimable",
                task,
                "/cases",
                f"/cases/{world.case_id}",
                "/notices",
                f"/notices/{notice_id}",
            ],
            [name],
        ),
    ):
        for path in paths:
            main = text_of(page(world, path, client=client).xpath("//main")[0])
            assert [word for word in words if word not in main] == [], (path, main)
            assert [word for word in unsaid if word in main] == [], (path, main)


def test_a_unit_without_an_english_name_keeps_its_chinese_one_in_english(world: World) -> None:
    notice_id = world.add_notice()
    english = text_of(page(world, f"/portal/notices/{notice_id}", client=world.client(language="en")))
    assert "东镇东村" in english


def test_home_says_what_is_posted_and_offers_only_doors_that_open(world: World) -> None:
    world.add_notice(title="修渠公示")
    tree = page(world, "/portal/")
    assert "修渠公示" in text_of(tree)
    doors = [a.get("href") for a in tree.xpath("//a[contains(@class, 'm-door')]")]
    assert doors[0] == "/portal/notices"
    for address in doors:
        assert world.ask("GET", address).status_code == 200


def test_empty_lists_say_why_and_what_to_do(world: World) -> None:
    assert "目前没有正在进行的公示" in text_of(page(world, "/portal/notices"))
    assert "还没有公开的决定" in text_of(page(world, "/portal/decisions"))


def test_script_in_a_title_is_harmless_text_everywhere(world: World) -> None:
    notice_id = world.add_notice(title=EVIL, text=EVIL, channels=[EVIL], facts={"draw": [EVIL], "seed": EVIL})
    decision_id = world.add_decision(title=EVIL, item=EVIL, annulled=EVIL, body=EVIL)
    paths = ["/", "/notices", f"/notices/{notice_id}", f"/notices/{notice_id}/print", "/decisions"]
    for path in [*paths, f"/decisions/{decision_id}", f"/decisions/{decision_id}/print"]:
        html = world.ask("GET", f"/portal{path}").get_data(as_text=True)
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html
        check_page(html)
    signed_in = world.client("wang")
    for path in ("/notices", f"/notices/{notice_id}"):
        html = world.ask("GET", path, client=signed_in).get_data(as_text=True)
        assert "<script>alert" not in html
        check_page(html)


def test_facts_and_rules_of_any_shape_break_no_page(world: World) -> None:
    strange: list[Any] = [None, [], "x", 7, {"zh": 3}, {"deep": [{}]}]
    for value in strange:
        facts = dict.fromkeys(
            ("decision_id", "meeting_id", "draw", "seed", "enrol_until", "hearing_at"), value
        )
        rule = dict.fromkeys(("texts", "sources", "names", "body", "period"), value)
        notice_id = world.add_notice(facts=facts, rule=rule)
        page(world, f"/portal/notices/{notice_id}")
        page(world, f"/portal/notices/{notice_id}/print")
        reckoning = dict.fromkeys(("lines", "quorum_lines", "body_names", "matter_names"), value)
        decision_id = world.add_decision(reckoning=reckoning, rule=rule)
        page(world, f"/portal/decisions/{decision_id}")
        assert world.ask("GET", f"/api/v1/portal/decisions/{decision_id}").status_code == 200
        assert world.ask("GET", f"/api/v1/portal/notices/{notice_id}").status_code == 200


@pytest.mark.parametrize(
    "path", ["/notices/99", "/notices/x", "/decisions/99", "/notices/99/qr.svg", "/notices/" + "9" * 40]
)
def test_what_is_not_there_is_a_page_that_says_so(world: World, path: str) -> None:
    tree = page(world, f"/portal{path}", 404)
    assert tree.get("lang") == "zh-CN"


def test_an_unpublished_decision_is_nowhere(world: World) -> None:
    hidden = world.add_decision(title="秘而不宣", published=False)
    notice_id = world.add_notice(facts={"decision_id": str(hidden)})
    page(world, f"/portal/decisions/{hidden}", 404)
    for path in ("/portal/", "/portal/decisions", f"/portal/notices/{notice_id}"):
        assert "秘而不宣" not in text_of(page(world, path))


def test_a_notice_does_not_show_the_decision_of_another_case(world: World) -> None:
    other = portal.build.start("waiting", by=world.who("wang"), unit=world.village).case_id
    decision_id = world.add_decision(title="别的事", case_id=other)
    notice_id = world.add_notice(facts={"decision_id": str(decision_id)})
    assert "别的事" not in text_of(page(world, f"/portal/notices/{notice_id}"))


def test_a_decision_shows_its_exact_counts_and_the_bar_that_was_needed(world: World) -> None:
    decision_id = world.add_decision()
    tree = page(world, f"/portal/decisions/{decision_id}")
    cells = [text_of(cell).strip() for cell in tree.xpath("//table//td")]
    assert cells == ["1500", "800", "401", "380", "15", "4"]
    said = text_of(tree)
    assert "村民会议以401票赞成，通过：硬化东路" in said
    assert "到会人员的过半数赞成（村民委员会组织法第二十六条）" in said
    (bar,) = tree.xpath("//svg[@role='img'][contains(@aria-label, '至少需要401人')]")
    got = bar.xpath(".//rect[@class='m-bar__got']/@width")
    assert got == ["501.2"], "401 of 800 votes, of a bar of 1000"


def test_objecting_gives_a_receipt_that_tells_where_it_stands(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    client = world.client()
    path = f"/portal/notices/{notice_id}"
    form = {"text": "单价与合同不符", "contact": "13800000000"}
    answer = send(world, client, path, form, action="/objections", status=303)
    tree = page(world, answer.headers["Location"], client=client)
    number, code = (
        text_of(each) for each in tree.xpath("//div[contains(@class,'govuk-panel__body')]/strong")
    )
    assert "13800000000" not in text_of(tree)
    picture = world.ask("GET", tree.xpath("//img/@src")[0], client=client)
    assert picture.mimetype == "image/svg+xml"
    told = send(
        world,
        world.client(),
        "/portal/receipts",
        {"no": number, "code": code},
        action="/receipts",
        status=200,
    )
    said = text_of(check_page(told.get_data(as_text=True)))
    assert "单价与合同不符" in said
    assert "正在核实" in said
    assert "13800000000" not in said


def test_the_address_in_the_receipts_picture_opens_it_at_once_and_is_throttled_too(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    sent = {"text": "单价不符"}
    given = world.ask("POST", f"/api/v1/portal/notices/{notice_id}/objections", json=sent).json
    assert given is not None
    address = f"/portal/receipts?no={given['receipt_no']}&code={given['code']}"
    assert "单价不符" in text_of(page(world, address))
    for _time in range(10):
        page(world, f"/portal/receipts?no={given['receipt_no']}&code=1", 404)
    assert "单价不符" not in text_of(page(world, address, 429))


def test_a_flooded_notice_says_so_and_keeps_what_was_typed(world: World) -> None:
    notice_id = world.add_notice()
    sent = {"text": "不对"}
    world.ask("POST", f"/api/v1/portal/notices/{notice_id}/objections", json=sent)
    db.session.scalars(select(FailedAttempt)).one().failures = 60
    db.session.commit()
    path = f"/portal/notices/{notice_id}"
    answer = send(world, world.client(), path, {"text": "还是不对"}, action="/objections", status=429)
    tree = check_page(answer.get_data(as_text=True))
    assert "异议过多" in text_of(tree)
    assert tree.xpath("//textarea")[0].text.strip() == "还是不对"


def test_a_form_sent_twice_objects_once(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    client = world.client()
    tree = page(world, f"/portal/notices/{notice_id}", client=client)
    (form,) = (each for each in tree.forms if (each.get("action") or "").endswith("/objections"))
    values = {name: value or "" for name, value in form.form_values()} | {"text": "不对"}
    receipts = []
    for _time in range(2):
        assert world.ask("POST", form.get("action"), client=client, data=values).status_code == 303
        receipts.append(text_of(page(world, "/portal/objections/received", client=client).find(".//main")))
    assert receipts[0] == receipts[1]
    assert len(db.session.scalars(select(Objection)).all()) == 1


def test_an_empty_objection_comes_back_with_the_error_beside_the_field(world: World) -> None:
    notice_id = world.add_notice()
    path = f"/portal/notices/{notice_id}"
    sent = {"text": " ", "contact": "13800000000"}
    answer = send(world, world.client(), path, sent, action="/objections", status=422)
    tree = check_page(answer.get_data(as_text=True))
    assert tree.xpath("//div[@data-errors]//a/@href") == ["#text"]
    assert tree.xpath("//*[@id='text-error']")
    assert tree.xpath("//input[@id='contact']/@value") == ["13800000000"]


def test_an_objection_that_comes_too_late_says_why_and_keeps_what_was_typed(world: World) -> None:
    notice_id = world.add_notice(posted_to=NOW + DAY)
    client = world.client()
    tree = page(world, f"/portal/notices/{notice_id}", client=client)
    (form,) = (each for each in tree.forms if (each.get("action") or "").endswith("/objections"))
    values = {name: value or "" for name, value in form.form_values()} | {"text": "不对"}
    world.set_clock(NOW + DAY)
    answer = world.ask("POST", form.get("action"), client=client, data=values)
    assert answer.status_code == 409
    assert "公示期已满" in text_of(check_page(answer.get_data(as_text=True)))


def test_a_notice_that_is_over_has_no_form(world: World) -> None:
    for change in ({"posted_to": NOW}, {"state": "withdrawn"}, {"objections_open": False}):
        tree = page(world, f"/portal/notices/{world.add_notice(**change)}")
        assert not tree.xpath("//textarea")


def test_a_post_without_the_pages_token_is_refused(world: World) -> None:
    notice_id = world.add_notice()
    answer = world.ask("POST", f"/portal/notices/{notice_id}/objections", data={"text": "不对"})
    assert answer.status_code == 400
    assert db.session.scalars(select(Objection)).all() == []


def test_a_wrong_code_says_so_without_telling_which_was_wrong(world: World) -> None:
    form = {"no": "1234 5678 9012", "code": "12345678"}
    answer = send(world, world.client(), "/portal/receipts", form, action="/receipts", status=404)
    assert "没有与此编号和查询码相符的回执" in text_of(check_page(answer.get_data(as_text=True)))
    answer = send(
        world, world.client(), "/portal/receipts", {"no": "x", "code": ""}, action="/receipts", status=422
    )
    tree = check_page(answer.get_data(as_text=True))
    assert tree.xpath("//div[@data-errors]//a/@href") == ["#no", "#code"]


def test_no_receipt_is_shown_to_another_browser(world: World) -> None:
    answer = world.ask("GET", "/portal/objections/received")
    assert answer.status_code == 302
    assert world.ask("GET", "/portal/objections/received/qr.svg").status_code == 404


def test_the_printed_sheet_has_a_qr_to_the_public_page(world: World) -> None:
    notice_id = world.add_notice()
    tree = page(world, f"/portal/notices/{notice_id}/print")
    picture = world.ask("GET", tree.xpath("//img/@src")[0])
    assert picture.mimetype == "image/svg+xml"
    assert picture.data.startswith(b"<svg")
    assert f"/portal/notices/{notice_id}" in text_of(tree)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_officials_see_their_notices_and_report_an_interruption(world: World, language: str) -> None:
    notice_id = world.notice_of(world.post_notice(title="道路硬化"))
    client = world.client("wang", language=language)
    for state in ("posted", "past", "all", "nonsense"):
        page(world, f"/notices?state={state}", client=client)
    assert "道路硬化" in text_of(page(world, "/notices", client=client))
    path = f"/notices/{notice_id}"
    refused = send(world, client, path, {"reason": " "}, action="/interrupt", status=422)
    assert check_page(refused.get_data(as_text=True)).xpath("//*[@id='reason-error']")
    send(world, client, path, {"reason": "被撕毁"}, action="/interrupt", status=303)
    tree = page(world, path, client=client)
    assert "被撕毁" in text_of(tree)
    assert not tree.xpath("//form[contains(@action, 'interrupt')]")


def test_officials_of_another_village_neither_see_the_notice_inside_nor_its_objections(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    stranger = world.client("sun")
    assert "道路硬化" not in text_of(page(world, "/notices", client=stranger))
    page(world, f"/notices/{notice_id}", 404, client=stranger)


def test_a_handler_opens_the_contact_once_with_a_reason(world: World) -> None:
    notice_id = world.notice_of(world.post_notice())
    sent = {"text": "单价不符", "contact": "李四 13800000000"}
    world.ask("POST", f"/api/v1/portal/notices/{notice_id}/objections", json=sent)
    objection_id = db.session.scalars(select(Objection.id)).one()
    handler, colleague = world.client("zhao"), world.client("wang")
    path = f"/objections/{objection_id}"
    for client in (handler, colleague):
        assert "13800000000" not in text_of(page(world, path, client=client))
    assert not page(world, path, client=colleague).xpath("//form[contains(@action, 'contact')]")
    shown = send(world, handler, path, {"reason": "约定核实"}, action="/contact", status=200)
    assert "李四 13800000000" in text_of(check_page(shown.get_data(as_text=True)))
    assert "13800000000" not in text_of(page(world, path, client=handler))
    page(world, path, 404, client=world.client("sun"))


def test_the_office_is_closed_to_villagers(world: World) -> None:
    notice_id = world.add_notice()
    for path in ("/notices", f"/notices/{notice_id}", "/objections/1"):
        answer = world.ask("GET", path)
        assert answer.status_code == 302
        assert "/sign-in" in answer.headers["Location"]
