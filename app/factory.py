"""Puts the application together: settings, extensions, slices, error answers.

Nothing is decided here; a slice offers `api.blueprint` and `pages.blueprint` and, where it has effects,
registers them on import of its `effects` module.
"""

from importlib import import_module

from flask import Flask, current_app
from werkzeug.datastructures import FileStorage

from app import clock, http, idempotency, presentation
from app.cases import uploads
from app.config import Settings, from_environment
from app.extensions import babel, csrf, db, engine_options
from app.identity import guard
from app.presentation import attached
from app.runtime import installing

SLICES = ("identity", "definitions", "cases", "tasks", "meetings", "notices", "portal", "monitoring")


def create_app(settings: Settings | None = None) -> Flask:
    """A ready Flask application for these settings (default: from the environment)."""
    settings = settings or from_environment()
    app = Flask("app", instance_path=str(settings.instance_path))
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        MAX_CONTENT_LENGTH=settings.max_upload_bytes + 1024 * 1024,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.production,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE="zh",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        BABEL_TRANSLATION_DIRECTORIES="translations",
        TESTING=settings.testing,
    )
    db.init_app(app)
    csrf.init_app(app)
    http.install(app, babel)
    installing.install(app)
    presentation.install(app)
    guard.install(app)
    attached.keep_with(app, _keep_upload)
    idempotency.install(app)
    for name in SLICES:
        _register(app, name)
    http.complete_api(app, is_public=lambda *view: guard.permission_of(*view) == guard.PUBLIC)
    return app


def _register(app: Flask, slice_name: str) -> None:
    """Register what a slice offers; a part that it does not have is simply not there."""
    for part in ("effects", "api", "pages"):
        if not http.part_exists(f"app.{slice_name}.{part}"):
            continue
        module = import_module(f"app.{slice_name}.{part}")
        if part == "api":
            http.register_api(app, module.blueprint)
        elif part == "pages":
            app.register_blueprint(module.blueprint)
        else:
            module.register(app)


def _keep_upload(file: FileStorage) -> str:
    """Store what somebody attached to a form; returns its id."""
    limit: int = current_app.config["SETTINGS"].max_upload_bytes
    stored = uploads.store(
        file.filename or "", file.stream.read(limit + 1), by=guard.actor(), now=clock.now(), limit=limit
    )
    return str(stored.id)
