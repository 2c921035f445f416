"""Officials' pages without JavaScript: start, inbox, a task with every kind of field, hand-on, stop."""

import gzip
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import building_app as build
import pytest
from browsing import Visitor
from flask import Flask

from app import clock, translations

FIELDS: list[dict[str, Any]] = [
    {"type": "text", "id": "t", "text": "# 说明\n请依据**记录**填写 <b>{{title}}</b>"},
    {"type": "textfield", "key": "title", "label": "议题", "validate": {"required": True, "maxLength": 30}},
    {
        "type": "radio",
        "key": "matter",
        "label": "类别",
        "values": [{"value": "road", "label": "道路"}, {"value": "land", "label": "土地"}],
        "validate": {"required": True},
    },
    {"type": "textfield", "key": "plot", "label": "地块", "conditional": {"hide": '=matter != "land"'}},
    {"type": "number", "key": "amount", "label": "金额", "validate": {"min": 0}},
    {"type": "checkbox", "key": "agreed", "label": "已同意"},
    {
        "type": "checklist",
        "key": "asked",
        "label": "征求意见",
        "values": [{"value": "a", "label": "村民小组"}, {"value": "b", "label": "监委会"}],
    },
    {"type": "select", "key": "place", "label": "地点", "values": [{"value": "x", "label": "村委会"}]},
    {"type": "datetime", "key": "day", "subtype": "date", "dateLabel": "日期"},
    {"type": "datetime", "key": "at", "subtype": "datetime", "dateLabel": "时间"},
    {"type": "textarea", "key": "opinion", "label": "意见"},
    {"type": "filepicker", "key": "papers", "label": "附件", "multiple": True},
    {
        "type": "dynamiclist",
        "path": "members",
        "label": "人员",
        "defaultRepetitions": 1,
        "components": [
            {"type": "textfield", "key": "name", "label": "姓名", "validate": {"required": True}},
            {"type": "textfield", "key": "phone", "label": "电话", "validate": {"validationType": "phone"}},
        ],
    },
    {
        "type": "group",
        "path": "site",
        "label": "现场",
        "components": [{"type": "textfield", "key": "where", "label": "位置"}],
    },
    {"type": "separator"},
]


def form(fields: list[dict[str, Any]]) -> str:
    return json.dumps({"type": "default", "components": [{"id": f"c{n}", **f} for n, f in enumerate(fields)]})


@pytest.fixture
def village(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A village with a committee of two (li heads it), an outsider, and one published process."""
    if not (translations.HERE / "zh" / "LC_MESSAGES" / "messages.mo").exists():
        translations.compile_catalogue()
    monkeypatch.setattr(clock, "now", lambda: build.NOW)
    county = build.add_unit("清河县", kind="county")
    unit = build.add_unit("石桥村", parent=county)
    other = build.add_unit("柳林村", parent=county)
    li = build.add_person("li", unit=unit, title="主任")
    wang = build.add_person("wang", unit=unit)
    build.add_person("outsider", unit=other)
    build.add_person("boss", unit=county, roles=("admin", "supervisor", "designer"))
    build.add_group("committee", unit=unit, name="村委会", members=(li, wang))
    with build.transaction() as session:
        row = session.execute(
            build.select(build.Membership).where(build.Membership.person_id == li.id)
        ).scalar_one()
        row.head = True
    survey = (
        '<userTask id="survey" name="调查摸底" minyi:nameEn="Survey" minyi:group="committee" '
        'minyi:form="ask.form" minyi:due="days(5)" minyi:article="第二十四条"/>'
    )
    decide = '<userTask id="decide" name="提出意见" minyi:group="committee"/>'
    attributes = 'minyi:startForm="start.form" minyi:titleFrom="title" minyi:category="村务"'
    build.publish(
        {
            "process.bpmn": build.bpmn(
                build.chain(survey, decide), key="road", name="征求意见", attributes=attributes
            ),
            "ask.form": form(FIELDS),
            "start.form": form([FIELDS[1]]),
        }
    )
    return app


def begun(title: str = "东路硬化", *, by: str = "li", **more: Any) -> tuple[int, int]:
    """A started case and its first task."""
    actor = build.actor_of(by)
    moved = build.start("road", by=actor, unit=actor.unit_id or 0, data={"title": title}, title=title, **more)
    return moved.case_id, moved.opened[0]


def test_a_person_starts_a_case_and_carries_it_through(village: Flask) -> None:
    li = Visitor(village, "li")
    li.get("/start")
    assert "征求意见" in li.links()
    li.get(li.links()["征求意见"])
    li.send(li.form_to("/start/road"), title="东路硬化")
    assert "东路硬化" in li.text()
    assert "调查摸底" in li.links()
    li.get(li.links()["调查摸底"])
    assert "第二十四条" in li.text()
    li.send(
        li.form_to("/tasks/1"),
        press=("act", "complete"),
        matter="road",
        opinion="38 户同意",
        **{"members.0.name": "王大山"},
    )
    assert "提出意见" in li.text()
    assert "38 户同意" in li.text()
    li.send(li.form_to("/tasks/2"), press=("act", "complete"))
    assert "办妥：提出意见" in li.text()
    li.get("/cases/1")
    assert "已办结" in li.text()


def test_errors_stand_beside_their_fields_and_what_was_typed_stays(village: Flask) -> None:
    _case, task = begun()
    li = Visitor(village, "li")
    li.get(f"/tasks/{task}")
    page = li.send(
        li.form_to(f"/tasks/{task}"),
        press=("act", "complete"),
        status=422,
        title="",
        amount="abc",
        opinion="写了很久的意见",
        **{"members.0.phone": "12"},
    )
    assert page.findtext("head/title").startswith("有误：")
    assert len(li.errors()) == 5  # title, matter, amount, a member's name and phone
    assert page.get_element_by_id("f-amount").get("value") == "abc"
    assert "写了很久的意见" in page.get_element_by_id("f-opinion").text
    assert (
        page.get_element_by_id("f-members-0-phone")
        .get("aria-describedby")
        .endswith("f-members-0-phone-error")
    )
    for link in page.xpath("//ul[contains(@class,'error-summary__list')]//a/@href"):
        assert page.get_element_by_id(link.removeprefix("#")) is not None


def test_rows_are_added_and_removed_without_a_script(village: Flask) -> None:
    _case, task = begun()
    li = Visitor(village, "li")
    li.get(f"/tasks/{task}")
    action = f"/tasks/{task}"
    li.send(li.form_to(action), press=("_add", "members"), **{"members.0.name": "甲"})
    li.send(li.form_to(action), press=("_add", "members"), **{"members.1.name": "乙"})
    page = li.send(li.form_to(action), press=("_remove", "members.0"))
    names = [page.get_element_by_id(f"f-members-{n}-name").get("value") for n in (0, 1)]
    assert names == ["乙", ""]


def test_a_draft_waits_for_its_writer_only(village: Flask) -> None:
    _case, task = begun()
    li, wang = Visitor(village, "li"), Visitor(village, "wang")
    li.get(f"/tasks/{task}")
    li.send(li.form_to(f"/tasks/{task}"), press=("act", "draft"), title="", opinion="先写一半")
    assert "先写一半" in li.get(f"/tasks/{task}").get_element_by_id("f-opinion").text
    assert "先写一半" not in (wang.get(f"/tasks/{task}").get_element_by_id("f-opinion").text or "")


def test_a_field_that_may_not_apply_says_so_and_is_left_out_by_the_fragment(village: Flask) -> None:
    _case, task = begun()
    li = Visitor(village, "li")
    page = li.get(f"/tasks/{task}")
    assert "适用时才填写" in page.get_element_by_id("f-plot-hint").text_content()
    whole = li.form_to(f"/tasks/{task}")
    fragment = li.send(whole, to=f"/tasks/{task}/fields", matter="road")
    assert not fragment.xpath("//*[@id='f-plot']")
    fragment = li.send(whole, to=f"/tasks/{task}/fields", matter="land")
    assert fragment.xpath("//*[@id='f-plot']")


def test_attachments_are_kept_through_an_error_and_seen_in_the_story(village: Flask) -> None:
    case, task = begun()
    li = Visitor(village, "li")
    li.get(f"/tasks/{task}")
    paper = (io.BytesIO("会议记录".encode()), "记录.txt")
    li.send(li.form_to(f"/tasks/{task}"), press=("act", "complete"), status=422, papers=paper, title="")
    assert "记录.txt" in li.text()
    li.send(
        li.form_to(f"/tasks/{task}"),
        press=("act", "complete"),
        title="东路",
        matter="road",
        **{"members.0.name": "甲"},
    )
    li.get(f"/cases/{case}")
    link = li.links()["记录.txt"]
    answer = li.client.get(link)
    assert answer.get_data() == "会议记录".encode()
    assert answer.headers["Content-Disposition"].startswith("attachment")
    Visitor(village, "outsider").get(link, status=404)


def test_the_inbox_puts_what_is_overdue_first_and_filters(village: Flask) -> None:
    begun("不急")
    begun("早就到期", now=build.NOW - timedelta(days=30))
    li = Visitor(village, "li")
    li.get("/inbox?view=claimable")
    order = [re.search("不急|早就到期", row.text_content()) for row in li.page.xpath("//li[@data-row]")]
    assert [found.group() for found in order if found] == ["早就到期", "不急"]
    assert "1 件已超期" in li.text()
    li.get("/inbox?view=claimable&overdue=1")
    assert "不急" not in li.text()
    li.get("/inbox?view=claimable&q=不急")
    assert "早就到期" not in li.text()
    li.get("/inbox?view=nonsense&cursor=")
    assert "您没有待办事项" in li.text()


def test_taking_and_giving_back(village: Flask) -> None:
    _case, task = begun()
    li, wang = Visitor(village, "li"), Visitor(village, "wang")
    li.get("/inbox?view=claimable")
    li.send(li.form_to(f"/tasks/{task}/claim"))
    assert "由您领取" in li.text()
    wang.get(f"/tasks/{task}")
    assert "不由您办理" in wang.text()
    li.send(li.form_to(f"/tasks/{task}/unclaim"))
    assert "已退回本组" in li.text()
    wang.get("/inbox?view=claimable")
    assert "调查摸底" in wang.text()


def test_only_the_head_hands_on_and_says_why(village: Flask) -> None:
    _case, task = begun()
    li, wang = Visitor(village, "li"), Visitor(village, "wang")
    wang.get(f"/tasks/{task}")
    assert not wang.page.xpath(f"//form[@action='/tasks/{task}/assign']")
    li.get(f"/tasks/{task}")
    li.send(li.form_to(f"/tasks/{task}/assign"), status=422)
    assert len(li.errors()) == 2
    li.send(li.form_to(f"/tasks/{task}/assign"), username="wang", reason="出差")
    wang.get("/inbox")
    assert "调查摸底" in wang.text()


def test_who_is_second_is_told_and_keeps_what_was_typed(village: Flask) -> None:
    _case, task = begun()
    li, wang = Visitor(village, "li"), Visitor(village, "wang")
    wang.get(f"/tasks/{task}")
    slow = wang.form_to(f"/tasks/{task}")
    li.get(f"/tasks/{task}")
    li.send(
        li.form_to(f"/tasks/{task}"), press=("act", "complete"), matter="road", **{"members.0.name": "甲"}
    )
    wang.send(slow, press=("act", "complete"), status=409, matter="land", **{"members.0.name": "乙"})
    assert wang.errors()


def test_stopping_a_case_asks_for_a_reason(village: Flask) -> None:
    case, _task = begun()
    li = Visitor(village, "li")
    li.get(f"/cases/{case}")
    li.send(li.form_to(f"/cases/{case}/cancel"), to=f"/cases/{case}/suspend", reason="")
    assert "请写明理由" in li.text()
    li.send(li.form_to(f"/cases/{case}/cancel"), to=f"/cases/{case}/suspend", reason="等资金")
    assert "已暂停" in li.text()
    assert "等资金" in li.text()
    li.send(li.form_to(f"/cases/{case}/cancel"), to=f"/cases/{case}/resume", reason="到位")
    li.send(li.form_to(f"/cases/{case}/cancel"), reason="不办了")
    assert "已撤销" in li.text()


def test_what_others_may_not_see_is_not_there(village: Flask) -> None:
    case, task = begun()
    outsider = Visitor(village, "outsider")
    for path in (f"/cases/{case}", f"/tasks/{task}", f"/cases/{case}/bpmn"):
        outsider.get(path, status=404)
    outsider.get("/supervision", status=403)
    outsider.get("/processes/publish", status=403)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_stands_in_both_languages(village: Flask, language: str) -> None:
    case, task = begun('<script>alert("x")</script>')
    boss = Visitor(village, "boss", language=language)
    li = Visitor(village, "li", language=language)
    for path in (
        "/inbox",
        "/inbox?view=done",
        "/start",
        "/start/road",
        "/cases",
        "/cases?mine=1&state=running",
        f"/cases/{case}",
        f"/tasks/{task}",
        "/processes",
    ):
        page = li.get(path)
        assert page.get("lang") == ("en" if language == "en" else "zh-CN")
    for path in (
        "/processes/publish",
        "/processes/road",
        "/supervision",
        "/supervision?sort=work&from=2026-01-01",
    ):
        boss.get(path)
    if language == "en":
        li.get(f"/tasks/{task}")
        assert "Survey" in li.text()


@pytest.mark.parametrize(
    "path",
    [
        "/inbox?unit=x&definition=%00&q=%25%27&cursor=zzz",
        "/cases?state=zz&unit=999999999999999999999&cursor=!!",
        "/cases?cursor=W10",
        "/start/nothing",
        "/tasks/99999999999999999999999",
        "/cases/0",
        "/processes/road?version=9999",
        "/processes/none",
        "/files/none",
        "/supervision?definition=none&unit=1&from=2026-99-99",
        "/nothing",
    ],
)
def test_odd_addresses_are_answered_with_a_page(village: Flask, path: str) -> None:
    boss = Visitor(village, "boss")
    answer = boss.client.get(path)
    assert answer.status_code < 500
    boss._took(answer, answer.status_code)


@pytest.mark.parametrize(
    "values",
    [
        {"_add": "members.x.y"},
        {"_remove": "members.99999"},
        {"_remove": ""},
        {"members.99999999.name": "x"},
        {"title": "\x00"},
        {"version": "abc", "title": "好"},
        {"amount": "1e999"},
        {"day": "0000-00-00", "at": "T"},
        {"papers": ["no such file"] * 3},
        {"matter": "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")},
    ],
)
def test_odd_answers_are_told_not_stored(village: Flask, values: dict[str, Any]) -> None:
    _case, task = begun()
    li = Visitor(village, "li")
    li.get(f"/tasks/{task}")
    token = dict(li.form_to(f"/tasks/{task}").form_values())["csrf_token"]
    answer = li.client.post(f"/tasks/{task}", data={"csrf_token": token, "act": "complete", **values})
    assert answer.status_code in (200, 409, 422)
    assert build.open_task(_case).state == "open"


def test_publishing_lists_problems_by_shape_and_then_publishes(village: Flask) -> None:
    boss = Visitor(village, "boss")
    boss.get("/processes/publish")
    boss.send(boss.form_to("/processes/publish"), press=("act", "publish"), status=422)
    assert "请选择一个流程的文件" in boss.errors()[0]
    bad = build.bpmn(build.chain('<userTask id="ask" name="问" minyi:form="none.form"/>'), key="bad")
    boss.get("/processes/publish")
    boss.send(boss.form_to("/processes/publish"), press=("act", "check"), status=422, files=_file(bad))
    assert "ask" in boss.text()
    assert "none.form" in boss.text()
    good = build.bpmn(build.chain('<userTask id="ask" name="问"/>'), key="good", name="好流程")
    boss.get("/processes/publish")
    boss.send(boss.form_to("/processes/publish"), press=("act", "publish"), files=_file(good), note="第一版")
    assert "第一版" in boss.text()
    boss.send(boss.form_to("/processes/good/state"), press=("state", "retired"))
    assert "已停用" in boss.text()


@pytest.mark.parametrize(
    "content", ["", "no xml", "<a/>", "\x00", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"]
)
def test_publishing_a_bad_file_is_a_page_with_problems(village: Flask, content: str) -> None:
    boss = Visitor(village, "boss")
    boss.get("/processes/publish")
    boss.send(boss.form_to("/processes/publish"), press=("act", "publish"), status=422, files=_file(content))


def _file(text: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(text.encode()), "process.bpmn"


def test_a_task_page_is_light(village: Flask) -> None:
    """The page with its style sheet and script, each as sent compressed: at most 45 kB."""
    _case, task = begun()
    li = Visitor(village, "li")
    page = li.get(f"/tasks/{task}")
    assert li.response is not None
    total = len(gzip.compress(li.response.get_data()))
    built = [str(a) for a in page.xpath("//link[@rel='stylesheet']/@href | //script/@src")]
    if not built:
        pytest.skip("no built front end: run make")
    for address in built:
        total += len(gzip.compress((Path(village.root_path) / address.lstrip("/")).read_bytes()))
    assert total <= 45 * 1024


def test_the_policy_is_sent_with_every_answer(village: Flask) -> None:
    li = Visitor(village, "li")
    for path in ("/inbox", "/nothing", "/api/v1/me"):
        with li.client.get(path) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil", "javascript:x", ""])
def test_no_switch_sends_people_elsewhere(village: Flask, target: str) -> None:
    somebody = Visitor(village)
    somebody.get("/sign-in")
    token = somebody.page.xpath("//input[@name='csrf_token']/@value")[0]
    for path, values in (("/type-size", {"size": "large"}), ("/language", {"language": "en"})):
        answer = somebody.client.post(path, data={"csrf_token": token, "next": target, **values})
        assert answer.headers["Location"] == "/"
