"""What goes in and out of the identity API, and fields that no text of a client can break."""

from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validate

from app.http import IdField, InstantField, PageQuerySchema
from app.identity.input import is_plain
from app.identity.permissions import ROLES
from app.models import UNIT_KINDS

GROUP_KEY_PATTERN = "^[a-z][a-z0-9_]{1,59}$"


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


class CredentialsSchema(Schema):
    """Who wants a token."""

    username = fields.String(required=True, validate=validate.Length(max=200))
    password = fields.String(required=True, validate=validate.Length(max=2000))


class TokenSchema(Schema):
    """A token just made; it is shown only now."""

    token = fields.String(required=True)
    expires_at = InstantField(required=True)


class GroupSchema(Schema):
    """A group of a unit, and whether the person heads it."""

    id = IdField(required=True)
    key = fields.String(required=True)
    name = fields.String(required=True)
    name_en = fields.String(required=True)
    unit = IdField(required=True)
    unit_name = fields.String(required=True)
    head = fields.Boolean(required=True)


class UnitSchema(Schema):
    """A unit in the tree."""

    id = IdField(required=True)
    name = fields.String(required=True)
    name_en = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(UNIT_KINDS))
    parent = IdField(required=True, allow_none=True)
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


class PeopleQuerySchema(PageQuerySchema):
    """Which people."""

    q = Text(longest=60, load_default="")
    unit = IdField(load_default=None)


class PersonSchema(Schema):
    """A person as administrators see them."""

    username = fields.String(required=True)
    name = fields.String(required=True)
    name_en = fields.String(required=True)
    title = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    unit = IdField(required=True, allow_none=True)
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
    """A group to be in, as it is served or by its id alone; only the id and `head` count."""

    class Meta:
        unknown = EXCLUDE

    id = IdField(required=True)
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
    unit = IdField(allow_none=True)
    groups = fields.List(fields.Nested(MembershipSchema), validate=validate.Length(max=200))
    locale = fields.String(validate=validate.OneOf(["", "zh", "en"]))
    email = Text(longest=200)
    phone = Text(longest=40)
    active = fields.Boolean(truthy={True}, falsy={False})

    @pre_load
    def as_served(self, given: Any, **_: Any) -> Any:
        """Take what is served: the first of `units` is the unit, a group may be its id alone."""
        if not isinstance(given, dict):
            return given
        taken = dict(given)
        units, groups = taken.get("units"), taken.get("groups")
        if isinstance(units, list):
            del taken["units"]
            first = units[0] if units else None
            taken.setdefault("unit", first.get("id", "") if isinstance(first, dict) else first)
        if isinstance(groups, list):
            taken["groups"] = [{"id": each} if isinstance(each, str) else each for each in groups]
        return taken


class NewPersonSchema(PersonChangesSchema):
    """A new person. Without a password nobody can sign in as them until one is set."""

    username = Text(longest=60, shortest=2, required=True)
    name = Text(longest=60, shortest=1, required=True)


class NewUnitSchema(Schema):
    """A new unit."""

    name = Text(longest=120, shortest=1, required=True)
    name_en = Text(longest=120, load_default="")
    kind = fields.String(required=True, validate=validate.OneOf(UNIT_KINDS))
    parent = IdField(load_default=None, allow_none=True)
    place = Text(longest=40, load_default="")
    community = fields.String(load_default="village", validate=validate.OneOf(["village", "residents"]))


class UnitChangesSchema(Schema):
    """What may be changed of a unit; its place in the tree stays."""

    name = Text(longest=120, shortest=1)
    name_en = Text(longest=120)
    place = Text(longest=40)
    community = fields.String(validate=validate.OneOf(["village", "residents"]))


class NewGroupSchema(Schema):
    """A new group of a unit; processes name it by its key."""

    key = fields.String(required=True, validate=validate.Regexp(GROUP_KEY_PATTERN))
    name = Text(longest=120, shortest=1, required=True)
    name_en = Text(longest=120, load_default="")


class GroupsQuerySchema(Schema):
    """Of which unit."""

    class Meta:
        unknown = EXCLUDE

    unit = IdField(required=True)


class MemberSchema(Schema):
    """A person in a group."""

    username = fields.String(required=True)
    name = fields.String(required=True)
    title = fields.String(required=True)
    head = fields.Boolean(required=True)
    active = fields.Boolean(required=True)


class GroupWithMembersSchema(Schema):
    """A group of a unit and who is in it."""

    id = IdField(required=True)
    key = fields.String(required=True)
    name = fields.String(required=True)
    name_en = fields.String(required=True)
    unit = IdField(required=True)
    unit_name = fields.String(required=True)
    members = fields.List(fields.Nested(MemberSchema), required=True)


class GroupsSchema(Schema):
    """The groups of a unit."""

    items = fields.List(fields.Nested(GroupWithMembersSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class MembershipChangeSchema(Schema):
    """Member or head."""

    head = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class ElectorsQuerySchema(PageQuerySchema):
    """Which electors: a part of the name, the household, or the number's last places."""

    q = Text(longest=60, load_default="")


class ElectorSchema(Schema):
    """An elector; of the identity number only its last four places are known."""

    id = IdField(required=True)
    name = fields.String(required=True)
    household = fields.String(required=True)
    identity_tail = fields.String(required=True)
    woman = fields.Boolean(required=True)
    born_on = fields.String(required=True)
    marks = fields.Dict(required=True)


class ElectorsSchema(Schema):
    """A page of a register."""

    items = fields.List(fields.Nested(ElectorSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class LineNoteSchema(Schema):
    """Something about one place of an imported list."""

    line = fields.Integer(required=True)
    column = fields.String(required=True)
    message = fields.String(required=True)


class ImportedSchema(Schema):
    """What an import did."""

    added = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    notes = fields.List(fields.Nested(LineNoteSchema), required=True)


class NewDelegationSchema(Schema):
    """What the assembly has delegated, when, and by which minutes."""

    matter = Text(longest=60, shortest=1, required=True)
    decided_on = Text(longest=10, shortest=10, required=True)
    record = Text(longest=400, shortest=1, required=True)


class DelegationSchema(Schema):
    """One delegation of an assembly to its representatives."""

    id = IdField(required=True)
    matter = fields.String(required=True)
    decided_on = fields.String(required=True)
    record = fields.String(required=True)
    revoked_at = InstantField(required=True, allow_none=True)


class DelegationsSchema(Schema):
    """The delegations of a village."""

    items = fields.List(fields.Nested(DelegationSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class NewPasswordSchema(Schema):
    """One's own new password."""

    old = fields.String(required=True, validate=validate.Length(max=2000))
    new = fields.String(required=True, validate=validate.Length(max=2000))
