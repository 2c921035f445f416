"""What goes in and out of the API of tasks."""

from marshmallow import EXCLUDE, Schema, fields, validate

from app.http import IdField, InstantField, PageQuerySchema
from app.tasks.queries import VIEWS


class Loose(Schema):
    """Base of what comes in: more may be sent, and is ignored."""

    class Meta:
        unknown = EXCLUDE


class TasksQuerySchema(PageQuerySchema):
    """Which tasks."""

    view = fields.String(load_default="mine", validate=validate.OneOf(VIEWS))
    case = IdField(load_default=None)
    element = fields.String(load_default="", validate=validate.Length(max=200))
    overdue = fields.Boolean(load_default=None, allow_none=True)


class TaskSchema(Schema):
    """A task in a list."""

    id = IdField(required=True)
    case_id = IdField(required=True)
    case_no = fields.String(required=True)
    case_title = fields.String(required=True)
    case_state = fields.String(required=True)
    definition = fields.String(required=True)
    definition_name = fields.String(required=True)
    element = fields.String(required=True)
    name = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["open", "claimed", "done", "cancelled"]))
    assignee = fields.String(required=True, allow_none=True)
    group = fields.String(required=True, allow_none=True)
    group_name = fields.String(required=True, allow_none=True)
    unit = IdField(required=True, attribute="unit_id")
    unit_name = fields.String(required=True)
    created_at = InstantField(required=True)
    claimed_at = InstantField(required=True, allow_none=True)
    due_at = InstantField(required=True, allow_none=True)
    done_at = InstantField(required=True, allow_none=True)
    version = fields.Integer(required=True)


class TasksSchema(Schema):
    """A page of tasks."""

    items = fields.List(fields.Nested(TaskSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class TaskDetailSchema(TaskSchema):
    """A task with what it asks."""

    form = fields.Raw(
        required=True, allow_none=True, metadata={"type": "object", "description": "A form schema, resolved"}
    )
    data = fields.Dict(required=True, keys=fields.String())
    eligible = fields.List(fields.String(), required=True)
    may_complete = fields.Boolean(required=True)
    documentation = fields.String(required=True)
    article = fields.String(required=True)
    draft = fields.Raw(required=True, allow_none=True, metadata={"type": "object"})


class ClaimSchema(Loose):
    """Which version of the task was seen."""

    version = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(min=1, max=2**31)
    )


class CompleteSchema(ClaimSchema):
    """An answer."""

    data = fields.Dict(load_default=dict, keys=fields.String())


class AssignSchema(Loose):
    """To whom, and why."""

    username = fields.String(required=True, validate=validate.Length(min=1, max=60))
    reason = fields.String(required=True, validate=validate.Length(min=1, max=2000))


class DraftSchema(Loose):
    """What was typed so far."""

    data = fields.Dict(required=True, keys=fields.String())


class CaseStateSchema(Schema):
    """Where the case stands."""

    id = IdField(required=True)
    state = fields.String(required=True)


class CompletedSchema(Schema):
    """An accepted answer."""

    task = IdField(required=True)
    case = fields.Nested(CaseStateSchema, required=True)
    next = fields.List(
        IdField(), required=True, metadata={"description": "Tasks that I can do next in this case"}
    )
