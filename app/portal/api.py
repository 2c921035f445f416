"""The villagers' API: notices, objections, receipts, decisions. No sign-in. Translates only."""

from typing import Any

from flask import request
from flask_smorest import Blueprint

from app.clock import machine_now, now
from app.errors import NotFound
from app.identity import receipts
from app.identity.guard import public
from app.identity.receipts import Progress
from app.portal import queries, service, wording
from app.portal.schemas import (
    DecisionSchema,
    DecisionsQuerySchema,
    DecisionsSchema,
    NewObjectionSchema,
    NoticeDetailSchema,
    NoticesQuerySchema,
    NoticesSchema,
    ProgressSchema,
    ReceiptQuerySchema,
    ReceiptSchema,
)

blueprint = Blueprint(
    "portal_api", __name__, url_prefix="/api/v1/portal", description="What everybody sees, without sign-in"
)


@blueprint.get("/notices")
@public
@blueprint.arguments(NoticesQuerySchema, location="query")
@blueprint.response(200, NoticesSchema)
def list_notices(wanted: dict[str, Any]) -> dict[str, Any]:
    """What is posted now and was, the newest first; state: posted or past."""
    at = now()
    rows, following = queries.notices(
        now=at,
        unit_id=wanted["unit"],
        kind=wanted["kind"],
        state=wanted["state"],
        q=wanted["q"].strip(),
        limit=wanted["limit"],
        cursor=wanted["cursor"],
    )
    return {"items": [wording.notice_dict(row, at) for row in rows], "next": following}


@blueprint.get("/notices/<id:notice_id>")
@public
@blueprint.response(200, NoticeDetailSchema)
def show_notice(notice_id: int) -> dict[str, Any]:
    """One notice with the rule it rests on."""
    at = now()
    found = queries.notice(notice_id, now=at)
    if found is None:
        raise NotFound
    return wording.notice_detail(found, at)


@blueprint.post("/notices/<id:notice_id>/objections")
@public
@blueprint.arguments(NewObjectionSchema)
@blueprint.response(201, ReceiptSchema)
@blueprint.alt_response(409, description="The notice takes no objections, or its period is over")
@blueprint.alt_response(429, description="Too many objections from one address")
def object_to(given: dict[str, Any], notice_id: int) -> service.Objected:
    """Object to a notice; the receipt says later what came of it."""
    return service.object_to(
        notice_id,
        text=given["text"],
        contact=given["contact"] or "",
        nonce=receipts.nonce(),
        address=request.remote_addr or "",
        now=now(),
        machine=machine_now(),
    )


@blueprint.get("/receipts/<receipt_no>")
@public
@blueprint.arguments(ReceiptQuerySchema, location="query")
@blueprint.response(200, ProgressSchema)
@blueprint.alt_response(429, description="Too many wrong codes")
def show_receipt(wanted: dict[str, str], receipt_no: str) -> Progress:
    """Where a matter stands; a wrong code is not found."""
    return receipts.look_up(
        receipt_no,
        wanted["code"],
        address=request.remote_addr or "",
        now=now(),
        machine=machine_now(),
    )


@blueprint.get("/decisions")
@public
@blueprint.arguments(DecisionsQuerySchema, location="query")
@blueprint.response(200, DecisionsSchema)
def list_decisions(wanted: dict[str, Any]) -> dict[str, Any]:
    """What was decided, by which body, with the figures and the rule applied; annulled ones are marked."""
    rows, following = queries.decisions(
        unit_id=wanted["unit"],
        matter=wanted["matter"],
        q=wanted["q"].strip(),
        limit=wanted["limit"],
        cursor=wanted["cursor"],
    )
    return {"items": [wording.decision_dict(row) for row in rows], "next": following}


@blueprint.get("/decisions/<id:decision_id>")
@public
@blueprint.response(200, DecisionSchema)
def show_decision(decision_id: int) -> dict[str, Any]:
    """One published decision."""
    found = queries.decision(decision_id)
    if found is None:
        raise NotFound
    return wording.decision_dict(found)
