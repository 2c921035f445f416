"""A form as a typed tree: fields in drawn order, what they ask, and what an answer must satisfy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

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


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a radio, select, checklist or taglist."""

    value: str | int | float
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
        return dict(keyed(self.fields, ""))

    def names(self) -> frozenset[str]:
        """The top-level data names that an answer can set."""
        return frozenset(key.split(".", 1)[0] for key, each in keyed(self.fields, "") if not each.disabled)

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


def walk(fields: tuple[Field, ...]) -> Iterator[Field]:
    """Every field, containers before their children."""
    for each in fields:
        yield each
        yield from walk(each.children)


def keyed(fields: tuple[Field, ...], prefix: str) -> Iterator[tuple[str, Field]]:
    """Each input with its data name, groups resolved; a dynamic list stands as one entry."""
    for each in fields:
        if each.type == "group":
            yield from keyed(each.children, f"{prefix}{each.key}." if each.key else prefix)
        elif each.key and (each.type == "dynamiclist" or each.is_input):
            yield prefix + each.key, each
