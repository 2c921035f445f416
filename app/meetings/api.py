"""The API of meetings. Translates only."""

from typing import Any

from flask import request
from flask_smorest import Blueprint
from marshmallow import ValidationError

from app import clock
from app.errors import Invalid
from app.http import field_errors
from app.identity.guard import actor, requires
from app.meetings import attendance as door
from app.meetings import closing, presenting, service, tellers
from app.meetings.counting import Count
from app.meetings.reading import list_meetings, list_roll
from app.meetings.schemas import (
    AdjournSchema,
    AttendanceSchema,
    BallotsSchema,
    MeetingSchema,
    MeetingsQuerySchema,
    MeetingsSchema,
    ReckoningSchema,
    RecusalSchema,
    RollQuerySchema,
    RollSchema,
    RollSourceSchema,
)
from app.payload import read_json

blueprint = Blueprint(
    "meetings_api", __name__, url_prefix="/api/v1/meetings", description="Meetings that count people"
)


@blueprint.get("")
@requires("meetings.see")
@blueprint.arguments(MeetingsQuerySchema, location="query")
@blueprint.response(200, MeetingsSchema)
def index(wanted: dict[str, Any]) -> dict[str, Any]:
    """Meetings, newest first."""
    return list_meetings(actor(), case_id=wanted["case"], limit=wanted["limit"], cursor=wanted["cursor"])


@blueprint.get("/<id:meeting_id>")
@requires("meetings.see")
@blueprint.response(200, MeetingSchema)
def show(meeting_id: int) -> dict[str, Any]:
    """One meeting: its rule in words, how it stands, who may do which step."""
    return presenting.shown(service.shown(meeting_id, by=actor()))


@blueprint.get("/<id:meeting_id>/roll")
@requires("meetings.see")
@blueprint.arguments(RollQuerySchema, location="query")
@blueprint.response(200, RollSchema)
def roll(wanted: dict[str, Any], meeting_id: int) -> dict[str, Any]:
    """The roll by name; `q` finds by name, household or last digits."""
    return list_roll(meeting_id, by=actor(), **wanted)


@blueprint.post("/<id:meeting_id>/roll")
@requires("meetings.run")
@blueprint.response(200, MeetingSchema)
@blueprint.alt_response(409, description="The roll is frozen")
def load_roll(meeting_id: int) -> dict[str, Any]:
    """Make the roll: a CSV or XLSX file (multipart `file`), or JSON {"from_unit"}."""
    upload = request.files.get("file")
    if upload is not None:
        meeting = service.load_from_file(meeting_id, upload.read(), by=actor(), now=clock.now())
    else:
        sent = request.get_data(cache=True)
        try:
            given = RollSourceSchema().load(read_json(sent) if sent else {})
        except ValidationError as wrong:
            raise Invalid(field_errors(wrong.messages)) from wrong
        meeting = service.load_from_unit(meeting_id, given["from_unit"], by=actor())
    return presenting.shown(meeting)


@blueprint.post("/<id:meeting_id>/freeze")
@requires("meetings.run")
@blueprint.response(200, MeetingSchema)
@blueprint.alt_response(409, description="Empty, or frozen already")
def freeze(meeting_id: int) -> dict[str, Any]:
    """Settle who may take part."""
    return presenting.shown(service.freeze(meeting_id, by=actor(), now=clock.now()))


@blueprint.post("/<id:meeting_id>/roll/freeze")
@requires("meetings.run")
@blueprint.response(200, MeetingSchema)
@blueprint.alt_response(409, description="Empty, or frozen already")
def freeze_roll(meeting_id: int) -> dict[str, Any]:
    """Settle who may take part: the same under the roll's address."""
    return presenting.shown(service.freeze(meeting_id, by=actor(), now=clock.now()))


@blueprint.post("/<id:meeting_id>/attendance")
@requires("meetings.run")
@blueprint.arguments(AttendanceSchema)
@blueprint.response(200, MeetingSchema)
@blueprint.alt_response(409, description="Too early, too late, or the roll is not frozen")
def attendance(given: dict[str, Any], meeting_id: int) -> dict[str, Any]:
    """Sign people in. May be sent again; everybody counts once."""
    return presenting.shown(door.sign_in(meeting_id, **given, by=actor(), now=clock.now()))


@blueprint.post("/<id:meeting_id>/recusals")
@requires("meetings.run")
@blueprint.arguments(RecusalSchema)
@blueprint.response(200, MeetingSchema)
@blueprint.alt_response(409, description="Counting has begun")
def recusals(given: dict[str, Any], meeting_id: int) -> dict[str, Any]:
    """Mark somebody as recused: stays in the base and does not vote."""
    return presenting.shown(door.recuse(meeting_id, given["id"], recused=given["recused"], by=actor()))


@blueprint.post("/<id:meeting_id>/ballots")
@requires("meetings.count")
@blueprint.arguments(BallotsSchema)
@blueprint.response(200, MeetingSchema)
@blueprint.alt_response(
    409, description="The two counts differ, or there is no quorum, or the item is counted"
)
def ballots(given: dict[str, Any], meeting_id: int) -> dict[str, Any]:
    """Enter one teller's blind count of an item, or a show of hands."""
    count = Count(given["votes_for"], given["against"], given["abstain"], given["invalid"])
    meeting = tellers.enter(
        meeting_id,
        given["item"],
        count,
        teller=given["teller"],
        show_of_hands=given["show_of_hands"],
        by=actor(),
        now=clock.now(),
    )
    return presenting.shown(meeting)


@blueprint.post("/<id:meeting_id>/close")
@requires("meetings.run")
@blueprint.response(200, ReckoningSchema)
@blueprint.alt_response(409, description="Not counted yet, or the case is elsewhere")
def close(meeting_id: int) -> dict[str, Any]:
    """Close the meeting and reckon; the case moves on."""
    return presenting.reckoning(closing.close(meeting_id, by=actor(), now=clock.now()))


@blueprint.post("/<id:meeting_id>/adjourn")
@requires("meetings.run")
@blueprint.arguments(AdjournSchema)
@blueprint.response(200, ReckoningSchema)
@blueprint.alt_response(409, description="The case is elsewhere, or the meeting is over")
def adjourn(given: dict[str, Any], meeting_id: int) -> dict[str, Any]:
    """Adjourn the meeting; nothing is decided."""
    meeting = closing.adjourn(
        meeting_id,
        reason=given["reason"],
        reconvene_at=given["reconvene_at"],
        by=actor(),
        now=clock.now(),
    )
    return presenting.reckoning(meeting)
