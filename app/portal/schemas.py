"""What goes in and out of the villagers' API."""

from marshmallow import EXCLUDE, Schema, fields, validate

from app.http import IdField, InstantField, PageQuerySchema
from app.portal.service import LONGEST_CONTACT, LONGEST_TEXT

KIND = validate.Regexp("^[a-z0-9_]{0,40}$")


class NoticesQuerySchema(PageQuerySchema):
    """Which notices."""

    unit = IdField(load_default=None)
    kind = fields.String(load_default="", validate=KIND)
    state = fields.String(load_default="", validate=validate.OneOf(["", "posted", "past"]))
    q = fields.String(load_default="", validate=validate.Length(max=100))


class DecisionsQuerySchema(PageQuerySchema):
    """Which decisions."""

    unit = IdField(load_default=None)
    matter = fields.String(load_default="", validate=KIND)
    q = fields.String(load_default="", validate=validate.Length(max=100))


class PlaceSchema(Schema):
    """A unit by its names."""

    id = IdField(required=True)
    name = fields.String(required=True)
    name_en = fields.String()


class NoticeSchema(Schema):
    """A notice."""

    id = IdField(required=True)
    kind = fields.String(required=True)
    unit = fields.Nested(PlaceSchema, required=True)
    case_no = fields.String(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)
    state = fields.String(
        required=True, validate=validate.OneOf(["posted", "ended", "interrupted", "withdrawn"])
    )
    posted_from = InstantField(required=True)
    posted_to = InstantField(required=True, allow_none=True)
    days_left = fields.Integer(required=True)
    objections_open = fields.Boolean(required=True)
    facts = fields.Dict(required=True)
    channels = fields.List(fields.String(), required=True)


class NoticesSchema(Schema):
    """A page of notices."""

    items = fields.List(fields.Nested(NoticeSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class RuleLineSchema(Schema):
    """A figure of the law behind a notice."""

    figure = fields.String(required=True)
    text = fields.String(required=True)
    sources = fields.List(fields.String(), required=True)


class NoticeDetailSchema(NoticeSchema):
    """One notice with what it rests on."""

    ended_at = InstantField(required=True, allow_none=True)
    reason = fields.String(required=True)
    previous = IdField(required=True, allow_none=True)
    next_notice = IdField(required=True, allow_none=True)
    provisional = fields.Boolean(required=True)
    rules = fields.List(fields.Nested(RuleLineSchema), required=True)


class NewObjectionSchema(Schema):
    """An objection."""

    class Meta:
        unknown = EXCLUDE

    text = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_TEXT))
    contact = fields.String(load_default="", allow_none=True, validate=validate.Length(max=LONGEST_CONTACT))


class ReceiptSchema(Schema):
    """A receipt: the code is shown this once."""

    receipt_no = fields.String(required=True)
    code = fields.String(required=True)


class ReceiptQuerySchema(Schema):
    """The code of a receipt."""

    class Meta:
        unknown = EXCLUDE

    code = fields.String(load_default="", validate=validate.Length(max=100))


class StepSchema(Schema):
    """One thing that happened."""

    at = InstantField(required=True)
    text = fields.String(required=True)


class ProgressSchema(Schema):
    """Where a matter stands."""

    receipt_no = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)
    state = fields.String(required=True)
    steps = fields.List(fields.Nested(StepSchema), required=True)
    due_at = InstantField(required=True, allow_none=True)
    unit = fields.String(required=True)
    can = fields.List(fields.String(), required=True)
    outcome = fields.String(required=True)
    reply = fields.String(required=True)


class TestSchema(Schema):
    """One test of the rule and how it came out."""

    text = fields.String(required=True)
    needed = fields.Integer(required=True)
    got = fields.Integer(required=True)
    base = fields.Integer(required=True)
    met = fields.Boolean(required=True)
    article = fields.String(required=True)


_Counts: type[Schema] = Schema.from_dict(  # `for` is no name in Python
    {name: fields.Integer(required=True) for name in ("for", "against", "abstain", "invalid")}, name="Counts"
)


class DecisionSchema(_Counts):  # type: ignore[misc,valid-type]
    """A decision with its reckoning."""

    id = IdField(required=True)
    unit = fields.Nested(PlaceSchema, required=True)
    body = fields.String(required=True)
    body_name = fields.String(required=True)
    matter = fields.String(required=True)
    title = fields.String(required=True)
    item = fields.String(required=True)
    passed = fields.Boolean(required=True)
    roll = fields.Integer(required=True)
    present = fields.Integer(required=True)
    decided_at = InstantField(required=True)
    published_at = InstantField(required=True)
    annulled = fields.Boolean(required=True)
    annulled_at = InstantField(required=True, allow_none=True)
    annulled_because = fields.String(required=True)
    rule = fields.String(required=True)
    quorum = fields.List(fields.Nested(TestSchema), required=True)
    tests = fields.List(fields.Nested(TestSchema), required=True)


class DecisionsSchema(Schema):
    """A page of decisions."""

    items = fields.List(fields.Nested(DecisionSchema), required=True)
    next = fields.String(required=True, allow_none=True)
