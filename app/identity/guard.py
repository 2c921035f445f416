"""The one door: who asks, and may they. Every view says `@requires("…")` or `@public`; the rest is refused.

The decorators only mark; `install` puts one check before every request, so that their order among other
decorators does not matter and no input is read before it. API: bearer token. Pages: session cookie,
and a CSRF token for everything that changes something, signing in included.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, make_response, redirect, request, session, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as AnyResponse

from app.clock import machine_now
from app.errors import AppRefusal, NotAllowed, NotSignedIn
from app.extensions import csrf
from app.identity import queries, sessions
from app.identity.permissions import PERMISSIONS, allowed
from app.presentation import shell
from app.runtime.actor import Actor
from workflows.errors import message

log = logging.getLogger("minyi.guard")
View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
MARK = "minyi_permission"
SESSION_KEY = "sign_in"
_FOUND = "minyi.signed_in"
FRAMEWORK_VIEWS = {"static", "api-docs.openapi_json"}
"""Views made by the libraries, meant for everybody: style sheets and the description of the API."""


class PageTooOld(AppRefusal):
    """A page sent something without the token of its own session: too old, or somebody else's page."""

    status = 400
    code = "csrf"
    text = message(
        "This page was open for too long, or did not come from here. Go back, reload it and send it again."
    )


class UnknownPermission(ValueError):
    """A view asks for a permission that is not in the table."""


def requires(permission: str) -> Callable[[View], View]:
    """Mark a view: only people with this permission. Raises UnknownPermission on import."""
    if permission not in PERMISSIONS:
        raise UnknownPermission(f"{permission!r} is not in app/identity/permissions.py")

    def mark(view: View) -> View:
        setattr(view, MARK, permission)
        return view

    return mark


def public(view: View) -> View:
    """Mark a view as meant for everybody, signed in or not."""
    setattr(view, MARK, PUBLIC)
    return view


def permission_of(view: Callable[..., Any], method: str, endpoint: str = "") -> str | None:
    """What a view asks for with this method: a permission, PUBLIC, or None where nobody said."""
    if endpoint in FRAMEWORK_VIEWS:
        return PUBLIC
    kind = getattr(view, "view_class", None)
    if kind is None:
        return getattr(view, MARK, None)
    handler = getattr(kind, method.lower(), None)
    if handler is None and method == "HEAD":
        handler = getattr(kind, "get", None)
    return getattr(handler, MARK, None) or getattr(kind, MARK, None)


def actor() -> Actor:
    """Who is signed in, read once a request. Raises NotSignedIn."""
    who = visitor()
    if who is None:
        raise NotSignedIn
    return who


def visitor() -> Actor | None:
    """Who is signed in, or None: for pages that are public."""
    found = _signed_in()
    return found.actor if found else None


def may(permission: str) -> bool:
    """Whether whoever asks has this permission; for templates that show a link or not."""
    who = visitor()
    return who is not None and allowed(who.roles, permission)


def token_in_use() -> str:
    """The token of this request's sign-in, or ""."""
    return _bearer() if _is_api() else str(session.get(SESSION_KEY, ""))


def install(app: Flask) -> None:
    """Put the check before every request, tell the frame who looks, and give templates `may`."""
    app.before_request(_check)
    shell.who_looks(app, _viewer)
    app.jinja_env.globals["may"] = may


def _check() -> AnyResponse | None:
    rule = request.url_rule
    if rule is None or request.endpoint is None:
        return None  # 404 and 405 are answered by the router
    if request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
        return None
    permission = permission_of(current_app.view_functions[request.endpoint], request.method, request.endpoint)
    if permission is None:
        log.error("%s has neither @requires nor @public: refused", request.endpoint)
        raise NotAllowed
    if not _is_api():
        _check_csrf()
    if permission == PUBLIC:
        return None
    who = visitor()
    if who is None:
        if _is_api():
            raise NotSignedIn
        return _to_sign_in()
    if not allowed(who.roles, permission):
        raise NotAllowed
    return None


def _check_csrf() -> None:
    try:
        csrf.protect()
    except CSRFError as fault:
        raise PageTooOld from fault


def _viewer() -> shell.Viewer | None:
    found = _signed_in()
    if found is None:
        return None
    who = found.actor
    return shell.Viewer(
        name=who.name, title=who.title, unit=found.unit_name, unit_en=found.unit_name_en, may=may
    )


def _to_sign_in() -> AnyResponse:
    here = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else ""
    target = url_for("identity.sign_in", next=here or None)
    if request.headers.get("HX-Request"):
        answer: Response = make_response("", 204)
        answer.headers["HX-Redirect"] = url_for("identity.sign_in")
        return answer
    return redirect(target)


def _signed_in() -> queries.SignedIn | None:
    # Kept with the request, not in `g`: that belongs to the application context, which may serve several.
    if _FOUND not in request.environ:
        request.environ[_FOUND] = _look_up()
    found: queries.SignedIn | None = request.environ[_FOUND]
    return found


def _look_up() -> queries.SignedIn | None:
    token, kind = (_bearer(), sessions.TOKEN) if _is_api() else (_cookie(), sessions.SESSION)
    if not token:
        return None
    return queries.signed_in(sessions.digest_of(token), kind, machine_now())


def _is_api() -> bool:
    return request.path.startswith("/api/")


def _cookie() -> str:
    token = session.get(SESSION_KEY, "")
    return token if isinstance(token, str) else ""


def _bearer() -> str:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
