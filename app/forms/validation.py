"""Checks an answer against its form: one marshmallow schema a form, built once and shared.

Hidden and disabled fields are not part of an answer and unknown keys are ignored. Conditions and limits
that are expressions are evaluated anew for each answer. Nested paths and lists are schemas of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from marshmallow import EXCLUDE, Schema, ValidationError, fields, missing

from app.errors import Invalid
from app.forms.asking import Asking
from app.forms.inputs import Asked, input_for
from app.forms.messages import required, rows, wrong
from workflows.forms import Field, Form, walk

MOST_ROWS = 500


def read_answer(form: Form, answer: Any, asking: Asking) -> dict[str, Any]:
    """What the case keeps of `answer`. Raises Invalid with every field that does not fit."""
    if not isinstance(answer, Mapping):
        raise Invalid([{"path": "", "message": _("Send the answers as an object."), "code": "type"}])
    try:
        with Asked(asking):
            kept: dict[str, Any] = validator(form).load(answer)
    except ValidationError as faults:
        raise Invalid(rows(faults.messages)) from None
    return kept | _computed(form, asking.with_answer(kept))


def validator(form: Form) -> Schema:
    """The marshmallow schema of a form, to be used inside `with Asked(asking)`. Cached for the form."""
    return _validator(_Same(form))


class _Same:
    """A form by identity: published forms are immutable and live as long as their definition."""

    __slots__ = ("form",)

    def __init__(self, form: Form) -> None:
        self.form = form

    def __hash__(self) -> int:
        return id(self.form)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.form is self.form


@lru_cache(2048)
def _validator(same: _Same) -> Schema:
    level = _Level()
    level.add_all(same.form.fields, (), ())
    return level.schema()


def _computed(form: Form, asking: Asking) -> dict[str, Any]:
    """The values of the form's computed fields."""
    return {
        each.key: asking.value(each.text)
        for each in walk(form.fields)
        if each.type == "expression" and each.key and "." not in each.key
    }


@dataclass(slots=True)
class _Variant:
    """One field under a key, with the conditions that hide it (its own and its groups')."""

    asked: Field
    hides: tuple[str, ...]
    reader: fields.Field[Any]


@dataclass(slots=True)
class _Level:
    """The keys of one object of the answer."""

    variants: dict[str, list[_Variant]] = field(default_factory=dict)
    below: dict[str, "_Level"] = field(default_factory=dict)

    def add_all(self, asked: Sequence[Field], prefix: tuple[str, ...], hides: tuple[str, ...]) -> None:
        for each in asked:
            conditions = (*hides, each.hide) if each.hide else hides
            path = (*prefix, *each.key.split(".")) if each.key else prefix
            if each.disabled or (each.readonly and each.is_input):
                continue
            if each.type == "group":
                self.add_all(each.children, path, conditions)
            elif each.type == "dynamiclist" and each.key:
                rows_level = _Level()
                rows_level.add_all(each.children, (), ())
                self._place(path).append(_Variant(each, conditions, _Rows(each, rows_level.schema())))
            elif each.is_input and each.key:
                self._place(path).append(_Variant(each, conditions, input_for(each)))

    def _place(self, path: tuple[str, ...]) -> list[_Variant]:
        level = self
        for part in path[:-1]:
            level = level.below.setdefault(part, _Level())
        return level.variants.setdefault(path[-1], [])

    def schema(self) -> Schema:
        named: dict[str, Any] = {key: _Chosen(key, each) for key, each in self.variants.items()}
        named |= {key: _Inside(each.schema()) for key, each in self.below.items() if key not in named}
        made = _AnswerSchema.from_dict(named, name="Answer")
        return made(unknown=EXCLUDE)


class _AnswerSchema(Schema):
    """One object of an answer, with what it holds in sight of its expressions."""

    def load(self, data: Any, **_kwargs: Any) -> Any:
        if not isinstance(data, Mapping):
            raise wrong("type", _("Send the answers as an object."))
        asking = Asked.get()
        unsaid = {name: None for name in self.fields if name not in asking.data and name not in data}
        with Asked(_without_hidden(self, asking.with_answer({**unsaid, **data}))):
            return super().load(data, unknown=EXCLUDE)


def _without_hidden(schema: Schema, asking: Asking) -> Asking:
    """In drawn order: a hidden field counts as null for the conditions after it."""
    for name, each in schema.fields.items():
        if isinstance(each, _Chosen) and each.shown(asking) is None and asking.scope.get(name) is not None:
            asking = asking.with_answer({name: None})
    return asking


class _Chosen(fields.Field[Any]):
    """A key: the one of its fields that is shown reads the answer; a hidden key is not part of it."""

    def __init__(self, key: str, variants: list[_Variant]) -> None:
        super().__init__(allow_none=True)
        self.variants = variants

    def shown(self, asking: Asking) -> _Variant | None:
        return next((each for each in self.variants if not asking.hides(each.hides)), None)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        variant = self.shown(Asked.get())
        return missing if variant is None else variant.reader.deserialize(value, attr, data, **kwargs)


class _Inside(fields.Field[Any]):
    """A path: an object of its own, laid over what the case already has there."""

    def __init__(self, schema: Schema) -> None:
        super().__init__(allow_none=True)
        self.schema_inside = schema

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **_kwargs: Any) -> Any:
        asking = Asked.get()
        held = asking.data.get(attr or "")
        local = dict(held) if isinstance(held, Mapping) else {}
        with Asked(replace(asking, data=local, here={**asking.scope, **local})):
            return local | self.schema_inside.load({} if value in (missing, None) else value)


class _Rows(fields.Field[Any]):
    """A dynamic list: each row is an object of its own, with errors under its number."""

    def __init__(self, asked: Field, schema: Schema) -> None:
        super().__init__(allow_none=True)
        self.asked = asked
        self.schema_of_row = schema

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **_kwargs: Any) -> Any:
        if value is missing or value in (None, [], ""):
            if self.asked.limits.required:
                raise required()
            return missing if value is missing and attr in Asked.get().data else []
        if not isinstance(value, list):
            raise wrong("type", _("Send a list of rows."))
        if len(value) > MOST_ROWS:
            raise wrong("maxRows", _("At most %(n)s rows can be sent.", n=MOST_ROWS))
        asking = Asked.get()
        kept: list[Any] = []
        faults: dict[Any, Any] = {}
        with Asked(replace(asking, data={}, here=asking.scope)):
            for number, row in enumerate(value):
                try:
                    kept.append(self.schema_of_row.load(row))
                except ValidationError as fault:
                    faults[number] = fault.messages
        if faults:
            raise ValidationError(faults)
        return kept
