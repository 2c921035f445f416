"""What goes in and out of the API of cases, messages and files."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from app.http import IdField, InstantField, PageQuerySchema

STATES = ("running", "suspended", "completed", "cancelled", "incident")


class Loose(Schema):
    """Base of what comes in: more may be sent, and is ignored."""

    class Meta:
        unknown = EXCLUDE


class DataField(fields.Dict):
    """Any JSON object."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(keys=fields.String(), **kwargs)


class CasesQuerySchema(PageQuerySchema):
    """Which cases."""

    state = fields.String(load_default="", validate=validate.OneOf(["", *STATES]))
    definition = fields.String(load_default="", validate=validate.Length(max=120))
    unit = IdField(load_default=None)
    q = fields.String(load_default="", validate=validate.Length(max=100))


class StartSchema(Loose):
    """What begins."""

    definition = fields.String(required=True, validate=validate.Length(min=1, max=120))
    title = fields.String(load_default="", validate=validate.Length(max=200))
    unit = IdField(load_default=None, allow_none=True)
    data = DataField(load_default=dict)
    version = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(min=1, max=10**6)
    )


class StartedSchema(Schema):
    """A case that has begun."""

    id = IdField(required=True)
    case_no = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    definition = fields.String(required=True)
    version = fields.Integer(required=True)
    next = fields.List(IdField(), required=True, metadata={"description": "Tasks that I can do in it now"})


class CaseSchema(Schema):
    """A case in a list."""

    id = IdField(required=True)
    case_no = fields.String(required=True)
    title = fields.String(required=True)
    definition = fields.String(required=True)
    definition_name = fields.String(required=True)
    version = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    outcome = fields.String(required=True)
    unit = IdField(required=True, attribute="unit_id")
    unit_name = fields.String(required=True)
    starter = fields.String(required=True, allow_none=True)
    parent = IdField(required=True, allow_none=True, attribute="parent_id")
    started_at = InstantField(required=True)
    ended_at = InstantField(required=True, allow_none=True)


class CasesSchema(Schema):
    """A page of cases."""

    items = fields.List(fields.Nested(CaseSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class OpenTaskSchema(Schema):
    """An open task of a case."""

    id = IdField(required=True)
    element = fields.String(required=True)
    name = fields.String(required=True)
    state = fields.String(required=True)
    assignee = fields.String(required=True, allow_none=True)
    group = fields.String(required=True, allow_none=True)
    created_at = InstantField(required=True)
    due_at = InstantField(required=True, allow_none=True)
    version = fields.Integer(required=True)


class WaitingSchema(Schema):
    """Something other than a person that a case waits for."""

    element = fields.String(required=True)
    kind = fields.String(required=True)
    due_at = InstantField(required=True, allow_none=True)
    ref = fields.String(required=True)
    name = fields.String(required=True)
    key = fields.String(required=True)


class IncidentSchema(Schema):
    """Something that could not go on."""

    n = fields.Integer(required=True)
    element = fields.String(required=True)
    code = fields.String(required=True)
    message = fields.String(required=True)
    raised_at = InstantField(required=True)
    resolved_at = InstantField(required=True, allow_none=True)


class CaseDetailSchema(CaseSchema):
    """A case with its data and all that it waits for."""

    data = DataField(required=True)
    open_tasks = fields.List(fields.Nested(OpenTaskSchema), required=True)
    waiting = fields.List(fields.Nested(WaitingSchema), required=True)
    incidents = fields.List(fields.Nested(IncidentSchema), required=True)
    links = fields.List(IdField(), required=True)


class HappeningSchema(Schema):
    """One entry of the record."""

    seq = fields.Integer(required=True)
    at = InstantField(required=True)
    kind = fields.String(required=True)
    element = fields.String(required=True)
    actor = fields.String(required=True)
    on_behalf_of = fields.String(required=True)
    detail = DataField(required=True)
    hash = fields.String(required=True)


class HistorySchema(Schema):
    """A page of the record."""

    items = fields.List(fields.Nested(HappeningSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class VisitedSchema(Schema):
    """Where a case stands at one shape."""

    state = fields.String(required=True, validate=validate.OneOf(["active", "done", "cancelled", "incident"]))
    count = fields.Integer(required=True)
    entered_at = InstantField(required=True)


class DiagramQuerySchema(Loose):
    """Which diagram: the case's own, or that of a process it calls."""

    process = fields.String(load_default="", validate=validate.Length(max=120))


class DiagramSchema(Schema):
    """A diagram and where the case stands in it."""

    bpmn = fields.String(required=True)
    process = fields.String(required=True)
    called = fields.List(fields.String(), required=True)
    elements = fields.Dict(keys=fields.String(), values=fields.Nested(VisitedSchema), required=True)


class ReasonSchema(Loose):
    """Why."""

    reason = fields.String(required=True, validate=validate.Length(min=1, max=2000))


class OptionalReasonSchema(Loose):
    """Why, where it need not be said."""

    reason = fields.String(load_default="", validate=validate.Length(max=2000))


class MovedSchema(Schema):
    """Where a case stands after an act."""

    id = IdField(required=True, attribute="case_id")
    case_no = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))


class MessageSchema(Loose):
    """A message."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=200))
    key = fields.String(load_default="", validate=validate.Length(max=200))
    data = DataField(load_default=dict)


class DeliverySchema(Schema):
    """What became of a message."""

    delivered = fields.List(IdField(), required=True)
    started = fields.List(IdField(), required=True)
    kept = fields.Boolean(required=True)


class StoredFileSchema(Schema):
    """An attachment."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    size = fields.Integer(required=True)
    type = fields.String(required=True)
