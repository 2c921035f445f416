"""Administrators' and registers' pages, as a browser without scripts uses them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from building_app import built_app
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import clock
from app.demo.county import load_demo
from app.extensions import db
from app.models import Elector, Group, Person, Unit


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The demo county; each test changes people of its own only."""
    with built_app(tmp_path_factory.mktemp("county")) as app:
        with app.app_context():
            load_demo(now=clock.now())
        yield app


class Browser:
    """A browser that sends back the CSRF token of the last page it saw."""

    def __init__(self, app: Flask, username: str = "") -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.token = ""
        if username:
            self.see("/sign-in")
            answer = self.send("/sign-in", {"username": username, "password": "minyi-demo"})
            assert answer.status_code == 302

    def see(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text[:2000]
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        self.token = found.group(1) if found else self.token
        return answer.text

    def send(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token, **(data or {})}, **more)


def ids(app: Flask, **names: str) -> tuple[int, ...]:
    with app.app_context():
        return tuple(db.session.scalars(select(Unit.id).where(Unit.name == n)).one() for n in names.values())


def person(app: Flask, username: str) -> Person:
    with app.app_context():
        return db.session.scalars(select(Person).where(Person.username == username)).one()


# --- signing in


def test_whoever_is_not_signed_in_comes_back_to_the_page_they_wanted(county: Flask) -> None:
    browser = Browser(county)
    answer = browser.client.get("/admin/people?q=li")
    assert answer.location == "/sign-in?next=/admin/people?q%3Dli"
    browser.see(answer.location)
    answer = browser.send(
        "/sign-in", {"username": "admin", "password": "minyi-demo", "next": "/admin/people?q=li"}
    )
    assert answer.location == "/admin/people?q=li"


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\n/evil"],
)
def test_nobody_is_sent_to_another_site_after_signing_in(county: Flask, elsewhere: str) -> None:
    browser = Browser(county)
    browser.see("/sign-in")
    answer = browser.send("/sign-in", {"username": "admin", "password": "minyi-demo", "next": elsewhere})
    assert answer.location == "/"


def test_signing_in_needs_the_token_of_the_page(county: Flask) -> None:
    client = county.test_client()
    assert client.post("/sign-in", data={"username": "admin", "password": "minyi-demo"}).status_code == 400


def test_a_session_from_before_signing_in_is_replaced(county: Flask) -> None:
    browser = Browser(county)
    browser.see("/sign-in")
    with browser.client.session_transaction() as session:
        session["planted"] = "by somebody else"
    browser.send("/sign-in", {"username": "admin", "password": "minyi-demo"})
    with browser.client.session_transaction() as session:
        assert "planted" not in session
        assert session["sign_in"]


def test_a_wrong_password_says_neither_which_nor_echoes_it(county: Flask) -> None:
    browser = Browser(county)
    browser.see("/sign-in")
    answer = browser.send("/sign-in", {"username": '"><script>', "password": "not-this-one"})
    assert answer.status_code == 401
    assert "govuk-error-summary" in answer.text
    assert "not-this-one" not in answer.text
    assert '"><script>' not in answer.text


def test_after_signing_out_the_old_cookie_is_worth_nothing(county: Flask) -> None:
    browser = Browser(county, "wudayong")
    browser.see("/account/password")
    with browser.client.session_transaction() as session:
        kept = session["sign_in"]
    browser.send("/sign-out")
    with browser.client.session_transaction() as session:
        session["sign_in"] = kept
    browser.see("/account/password", 302)


def test_the_language_is_remembered_with_the_person(county: Flask) -> None:
    browser = Browser(county, "lixiulan")
    assert 'lang="zh-CN"' in browser.see("/account/password")
    answer = browser.send("/language", {"language": "en", "next": "/account/password"})
    assert answer.location == "/account/password"
    assert "Change my password" in browser.see("/account/password")
    assert person(county, "lixiulan").locale == "en"
    browser.send("/language", {"language": "xx", "next": "//evil.example"})
    assert "Change my password" in Browser(county, "lixiulan").see("/account/password")


def test_the_own_password_is_changed_and_other_sessions_end(county: Flask) -> None:
    here, there = Browser(county, "zhangdefu"), Browser(county, "zhangdefu")
    here.see("/account/password")
    for data, field in [
        ({"old": "wrong-one", "new": "new-secret-1", "again": "new-secret-1"}, "old"),
        ({"old": "minyi-demo", "new": "short", "again": "short"}, "new"),
        ({"old": "minyi-demo", "new": "zhangdefu-9", "again": "zhangdefu-9"}, "new"),
        ({"old": "minyi-demo", "new": "new-secret-1", "again": "new-secret-2"}, "again"),
    ]:
        answer = here.send("/account/password", data)
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text
        assert f'href="#{field}"' in answer.text
    done = here.send(
        "/account/password", {"old": "minyi-demo", "new": "new-secret-1", "again": "new-secret-1"}
    )
    assert done.status_code == 302
    here.see("/account/password")
    there.see("/account/password", 302)


# --- administration


@pytest.mark.parametrize(
    "path", ["/admin", "/admin/people", "/admin/people/new", "/admin/units/new", "/admin/people/admin"]
)
def test_only_administrators_open_the_pages_of_people(county: Flask, path: str) -> None:
    Browser(county, "admin").see(path)
    Browser(county, "designer").see(path, 403)
    Browser(county).see(path, 302)


def test_an_administrator_cannot_be_made_to_act_by_another_site(county: Flask) -> None:
    admin = Browser(county, "admin")
    admin.token = "forged"
    assert admin.send("/admin/people/wangjianguo/password", {"password": "taken-over-1"}).status_code == 400


def test_a_person_is_created_put_into_a_group_and_deactivated(county: Flask) -> None:
    admin = Browser(county, "admin")
    (village,) = ids(county, village="北庄村")
    admin.see("/admin/people/new")
    new = {
        "username": " ZhaoYun ",
        "name": "赵云",
        "title": "网格员",
        "unit": str(village),
        "roles": ["official"],
        "password": "minyi-demo",
    }
    assert admin.send("/admin/people/new", new).location == "/admin/people/zhaoyun"
    assert admin.send("/admin/people/new", new).status_code == 409
    with county.app_context():
        group = (
            db.session.scalars(select(Group).where(Group.unit_id == village, Group.key == "tellers")).one().id
        )
    for act in ("member", "head"):
        assert (
            admin.send(f"/admin/groups/{group}/members", {"username": "zhaoyun", "act": act}).status_code
            == 303
        )
    assert "zhaoyun" in admin.see(f"/admin/units/{village}")
    theirs = Browser(county, "zhaoyun")
    theirs.see("/account/password")
    changed = {
        "name": "赵云",
        "title": "",
        "unit": "",
        "roles": [],
        "active_shown": "1",
        "name_en": "",
        "phone": "",
        "email": "",
    }
    assert admin.send("/admin/people/zhaoyun", changed).status_code == 303
    theirs.see("/account/password", 302)
    stored = person(county, "zhaoyun")
    assert (stored.active, stored.unit_id, stored.roles, stored.title) == (False, None, [], "")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"username": "", "name": "甲"}, "username"),
        ({"username": "甲乙", "name": "甲"}, "username"),
        ({"username": "x" * 61, "name": "甲"}, "username"),
        ({"username": "ok.name", "name": "\x07"}, "name"),
        ({"username": "ok.name", "name": "  "}, "name"),
        ({"username": "ok.name", "name": "名" * 61}, "name"),
        ({"username": "ok.name", "name": "甲", "unit": "99999999"}, "unit"),
        ({"username": "ok.name", "name": "甲", "unit": "9" * 40}, "unit"),
        ({"username": "ok.name", "name": "甲", "roles": ["king"]}, "roles"),
        ({"username": "ok.name", "name": "甲", "password": "12345678"}, "password"),
    ],
)
def test_a_person_that_does_not_validate_shows_the_error_at_its_field(
    county: Flask, values: dict[str, Any], field: str
) -> None:
    admin = Browser(county, "admin")
    admin.see("/admin/people/new")
    answer = admin.send("/admin/people/new", values)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert f'href="#{field}"' in answer.text


def test_the_last_administrator_stays_one(county: Flask) -> None:
    admin = Browser(county, "admin")
    admin.see("/admin/people/admin")
    answer = admin.send(
        "/admin/people/admin",
        {"name": "系统管理员", "roles": ["official"], "active_shown": "1", "active": "1"},
    )
    assert answer.status_code == 409
    assert 'id="roles-error"' in answer.text
    assert person(county, "admin").roles == ["admin"]


def test_a_reset_password_ends_the_sessions_and_holds(county: Flask) -> None:
    theirs, admin = Browser(county, "jiangtao"), Browser(county, "admin")
    admin.see("/admin/people/jiangtao")
    assert admin.send("/admin/people/jiangtao/password", {"password": ""}).status_code == 422
    assert admin.send("/admin/people/jiangtao/password", {"password": "fresh-secret-7"}).status_code == 303
    theirs.see("/account/password", 302)
    again = Browser(county)
    again.see("/sign-in")
    assert again.send("/sign-in", {"username": "jiangtao", "password": "fresh-secret-7"}).status_code == 302


def test_units_stand_only_where_their_kind_may(county: Flask) -> None:
    admin = Browser(county, "admin")
    county_id, town = ids(county, county="青澜县", town="东河镇")
    admin.see("/admin/units/new")
    for kind, parent in [
        ("village", county_id),
        ("township", town),
        ("county", town),
        ("village", ""),
        ("moon", town),
    ]:
        assert (
            admin.send("/admin/units/new", {"name": "新", "kind": kind, "parent": str(parent)}).status_code
            == 422
        )
    made = admin.send(
        "/admin/units/new", {"name": "新村", "kind": "village", "parent": str(town), "community": "village"}
    )
    assert made.status_code == 303
    page = admin.see(made.location)
    assert "新村" in page
    assert admin.send(f"{made.location}/groups", {"key": "Bad Key", "name": "组"}).status_code == 422
    assert admin.send(f"{made.location}/groups", {"key": "tellers", "name": "计票人"}).status_code == 303
    assert admin.send(f"{made.location}/groups", {"key": "tellers", "name": "计票人"}).status_code == 409
    assert admin.send(made.location, {"name": "新庄", "name_en": "Xinzhuang", "place": ""}).status_code == 303
    with county.app_context():
        unit = db.session.scalars(select(Unit).where(Unit.name == "新庄")).one()
        assert unit.path == f"/{county_id}/{town}/{unit.id}/"


@pytest.mark.parametrize(
    "path", ["/admin/units/0", "/admin/units/999999999999", "/admin/people/nobody", "/villages/999/register"]
)
def test_what_is_not_there_is_not_found(county: Flask, path: str) -> None:
    Browser(county, "admin").see(path, 404)


def test_a_search_with_signs_of_patterns_finds_only_what_is_meant(county: Flask) -> None:
    admin = Browser(county, "admin")
    assert "wangjianguo" in admin.see("/admin/people?q=王建")
    assert "wangjianguo" not in admin.see("/admin/people?q=%25")
    assert "wangjianguo" not in admin.see("/admin/people?q=_")


def test_the_list_of_people_goes_on_over_pages(county: Flask) -> None:
    admin = Browser(county, "admin")
    first = admin.see("/admin/people")
    following = re.search(r'href="([^"]*cursor=[^"]+)"', first)
    assert following
    second = admin.see(following.group(1).replace("&amp;", "&"))
    names = [re.findall(r"/admin/people/([a-z0-9._-]+)\"", page) for page in (first, second)]
    assert not set(names[0]) & set(names[1]) - {"new"}
    admin.see("/admin/people?cursor=rubbish", 422)


# --- registers


def test_officials_see_the_registers_of_their_unit_and_below(county: Flask) -> None:
    (liushugou, shiqiao, town) = ids(county, a="柳树沟村", b="石桥村", c="东河镇")
    village = Browser(county, "liuguiying")
    assert village.client.get("/villages").location == f"/villages/{liushugou}/register"
    page = village.see(f"/villages/{liushugou}/register?q=王建国")
    assert "王建国" in page
    assert "990000" not in page
    village.see(f"/villages/{shiqiao}/register", 404)
    Browser(county, "shenguodong").see(f"/villages/{shiqiao}/register")
    Browser(county, "admin").see(f"/villages/{town}/register", 409)
    Browser(county, "designer").see(f"/villages/{liushugou}/register", 403)


def test_a_list_with_mistakes_is_shown_by_line_and_not_stored(county: Flask) -> None:
    import io

    (village,) = ids(county, a="石桥村")
    browser = Browser(county, "yangchunsheng")
    browser.see(f"/villages/{village}/register")
    content = "姓名,身份证号,户号\n王芳,123,1\n<b>,,\n".encode()
    answer = browser.send(
        f"/villages/{village}/register",
        {"file": (io.BytesIO(content), "名册.csv")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422
    assert re.search(r'm-num">2</td>\s*<td[^>]*>身份证号</td>', answer.text)
    assert "<b>,," not in answer.text
    assert browser.send(f"/villages/{village}/register").status_code == 422
    binary = {"file": (io.BytesIO(b"PK\x03\x04junk"), "a.xlsx")}
    assert (
        browser.send(f"/villages/{village}/register", binary, content_type="multipart/form-data").status_code
        == 422
    )
    with county.app_context():
        assert len(db.session.scalars(select(Elector).where(Elector.unit_id == village)).all()) == 118


def test_a_delegation_is_recorded_once_and_revoked(county: Flask) -> None:
    (village,) = ids(county, a="北庄村")
    browser = Browser(county, "guoshouyi")
    where = f"/villages/{village}/delegations"
    browser.see(where)
    good = {"matter": "public_works", "decided_on": "2026-03-01", "record": "北村会〔2026〕1号"}
    for wrong in (
        {"matter": "village_covenant"},
        {"matter": "moon"},
        {"decided_on": "2999-01-01"},
        {"decided_on": "soon"},
        {"record": ""},
    ):
        answer = browser.send(where, good | wrong)
        assert answer.status_code == 422
        assert f'id="{next(iter(wrong))}-error"' in answer.text
    assert browser.send(where, good).status_code == 303
    assert browser.send(where, good).status_code == 409
    revoke = re.search(rf'action="({where}/\d+/revoke)"', browser.see(where))
    assert revoke
    assert browser.send(revoke.group(1)).status_code == 303
    assert browser.send(revoke.group(1)).status_code == 404
    assert browser.send(where, good).status_code == 303


def test_pages_say_everything_in_both_languages(county: Flask) -> None:
    (village,) = ids(county, a="柳树沟村")
    paths = [
        "/admin",
        "/admin/people",
        "/admin/people/new",
        "/admin/people/wangjianguo",
        "/admin/units/new",
        f"/admin/units/{village}",
        f"/villages/{village}/register?q=王",
        f"/villages/{village}/delegations",
        "/account/password",
        "/villages",
    ]
    admin = Browser(county, "admin")
    for path in paths:
        page = re.sub(r"<(script|style|head).*?</\1>", "", admin.see(path), flags=re.S)
        words = re.sub(r"<[^>]+>", " ", page)
        english = re.findall(r"[A-Za-z][a-z]{2,} [a-z]{2,}", words)
        assert english == [], (path, english)
        assert page.count("<h1") == 1


def test_every_field_has_a_label_and_every_id_is_there_once(county: Flask) -> None:
    (village,) = ids(county, a="柳树沟村")
    admin = Browser(county, "admin")
    for path in [
        "/admin/people/new",
        "/admin/people/wangjianguo",
        "/admin/units/new",
        f"/admin/units/{village}",
        f"/villages/{village}/register?q=王",
        f"/villages/{village}/delegations",
    ]:
        page = admin.see(path)
        found = re.findall(r'\sid="([^"]+)"', page)
        assert len(found) == len(set(found)), (path, {i for i in found if found.count(i) > 1})
        fields = re.findall(r'<(?:input|select|textarea)(?![^>]*type="hidden")[^>]*\sid="([^"]+)"', page)
        assert set(fields) <= set(re.findall(r'<label[^>]*\sfor="([^"]+)"', page)), path


def test_reading_a_page_asks_for_the_person_in_one_statement(county: Flask, tmp_path: Path) -> None:
    from building_app import statements

    browser = Browser(county, "wangjianguo")
    with county.app_context(), statements() as sent:
        browser.see("/account/password")
    assert len([s for s in sent if "sign_ins" in s]) == 1
