"""What goes in and out of the API of monitoring, health and the clock."""

from marshmallow import EXCLUDE, Schema, fields, validate

from app.http import IdField, InstantField


class Loose(Schema):
    """Base of what comes in: more may be sent, and is ignored."""

    class Meta:
        unknown = EXCLUDE


class BottlenecksQuerySchema(Loose):
    """Which figures."""

    definition = fields.String(required=True, validate=validate.Length(min=1, max=120))
    version = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1, max=10**6))
    unit = IdField(load_default=None)
    since = InstantField(load_default=None, data_key="from")
    until = InstantField(load_default=None, data_key="to")


class PercentilesSchema(Schema):
    """Seconds that half, nine tenths and nineteen twentieths stayed below."""

    p50 = fields.Float(required=True, allow_none=True)
    p90 = fields.Float(required=True, allow_none=True)
    p95 = fields.Float(required=True, allow_none=True)


class ElementFiguresSchema(Schema):
    """One shape's figures; times in seconds."""

    name = fields.String(required=True)
    kind = fields.String(required=True)
    process = fields.String(required=True)
    open = fields.Integer(required=True)
    overdue = fields.Integer(required=True)
    oldest_open_seconds = fields.Float(required=True, allow_none=True)
    completed = fields.Integer(required=True)
    wait = fields.Nested(PercentilesSchema, required=True)
    work = fields.Nested(PercentilesSchema, required=True)
    target_seconds = fields.Float(required=True, allow_none=True)
    breached_share = fields.Float(required=True, allow_none=True)


class BottlenecksSchema(Schema):
    """Figures by shape."""

    elements = fields.Dict(keys=fields.String(), values=fields.Nested(ElementFiguresSchema), required=True)


class MoveClockSchema(Loose):
    """By how much, or where to."""

    advance = fields.String(validate=validate.Length(min=1, max=40), metadata={"example": "P7D"})
    to = InstantField(data_key="set")


class ClockSchema(Schema):
    """Where the clock stands, and how many timers fired on the way."""

    now = InstantField(required=True)
    fired = fields.Integer(required=True)


class HealthSchema(Schema):
    """Whether all is well; `missing` says what is not."""

    status = fields.String(required=True, validate=validate.OneOf(["ok", "unready"]))
    missing = fields.List(fields.String(), required=True)
