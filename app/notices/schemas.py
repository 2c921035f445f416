"""What goes in and out of the officials' API of notices."""

from marshmallow import EXCLUDE, Schema, fields, validate

from app.http import IdField, InstantField
from app.notices.service import LONGEST_REASON


class ReasonSchema(Schema):
    """Why."""

    class Meta:
        unknown = EXCLUDE

    reason = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_REASON))


class InterruptedSchema(Schema):
    """A notice after it was interrupted."""

    id = IdField(required=True)
    state = fields.String(required=True)
    reason = fields.String(required=True)
    ended_at = InstantField(required=True)


class ContactSchema(Schema):
    """How to reach somebody."""

    contact = fields.String(required=True)
