"""What goes in and out of the definitions API."""

from marshmallow import EXCLUDE, Schema, fields, validate

from app.http import DiagramProblemSchema, InstantField, PageQuerySchema


class DefinitionsQuerySchema(PageQuerySchema):
    """Which processes."""

    q = fields.String(load_default="", validate=validate.Length(max=100))
    category = fields.String(load_default="", validate=validate.Length(max=60))


class DefinitionSchema(Schema):
    """A published process."""

    key = fields.String(required=True)
    version = fields.Integer(required=True)
    latest = fields.Integer(required=True)
    name = fields.String(required=True)
    name_en = fields.String(required=True)
    category = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["active", "retired"]))
    startable = fields.Boolean(required=True, metadata={"description": "May be started by me"})
    start_form = fields.Raw(
        required=True, allow_none=True, metadata={"type": "object", "description": "A form schema"}
    )
    files = fields.List(fields.String(), required=True)
    note = fields.String(required=True)
    published_at = InstantField(required=True)
    published_by = fields.String(required=True)


class DefinitionsSchema(Schema):
    """A page of processes, or of versions."""

    items = fields.List(fields.Nested(DefinitionSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class SentFileSchema(Schema):
    """One file of a process."""

    class Meta:
        unknown = EXCLUDE

    name = fields.String(required=True, validate=validate.Length(min=1, max=300))
    content = fields.String(required=True)


class PublishSchema(Schema):
    """The files of one process."""

    class Meta:
        unknown = EXCLUDE

    files = fields.List(
        fields.Nested(SentFileSchema), required=True, validate=validate.Length(min=1, max=200)
    )
    note = fields.String(load_default="", validate=validate.Length(max=2000))


class PublishedSchema(Schema):
    """What was stored."""

    id = fields.String(required=True)
    key = fields.String(required=True)
    version = fields.Integer(required=True)
    warnings = fields.List(fields.Nested(DiagramProblemSchema), required=True)


class CheckedSchema(Schema):
    """What a check found; nothing was stored."""

    problems = fields.List(fields.Nested(DiagramProblemSchema), required=True)
    warnings = fields.List(fields.Nested(DiagramProblemSchema), required=True)
    key = fields.String(required=True)
    name = fields.String(required=True)


class FileSchema(Schema):
    """A file as it was published."""

    name = fields.String(required=True)
    content = fields.String(required=True)


class DiffQuerySchema(Schema):
    """Which two versions."""

    class Meta:
        unknown = EXCLUDE

    before = fields.Integer(required=True, data_key="from", validate=validate.Range(min=1, max=10**6))
    after = fields.Integer(required=True, data_key="to", validate=validate.Range(min=1, max=10**6))


class ChangedElementSchema(Schema):
    """A shape that differs."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    name = fields.String(required=True)


class DiffSchema(Schema):
    """The shapes and files that differ."""

    added = fields.List(fields.Nested(ChangedElementSchema), required=True)
    removed = fields.List(fields.Nested(ChangedElementSchema), required=True)
    changed = fields.List(fields.Nested(ChangedElementSchema), required=True)
    files = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class StateSchema(Schema):
    """Whether a process takes new cases."""

    class Meta:
        unknown = EXCLUDE

    state = fields.String(required=True, validate=validate.OneOf(["active", "retired"]))
