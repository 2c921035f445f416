"""What goes in and out of the identity API, and fields that no text of a client can break."""

from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from app.http import MAX_PAGE
from app.identity.input import id_of, is_plain
from app.identity.permissions import ROLES
from app.models import UNIT_KINDS


class Text(fields.String):
    """A line of text: trimmed, no control characters (databases refuse NUL), no broken characters."""

    def __init__(self, *, longest: int, shortest: int = 0, **kwargs: Any) -> None:
        self.longest, self.shortest = longest, shortest
        bounds = {"maxLength": longest} | ({"minLength": shortest} if shortest else {})
        super().__init__(metadata=bounds, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs).strip()
        if not is_plain(text):
            raise ValidationError(_l("This has characters that cannot be stored. Type it again."))
        if len(text) < self.shortest:
            raise ValidationError(_l("Fill this in."))
        if len(text) > self.longest:
            raise ValidationError(str(_l("Use at most %(n)s characters.", n=self.longest)))
        return text


class IdText(fields.Field[int]):
    """An id: text outside, a whole number inside."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else str(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        number = id_of(value)
        if number is None:
            raise ValidationError(_l("This is not an id."))
        return number


class CredentialsSchema(Schema):
    """Who wants a token."""

    username = fields.String(required=True, validate=validate.Length(max=200))
    password = fields.String(required=True, validate=validate.Length(max=2000))


class TokenSchema(Schema):
    """A token just made; it is shown only now."""

    token = fields.String(required=True)
    expires_at = fields.DateTime(required=True, format="%Y-%m-%dT%H:%M:%SZ")


class GroupSchema(Schema):
    """A group of a unit, and whether the person heads it."""

    id = IdText(required=True, metadata={"type": "string"})
    key = fields.String(required=True)
    name = fields.String(required=True)
    name_en = fields.String(required=True)
    unit = IdText(required=True, metadata={"type": "string"})
    unit_name = fields.String(required=True)
    head = fields.Boolean(required=True)


class UnitSchema(Schema):
    """A unit in the tree."""

    id = IdText(required=True, metadata={"type": "string"})
    name = fields.String(required=True)
    name_en = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(UNIT_KINDS))
    parent = IdText(required=True, allow_none=True, metadata={"type": "string"})
    place = fields.String(required=True)
    community = fields.String(required=True)


class UnitsSchema(Schema):
    """All units."""

    items = fields.List(fields.Nested(UnitSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class MeSchema(Schema):
    """Who I am."""

    username = fields.String(required=True)
    name = fields.String(required=True)
    title = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    groups = fields.List(fields.Nested(GroupSchema), required=True)
    units = fields.List(fields.Nested(UnitSchema), required=True)
    locale = fields.String(required=True)
    permissions = fields.List(fields.String(), required=True)


class PageQuerySchema(Schema):
    """Where in a list, and how much of it."""

    class Meta:
        unknown = EXCLUDE

    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=MAX_PAGE))
    cursor = fields.String(load_default="", validate=validate.Length(max=500))


class PeopleQuerySchema(PageQuerySchema):
    """Which people."""

    q = Text(longest=60, load_default="")
    unit = IdText(load_default=None, metadata={"type": "string"})


class PersonSchema(Schema):
    """A person as administrators see them."""

    username = fields.String(required=True)
    name = fields.String(required=True)
    name_en = fields.String(required=True)
    title = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    unit = IdText(required=True, allow_none=True, metadata={"type": "string"})
    groups = fields.List(fields.Nested(GroupSchema), required=True)
    units = fields.List(fields.Nested(UnitSchema), required=True)
    locale = fields.String(required=True)
    email = fields.String(required=True)
    phone = fields.String(required=True)
    active = fields.Boolean(required=True)


class PeopleSchema(Schema):
    """A page of people."""

    items = fields.List(fields.Nested(PersonSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class MembershipSchema(Schema):
    """A group to be in."""

    id = IdText(required=True, metadata={"type": "string"})
    head = fields.Boolean(load_default=False)


class PersonChangesSchema(Schema):
    """What may be changed of a person; what is left out stays."""

    name = Text(longest=60, shortest=1)
    name_en = Text(longest=60)
    title = Text(longest=120)
    password = fields.String(validate=validate.Length(max=2000))
    roles = fields.List(
        fields.String(validate=validate.OneOf(ROLES)), validate=validate.Length(max=len(ROLES))
    )
    unit = IdText(allow_none=True, metadata={"type": "string"})
    groups = fields.List(fields.Nested(MembershipSchema), validate=validate.Length(max=200))
    locale = fields.String(validate=validate.OneOf(["", "zh", "en"]))
    email = Text(longest=200)
    phone = Text(longest=40)
    active = fields.Boolean(truthy={True}, falsy={False})


class NewPersonSchema(PersonChangesSchema):
    """A new person. Without a password nobody can sign in as them until one is set."""

    username = Text(longest=60, shortest=2, required=True)
    name = Text(longest=60, shortest=1, required=True)


class NewUnitSchema(Schema):
    """A new unit."""

    name = Text(longest=120, shortest=1, required=True)
    name_en = Text(longest=120, load_default="")
    kind = fields.String(required=True, validate=validate.OneOf(UNIT_KINDS))
    parent = IdText(load_default=None, allow_none=True, metadata={"type": "string"})
    place = Text(longest=40, load_default="")
    community = fields.String(load_default="village", validate=validate.OneOf(["village", "residents"]))


class UnitChangesSchema(Schema):
    """What may be changed of a unit; its place in the tree stays."""

    name = Text(longest=120, shortest=1)
    name_en = Text(longest=120)
    place = Text(longest=40)
    community = fields.String(validate=validate.OneOf(["village", "residents"]))


class NewPasswordSchema(Schema):
    """One's own new password."""

    old = fields.String(required=True, validate=validate.Length(max=2000))
    new = fields.String(required=True, validate=validate.Length(max=2000))
