"""Every route is guarded on purpose: it names a permission of the table, or says that it is public."""

import importlib
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView

from app.config import Settings
from app.factory import create_app
from app.identity import guard
from app.identity.permissions import PERMISSIONS, ROLES, as_markdown

ROOT = Path(__file__).parents[2]
PUBLIC_ON_PURPOSE = {
    # making a sign-in, ending one, and how the page looks
    "people.create_token": "whoever has no token yet",
    "identity.sign_in": "whoever is not signed in yet",
    "identity.sign_in_now": "whoever is not signed in yet",
    "identity.sign_out": "a session that is over can be left as well",
    "identity.language": "villagers switch the language too",
    "shell.type_size": "villagers switch the size of type too",
    "shell.home": "sends people to their first page",
    # for whatever watches the server
    "monitoring_api.live": "a load balancer has no account",
    "monitoring_api.ready": "a load balancer has no account",
    "monitoring_api.show_metrics": "Prometheus; figures of the program, no person's data",
    # the libraries' own
    "static": "style sheets",
    "api-docs.openapi_json": "the description of the API",
}
PUBLIC_PARTS = ("portal",)
"""Blueprints (the word before the first dot or underscore) that are meant for everybody."""


def test_every_route_names_a_permission_or_says_that_it_is_public(tmp_path: Path) -> None:
    app = _app(tmp_path)
    unsaid = [where for where, said in _routes(app) if said is None]
    assert unsaid == [], "add @requires(…) or @public"


def test_no_route_is_public_that_is_not_listed_here_with_its_reason(tmp_path: Path) -> None:
    app = _app(tmp_path)
    public = {where.split(" ")[-1] for where, said in _routes(app) if said == guard.PUBLIC}
    unlisted = {e for e in public - set(PUBLIC_ON_PURPOSE) if not e.startswith(PUBLIC_PARTS)}
    assert unlisted == set(), "say here why everybody may open it"


def test_a_public_route_of_the_list_still_exists(tmp_path: Path) -> None:
    assert set(PUBLIC_ON_PURPOSE) <= set(_app(tmp_path).view_functions)


def test_every_permission_belongs_to_a_role_or_to_everybody() -> None:
    for key, entry in PERMISSIONS.items():
        assert entry.everybody or entry.roles, key
        assert entry.roles <= set(ROLES), key


def test_the_reference_shows_the_table_as_it_is() -> None:
    written = (ROOT / "docs/reference/permissions.md").read_text(encoding="utf-8")
    assert written == as_markdown(), "python -m app.identity.permissions > docs/reference/permissions.md"


def test_a_view_that_says_nothing_is_refused(tmp_path: Path) -> None:
    app = _app(tmp_path)
    app.add_url_rule("/api/v1/forgotten", "forgotten", lambda: "secret")
    assert app.test_client().get("/api/v1/forgotten").status_code == 403


def test_a_method_of_a_class_that_says_nothing_is_found_and_refused(tmp_path: Path) -> None:
    class Half(MethodView):
        @guard.public
        def get(self) -> str:
            return "open"

        def post(self) -> str:
            return "secret"

    app = _app(tmp_path)
    app.add_url_rule("/api/v1/half", view_func=Half.as_view("half"))
    client = app.test_client()
    assert client.get("/api/v1/half").status_code == 200
    assert client.head("/api/v1/half").status_code == 200
    assert client.post("/api/v1/half").status_code == 403
    assert [w for w, said in _routes(app) if said is None] == ["POST /api/v1/half half"]


def test_a_permission_that_is_not_in_the_table_does_not_import() -> None:
    with pytest.raises(guard.UnknownPermission):
        guard.requires("cases.destroy")


def test_the_mark_survives_other_decorators_in_any_order(tmp_path: Path) -> None:
    import flask_smorest
    from marshmallow import Schema

    blueprint = flask_smorest.Blueprint("order", __name__, url_prefix="/api/v1/order")

    @blueprint.get("/above")
    @guard.requires("cases.see")
    @blueprint.response(200, Schema)
    def above() -> dict[str, str]:
        return {}

    @blueprint.get("/below")
    @blueprint.response(200, Schema)
    @guard.requires("cases.see")
    def below() -> dict[str, str]:
        return {}

    app = _app(tmp_path)
    app.register_blueprint(blueprint)
    client = app.test_client()
    assert [client.get(f"/api/v1/order/{p}").status_code for p in ("above", "below")] == [401, 401]


def test_the_pages_of_every_blueprint_ask_for_a_csrf_token(tmp_path: Path) -> None:
    app = _app(tmp_path)
    pages = Blueprint("extra", __name__)
    pages.post("/extra")(guard.public(lambda: "changed"))
    app.register_blueprint(pages)
    assert app.test_client().post("/extra").status_code == 400


def test_only_the_guard_reads_tokens() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "app").rglob("*.py")
        if 'headers.get("Authorization"' in path.read_text(encoding="utf-8")
    ]
    assert readers == ["app/identity/guard.py"]


def _app(tmp_path: Path) -> Flask:
    importlib.import_module("app.models")
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'x.db'}",
        secret_key="t" * 40,
        instance_path=tmp_path,
        testing=True,
    )
    return create_app(settings)


def _routes(app: Flask) -> list[tuple[str, str | None]]:
    """("METHOD path endpoint", what it asks for) of everything that can be called."""
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            said = guard.permission_of(view, method, rule.endpoint)
            assert said is None or said == guard.PUBLIC or said in PERMISSIONS
            found.append((f"{method} {rule.rule} {rule.endpoint}", said))
    return found
