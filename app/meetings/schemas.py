"""What goes in and out of the meetings API."""

from marshmallow import EXCLUDE, Schema, fields, validate

from app.http import IdField, InstantField, PageQuerySchema

COUNT = {"strict": True, "validate": validate.Range(min=0, max=1_000_000)}


class MeetingsQuerySchema(PageQuerySchema):
    """Which meetings."""

    case = IdField(load_default=None)


class RollQuerySchema(PageQuerySchema):
    """Which people of a roll."""

    q = fields.String(load_default="", validate=validate.Length(max=60))
    absent = fields.Boolean(load_default=False)


class TestLineSchema(Schema):
    """One test of a quorum or majority as it stands."""

    text = fields.String(required=True)
    needed = fields.Integer(required=True)
    got = fields.Integer(required=True)
    met = fields.Boolean(required=True)
    article = fields.String()
    about = fields.String()


class RuleSchema(Schema):
    """The rule in words, with its tests as they stand."""

    text = fields.String(required=True)
    quorum = fields.String()
    majority = fields.String()
    tests = fields.List(fields.Nested(TestLineSchema))
    sources = fields.List(fields.Dict())


class VotesSchema(Schema):
    """The votes on one item."""

    votes_for = fields.Integer(data_key="for")
    against = fields.Integer()
    abstain = fields.Integer()
    invalid = fields.Integer()


class ItemSchema(Schema):
    """Something that is voted on; `entered`: which tellers have counted it in this round."""

    key = fields.String(required=True)
    text = fields.String(required=True)
    round = fields.Integer()
    entered = fields.List(fields.Integer())
    count = fields.Dict(keys=fields.String(), values=fields.Integer(), allow_none=True)


class MeetingSchema(Schema):
    """A meeting."""

    id = IdField(required=True)
    case_id = IdField(required=True)
    unit = IdField(required=True)
    kind = fields.String(required=True)
    body = fields.String(required=True)
    body_name = fields.String()
    matter = fields.String()
    title = fields.String(required=True)
    agenda = fields.String()
    venue = fields.String()
    basis = fields.String()
    secret = fields.Boolean()
    round = fields.Integer()
    state = fields.String(required=True)
    scheduled_at = InstantField(allow_none=True)
    rule = fields.Nested(RuleSchema, required=True)
    roll_size = fields.Integer(required=True)
    present = fields.Integer(required=True)
    recused_present = fields.Integer()
    proxies_allowed = fields.Boolean()
    quorum_met = fields.Boolean(required=True)
    items = fields.List(fields.Nested(ItemSchema))
    eligible = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))
    result = fields.Dict(allow_none=True)


class MeetingsSchema(Schema):
    """A page of meetings."""

    items = fields.List(fields.Nested(MeetingSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class RollEntrySchema(Schema):
    """One person on a roll."""

    id = IdField(required=True)
    name = fields.String(required=True)
    household = fields.String(required=True)
    identity_tail = fields.String()
    present = fields.Boolean(required=True)
    by_proxy = fields.String(required=True)
    recused = fields.Boolean()


class RollSchema(Schema):
    """A page of a roll."""

    items = fields.List(fields.Nested(RollEntrySchema), required=True)
    next = fields.String(required=True, allow_none=True)


class RollSourceSchema(Schema):
    """Where a roll comes from: the register of a unit (default: the meeting's own)."""

    class Meta:
        unknown = EXCLUDE

    from_unit = IdField(load_default=None, allow_none=True)


class AttendanceSchema(Schema):
    """Who is here, who is not, who is represented by whom."""

    class Meta:
        unknown = EXCLUDE

    present = fields.List(IdField(), load_default=list, validate=validate.Length(max=5000))
    absent = fields.List(IdField(), load_default=list, validate=validate.Length(max=5000))
    proxies = fields.Dict(
        keys=IdField(),
        values=fields.String(validate=validate.Length(min=1, max=60)),
        load_default=dict,
        validate=validate.Length(max=5000),
    )


class RecusalSchema(Schema):
    """Who may not vote."""

    class Meta:
        unknown = EXCLUDE

    id = IdField(required=True)
    recused = fields.Boolean(load_default=True)


class BallotsSchema(Schema):
    """One teller's blind count of an item, or a show of hands."""

    class Meta:
        unknown = EXCLUDE

    teller = fields.Integer(strict=True, validate=validate.OneOf((1, 2)), load_default=None, allow_none=True)
    show_of_hands = fields.Boolean(load_default=False)
    item = fields.String(load_default="", validate=validate.Length(max=60))
    votes_for = fields.Integer(required=True, data_key="for", **COUNT)  # type: ignore[arg-type]
    against = fields.Integer(required=True, **COUNT)  # type: ignore[arg-type]
    abstain = fields.Integer(load_default=0, **COUNT)  # type: ignore[arg-type]
    invalid = fields.Integer(load_default=0, **COUNT)  # type: ignore[arg-type]


class AdjournSchema(Schema):
    """Why, and until when."""

    class Meta:
        unknown = EXCLUDE

    reason = fields.String(required=True, validate=validate.Length(min=1, max=2000))
    reconvene_at = InstantField(load_default=None, allow_none=True)


class ReckoningSchema(Schema):
    """The reckoning of a meeting that has ended."""

    state = fields.String(required=True)
    passed = fields.Boolean(required=True)
    quorum_met = fields.Boolean(required=True)
    tests = fields.List(fields.Nested(TestLineSchema), required=True)
    items = fields.Dict()
