"""Checks rule files against each other: names that exist, one rule at a time, no lower place that loosens.

Not for: the shape of a single entry, which `rule_files` reads.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from workflows.errors import Problem, message
from workflows.services.rule_entries import Entry, Kind, Provenance, Read, leaves


def check(content: Read) -> list[Problem]:
    """Everything wrong between entries; an empty list when the files agree."""
    kinds = {k.figure: k for k in content.kinds}
    return [
        *_unknown_names(content, kinds),
        *_identities(content.entries),
        *_overlaps(content),
        *_loosened(content.entries, kinds),
    ]


def loosens(lower: Entry, higher: Entry, kind: Kind) -> bool:
    """Whether `lower` asks for less than `higher` does."""
    if kind.stricter == "tests":
        return any(_weaker(low, high) for low in leaves(lower.value) for high in leaves(higher.value))
    if kind.stricter == "more":
        return bool(lower.value < higher.value)
    return bool(lower.value > higher.value)


def _weaker(low: Mapping[str, Any], high: Mapping[str, Any]) -> bool:
    if (low["count"], low["base"]) != (high["count"], high["base"]):
        return False
    ours, theirs = Fraction(low["share"]), Fraction(high["share"])
    if ours == theirs:
        return bool(low["compare"] == "at_least" and high["compare"] == "more_than")
    return ours < theirs


def _unknown_names(content: Read, kinds: Mapping[str, Kind]) -> Iterator[Problem]:
    bodies = {b.code for b in content.bodies} | {"*"}
    matters = {m.code for m in content.matters} | {""}
    for entry in content.entries:
        kind = kinds.get(entry.figure)
        if kind is None:
            yield _at(entry, "rule.figure", message("Unknown figure “{name}”."), name=entry.figure)
        elif entry.unit not in kind.units:
            text, units = (
                message("“{name}” cannot be given in {unit}; it takes {units}."),
                ", ".join(kind.units),
            )
            yield _at(entry, "rule.unit", text, name=entry.figure, unit=entry.unit, units=units)
        if entry.body not in bodies:
            yield _at(entry, "rule.body", message("Unknown body “{name}”."), name=entry.body)
        if entry.matter not in matters:
            yield _at(entry, "rule.matter", message("Unknown matter “{name}”."), name=entry.matter)
    for matter in content.matters:
        named = {b for bodies_of in matter.bodies.values() for b in bodies_of} | set(matter.barred)
        for body in sorted(named - bodies):
            yield Problem(
                "rule.body",
                message("Unknown body “{name}”."),
                element=matter.code,
                file=matter.origin.file,
                params={"name": body},
            )
        for paper in matter.papers:
            if paper not in content.papers:
                yield Problem(
                    "rule.paper",
                    message("Unknown paper “{name}”."),
                    element=matter.code,
                    file=matter.origin.file,
                    params={"name": paper},
                )


def _identities(entries: Sequence[Entry]) -> Iterator[Problem]:
    seen: set[str] = set()
    for entry in entries:
        if entry.id in seen:
            yield _at(entry, "rule.duplicate", message("Two rules are called “{name}”."), name=entry.id)
        seen.add(entry.id)


def _overlaps(content: Read) -> Iterator[Problem]:
    groups: dict[tuple[Any, ...], list[tuple[str, Provenance]]] = defaultdict(list)
    for e in content.entries:
        key = ("rule", e.origin.place, e.body, e.figure, e.matter, e.origin.source.is_default)
        groups[key].append((e.id, e.origin))
    for b in content.bodies:
        groups["body", b.origin.place, b.code].append((b.code, b.origin))
    for m in content.matters:
        groups["matter", m.origin.place, m.code].append((m.code, m.origin))
    for group in groups.values():
        for index, (name, origin) in enumerate(group):
            for other, earlier in group[:index]:
                if origin.overlaps(earlier):
                    yield Problem(
                        "rule.overlap",
                        message("“{name}” and “{other}” are in force on the same days."),
                        message("End the older one the day before the newer one begins."),
                        element=name,
                        file=origin.file,
                        params={"name": name, "other": other},
                    )


def _loosened(entries: Sequence[Entry], kinds: Mapping[str, Kind]) -> Iterator[Problem]:
    """A default of the product binds nobody: only law is compared with law."""
    law = [e for e in entries if not e.origin.source.is_default and e.figure in kinds]
    for lower in law:
        for higher in law:
            if not _meets(higher, lower):
                continue
            named = {"name": lower.id, "higher": higher.id, "place": higher.origin.place}
            if lower.unit != higher.unit:
                text = message(
                    "“{name}” is in another unit than “{higher}” of {place}: they cannot be compared."
                )
                yield _at(lower, "rule.unit", text, **named)
            elif _governs(higher, lower) and loosens(lower, higher, kinds[lower.figure]):
                text = message("“{name}” asks for less than “{higher}” of {place}: it may only tighten it.")
                yield _at(lower, "rule.loosens", text, **named)


def _meets(higher: Entry, lower: Entry) -> bool:
    """Whether both can speak of one act, so that the stricter of their values must be found."""
    return (
        higher.origin.place != lower.origin.place
        and lower.origin.place.startswith(higher.origin.place)
        and higher.figure == lower.figure
        and (higher.body == lower.body or "*" in (higher.body, lower.body))
        and (higher.matter == lower.matter or "" in (higher.matter, lower.matter))
        and higher.origin.overlaps(lower.origin)
    )


def _governs(higher: Entry, lower: Entry) -> bool:
    """Whether `higher` binds everything that `lower` speaks of; otherwise the stricter wins at each act."""
    return higher.body in (lower.body, "*") and higher.matter in ("", lower.matter)


def _at(entry: Entry, code: str, text: str, **params: Any) -> Problem:
    return Problem(code, text, element=entry.id, file=entry.origin.file, params=params)
