"""From counts to a result: quorum while people sign in, and the reckoning when the meeting closes.

Pure over what the meeting's rows say; the arithmetic of the law is `workflows.services.tally`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.services.tally import Line, Reckoning, reckon

__all__ = ["Count", "Reckoning", "agreed", "article_of", "count_of", "differing", "majority", "quorum"]

VOTES = ("for", "against", "abstain", "invalid")


@dataclass(frozen=True, slots=True)
class Count:
    """The votes on one item."""

    votes_for: int
    votes_against: int
    votes_abstain: int
    votes_invalid: int

    def as_dict(self) -> dict[str, int]:
        """By the names that people and the API use."""
        return dict(
            zip(
                VOTES,
                (self.votes_for, self.votes_against, self.votes_abstain, self.votes_invalid),
                strict=True,
            )
        )

    @property
    def cast(self) -> int:
        """Ballots taken out of the box, whatever is on them."""
        return self.votes_for + self.votes_against + self.votes_abstain + self.votes_invalid


def quorum(rule: Mapping[str, Any], bases: Mapping[str, int], presence: Mapping[str, int]) -> Reckoning:
    """Whether enough are there. A body without a quorum in its rule needs one person."""
    tests = (rule.get("tests") or {}).get("quorum")
    if not tests:
        present = presence.get("present", 0)
        line = Line("规则没有规定到会人数", "The rules name no quorum", 1, present, met=present > 0)
        return Reckoning(present > 0, (line,))
    return reckon(tests, {**bases, **_public(presence)}, article=article_of(rule, "quorum"))


def majority(
    rule: Mapping[str, Any], bases: Mapping[str, int], presence: Mapping[str, int], votes: Count
) -> Reckoning:
    """Whether an item passes. Without a rule of its own: more for than against (a tie never passes)."""
    tests = (rule.get("tests") or {}).get("majority")
    counts = {**bases, **_public(presence), **votes.as_dict(), "votes_cast": votes.cast}
    if not tests:
        met = votes.votes_for > votes.votes_against
        line = Line(
            "赞成票多于反对票",
            "more votes for than against",
            votes.votes_against + 1,
            votes.votes_for,
            met=met,
        )
        return Reckoning(met, (line,))
    return reckon(tests, counts, article=article_of(rule, "majority"))


def article_of(rule: Mapping[str, Any], figure: str) -> str:
    """The act and article behind a figure, as people cite it; "" where the rule names none."""
    for source in rule.get("sources") or []:
        if source.get("figure") == figure:
            return f"{source.get('act', '')}{source.get('article', '')}"
    return ""


def agreed(counts: Sequence[Any], item: str) -> Count | None:
    """The count of an item: both tellers' in its last round where they agree, or a show of hands."""
    rows = [c for c in counts if c.item == item]
    if not rows:
        return None
    last = [c for c in rows if c.round == max(c.round for c in rows)]
    hands = next((c for c in last if c.teller == 0), None)
    if hands is not None:
        return count_of(hands)
    by_teller = {c.teller: count_of(c) for c in last}
    if by_teller.get(1) is not None and by_teller.get(1) == by_teller.get(2):
        return by_teller[1]
    return None


def differing(first: Count, second: Count) -> list[str]:
    """The fields in which two counts differ."""
    other = second.as_dict()
    return [name for name, value in first.as_dict().items() if other[name] != value]


def count_of(row: Any) -> Count:
    """The votes of a row."""
    return Count(row.votes_for, row.votes_against, row.votes_abstain, row.votes_invalid)


def _public(presence: Mapping[str, int]) -> dict[str, int]:
    return {name: value for name, value in presence.items() if name != "recused_present"}
