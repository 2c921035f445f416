"""The form schema of form-js, read into a typed tree: what the editor writes and the server renders.

Structure only. Rendering and checking answers is `app.forms`; limits and conditions that are
expressions stay text here, already known to be readable.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from workflows.errors import Problem, Unpublishable, message

INPUTS: Final = frozenset(
    [
        "textfield",
        "textarea",
        "number",
        "checkbox",
        "radio",
        "select",
        "checklist",
        "taglist",
        "datetime",
        "filepicker",
        "expression",
    ]
)
CONTAINERS: Final = frozenset(("group", "dynamiclist"))
SHOWN: Final = frozenset(
    ["text", "html", "image", "table", "spacer", "separator", "button", "iframe", "documentPreview"]
)
KNOWN: Final = INPUTS | CONTAINERS | SHOWN
CHOICES: Final = frozenset(("radio", "select", "checklist", "taglist"))

MOST_FIELDS: Final = 500
DEEPEST: Final = 8
LARGEST_CHARACTERS: Final = 1_000_000

_KEY = re.compile(r"(?!__)[^\W\d]\w*(\.(?!__)[^\W\d]\w*)*\Z")
_NESTED_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*(?<!\\)[+*}](?:[^()\\]|\\.)*\)\s*[+*{]")


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a radio, select, checklist or taglist."""

    value: str
    label: str
    label_en: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer must satisfy. A str among the numbers is an expression over the data."""

    required: bool = False
    min_length: int | str | None = None  # characters, after trimming
    max_length: int | str | None = None
    minimum: Decimal | str | None = None
    maximum: Decimal | str | None = None
    pattern: str = ""  # a regular expression that must be found somewhere in the answer
    pattern_message: str = ""
    kind: str = ""  # "", email or phone


@dataclass(frozen=True, slots=True)
class Field:
    """One component of a form: an input, a container, or something only shown."""

    type: str
    id: str
    key: str = ""  # inputs: the data name, dotted for nested; containers: the path, "" for none
    label: str = ""
    label_en: str = ""
    description: str = ""
    description_en: str = ""
    options: tuple[Option, ...] = ()
    options_from: str = ""  # an expression that gives the options, where they are not fixed
    limits: Limits = field(default_factory=Limits)
    hide: str = ""  # an expression; true hides the field and ignores its answer
    disabled: bool = False
    readonly: bool = False
    default: Any = None
    children: tuple["Field", ...] = ()
    subtype: str = ""  # datetime: date, time or datetime
    label_time: str = ""  # datetime: the label of its time part
    aware: bool = False  # datetime: the answer carries an offset
    past_refused: bool = False
    minutes_step: int = 15
    decimal_digits: int | None = None
    increment: Decimal | None = None
    as_text: bool = False  # number: kept as text, digits and all
    multiple: bool = False  # filepicker
    accept: str = ""  # filepicker: kinds of files
    text: str = ""  # text and html: Markdown or HTML; expression: the expression
    source: str = ""  # image, table, iframe, documentPreview: where from
    alt: str = ""
    columns: tuple[tuple[str, str], ...] = ()  # table: key and label
    action: str = ""  # button: submit or reset
    rows: int = 1  # dynamiclist: rows at first
    rows_change: bool = True  # dynamiclist: rows may be added and removed
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_input(self) -> bool:
        """Whether the field takes an answer."""
        return self.type in INPUTS and self.type != "expression"


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its fields in drawn order."""

    id: str
    file: str
    fields: tuple[Field, ...]

    def fields_by_key(self) -> dict[str, Field]:
        """The inputs by data name ("group.key" under a path); a dynamic list stands as one entry."""
        return dict(_keyed(self.fields, ""))

    def names(self) -> frozenset[str]:
        """The top-level data names that an answer can set."""
        return frozenset(key.split(".", 1)[0] for key, each in _keyed(self.fields, "") if not each.disabled)

    def expressions(self) -> Iterator[tuple[Field, str]]:
        """Every expression in the form, with its field."""
        for each in walk(self.fields):
            for text in (each.hide, each.options_from, each.text if each.type == "expression" else ""):
                if text:
                    yield each, text
            limits = each.limits
            for limit in (limits.min_length, limits.max_length, limits.minimum, limits.maximum):
                if isinstance(limit, str):
                    yield each, limit


def parse_form(text: str, file: str) -> Form:
    """Read a .form file.

    Raises: Unpublishable with a `form.` problem for each thing wrong, by field.
    """
    reader = _Reader(file)
    form = reader.form(text)
    if reader.problems or form is None:
        raise Unpublishable(reader.problems)
    return form


def walk(fields: tuple[Field, ...]) -> Iterator[Field]:
    """Every field, containers before their children."""
    for each in fields:
        yield each
        yield from walk(each.children)


def _keyed(fields: tuple[Field, ...], prefix: str) -> Iterator[tuple[str, Field]]:
    for each in fields:
        if each.type == "group":
            yield from _keyed(each.children, f"{prefix}{each.key}." if each.key else prefix)
        elif each.key and (each.type == "dynamiclist" or each.is_input):
            yield prefix + each.key, each


class _Reader:
    """Collects problems instead of stopping at the first."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.count = 0

    def problem(self, code: str, text: str, hint: str, **params: Any) -> None:
        element = str(params.get("field", ""))[:80]
        if len(self.problems) < 50:
            self.problems.append(Problem(code, text, hint, element=element, file=self.file, params=params))

    def form(self, text: str) -> Form | None:
        schema = self._json(text)
        if schema is None:
            return None
        components = schema.get("components", [])
        if not isinstance(components, list):
            components = [components]
        fields = self._fields(components, depth=1)
        self._duplicates(fields)
        return Form(str(schema.get("id") or self.file.rpartition(".")[0]), self.file, fields)

    def _json(self, text: str) -> dict[str, Any] | None:
        hint = message("Open the form in the form editor and save it again.")
        if len(text) > LARGEST_CHARACTERS:
            self.problem("form.too_big", message("The form is larger than a million characters."), hint)
            return None
        try:
            schema = json.loads(text.lstrip("\ufeff"))
        except (ValueError, RecursionError) as broken:
            line = getattr(broken, "lineno", 1)
            reason = getattr(broken, "msg", "nested too deep")
            self.problem(
                "form.json",
                message("The form is no JSON: {reason} (line {line})."),
                hint,
                line=line,
                reason=reason,
            )
            return None
        if not isinstance(schema, dict) or "components" not in schema:
            self.problem(
                "form.schema", message("The file is JSON, but no form: it has no “components”."), hint
            )
            return None
        return schema

    def _fields(self, components: list[Any], *, depth: int) -> tuple[Field, ...]:
        if depth > DEEPEST:
            self.problem(
                "form.too_deep",
                message("The form's groups are nested more than {limit} deep."),
                message("Flatten the groups."),
                limit=DEEPEST,
            )
            return ()
        found = []
        for raw in components:
            self.count += 1
            if self.count > MOST_FIELDS:
                if self.count == MOST_FIELDS + 1:
                    self.problem(
                        "form.too_many",
                        message("The form has more than {limit} fields."),
                        message("Split it: ask for the rest in a second step."),
                        limit=MOST_FIELDS,
                    )
                break
            each = self._field(raw, depth=depth)
            if each is not None:
                found.append(each)
        return tuple(found)

    def _field(self, raw: Any, *, depth: int) -> Field | None:
        if not isinstance(raw, dict):
            self.problem(
                "form.schema",
                message("A field of the form is no object."),
                message("Open the form in the form editor and save it again."),
            )
            return None
        kind = raw.get("type")
        name = self._name(raw)
        if not isinstance(kind, str) or kind not in KNOWN:
            self.problem(
                "form.type",
                message("The field “{field}” has the type “{type}”, which is not known here."),
                message("Use one of: {known}."),
                field=name,
                type=str(kind)[:80],
                known=", ".join(sorted(KNOWN)),
            )
            return None
        properties = self._properties(raw)
        values = _Values(self, raw, name)
        children = raw.get("components")
        return Field(
            type=kind,
            id=str(raw.get("id") or ""),
            key=self._key(raw, kind, name),
            label=values.text("label") or values.text("dateLabel") or values.text("timeLabel"),
            label_en=properties.get("labelEn", ""),
            description=values.text("description"),
            description_en=properties.get("descriptionEn", ""),
            options=self._options(raw, kind, name),
            options_from=_expression(values.text("valuesExpression")) or values.text("valuesKey"),
            limits=self._limits(raw, name),
            hide=self._hide(raw, name),
            disabled=raw.get("disabled") is True,
            readonly=raw.get("readonly") is True,
            default=raw.get("defaultValue"),
            children=self._fields(children if isinstance(children, list) else [], depth=depth + 1),
            subtype=self._subtype(raw, kind, name),
            label_time=values.text("timeLabel"),
            aware=raw.get("timeSerializingFormat") in ("utc_offset", "utc_normalized"),
            past_refused=raw.get("disallowPassedDates") is True,
            minutes_step=values.whole("timeInterval", lowest=1, highest=720) or 15,
            decimal_digits=values.whole("decimalDigits", lowest=0, highest=20),
            increment=values.decimal("increment"),
            as_text=raw.get("serializeToString") is True,
            multiple=raw.get("multiple") is True,
            accept=values.text("accept"),
            text=_expression(values.text("expression")) or values.text("text") or values.text("content"),
            source=values.text("source") or values.text("dataSource") or values.text("url"),
            alt=values.text("alt"),
            columns=_columns(raw),
            action=values.text("action"),
            rows=values.whole("defaultRepetitions", lowest=0, highest=100) or 1,
            rows_change=raw.get("allowAddRemove") is not False,
            properties=properties,
        )

    def _name(self, raw: dict[str, Any]) -> str:
        for key in ("key", "path", "label", "id", "type"):
            value = raw.get(key)
            if isinstance(value, str) and value.strip():
                return value.strip()[:80]
        return "?"

    def _key(self, raw: dict[str, Any], kind: str, name: str) -> str:
        if kind in SHOWN:
            return ""
        key = raw.get("path" if kind in CONTAINERS else "key")
        if not key and kind == "group":
            return ""
        if not isinstance(key, str) or not _KEY.match(key.strip()) or len(key) > 100:
            self.problem(
                "form.key",
                message("The field “{field}” has the key “{key}”, which cannot be a data name."),
                message(
                    "A key begins with a letter; letters, digits and “_” follow, such as applicant_name."
                ),
                field=name,
                key=str(key if key is not None else "")[:80],
            )
            return ""
        return key.strip()

    def _duplicates(self, fields: tuple[Field, ...]) -> None:
        seen: dict[str, Field] = {}
        for key, each in _keyed(fields, ""):
            other = seen.get(key)
            # Two fields may share a key when a condition shows only one of them.
            if other is not None and not (each.hide and other.hide):
                self.problem(
                    "form.duplicate_key",
                    message("Two fields have the key “{field}”; one answer would replace the other."),
                    message("Give one of them another key."),
                    field=key,
                )
            seen[key] = each
        for each in walk(fields):
            if each.type == "dynamiclist":
                self._duplicates(each.children)

    def _options(self, raw: dict[str, Any], kind: str, name: str) -> tuple[Option, ...]:
        if kind not in CHOICES or raw.get("valuesKey") or raw.get("valuesExpression"):
            return ()
        listed = raw.get("values", raw.get("options"))
        found: list[Option] = []
        for each in listed if isinstance(listed, list) else []:
            value = each.get("value") if isinstance(each, dict) else each
            label = each.get("label", value) if isinstance(each, dict) else each
            english = str(each.get("labelEn") or "") if isinstance(each, dict) else ""
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                found.append(Option(str(value), str(label), english))
        if not found or len({option.value for option in found}) != len(found):
            self.problem(
                "form.options",
                message("The field “{field}” has no options, or two with the same value."),
                message("Give it options, each with a value of its own."),
                field=name,
            )
        return tuple(found)

    def _limits(self, raw: dict[str, Any], name: str) -> Limits:
        held = raw.get("validate")
        if held is None:
            return Limits()
        if not isinstance(held, dict):
            self._bad_value(name, "validate")
            return Limits()
        values = _Values(self, held, name)
        kind = values.text("validationType")
        return Limits(
            required=held.get("required") is True,
            min_length=values.length("minLength"),
            max_length=values.length("maxLength"),
            minimum=values.limit("min"),
            maximum=values.limit("max"),
            pattern=self._pattern(values.text("pattern"), name),
            pattern_message=values.text("patternMessage"),
            kind=kind if kind in ("email", "phone") else "",
        )

    def _pattern(self, pattern: str, name: str) -> str:
        if not pattern:
            return ""
        try:
            re.compile(pattern)
            slow = len(pattern) > 300 or _NESTED_REPEAT.search(pattern) is not None
        except (re.error, OverflowError, RecursionError) as broken:
            self.problem(
                "form.pattern",
                message("The pattern of “{field}” cannot be read: {reason}."),
                message("Correct the regular expression, or remove it."),
                field=name,
                reason=str(broken)[:200],
            )
            return ""
        if slow:
            self.problem(
                "form.pattern_slow",
                message("The pattern of “{field}” could take for ever on some answers."),
                message("Avoid a repeat inside a repeat, such as (a+)+."),
                field=name,
            )
            return ""
        return pattern

    def _hide(self, raw: dict[str, Any], name: str) -> str:
        conditional = raw.get("conditional")
        if conditional is None:
            return ""
        hide = conditional.get("hide") if isinstance(conditional, dict) else conditional
        if hide in (None, "", False):
            return ""
        if not isinstance(hide, str):
            self._bad_value(name, "conditional")
            return ""
        return _expression(hide) or hide.strip()

    def _subtype(self, raw: dict[str, Any], kind: str, name: str) -> str:
        if kind != "datetime":
            return ""
        subtype = raw.get("subtype", "date")
        if subtype not in ("date", "time", "datetime"):
            self._bad_value(name, "subtype")
            return "date"
        return str(subtype)

    def _properties(self, raw: dict[str, Any]) -> dict[str, str]:
        held = raw.get("properties")
        return {str(k): str(v) for k, v in held.items()} if isinstance(held, dict) else {}

    def _bad_value(self, name: str, attribute: str) -> None:
        self.problem(
            "form.value",
            message("The field “{field}” has a “{attribute}” that cannot be read."),
            message("Open the form in the form editor, correct it, and save it again."),
            field=name,
            attribute=attribute,
        )


class _Values:
    """Typed reading of one object's members; a wrong type is a problem of that field."""

    def __init__(self, reader: _Reader, raw: dict[str, Any], name: str) -> None:
        self.reader, self.raw, self.name = reader, raw, name

    def text(self, key: str) -> str:
        value = self.raw.get(key)
        if value is None:
            return ""
        if isinstance(value, str | int | float | bool):
            return str(value).strip()
        self._wrong(key)
        return ""

    def whole(self, key: str, *, lowest: int, highest: int) -> int | None:
        value = self.raw.get(key)
        if value in (None, ""):
            return None
        number = self._number(key, value)
        if number is None or number != int(number) or not lowest <= number <= highest:
            self._wrong(key)
            return None
        return int(number)

    def decimal(self, key: str) -> Decimal | None:
        value = self.raw.get(key)
        if value in (None, ""):
            return None
        number = self._number(key, value)
        if number is None or number <= 0:
            self._wrong(key)
            return None
        return number

    def limit(self, key: str) -> Decimal | str | None:
        value = self.raw.get(key)
        if value in (None, ""):
            return None
        if isinstance(value, str) and value.lstrip().startswith("="):
            return _expression(value)
        number = self._number(key, value)
        if number is None:
            self._wrong(key)
        return number

    def length(self, key: str) -> int | str | None:
        limit = self.limit(key)
        if limit is None or isinstance(limit, str):
            return limit
        if limit != int(limit) or not 0 <= limit <= 1_000_000:
            self._wrong(key)
            return None
        return int(limit)

    def _number(self, key: str, value: Any) -> Decimal | None:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            return None
        return number if number.is_finite() and abs(number.adjusted()) < 30 else None

    def _wrong(self, key: str) -> None:
        self.reader._bad_value(self.name, key)


def _expression(text: str) -> str:
    return text.strip()[1:].strip() if text.strip().startswith("=") else ""


def _columns(raw: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    held = raw.get("columns")
    return tuple(
        (str(each.get("key") or ""), str(each.get("label") or each.get("key") or ""))
        for each in (held if isinstance(held, list) else [])
        if isinstance(each, dict)
    )
