"""The numbers of the law that hold at a place on a day, each with its source.

What: `RuleBook` holds every rule file, checked; `RuleBook.at` narrows it to a chain of places and a day;
`Rules` answers questions of figures, tests, bodies and matters. Why: an act uses and stores what is in
force at its place on its day, and a lower place may only tighten. Not for: counting votes (`tally`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from workflows.errors import Unpublishable
from workflows.services.rule_answers import (
    Barred,
    BodyChoice,
    BodyUnknown,
    CommunityUnknown,
    Figure,
    FigureUnknown,
    MatterUnknown,
)
from workflows.services.rule_checks import check
from workflows.services.rule_entries import (
    COMMUNITIES,
    BodyEntry,
    Entry,
    Kind,
    MatterEntry,
    Read,
    Text,
)
from workflows.services.rule_files import read
from workflows.services.rule_words import value_words

__all__ = [
    "Barred",
    "BodyChoice",
    "BodyUnknown",
    "CommunityUnknown",
    "Figure",
    "FigureUnknown",
    "MatterUnknown",
    "RuleBook",
    "Rules",
]


class RuleBook:
    """Every rule file, checked. Immutable; share it freely."""

    def __init__(self, content: Read) -> None:
        self._content = content

    @classmethod
    def load(cls, texts: Mapping[str, str]) -> "RuleBook":
        """Read and check rule files: file name → text.

        Raises Unpublishable with every `rule.` problem: a missing source, an unknown unit, two rules in
        force at once, a lower place that loosens a higher one.
        """
        content = read(texts)
        problems = content.problems + check(content)
        if problems:
            raise Unpublishable(problems)
        return cls(content)

    @classmethod
    def empty(cls) -> "RuleBook":
        """A book without rules: every question is refused."""
        return cls(Read())

    def at(self, place: Sequence[str], day: date) -> "Rules":
        """The rules in force for a chain of places, nation first, on a day (a day in Asia/Shanghai)."""
        return Rules(self._content, tuple(place), day)


class Rules:
    """What holds at one place on one day."""

    def __init__(self, content: Read, place: tuple[str, ...], day: date) -> None:
        self.place, self.day = place, day
        self._kinds: dict[str, Kind] = {k.figure: k for k in content.kinds}
        self._papers = content.papers
        here = {code: rank for rank, code in enumerate(place)}
        self._entries = sorted(
            (e for e in content.entries if e.origin.place in here and e.origin.holds_on(day)),
            key=lambda e: here[e.origin.place],
        )
        self._bodies: dict[str, BodyEntry] = {
            b.code: b for b in content.bodies if b.origin.place in here and b.origin.holds_on(day)
        }
        self._matters: dict[str, list[MatterEntry]] = {}
        for entry in sorted(
            (m for m in content.matters if m.origin.place in here and m.origin.holds_on(day)),
            key=lambda m: here[m.origin.place],
        ):
            self._matters.setdefault(entry.code, []).append(entry)

    def figure(self, body: str, figure: str, matter: str | None = None) -> Figure:
        """The figure in force, the strictest of all places that speak. Raises FigureUnknown."""
        spoken = self._spoken(body, figure, matter or "")
        if not spoken:
            raise FigureUnknown(figure=figure, body=body, day=self.day.isoformat())
        kind = self._kinds[figure]
        strictest = _strictest(spoken, kind)
        value = _conjunction(spoken) if kind.stricter == "tests" else strictest.value
        words = value_words(value, strictest.unit)
        return Figure(
            figure=figure,
            body=body,
            matter=matter or "",
            value=value,
            unit=strictest.unit,
            text=Text(
                kind.text.zh.replace("{value}", words.zh),
                kind.text.en.replace("{value}", words.en),
            ),
            source=strictest.origin.source,
            sources=tuple(_cited(e) for e in spoken),
            place=strictest.origin.place,
            valid_from=strictest.origin.valid_from,
            checked_on=min(e.origin.checked_on for e in spoken),
            confirmed=all(e.origin.confirmed for e in spoken),
            shortenable=all(e.shortenable for e in spoken),
            rules=tuple(e.id for e in spoken),
        )

    def figures(self, body: str, matter: str | None = None) -> dict[str, Figure]:
        """Every figure known for this body here, by name."""
        found = {}
        for name in self._kinds:
            if self._spoken(body, name, matter or ""):
                found[name] = self.figure(body, name, matter)
        return found

    def figure_names(self) -> list[str]:
        """Every figure that a rule could give, in the order of the files."""
        return list(self._kinds)

    def tests(self, body: str, figure: str, *, matter: str | None = None) -> dict[str, Any]:
        """The tests of a quorum or majority, JSON-able, each list with its article. Raises FigureUnknown."""
        found = self.figure(body, figure, matter)
        if found.unit != "tests":
            raise FigureUnknown(figure=figure, body=body, day=self.day.isoformat())
        value: dict[str, Any] = found.value
        return value

    def body(self, code: str) -> dict[str, Any]:
        """Names, base and manner of voting of a body, JSON-able. Raises BodyUnknown."""
        entry = self._bodies.get(code)
        if entry is None:
            raise BodyUnknown(body=code, day=self.day.isoformat())
        return {
            "code": entry.code,
            "names": entry.names.as_dict(),
            "base": list(entry.base),
            "ballots": list(entry.ballots),
            "household_basis": entry.household_basis,
            "proxy": entry.proxy,
            "online": entry.online,
            "online_settled": entry.online_settled,
            "note": entry.note,
            "source": entry.origin.source.as_dict(),
            "confirmed": entry.origin.confirmed,
        }

    def bodies(self) -> list[dict[str, Any]]:
        """Every body, in the order of the files."""
        return [self.body(code) for code in self._bodies]

    def matter(self, code: str) -> dict[str, Any]:
        """Everything about a matter, JSON-able; a lower place has tightened it. Raises MatterUnknown."""
        entries = self._matter(code)
        first = entries[0]
        papers = _ordered(p for e in entries for p in e.papers)
        return {
            "code": code,
            "names": first.names.as_dict(),
            "bodies": {c: list(self._lawful(entries, c)) for c in COMMUNITIES},
            "delegable": all(e.delegable for e in entries),
            "vital_interest": any(e.vital_interest for e in entries),
            "hearing": any(e.hearing for e in entries),
            "hearing_source": next((e.hearing_source.as_dict() for e in entries if e.hearing_source), None),
            "party_study_first": any(e.party_study_first for e in entries),
            "papers": [{"code": p, "names": self._papers[p].as_dict()} for p in papers],
            "approvals": [a.as_dict() for e in entries for a in e.approvals],
            "barred": {
                body: {
                    "reason": why.reason.as_dict(),
                    "route": why.route.as_dict(),
                    "source": why.source.as_dict(),
                }
                for e in reversed(entries)
                for body, why in e.barred.items()
            },
            "source": first.origin.source.as_dict(),
            "sources": [_cited(e) for e in entries],
            "confirmed": all(e.origin.confirmed for e in entries),
            "note": first.note,
        }

    def matters(self) -> list[dict[str, Any]]:
        """Every matter, in the order of the files."""
        return [self.matter(code) for code in self._matters]

    def body_for(
        self, matter: str, *, delegated: bool, community: str, wanted: str | None = None
    ) -> BodyChoice | Barred:
        """The body that decides a matter, or why none may.

        `delegated`: the assembly has delegated the matter to its representatives, on record. `wanted`
        asks whether that body may decide instead. Raises MatterUnknown, CommunityUnknown.
        """
        if community not in COMMUNITIES:
            raise CommunityUnknown(community=community)
        entries = self._matter(matter)
        lawful = self._lawful(entries, community)
        barred = {body: why for e in reversed(entries) for body, why in e.barred.items()}
        asked = wanted if wanted is not None and wanted not in lawful else None
        why = barred.get(asked or "*") or barred.get("*")
        if why is not None and (asked is not None or not lawful):
            return Barred(why.reason, why.route, why.source)
        source = entries[0].origin.source
        if not lawful or asked is not None:
            return Barred(_NOT_LAWFUL, self._route(lawful), source)
        can_delegate = all(e.delegable for e in entries)
        if wanted is None:
            choice = lawful[1] if delegated and can_delegate and len(lawful) > 1 else lawful[0]
        else:
            choice = wanted
        if choice != lawful[0] and not (delegated and can_delegate):
            return Barred(_NOT_DELEGATED if can_delegate else _NOT_DELEGABLE, self._route(lawful[:1]), source)
        reachable = lawful if delegated and can_delegate else lawful[:1]
        return BodyChoice(
            choice, self._bodies[choice].names, tuple(b for b in reachable if b != choice), source
        )

    def _spoken(self, body: str, figure: str, matter: str) -> list[Entry]:
        """The rules that speak, highest place first; of each the most specific, defaults only in silence."""
        matching = [
            e
            for e in self._entries
            if e.figure == figure and e.body in (body, "*") and e.matter in ("", matter)
        ]
        law = [e for e in matching if not e.origin.source.is_default]
        by_place: dict[str, Entry] = {}
        for entry in law or matching:
            best = by_place.get(entry.origin.place)
            if best is None or _rank(entry) > _rank(best):
                by_place[entry.origin.place] = entry
        return list(by_place.values())

    def _matter(self, code: str) -> list[MatterEntry]:
        entries = self._matters.get(code)
        if not entries:
            raise MatterUnknown(matter=code, day=self.day.isoformat())
        return entries

    def _lawful(self, entries: Sequence[MatterEntry], community: str) -> tuple[str, ...]:
        lawful = entries[0].bodies.get(community, ())
        for entry in entries[1:]:
            if entry.bodies:
                lawful = tuple(b for b in lawful if b in entry.bodies.get(community, ()))
        return tuple(b for b in lawful if b in self._bodies)

    def _route(self, lawful: Sequence[str]) -> Text:
        names = [self._bodies[b].names for b in lawful]
        if not names:
            return _ASK_TOWNSHIP
        return Text(
            "应由" + "或者".join(n.zh for n in names) + "决定。",
            "It is for the " + " or the ".join(n.en for n in names) + " to decide.",
        )


_NOT_LAWFUL = Text("该组织无权决定此事项。", "This body may not decide the matter.")
_NOT_DELEGATED = Text(
    "会议没有将此事项授权代表会议决定，或者没有授权记录。",
    "The assembly has not delegated this matter to its representatives, on record.",
)
_NOT_DELEGABLE = Text("此事项依法不得授权。", "This matter cannot be delegated.")
_ASK_TOWNSHIP = Text("请向乡镇（街道）咨询办理途径。", "Ask the township or sub-district.")


def _rank(entry: Entry) -> tuple[bool, bool]:
    return bool(entry.matter), entry.body != "*"


def _strictest(spoken: Sequence[Entry], kind: Kind) -> Entry:
    """The strictest entry; among equals the highest place, whose law binds the others."""
    if kind.stricter == "tests":
        return spoken[0]
    best = spoken[0]
    for entry in spoken[1:]:
        if (entry.value > best.value) if kind.stricter == "more" else (entry.value < best.value):
            best = entry
    return best


def _conjunction(spoken: Sequence[Entry]) -> dict[str, Any]:
    """All trees at once: a lower place adds tests and never takes one away. Each cites its article."""
    trees = []
    for entry in spoken:
        source = entry.origin.source
        tree = entry.value if "all" in entry.value or "any" in entry.value else {"all": [entry.value]}
        article = "" if source.is_default else f"《{source.act}》{source.article}"
        trees.append({**tree, "article": article})
    return trees[0] if len(trees) == 1 else {"all": trees}


def _cited(entry: Entry | MatterEntry) -> dict[str, Any]:
    origin = entry.origin
    return {
        **origin.source.as_dict(),
        "place": origin.place,
        "valid_from": origin.valid_from.isoformat(),
        "checked_on": origin.checked_on.isoformat(),
        "confirmed": origin.confirmed,
    }


def _ordered(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))
