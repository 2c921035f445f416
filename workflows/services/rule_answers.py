"""What the rules answer: a figure, a body that decides, or why none may; and why they refuse to answer.

Everything here turns into JSON, because an act stores what it was told. Not for: finding the answer.
"""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from workflows.errors import Refusal, message
from workflows.services.rule_entries import Source, Text


class FigureUnknown(Refusal):
    """No rule gives this figure for this body at this place on this day."""

    code = "rule.unknown_figure"
    text = message("No rule gives “{figure}” for “{body}” here on {day}. Ask an administrator for it.")


class MatterUnknown(Refusal):
    """No such matter in the rules in force."""

    code = "rule.unknown_matter"
    text = message("The matter “{matter}” is not in the rules here on {day}. Choose one from the list.")


class BodyUnknown(Refusal):
    """No such body in the rules in force."""

    code = "rule.unknown_body"
    text = message("The body “{body}” is not in the rules in force here on {day}.")


class CommunityUnknown(Refusal):
    """A community is a village or a residents' community."""

    code = "rule.unknown_community"
    text = message("“{community}” is neither a village nor a residents' community.")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure as it holds here today: the strictest of all places, with every source."""

    figure: str
    body: str
    matter: str
    value: Any  # int, Fraction or a tree of tests
    unit: str
    text: Text
    source: Source  # of the strictest
    sources: tuple[dict[str, Any], ...]  # of every place that speaks, highest first
    place: str
    valid_from: date
    checked_on: date
    confirmed: bool
    shortenable: bool
    rules: tuple[str, ...]  # ids

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, to be stored with the act."""
        value = self.value
        return {
            "figure": self.figure,
            "body": self.body,
            "matter": self.matter,
            "value": f"{value.numerator}/{value.denominator}" if isinstance(value, Fraction) else value,
            "unit": self.unit,
            "text": self.text.as_dict(),
            "source": self.source.as_dict(),
            "sources": list(self.sources),
            "place": self.place,
            "valid_from": self.valid_from.isoformat(),
            "checked_on": self.checked_on.isoformat(),
            "confirmed": self.confirmed,
            "shortenable": self.shortenable,
            "rules": list(self.rules),
        }


@dataclass(frozen=True, slots=True)
class BodyChoice:
    """The body that decides, and those that lawfully could instead."""

    body: str
    names: Text
    others: tuple[str, ...]
    source: Source

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "barred": False,
            "body": self.body,
            "names": self.names.as_dict(),
            "others": list(self.others),
            "source": self.source.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Barred:
    """No assembly may decide it, or not this one: why, and the lawful route."""

    reason: Text
    route: Text
    source: Source

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "barred": True,
            "body": None,
            "reason": self.reason.as_dict(),
            "route": self.route.as_dict(),
            "source": self.source.as_dict(),
        }
