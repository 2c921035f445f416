"""The rule behind a step: its article, the figures that it goes by as the case stored them, and which clock.

Read from the diagram and the case's data, never from the rules of today: an act keeps what it was told.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.forms import Asking
from app.runtime import reading

MOST_FIGURES = 30
_CHOICE = re.compile(r"^\s*if\s+(?P<test>.+?)\s+then\s+(?P<yes>.+?)\s+else\s+(?P<no>.+)$", re.DOTALL)
_CLOCKS = {"working_days": "working_days", "days": "calendar_days", "hours": "hours"}
_CLOCK = re.compile(r"\b(working_days|days|hours)\s*\(")
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class FigureLine:
    """One figure in words, and where it stands: the act with its article."""

    text: str
    source: str
    url: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class StepRule:
    """`clock`: working_days, calendar_days or hours; "" where the deadline names none."""

    article: str
    clock: str
    figures: tuple[FigureLine, ...]


def step_rule(
    case_id: int, *, process: str, element: str, ref: str, now: datetime, english: bool
) -> StepRule:
    """What is known of the rule behind one visit of a step. Raises NoSuchCase."""
    seen = reading.see(case_id, now=now)
    found = seen.definition.element(process, element)
    if found is None:
        return StepRule("", "", ())
    data = seen.data_at(ref)
    form = seen.definition.form(process, found.form) if found.form else None
    spoken = " ".join((found.due, *(text for _field, text in (form.expressions() if form else ()))))
    figures = _figures(data, names=frozenset(_NAME.findall(spoken)), article=found.article, english=english)
    return StepRule(
        found.article, clock_of(found.due, Asking(data=data, world=seen.world)), tuple(figures)[:MOST_FIGURES]
    )


def clock_of(due: str, asking: Asking) -> str:
    """Which clock an expression counts by; of a choice, the branch that holds over the case's data."""
    while chosen := _CHOICE.match(due):
        held = asking.value(chosen["test"])
        if not isinstance(held, bool):
            return ""
        due = chosen["yes"] if held else chosen["no"]
    clocks = {_CLOCKS[name] for name in _CLOCK.findall(due)}
    return clocks.pop() if len(clocks) == 1 else ""


def _figures(
    data: Mapping[str, Any], *, names: frozenset[str], article: str, english: bool
) -> Iterator[FigureLine]:
    """The stored figures that the step's own expressions name, or that stand in its article."""
    told: set[tuple[str, str]] = set()
    for answer in data.values():
        if not isinstance(answer, Mapping):
            continue
        texts, sources, unsure = (answer.get(key) for key in ("texts", "sources", "unconfirmed"))
        if not isinstance(texts, Mapping) or not isinstance(sources, list):
            continue
        for source in sources:
            figure = source.get("figure") if isinstance(source, Mapping) else None
            text = texts.get(figure) if isinstance(figure, str) else None
            if not isinstance(text, Mapping) or not (figure in names or _stands_in(source, article)):
                continue
            words = str((english and text.get("en")) or text.get("zh") or "")
            act = str((english and source.get("act_en")) or source.get("act") or "")
            cited = " ".join(part for part in (act, str(source.get("article") or "")) if part)
            if words and (words, cited) not in told:
                told.add((words, cited))
                url = str(source.get("url") or "")
                yield FigureLine(
                    words,
                    cited,
                    url if url.startswith("https://") else "",
                    not (isinstance(unsure, list) and figure in unsure),
                )


def _stands_in(source: Mapping[str, Any], article: str) -> bool:
    """Whether a figure's source is the article that the step cites (paragraphs aside)."""
    act = str(source.get("act") or "").removeprefix("中华人民共和国")
    place = re.match(r"第[一二三四五六七八九十百零]+条", str(source.get("article") or ""))
    return bool(act and place and f"{act}{place[0]}" in article)
