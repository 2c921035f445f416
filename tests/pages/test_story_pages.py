"""The story, the first diagram and the rule behind a step, where one process calls another."""

import json
from datetime import timedelta
from typing import Any

import building_app as build
import pytest
from browsing import Visitor
from flask import Flask

from app import clock, translations
from app.extensions import db
from app.forms import Asking
from app.models import Record
from app.presentation.step_rule import clock_of
from app.runtime import effects
from app.runtime.effects import Done, EffectCall, Outcome

ROWS = {
    "type": "default",
    "components": [
        {
            "id": "guests",
            "type": "dynamiclist",
            "path": "guests",
            "label": "参加人",
            "properties": {"label_en": "Guests"},
            "components": [
                {
                    "id": "n",
                    "type": "textfield",
                    "key": "name",
                    "label": "姓名",
                    "properties": {"label_en": "Name"},
                },
                {
                    "id": "s",
                    "type": "radio",
                    "key": "side",
                    "label": "身份",
                    "properties": {"label_en": "Side"},
                    "values": [
                        {"value": "affected", "label": "利害关系人", "label_en": "affected"},
                        {"value": "other", "label": "其他人", "label_en": "other"},
                    ],
                },
            ],
        },
        {
            "id": "chair",
            "type": "select",
            "key": "chair",
            "label": "主持人",
            "valuesExpression": "=looked.people",
        },
    ],
}
INNER_ATTRIBUTES = 'minyi:nameEn="Inner hearing"'


@effects.effect("test.story_look")
def look(_call: EffectCall) -> Outcome:
    """Answers like a look-up whose people are choices of the next form."""
    return Done({"people": [{"value": "zhang", "label": "张三（委员）"}], "notice_id": "7"})


@pytest.fixture
def village(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    if not (translations.HERE / "zh" / "LC_MESSAGES" / "messages.mo").exists():
        translations.compile_catalogue()
    monkeypatch.setattr(clock, "now", lambda: build.NOW)
    unit = build.add_unit("石桥村")
    li = build.add_person("li", unit=unit, title="主任")
    build.add_group("committee", unit=unit, name="村委会", members=(li,))
    return app


def nested() -> tuple[int, int]:
    """A case that stands in the called process; the same element id stands in both."""
    look_up = '<serviceTask id="find" name="发布公告" minyi:service="test.story_look" minyi:result="looked"/>'
    ask = (
        '<userTask id="ask" name="拟定听证方案" minyi:nameEn="Plan the hearing" minyi:group="committee" '
        'minyi:form="ask.form" minyi:article="条例第十七条" minyi:due="{due}"/>'
    ).replace("{due}", "if unit == &quot;working_days&quot; then working_days(5) else days(5)")
    last = '<userTask id="sign" name="签字" minyi:group="committee"/>'
    build.publish(
        {
            "process.bpmn": build.bpmn(
                build.chain(look_up, ask, last), key="inner", name="里层听证", attributes=INNER_ATTRIBUTES
            ),
            "ask.form": json.dumps(ROWS),
        }
    )
    first = '<userTask id="ask" name="外层调查" minyi:nameEn="Outer survey" minyi:group="committee"/>'
    call = '<callActivity id="hear" name="听证" calledElement="inner"/>'
    build.publish({"process.bpmn": build.bpmn(build.chain(first, call), key="outer", name="外层")})
    li = build.actor_of("li")
    moved = build.start("outer", by=li, unit=li.unit_id or 0, data={"unit": "working_days"}, title="东路")
    build.complete(moved.opened[0], {}, by=li)
    return moved.case_id, build.open_task(moved.case_id, "ask").id


def entries(page: Any) -> list[str]:
    return [" ".join(each.text_content().split()) for each in page.xpath("//ol[@class='m-time']/li")]


def test_what_followed_by_itself_is_the_systems_and_links_its_notice(village: Flask) -> None:
    case, _task = nested()
    li = Visitor(village, "li")
    li.get(f"/cases/{case}")
    told = next(each for each in entries(li.page) if each.startswith("发布公告"))
    assert "系统（自动）" in told
    assert "主任" not in told
    assert li.links()["发布公告"].endswith("/notices/7")


def test_look_ups_are_left_out_of_the_story_but_not_of_the_history(
    village: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.presentation.story.UNTOLD", frozenset(("test.story_look",)))
    case, _task = nested()
    li = Visitor(village, "li")
    li.get(f"/cases/{case}")
    assert not [each for each in entries(li.page) if each.startswith("发布公告")]
    kinds = db.session.execute(build.select(Record.kind).where(Record.case_id == case)).scalars()
    assert "effect.done" in list(kinds)


def test_rows_and_choices_are_said_in_the_words_of_the_form(village: Flask) -> None:
    case, task = nested()
    guests = [{"name": "甲", "side": "affected"}, {"name": "乙", "side": "other"}]
    build.complete(task, {"guests": guests, "chair": "zhang"}, by=build.actor_of("li"))
    li = Visitor(village, "li")
    li.get(f"/cases/{case}")
    said = next(each for each in li.page.xpath("//dl[@class='m-said']") if "参加人" in each.text_content())
    rows = said.xpath("./div[dt='参加人']/dd")[0].text_content().splitlines()
    assert rows == ["1. 姓名：甲；身份：利害关系人", "2. 姓名：乙；身份：其他人"]
    assert said.xpath("./div[dt='主持人']/dd")[0].text_content() == "张三（委员）"
    english = Visitor(village, "li", language="en")
    english.get(f"/cases/{case}")
    assert "1. Name: 甲; Side: affected" in english.text()


def test_an_answer_of_the_wrong_shape_is_still_told(village: Flask) -> None:
    case, task = nested()
    build.complete(task, {"guests": "nobody", "chair": {"a": [1]}, "stray": True}, by=build.actor_of("li"))
    li = Visitor(village, "li")
    li.get(f"/cases/{case}")
    assert "nobody" in li.text()


def test_one_element_id_in_two_processes_keeps_both_names(village: Flask) -> None:
    case, task = nested()
    build.complete(task, {"guests": [], "chair": "zhang"}, by=build.actor_of("li"))
    li = Visitor(village, "li")
    li.get(f"/cases/{case}")
    told = entries(li.page)
    assert [t for t in told if t.startswith("外层调查")]
    assert [t for t in told if t.startswith("拟定听证方案")]


def test_the_first_diagram_is_of_the_process_in_which_the_case_stands(village: Flask) -> None:
    case, _task = nested()
    li = Visitor(village, "li")
    li.get(f"/cases/{case}")
    marked = li.page.xpath("//a[@aria-current='true']")
    assert [each.text_content() for each in marked if "process=" in each.get("href")] == ["里层听证"]
    assert li.links()["外层"].endswith("process=outer#where")
    assert "process=inner" in li.links()["查看全图"]
    li.get(f"/cases/{case}?process=outer")
    assert "查看全图" not in li.links()
    english = Visitor(village, "li", language="en")
    english.get(f"/cases/{case}")
    assert "Inner hearing" in english.links()
    li.get(f"/cases/{case}?process=nonsense", status=404)


def test_a_deadline_says_which_clock(village: Flask) -> None:
    _case, task = nested()
    li = Visitor(village, "li")
    li.get(f"/tasks/{task}")
    assert "按工作日计" in li.text()
    asking = Asking(data={"unit": "calendar"})
    assert clock_of('if unit == "working_days" then working_days(5) else days(5)', asking) == "calendar_days"
    assert clock_of("if gone == 1 then working_days(5) else days(5)", asking) == ""
    assert clock_of("hours(48)", asking) == "hours"
    assert clock_of("some_instant", asking) == ""


def test_the_rule_behind_a_step_tells_the_figures_that_the_case_stored(village: Flask) -> None:
    source = {
        "act": "条例",
        "act_en": "Regulations",
        "url": "https://law.example/",
        "figure": "announce_days",
    }
    rule = {
        "texts": {
            "announce_days": {"zh": "至少提前7日公告", "en": "7 days ahead"},
            "other": {"zh": "无关的数"},
        },
        "sources": [
            source | {"article": "第十七条第一款"},
            source | {"article": "第九条", "figure": "other", "url": "javascript:alert(1)"},
            "not a source",
        ],
        "unconfirmed": ["announce_days"],
    }
    li = build.actor_of("li")
    ask = '<userTask id="ask" name="公告" minyi:group="committee" minyi:article="条例第十七条"/>'
    build.publish({"process.bpmn": build.bpmn(build.chain(ask), key="ruled", name="有依据")})
    moved = build.start("ruled", by=li, unit=li.unit_id or 0, data={"rule": rule, "bad": {"texts": 1}})
    visitor = Visitor(village, "li")
    visitor.get(f"/tasks/{moved.opened[0]}")
    behind = visitor.page.xpath("//details[contains(@class, 'm-rule-behind')]")[0].text_content()
    assert "至少提前7日公告" in behind
    assert "条例 第十七条第一款" in behind
    assert "尚待" in behind
    assert "无关的数" not in behind


def test_a_long_story_shows_its_latest_entries_first(village: Flask) -> None:
    steps = [f'<userTask id="s{n}" name="第{n}步" minyi:group="committee"/>' for n in range(12)]
    build.publish({"process.bpmn": build.bpmn(build.chain(*steps), key="long", name="很长")})
    li = build.actor_of("li")
    moved = build.start("long", by=li, unit=li.unit_id or 0)
    for n in range(11):
        task = build.open_task(moved.case_id, f"s{n}").id
        build.complete(task, {}, by=li, now=build.NOW + timedelta(minutes=n))
    visitor = Visitor(village, "li")
    visitor.get(f"/cases/{moved.case_id}")
    lists = visitor.page.xpath("//ol[@class='m-time']")
    assert [len(each.xpath("./li")) for each in lists] == [8, 4]
    assert "第10步" in lists[0].text_content()
    assert "更早的 4 条" in visitor.text()
