"""The officials' API of notices and objections. What the public reads is in the portal's."""

from typing import Any

from flask_smorest import Blueprint

from app.clock import now
from app.identity.guard import actor, requires
from app.notices import service
from app.notices.schemas import ContactSchema, InterruptedSchema, ReasonSchema

blueprint = Blueprint("notices_api", __name__, url_prefix="/api/v1", description="Notices inside the office")


@blueprint.post("/notices/<id:notice_id>/interrupt")
@requires("notices.interrupt")
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, InterruptedSchema)
@blueprint.alt_response(409, description="The notice is not up any more")
def interrupt(given: dict[str, str], notice_id: int) -> Any:
    """Report that a posted notice was torn down, hidden or wrong; it is posted anew for its full period."""
    return service.interrupt(notice_id, reason=given["reason"], by=actor(), now=now())


@blueprint.post("/objections/<id:objection_id>/contact")
@requires("notices.see")
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, ContactSchema)
@blueprint.alt_response(409, description="No contact was left, or the objection is settled")
def open_contact(given: dict[str, str], objection_id: int) -> dict[str, str]:
    """How to reach the objector, for whoever handles the objection; the reason goes into the record."""
    return {"contact": service.open_contact(objection_id, reason=given["reason"], by=actor(), now=now())}
