"""Pages of everybody's own account: sign in, sign out, password, language. The admin's are in admin_pages."""

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.clock import machine_now
from app.errors import Invalid, Throttled
from app.http import LANGUAGES
from app.identity import admin_pages, guard, register_pages, service, sessions
from app.identity.guard import actor, public, requires, visitor
from app.presentation.shell import local_path, say

blueprint = Blueprint("identity", __name__)
blueprint.register_blueprint(admin_pages.blueprint)
blueprint.register_blueprint(register_pages.blueprint)

Answer = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]


@blueprint.get("/sign-in")
@public
def sign_in() -> Answer:
    """The sign-in page; whoever is signed in goes on."""
    if visitor() is not None:
        return redirect(_next_page())
    return render_template("identity/sign_in.html", username="", error="", next=_next_page())


@blueprint.post("/sign-in")
@public
def sign_in_now() -> Answer:
    """Check name and password; start a fresh session."""
    username = request.form.get("username", "")
    try:
        issued = sessions.sign_in(
            username,
            request.form.get("password", ""),
            kind=sessions.SESSION,
            address=request.remote_addr or "",
            hours=current_app.config["SETTINGS"].session_hours,
            now=machine_now(),
        )
    except sessions.WrongPassword as wrong:
        return _sign_in_again(username, _(wrong.text)), 401
    except Throttled as wait:
        text = _(wait.text).format(**wait.params)
        return _sign_in_again(username, text), 429, {"Retry-After": str(wait.params["seconds"])}
    target = _next_page()
    language = issued.locale or session.get("language", "")
    session.clear()  # a session that somebody planted before is worth nothing afterwards
    session[guard.SESSION_KEY] = issued.token
    if language in LANGUAGES:
        session["language"] = language
    return redirect(target)


@blueprint.post("/sign-out")
@public
def sign_out() -> Answer:
    """End this session, here and on the server."""
    token = guard.token_in_use()
    if token:
        sessions.sign_out(token)
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    return redirect(url_for("identity.sign_in"))


@blueprint.post("/language")
@public
def language() -> Answer:
    """Switch the language: kept in the session, and with the person for the next sign-in."""
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        session["language"] = chosen
        who = visitor()
        if who is not None and who.locale != chosen:
            service.remember_locale(who, chosen)
    return redirect(_next_page(), 303)


@blueprint.get("/account/password")
@requires("account.own")
def password() -> Answer:
    """The form for one's own password."""
    return render_template("identity/password.html", faults={}, errors=[])


@blueprint.post("/account/password")
@requires("account.own")
def change_password() -> Answer:
    """Set one's own password; other sign-ins end."""
    new = request.form.get("new", "")
    try:
        if new != request.form.get("again", ""):
            wrong = {
                "path": "again",
                "message": _("The two are not the same. Type both again."),
                "code": "again",
            }
            raise Invalid([wrong])
        service.change_own_password(
            actor(),
            request.form.get("old", ""),
            new,
            keep=guard.token_in_use(),
            address=request.remote_addr or "",
            now=machine_now(),
        )
    except Invalid as invalid:
        faults = {e["path"]: e["message"] for e in invalid.errors}
        summary = [{"href": f"#{path}", "text": text} for path, text in faults.items()]
        return render_template("identity/password.html", faults=faults, errors=summary), 422
    say(_("Your password is changed."))
    return redirect(url_for("identity.password"))


def _sign_in_again(username: str, error: str) -> str:
    return render_template("identity/sign_in.html", username=username[:60], error=error, next=_next_page())


def _next_page() -> str:
    wanted = request.form.get("next", "") or request.args.get("next", "")
    return local_path(wanted, otherwise="/")
