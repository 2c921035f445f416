"""The values of the rule files: figures, bodies, matters, each with its place, source and days.

Plain data and the two questions everybody asks of it: an exact share, the single tests of a tree. Not
for: reading YAML (`rule_files`) or deciding what holds (`rules`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from workflows.errors import Problem

COMMUNITIES = ("village", "residents")
DEFAULT = "product default"


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in Chinese and English."""

    zh: str
    en: str

    def as_dict(self) -> dict[str, str]:
        """JSON-able."""
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure stands: act and article, or "product default" where the law is silent."""

    act: str
    act_en: str = ""
    article: str = ""
    url: str = ""

    @property
    def is_default(self) -> bool:
        """True where the law is silent and the product chose."""
        return self.act == DEFAULT

    def as_dict(self) -> dict[str, str]:
        """JSON-able, in words that can be shown."""
        if self.is_default:
            words = {"act": "本产品默认（法律未作规定）", "act_en": "product default (the law is silent)"}
            return words | {"article": "", "url": ""}
        return {"act": self.act, "act_en": self.act_en, "article": self.article, "url": self.url}


@dataclass(frozen=True, slots=True)
class Provenance:
    """What every rule carries: place, source, validity, and how sure we are."""

    place: str
    source: Source
    valid_from: date
    valid_to: date | None  # the last day on which it holds
    checked_on: date
    confirmed: bool
    file: str

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on `day`, both ends included."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def overlaps(self, other: "Provenance") -> bool:
        """Whether there is a day on which both hold."""
        return (self.valid_to is None or other.valid_from <= self.valid_to) and (
            other.valid_to is None or self.valid_from <= other.valid_to
        )


@dataclass(frozen=True, slots=True)
class Kind:
    """A figure's name, its allowed units, and which direction is stricter: "more", "less" or "tests"."""

    figure: str
    text: Text  # with a {value} hole
    stricter: str
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One figure of one body in one place for one span of days."""

    id: str
    body: str
    figure: str
    matter: str  # "" means every matter
    value: Any  # int, Fraction or a tree of tests
    unit: str
    shortenable: bool
    note: str
    origin: Provenance


@dataclass(frozen=True, slots=True)
class BodyEntry:
    """A body that can decide or be heard."""

    code: str
    names: Text
    base: tuple[str, ...]
    ballots: tuple[str, ...]
    household_basis: bool
    proxy: str
    online: bool
    online_settled: bool
    note: str
    origin: Provenance


@dataclass(frozen=True, slots=True)
class BarredEntry:
    """Why a body may not decide a matter, and who may."""

    reason: Text
    route: Text
    source: Source


@dataclass(frozen=True, slots=True)
class MatterEntry:
    """What kind of decision it is and who may take it."""

    code: str
    names: Text
    bodies: Mapping[str, tuple[str, ...]]  # community → lawful bodies, first is the rule
    delegable: bool
    vital_interest: bool
    hearing: bool
    hearing_source: Source | None
    party_study_first: bool
    papers: tuple[str, ...]
    barred: Mapping[str, BarredEntry]  # body or "*" → why not
    approvals: tuple[Text, ...]
    note: str
    origin: Provenance


@dataclass
class Read:
    """What a file held, and its problems."""

    kinds: list[Kind] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    bodies: list[BodyEntry] = field(default_factory=list)
    matters: list[MatterEntry] = field(default_factory=list)
    papers: dict[str, Text] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def fraction(value: Any) -> Fraction:
    """A share written "2/3"; raises ValueError for anything that is not an exact fraction."""
    if isinstance(value, Fraction):
        return value
    match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", str(value)) if isinstance(value, str) else None
    if match is None or int(match[2]) == 0:
        raise ValueError("a share is written as a fraction, such as 2/3")
    return Fraction(int(match[1]), int(match[2]))


def leaves(tree: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every single test of a tree of tests."""
    for key in ("all", "any"):
        if key in tree:
            for item in tree[key]:
                yield from leaves(item)
            return
    yield tree
