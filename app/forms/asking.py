"""What a form is asked over: the case's data, the clock and calendar, and the files that may be named.

Expressions of a form (hide, limits, choices) are evaluated here, over the data with the answer laid on
top. A field that has no value yet counts as null; an expression that has no value hides nothing and
limits nothing, as in the form editor.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from app.clock import SHANGHAI
from workflows.errors import ExpressionFailed, ExpressionRefused
from workflows.expressions import compile_expression
from workflows.forms import Field
from workflows.model import World

MOST_CHOICES = 2_000


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """An uploaded file that an answer may refer to."""

    id: str
    name: str
    type: str
    size: int


def _no_files(ids: Sequence[str]) -> Mapping[str, AttachedFile]:
    return {}


@dataclass(frozen=True)
class Asking:
    """`data` is what the case knows; `files` gives those of the ids that this answer may refer to."""

    data: Mapping[str, Any] = field(default_factory=dict)
    world: World | None = None
    files: Callable[[Sequence[str]], Mapping[str, AttachedFile]] = _no_files
    here: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def scope(self) -> dict[str, Any]:
        """The names that expressions see."""
        return {**self.data, **self.here}

    @property
    def today(self) -> str:
        """Today's legal day as YYYY-MM-DD; empty without a clock."""
        return self.world.now.astimezone(SHANGHAI).date().isoformat() if self.world else ""

    def with_answer(self, answer: Mapping[str, Any]) -> "Asking":
        """The same, with `answer` laid over what is known."""
        return replace(self, here={**self.here, **answer})

    def value(self, expression: str, default: Any = None) -> Any:
        """The expression's value, or `default` where it has none over this data."""
        try:
            return compile_expression(expression).evaluate(self.scope, self.world)
        except (ExpressionFailed, ExpressionRefused):
            return default

    def hides(self, expressions: Sequence[str]) -> bool:
        """Whether one of these conditions hides its field."""
        return any(self.value(each) is True for each in expressions)

    def number(self, limit: Decimal | int | str | None) -> Decimal | None:
        """A limit as a number: as it stands, or as its expression says."""
        if not isinstance(limit, str):
            return None if limit is None else Decimal(limit)
        value = self.value(limit)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return None
        return Decimal(str(value))

    def options(self, asked: Field) -> list[tuple[Any, str, str]]:
        """The choices of a field as (value, label, English label)."""
        if not asked.options_from:
            return [(o.value, o.label, o.label_en) for o in asked.options]
        listed = self.value(asked.options_from)
        found = []
        for each in listed[:MOST_CHOICES] if isinstance(listed, list) else ():
            value = each.get("value") if isinstance(each, dict) else each
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                continue
            label = each.get("label", value) if isinstance(each, dict) else each
            english = each.get("label_en") or each.get("labelEn") or "" if isinstance(each, dict) else ""
            found.append((value, str(label), str(english)))
        return found
