"""Sign-in, people, units and registers over HTTP; worst inputs beside each."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from building_app import built_app, statements
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app import clock
from app.demo.county import load_demo
from app.errors import Invalid
from app.extensions import db
from app.identity import passwords, sessions
from app.identity.identity_numbers import check_place
from app.identity.service import AdministratorExists, create_first_admin
from app.models import Elector, FailedAttempt, Person, SignIn, Unit

PASSWORD = "a-good-secret"


@pytest.fixture
def site(tmp_path: Path, database: str) -> Iterator[Flask]:
    """An installation with its first administrator, on each database."""
    with built_app(tmp_path, database=database) as app:
        with app.app_context():
            create_first_admin("boss", PASSWORD)
        yield app


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One installation for the tests that change nothing."""
    with built_app(tmp_path_factory.mktemp("calm")) as app:
        with app.app_context():
            create_first_admin("boss", PASSWORD)
        yield app


class Program:
    """A program that calls the API with a token."""

    def __init__(self, app: Flask, username: str = "", password: str = PASSWORD) -> None:
        self.client: FlaskClient = app.test_client()
        self.headers: dict[str, str] = {}
        if username:
            answer = self.post("/auth/tokens", {"username": username, "password": password})
            assert answer.status_code == 201, answer.text
            self.headers = {"Authorization": f"Bearer {answer.json['token']}"}

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1{path}", query_string=query, headers=self.headers)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.client.post(f"/api/v1{path}", json=body, headers=self.headers, **more)

    def patch(self, path: str, body: Any) -> Any:
        return self.client.patch(f"/api/v1{path}", json=body, headers=self.headers)

    def sign_in_status(self, username: str, password: str) -> int:
        return int(self.post("/auth/tokens", {"username": username, "password": password}).status_code)


def paths(answer: Any) -> list[str]:
    return [e["path"] for e in answer.json["errors"]]


# --- signing in


def test_a_token_opens_the_own_account_until_it_is_ended(site: Flask) -> None:
    boss = Program(site, "boss")
    me = boss.get("/me").json
    assert (me["username"], me["roles"], me["groups"], me["units"]) == ("boss", ["admin"], [], [])
    assert boss.client.delete("/api/v1/auth/tokens", headers=boss.headers).status_code == 204
    assert boss.get("/me").status_code == 401


def test_the_username_may_be_typed_in_capitals_and_full_width(site: Flask) -> None:
    assert Program(site).sign_in_status(" ＢＯＳＳ ", PASSWORD) == 201


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic Ym9zczp4",
        "bearer " + "x" * 5000,
        "Bearer \xff\xfe",
        "Token abc",
    ],
)
def test_a_header_that_is_no_token_is_401_with_the_scheme(calm: Flask, header: str) -> None:
    answer = calm.test_client().get("/api/v1/me", headers={"Authorization": header})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_only_the_digest_of_a_token_is_stored(site: Flask) -> None:
    token = Program(site, "boss").headers["Authorization"].removeprefix("Bearer ")
    with site.app_context():
        assert db.session.scalars(select(SignIn.digest)).all() == [sessions.digest_of(token)]


def test_a_token_ends_by_the_machines_clock(site: Flask) -> None:
    boss = Program(site, "boss")
    clock.install(site, lambda: timedelta(days=400))
    assert boss.get("/me").status_code == 200
    with site.app_context():
        db.session.execute(update(SignIn).values(expires_at=clock.machine_now()))
        db.session.commit()
    assert boss.get("/me").status_code == 401


def test_a_browsers_session_is_no_token_of_the_api(site: Flask) -> None:
    with site.app_context():
        issued = sessions.sign_in(
            "boss", PASSWORD, kind=sessions.SESSION, address="", hours=1, now=clock.machine_now()
        )
    program = Program(site)
    program.headers = {"Authorization": f"Bearer {issued.token}"}
    assert program.get("/me").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        7,
        {},
        {"username": "boss"},
        {"username": 1, "password": 2},
        {"username": "b", "password": "x" * 3000},
    ],
)
def test_a_sign_in_that_cannot_be_read_is_told_so(calm: Flask, body: Any) -> None:
    assert Program(calm).post("/auth/tokens", body).status_code in (400, 422)


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("boss", "wrong"),
        ("nobody", PASSWORD),
        ("' OR 1=1 --", "x"),
        ("b" * 200, "x"),
        ("boss", ""),
        ("", ""),
        ("老板", "密码"),
        ("boss", "x" * 1500),
    ],
)
def test_wrong_names_and_passwords_get_one_answer(calm: Flask, username: str, password: str) -> None:
    answer = Program(calm).post("/auth/tokens", {"username": username, "password": password})
    assert (answer.status_code, answer.json["type"]) == (401, "/problems/wrong_password")


def test_a_name_that_does_not_exist_costs_a_hash_as_well(
    calm: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    right = PasswordHasher.verify

    def verify(self: PasswordHasher, stored: str, password: str) -> bool:
        checked.append(stored)
        return bool(right(self, stored, password))

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    Program(calm).sign_in_status("nobody", "some-password")
    assert len(checked) == 1


def test_failures_alone_are_throttled_by_name_and_address(site: Flask) -> None:
    program = Program(site)
    for _ in range(20):
        assert program.sign_in_status("boss", PASSWORD) == 201
    for _ in range(sessions.FAILURES.failures):
        assert program.sign_in_status("boss", "wrong") == 401
    answer = program.post("/auth/tokens", {"username": "boss", "password": PASSWORD})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= sessions.FAILURES.window.total_seconds()
    assert program.sign_in_status("somebody", "wrong") == 401
    elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
    body = {"username": "boss", "password": PASSWORD}
    assert program.post("/auth/tokens", body, environ_base=elsewhere).status_code == 201
    with site.app_context():
        db.session.execute(update(FailedAttempt).values(since=clock.machine_now() - sessions.FAILURES.window))
        db.session.commit()
    assert program.sign_in_status("boss", PASSWORD) == 201


def test_a_success_forgets_earlier_failures(site: Flask) -> None:
    program = Program(site)
    for _ in range(3):
        for _ in range(sessions.FAILURES.failures - 1):
            assert program.sign_in_status("boss", "wrong") == 401
        assert program.sign_in_status("boss", PASSWORD) == 201


def test_an_old_hash_is_renewed_when_its_password_comes_by(site: Flask) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with site.app_context():
        db.session.execute(update(Person).values(password_hash=weak))
        db.session.commit()
    assert Program(site).sign_in_status("boss", PASSWORD) == 201
    with site.app_context():
        stored = db.session.scalars(select(Person.password_hash)).one()
    assert stored != weak
    assert Program(site).sign_in_status("boss", PASSWORD) == 201


def test_one_request_reads_the_person_with_one_statement(site: Flask) -> None:
    boss = Program(site, "boss")
    with site.app_context(), statements() as sent:
        boss.get("/units")
    assert len(sent) == 2, sent  # the person, the units


# --- passwords


@pytest.mark.parametrize(
    ("password", "fits"),
    [
        ("minyi-demo", True),
        ("short", False),
        ("x" * 201, False),
        ("aaaaaaaaaa", False),
        ("abcdefghij", False),
        ("98765432", False),
        ("Password", False),
        ("boss-12345", False),
        ("nul\0-inside", False),
        ("half \ud800 sign", False),
        ("好密码要八个字才行", True),
    ],
)
def test_the_rules_of_passwords(calm: Flask, password: str, fits: bool) -> None:
    with calm.app_context():
        assert (passwords.fault_of(password, username="boss") == "") is fits


def test_full_width_and_half_width_are_one_password(calm: Flask) -> None:
    stored = passwords.hash_password("ｓｅｃｒｅｔ－１２３")
    assert passwords.verify(stored, "secret-123").fits
    assert not passwords.verify(stored, "secret-124").fits
    assert not passwords.verify("no hash at all", "secret-123").fits
    assert not passwords.verify("", "nobody has this password").fits


def test_the_own_password_changes_and_other_tokens_end(site: Flask) -> None:
    here, there = Program(site, "boss"), Program(site, "boss")
    assert paths(here.post("/me/password", {"old": "wrong", "new": "another-secret"})) == ["old"]
    assert paths(here.post("/me/password", {"old": PASSWORD, "new": "short"})) == ["new"]
    assert here.post("/me/password", {"old": PASSWORD, "new": "another-secret"}).status_code == 204
    assert (here.get("/me").status_code, there.get("/me").status_code) == (200, 401)
    assert here.sign_in_status("boss", PASSWORD) == 401


def test_the_first_administrator_is_made_once_and_with_a_password_that_holds(tmp_path: Path) -> None:
    with built_app(tmp_path) as app, app.app_context():
        for username, password in [("", PASSWORD), ("boss", "short"), ("bo ss", PASSWORD)]:
            with pytest.raises(Invalid):
                create_first_admin(username, password)
        create_first_admin("Boss", PASSWORD)
        with pytest.raises(AdministratorExists):
            create_first_admin("second", PASSWORD)


# --- people and units


def seed(boss: Program) -> tuple[str, str]:
    """A county and a township: their ids."""
    county = boss.post("/units", {"name": "青县", "kind": "county", "place": "CN-3707"}).json["id"]
    town = boss.post("/units", {"name": "东镇", "kind": "township", "parent": county}).json["id"]
    return county, town


def test_people_are_created_listed_and_changed(site: Flask) -> None:
    boss = Program(site, "boss")
    _county, town = seed(boss)
    group = boss.post(f"/units/{town}/groups", {"key": "township_office", "name": "镇政府办公室"}).json
    made = boss.post(
        "/people",
        {
            "username": "Li",
            "name": "李雷",
            "password": "minyi-demo",
            "unit": town,
            "roles": ["official", "official"],
            "groups": [{"id": group["id"], "head": True}],
        },
    )
    assert made.status_code == 201
    assert (made.json["username"], made.json["roles"], made.json["groups"][0]["head"]) == (
        "li",
        ["official"],
        True,
    )
    li = Program(site, "li", "minyi-demo")
    me = li.get("/me").json
    assert [u["name"] for u in me["units"]] == ["东镇"]
    assert me["groups"][0]["key"] == "township_office"
    assert "people.manage" not in me["permissions"]
    assert li.get("/people").status_code == 403
    assert boss.post("/people", {"username": "li", "name": "另一个"}).status_code == 409
    changed = boss.patch("/people/li", {"title": "主任", "groups": [], "unit": None})
    assert (changed.json["title"], changed.json["groups"], changed.json["unit"], changed.json["name"]) == (
        "主任",
        [],
        None,
        "李雷",
    )
    assert boss.patch("/people/nobody", {"title": "x"}).status_code == 404
    assert [p["username"] for p in boss.get("/people").json["items"]] == ["boss", "li"]


def test_whoever_is_deactivated_is_out_at_once_and_cannot_come_back(site: Flask) -> None:
    boss = Program(site, "boss")
    boss.post("/people", {"username": "li", "name": "李雷", "password": "minyi-demo", "roles": ["official"]})
    li = Program(site, "li", "minyi-demo")
    assert boss.patch("/people/li", {"active": False}).status_code == 200
    assert li.get("/me").status_code == 401
    assert li.sign_in_status("li", "minyi-demo") == 401
    assert boss.patch("/people/li", {"active": True}).status_code == 200
    assert li.get("/me").status_code == 401
    assert li.sign_in_status("li", "minyi-demo") == 201


def test_a_password_set_by_the_administrator_ends_their_sessions_and_not_ones_own(site: Flask) -> None:
    boss = Program(site, "boss")
    boss.post("/people", {"username": "li", "name": "李雷", "password": "minyi-demo"})
    li = Program(site, "li", "minyi-demo")
    boss.patch("/people/li", {"password": "another-secret"})
    boss.patch("/people/boss", {"password": "another-secret"})
    assert (li.get("/me").status_code, boss.get("/me").status_code) == (401, 200)


def test_a_person_may_be_sent_as_people_are_served(site: Flask) -> None:
    boss = Program(site, "boss")
    unit = boss.post("/units", {"name": "柳家村", "kind": "county"}).json["id"]
    group = boss.post(f"/units/{unit}/groups", {"key": "committee", "name": "村民委员会"}).json["id"]
    made = boss.post("/people", {"username": "li", "name": "李雷", "units": [unit], "groups": [group]})
    assert made.status_code == 201, made.text
    assert made.json["unit"] == unit
    assert [each["id"] for each in made.json["groups"]] == [group]

    served = {name: made.json[name] for name in ("units", "groups", "roles", "title")}
    again = boss.patch("/people/li", served)
    assert again.status_code == 200, again.text
    assert again.json == made.json

    for bad in ([{}], ["nowhere"], [5], [None, "x"], "1"):
        answer = boss.patch("/people/li", {"groups": bad})
        assert answer.status_code == 422
    for bad in ([{}], ["nowhere"], [5], "1", {}):
        assert boss.patch("/people/li", {"units": bad}).status_code == 422


def test_a_person_without_a_password_cannot_sign_in(site: Flask) -> None:
    boss = Program(site, "boss")
    boss.post("/people", {"username": "li", "name": "李雷"})
    assert boss.sign_in_status("li", "") == 401
    assert boss.sign_in_status("li", "nobody has this password") == 401


@pytest.mark.parametrize("change", [{"active": False}, {"roles": []}, {"roles": ["official"]}])
def test_the_last_administrator_cannot_be_taken_away(site: Flask, change: dict[str, Any]) -> None:
    boss = Program(site, "boss")
    answer = boss.patch("/people/boss", change)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/last_administrator")
    boss.post("/people", {"username": "second", "name": "二", "roles": ["admin"]})
    assert boss.patch("/people/boss", change).status_code == 200


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": "甲"}, "username"),
        ({"username": "x", "name": "甲"}, "username"),
        ({"username": "../etc", "name": "甲"}, "username"),
        ({"username": "ok", "name": ""}, "name"),
        ({"username": "ok", "name": "a\u0007b"}, "name"),
        ({"username": "ok", "name": "名" * 61}, "name"),
        ({"username": "ok", "name": "甲", "roles": ["root"]}, "roles.0"),
        ({"username": "ok", "name": "甲", "roles": "admin"}, "roles"),
        ({"username": "ok", "name": "甲", "unit": "404404"}, "unit"),
        ({"username": "ok", "name": "甲", "unit": "9" * 30}, "unit"),
        ({"username": "ok", "name": "甲", "unit": {"$gt": 0}}, "unit"),
        ({"username": "ok", "name": "甲", "groups": [{"id": "77"}]}, "groups.0.id"),
        ({"username": "ok", "name": "甲", "groups": [{"head": True}]}, "groups.0.id"),
        ({"username": "ok", "name": "甲", "password": "short"}, "password"),
        ({"username": "ok", "name": "甲", "password_hash": "x"}, "password_hash"),
        ({"username": "ok", "name": "甲", "id": 1}, "id"),
    ],
)
def test_a_person_that_does_not_validate_is_422_at_its_field(calm: Flask, body: Any, path: str) -> None:
    boss = Program(calm, "boss")
    answer = boss.post("/people", body)
    assert (answer.status_code, paths(answer)) == (422, [path])
    with calm.app_context():
        assert db.session.scalar(select(func.count()).select_from(Person)) == 1


def test_lists_go_on_by_cursor_and_refuse_what_is_none(site: Flask) -> None:
    boss = Program(site, "boss")
    for n in range(5):
        boss.post("/people", {"username": f"p{n}", "name": f"人{n}"})
    seen, cursor = [], ""
    while True:
        answer = boss.get("/people", limit=2, cursor=cursor).json
        seen += [p["username"] for p in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert seen == ["boss", "p0", "p1", "p2", "p3", "p4"]
    for wrong in ({"limit": 0}, {"limit": 201}, {"limit": "many"}, {"cursor": "rubbish"}, {"cursor": "WzFd"}):
        assert boss.get("/people", **wrong).status_code == 422
    assert boss.get("/people", q="100%").json["items"] == []


def test_units_form_a_tree_with_parents_first(site: Flask) -> None:
    boss = Program(site, "boss")
    county, town = seed(boss)
    village = boss.post(
        "/units", {"name": "柳村", "kind": "village", "parent": town, "community": "residents"}
    ).json
    tree = boss.get("/units").json
    assert tree["next"] is None
    assert [(u["id"], u["kind"], u["parent"]) for u in tree["items"]] == [
        (county, "county", None),
        (town, "township", county),
        (village["id"], "village", town),
    ]
    assert boss.patch(f"/units/{village['id']}", {"name": "柳庄"}).json["name"] == "柳庄"
    assert boss.patch("/units/999999", {"name": "x"}).status_code == 404
    assert boss.patch("/units/x", {"name": "x"}).status_code == 404
    for wrong in (
        {"name": "甲", "kind": "village", "parent": county},
        {"name": "甲", "kind": "village"},
        {"name": "甲", "kind": "county", "parent": county},
        {"name": "甲", "kind": "province"},
        {"name": "甲", "kind": "township", "parent": "12345"},
    ):
        assert boss.post("/units", wrong).status_code == 422


def test_members_come_and_go_and_heads_are_marked(site: Flask) -> None:
    boss = Program(site, "boss")
    _county, town = seed(boss)
    group = boss.post(f"/units/{town}/groups", {"key": "tellers", "name": "计票人"}).json["id"]
    assert boss.post(f"/units/{town}/groups", {"key": "tellers", "name": "计票人"}).status_code == 409
    assert boss.post(f"/units/{town}/groups", {"key": "Tellers!", "name": "计票人"}).status_code == 422
    assert boss.post("/units/4040/groups", {"key": "tellers", "name": "计票人"}).status_code == 404
    put = boss.client.put(f"/api/v1/groups/{group}/members/boss", json={"head": True}, headers=boss.headers)
    assert put.json["members"] == [
        {"username": "boss", "name": "boss", "title": "", "head": True, "active": True}
    ]
    nobody = boss.client.put(f"/api/v1/groups/{group}/members/nobody", json={}, headers=boss.headers)
    assert nobody.status_code == 422
    for _ in range(2):
        gone = boss.client.delete(f"/api/v1/groups/{group}/members/boss", headers=boss.headers)
        assert gone.status_code == 204
    assert boss.get("/groups", unit=town).json["items"][0]["members"] == []


# --- registers and delegations


def sheet(*rows: str) -> dict[str, Any]:
    content = "姓名,身份证号,户号\n" + "".join(f"{row}\n" for row in rows)
    return {"file": (io.BytesIO(content.encode("gbk")), "名册.csv")}


def number(order: int) -> str:
    first = f"99000019800131{order:03d}"
    return first + check_place(first)


def test_a_register_is_imported_listed_and_guarded(site: Flask) -> None:
    boss = Program(site, "boss")
    _county, town = seed(boss)
    village = boss.post("/units", {"name": "柳村", "kind": "village", "parent": town}).json["id"]
    other = boss.post("/units", {"name": "石村", "kind": "village", "parent": town}).json["id"]
    boss.post(
        "/people",
        {"username": "li", "name": "李雷", "password": "minyi-demo", "unit": village, "roles": ["official"]},
    )
    li = Program(site, "li", "minyi-demo")
    where = f"/api/v1/units/{village}/electors"
    bad = li.client.post(where, data=sheet(f"王芳,{number(1)},1", "李雷,1,1"), headers=li.headers)
    assert bad.status_code == 422
    assert paths(bad) == ["lines.3.身份证号"]
    assert li.get(f"/units/{village}/electors").json == {"items": [], "next": None}
    good = li.client.post(where, data=sheet(f"王芳,{number(1)},1", f"李雷,{number(2)},1"), headers=li.headers)
    assert (good.status_code, good.json["added"]) == (201, 2)
    listed = li.get(f"/units/{village}/electors", q="王").json["items"]
    assert [(e["name"], e["identity_tail"]) for e in listed] == [("王芳", number(1)[-4:])]
    assert "identity_digest" not in listed[0]
    assert number(1) not in li.get(f"/units/{village}/electors").text
    assert li.client.post(where, data={}, headers=li.headers).status_code == 422
    assert li.get(f"/units/{other}/electors").status_code == 404
    assert li.get(f"/units/{town}/electors").status_code == 404
    assert boss.get(f"/units/{town}/electors").status_code == 409
    elector = listed[0]["id"]
    for expected in (204, 404):
        gone = li.client.delete(f"{where}/{elector}", headers=li.headers)
        assert gone.status_code == expected
    with site.app_context():
        assert db.session.scalar(select(func.count()).select_from(Elector)) == 1


def test_delegations_are_kept_with_their_record(site: Flask) -> None:
    from app.identity.delegations import delegated

    with site.app_context():
        load_demo(now=clock.now())
        village = db.session.scalars(select(Unit.id).where(Unit.name == "柳树沟村")).one()
        found = delegated(village, "absence_subsidy")
        assert found is not None
        assert found.record
        assert delegated(village, "public_works") is None
    wang = Program(site, "wangjianguo", "minyi-demo")
    where = f"/units/{village}/delegations"
    assert len(wang.get(where).json["items"]) == 2
    given = {"matter": "public_works", "decided_on": "2026-05-01", "record": "柳村会〔2026〕3号"}
    made = wang.post(where, given)
    assert (made.status_code, made.json["matter"], made.json["revoked_at"]) == (201, "public_works", None)
    assert wang.post(where, given).status_code == 409
    assert paths(wang.post(where, given | {"matter": "village_covenant"})) == ["matter"]
    assert wang.post(f"{where}/{made.json['id']}/revoke").status_code == 204
    assert wang.post(f"{where}/{made.json['id']}/revoke").status_code == 404
    with site.app_context():
        assert delegated(village, "public_works") is None


def test_the_demo_is_not_loaded_in_production(tmp_path: Path) -> None:
    from app.demo.county import NoDemoInProduction

    with built_app(tmp_path, production=True) as app, app.app_context(), pytest.raises(NoDemoInProduction):
        load_demo(now=clock.now())
