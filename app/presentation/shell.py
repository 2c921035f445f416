"""The frame around every page: who looks, what they may open, in which language and type size.

Identity says who looks (`who_looks`); the frame never asks the database itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, flash, g, redirect, request, session, url_for
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from werkzeug.routing import BuildError
from werkzeug.wrappers import Response

from app.errors import NotFound

blueprint = Blueprint("shell", __name__)
_KEY = "minyi.who_looks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """The signed-in person as the frame shows them."""

    name: str
    title: str = ""
    unit: str = ""
    unit_en: str = ""
    may: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Door:
    """One entry of the navigation."""

    label: str
    href: str
    here: bool


# label, endpoint, permission
NAVIGATION: tuple[tuple[Any, str, str], ...] = (
    (_l("To do"), "tasks.inbox", "tasks.see"),
    (_l("Start"), "cases.startable", "cases.start"),
    (_l("Cases"), "cases.index", "cases.see"),
    (_l("Meetings"), "meetings.index", "meetings.see"),
    (_l("Public notices"), "notices.index", "notices.see"),
    (_l("Registers of electors"), "identity.register.index", "electors.see"),
    (_l("Process design"), "definitions.index", "definitions.publish"),
    (_l("Supervision"), "monitoring.index", "monitoring.see"),
    (_l("Administration"), "identity.admin.index", "people.manage"),
)


def who_looks(app: Flask, describe: Callable[[], Viewer | None]) -> None:
    """Let `describe` say who has signed in on this request; None for nobody."""
    app.extensions[_KEY] = describe


def viewer() -> Viewer | None:
    """Who looks at this page, asked once a request."""
    if "minyi_viewer" not in g:
        describe: Callable[[], Viewer | None] | None = current_app.extensions.get(_KEY)
        g.minyi_viewer = describe() if describe else None
    found: Viewer | None = g.minyi_viewer
    return found


def navigation() -> list[Door]:
    """What this person may open, in order; parts that are not installed are left out."""
    who = viewer()
    if who is None:
        return []
    return [
        Door(str(label), url_for(endpoint), _is_here(endpoint))
        for label, endpoint, permission in NAVIGATION
        if endpoint in current_app.view_functions and who.may(permission)
    ]


def local_path(text: str | None, *, otherwise: str) -> str:
    """`text` if it is a path on this site, else `otherwise`: nobody is sent elsewhere."""
    fits = bool(text) and text is not None and text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if fits and text is not None and text.isprintable() and len(text) < 2000 else otherwise


def door(endpoint: str, **values: Any) -> str:
    """The address of an endpoint, or "" where that part is not installed or takes other values."""
    if endpoint not in current_app.view_functions:
        return ""
    try:
        return url_for(endpoint, **values)
    except BuildError:
        return ""


@blueprint.get("/")
def home() -> Response:
    """To one's own work when signed in, else to the villagers' pages."""
    for endpoint in ("tasks.inbox",) if viewer() else ("portal.home", "identity.sign_in"):
        if address := door(endpoint):
            return redirect(address)
    raise NotFound


@blueprint.post("/type-size")
def type_size() -> Response:
    """Keep the chosen size of type and go back."""
    session["large_type"] = request.form.get("size") == "large"
    return redirect(local_path(request.form.get("next"), otherwise="/"), 303)


def installed_language() -> str:
    """The language of this page for `lang=`: zh-CN or en."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "zh-CN"


def in_english() -> bool:
    """Whether this page is read in English."""
    return installed_language() == "en"


def say(text: str, *, kind: str = "success") -> None:
    """Show `text` at the top of the next page; kind: success or notice."""
    flash(text, kind)


def install(app: Flask) -> None:
    """Register the frame's routes and what templates ask of it."""
    for view in (home, type_size):
        view.minyi_permission = "public"  # type: ignore[attr-defined]  # as identity.guard.public marks it
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        viewer=viewer,
        navigation=navigation,
        page_language=installed_language,
        door=door,
        here=here,
        came_from=came_from,
        in_english=in_english,
    )
    app.jinja_env.filters["either"] = _either
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _either(chinese: str, english: str | None) -> str:
    """The English name for an English reader where there is one, else the Chinese."""
    return english if english and in_english() else chinese


def came_from() -> str:
    """The path of the page that sent this request, to go back to; "/" where it is not known."""
    sender = urlsplit(request.referrer or "")
    own = sender.netloc == request.host
    return (
        local_path(sender.path + (f"?{sender.query}" if sender.query else ""), otherwise="/") if own else "/"
    )


def here() -> str:
    """The path of this page with its query, to come back to."""
    return request.full_path.rstrip("?") if request.method == "GET" else "/"


def _is_here(endpoint: str) -> bool:
    now_at = request.endpoint or ""
    if endpoint.startswith("cases."):
        starting = now_at in ("cases.startable", "cases.start")
        return now_at.startswith("cases.") and starting == (endpoint == "cases.startable")
    if endpoint.startswith("identity."):
        return now_at.startswith(endpoint.rpartition(".")[0] + ".")
    return now_at.partition(".")[0] == endpoint.partition(".")[0]
