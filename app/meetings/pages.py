"""Pages of meetings: the list, one meeting, the door, the tellers, the screen for the hall, the minutes."""

from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import clock
from app.errors import AppRefusal, Invalid, problem_body
from app.identity.guard import actor, requires
from app.meetings import attendance, closing, presenting, service, tellers
from app.meetings.counting import Count
from app.meetings.reading import door_list, list_meetings, list_roll
from app.presentation import shell

blueprint = Blueprint("meetings", __name__, url_prefix="/meetings")
Answer = str | Response | tuple[str, int]
AT_THE_DOOR = 12
MOST_AT_ONCE = 5000
VOTES = ("for", "against", "abstain", "invalid")


@blueprint.get("")
@requires("meetings.see")
def index() -> Answer:
    """Meetings to come and meetings held, the newest first."""
    found = list_meetings(actor(), limit=50, cursor=request.args.get("cursor", ""))
    return render_template(
        "meetings/index.html", rows=found["items"], next=found["next"], me=actor().username
    )


@blueprint.get("/<id:meeting_id>")
@requires("meetings.see")
def show(meeting_id: int) -> Answer:
    """One meeting: the rule, how it stands, what comes next and who does it."""
    return render_template("meetings/show.html", **_view(meeting_id))


@blueprint.get("/<id:meeting_id>/screen")
@requires("meetings.see")
def screen(meeting_id: int) -> Answer:
    """The quorum, large enough for the hall."""
    template = "meetings/_standing.html" if request.headers.get("HX-Request") else "meetings/screen.html"
    return render_template(template, **_view(meeting_id))


@blueprint.get("/<id:meeting_id>/minutes")
@requires("meetings.see")
def minutes(meeting_id: int) -> Answer:
    """The minutes as a page to print, sign and post."""
    return render_template("meetings/minutes.html", **_view(meeting_id))


@blueprint.get("/<id:meeting_id>/sheets")
@requires("meetings.see")
def sheets(meeting_id: int) -> Answer:
    """Sign-in sheets to print: the roll by household and name."""
    roll: list[Any] = []
    cursor = ""
    while True:
        found = list_roll(meeting_id, by=actor(), limit=200, cursor=cursor)
        roll += found["items"]
        cursor = found["next"] or ""
        if not cursor:
            return render_template("meetings/sheets.html", roll=roll, **_view(meeting_id))


@blueprint.post("/<id:meeting_id>/roll")
@requires("meetings.run")
def roll(meeting_id: int) -> Answer:
    """Make the roll anew from the register, or from a file."""
    upload = request.files.get("file")
    try:
        if upload is not None and upload.filename:
            service.load_from_file(meeting_id, upload.read(), by=actor(), now=clock.now())
        else:
            service.load_from_unit(meeting_id, None, by=actor())
    except AppRefusal as refused:
        return _again("meetings/show.html", meeting_id, refused, anchor="roll")
    shell.say(_("The roll was made anew."))
    return redirect(url_for("meetings.show", meeting_id=meeting_id), 303)


@blueprint.post("/<id:meeting_id>/freeze")
@requires("meetings.run")
def freeze(meeting_id: int) -> Answer:
    """Freeze the roll."""
    try:
        service.freeze(meeting_id, by=actor(), now=clock.now())
    except AppRefusal as refused:
        return _again("meetings/show.html", meeting_id, refused, anchor="roll")
    shell.say(_("The roll is frozen. Quorum and majority are measured against it."))
    return redirect(url_for("meetings.show", meeting_id=meeting_id), 303)


@blueprint.get("/<id:meeting_id>/door")
@requires("meetings.run")
def door(meeting_id: int) -> Answer:
    """Sign people in: find by name, household or last digits; one tap each."""
    template = "meetings/_found.html" if request.headers.get("HX-Request") else "meetings/door.html"
    return render_template(template, **_door_view(meeting_id, request.args.get("q", "")))


@blueprint.get("/<id:meeting_id>/door/roll")
@requires("meetings.run")
def door_roll(meeting_id: int) -> Response:
    """The roll for a door whose network is poor: read once, searched on the device."""
    return jsonify({"people": door_list(meeting_id, by=actor())})


@blueprint.post("/<id:meeting_id>/door")
@requires("meetings.run")
def sign_in(meeting_id: int) -> Answer:
    """Sign one person or a household in, take one back, or note a proxy."""
    q = request.form.get("q", "")
    present, absent = _ids("present"), _ids("absent")
    proxies = {}
    proxy = request.form.get("proxy", "").strip()[:60]
    if proxy and present:
        proxies, present = {present[0]: proxy}, present[1:]
    try:
        attendance.sign_in(
            meeting_id, present=present, absent=absent, proxies=proxies, by=actor(), now=clock.now()
        )
    except AppRefusal as refused:
        view = _door_view(meeting_id, q) | _refused(refused)
        fragment = bool(request.headers.get("HX-Request"))
        return render_template("meetings/_found.html" if fragment else "meetings/door.html", **view), (
            200 if fragment else refused.status
        )
    if request.headers.get("HX-Request"):
        return render_template("meetings/_found.html", **_door_view(meeting_id, q))
    return redirect(url_for("meetings.door", meeting_id=meeting_id, q=q), 303)


@blueprint.post("/<id:meeting_id>/recusals")
@requires("meetings.run")
def recuse(meeting_id: int) -> Answer:
    """Note that somebody is recused, or is not after all."""
    entry = request.form.get("id", "")
    try:
        attendance.recuse(
            meeting_id,
            int(entry) if _is_id(entry) else 0,
            recused=request.form.get("recused") == "1",
            by=actor(),
        )
    except AppRefusal as refused:
        view = _door_view(meeting_id, request.form.get("q", "")) | _refused(refused)
        return render_template("meetings/door.html", **view), refused.status
    return redirect(url_for("meetings.door", meeting_id=meeting_id, q=request.form.get("q", "")), 303)


@blueprint.get("/<id:meeting_id>/count")
@requires("meetings.see")
def count(meeting_id: int) -> Answer:
    """The teller's own screen: nobody sees the other's figures before both are in."""
    return render_template("meetings/count.html", **_view(meeting_id), typed={})


@blueprint.post("/<id:meeting_id>/count")
@requires("meetings.count")
def enter(meeting_id: int) -> Answer:
    """Enter a count of one item."""
    typed = {name: _plain(request.form.get(name, "")).strip() for name in (*VOTES, "item", "teller")}
    try:
        figures = _figures(typed)
        hands = typed["teller"] == "hands"
        meeting = tellers.enter(
            meeting_id,
            typed["item"],
            Count(*(figures[name] for name in VOTES)),
            teller=int(typed["teller"]) if typed["teller"] in ("1", "2") else None,
            show_of_hands=hands,
            by=actor(),
            now=clock.now(),
        )
    except AppRefusal as refused:
        return _again("meetings/count.html", meeting_id, refused, typed=typed)
    done = next((i for i in tellers.progress(meeting) if i["key"] == typed["item"]), {})
    if done.get("count"):
        shell.say(_("Both counts agree. The item is counted.") if not hands else _("The count is noted."))
    else:
        shell.say(_("Your count is in. It is compared when the other teller has entered."))
    return redirect(url_for("meetings.count", meeting_id=meeting_id), 303)


@blueprint.post("/<id:meeting_id>/close")
@requires("meetings.run")
def close(meeting_id: int) -> Answer:
    """Close the meeting; the case moves on."""
    try:
        closing.close(meeting_id, by=actor(), now=clock.now())
    except AppRefusal as refused:
        return _again("meetings/show.html", meeting_id, refused, anchor="end")
    return redirect(url_for("meetings.show", meeting_id=meeting_id), 303)


@blueprint.post("/<id:meeting_id>/adjourn")
@requires("meetings.run")
def adjourn(meeting_id: int) -> Answer:
    """Adjourn the meeting with a reason."""
    reason = request.form.get("reason", "").replace("\0", "").strip()[:2000]
    if not reason:
        missing = Invalid(
            [{"path": "reason", "message": _("Say why the meeting is adjourned."), "code": "required"}]
        )
        return _again("meetings/show.html", meeting_id, missing, anchor="end")
    try:
        closing.adjourn(meeting_id, reason=reason, reconvene_at=None, by=actor(), now=clock.now())
    except AppRefusal as refused:
        return _again("meetings/show.html", meeting_id, refused, anchor="end")
    return redirect(url_for("meetings.show", meeting_id=meeting_id), 303)


def _view(meeting_id: int) -> dict[str, Any]:
    meeting = service.shown(meeting_id, by=actor())
    shown = presenting.shown(meeting)
    me = actor().username
    return {
        "m": shown,
        "quorum": [t for t in shown["rule"]["tests"] if t["about"] in ("quorum", "")],
        "mine": {step for step, people in shown["eligible"].items() if me in people},
        "over": shown["state"] in service.OVER,
        "me": me,
        "unit_name": presenting.unit_name(meeting),
        "entered_by_me": presenting.tellers_of(meeting, actor()),
    }


def _door_view(meeting_id: int, q: str) -> dict[str, Any]:
    found = (
        list_roll(meeting_id, by=actor(), q=_plain(q)[:60], limit=AT_THE_DOOR)
        if q.strip()
        else {"items": [], "next": None}
    )
    return _view(meeting_id) | {"found": found["items"], "more": found["next"], "q": q}


def _ids(name: str) -> list[int]:
    """The ids of this field of the form; 5,000 at most, as everywhere."""
    return [int(text) for text in request.form.getlist(name)[:MOST_AT_ONCE] if _is_id(text)]


def _plain(text: str) -> str:
    """What can be looked for: no NUL, no half characters."""
    return "".join(c for c in text if c.isprintable())


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _figures(typed: dict[str, str]) -> dict[str, int]:
    errors = [
        {"path": name, "message": _("Enter a whole number, 0 if there is none."), "code": "number"}
        for name in VOTES
        if not (typed[name].isascii() and typed[name].isdecimal() and len(typed[name]) < 7)
    ]
    if errors:
        raise Invalid(errors)
    return {name: int(typed[name]) for name in VOTES}


def _refused(refused: AppRefusal, *, item: str = "") -> dict[str, Any]:
    """The error summary, each line with the field that it is about where the page has one."""
    body = problem_body(refused, _)
    rows = [
        {"href": _field_of(e["path"], item), "text": e["message"], "path": e["path"]}
        for e in body.get("errors", [])
        if e.get("code") != "differs"
    ]
    return {"errors": rows or [{"href": "", "text": body["detail"], "path": ""}]}


def _field_of(path: str, item: str) -> str:
    if path in VOTES and item:
        return f"#{path}-{item}"
    if path.startswith("proxies."):
        return f"#proxy-{path.removeprefix('proxies.')}"
    return f"#{path}" if path in ("reason", "file") else ""


def _again(template: str, meeting_id: int, refused: AppRefusal, *, anchor: str = "", **more: Any) -> Answer:
    item = more.get("typed", {}).get("item", "")
    view = _view(meeting_id) | _refused(refused, item=item) | {"anchor": anchor, "typed": {}} | more
    return render_template(template, **view), refused.status
