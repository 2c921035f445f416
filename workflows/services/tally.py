"""Counts quorums and majorities: exactly, and in words that can be read out at the door.

What: lists of tests ("more than half of those present") against counts. Why: a half, a third and a tie
decide whether a decision stands, so everything here is whole numbers and exact fractions. Not for:
knowing which tests the law asks for (`rules`) or who may vote (the meeting's roll).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.errors import Refusal, message
from workflows.services.rule_entries import fraction


class CountsRefused(Refusal):
    """Counts that are not whole numbers of people, or that cannot be true together."""

    code = "rule.counts"
    text = message("The count “{name}” cannot be {value}: {reason}.")


class BallotsDoNotAddUp(CountsRefused):
    """More votes than ballots, or more ballots than people."""

    code = "rule.ballots"
    text = message("{name} is {value}, but at most {limit} is possible: count again.")


class TestsRefused(Refusal):
    """What should be a list of tests is something else."""

    __test__ = False  # not a pytest class
    code = "rule.tests"
    text = message("The quorum or majority cannot be read: {reason}.")


@dataclass(frozen=True, slots=True)
class Line:
    """One test as it came out. `known` is False where nobody counted what it asks for: then it is not met."""

    text_zh: str
    text_en: str
    needed: int
    got: int
    met: bool
    article: str = ""
    base: int = 0
    known: bool = True

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Reckoning:
    """Whether all tests together are met, and each of them."""

    passed: bool
    lines: tuple[Line, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {"passed": self.passed, "lines": [line.as_dict() for line in self.lines]}


def reckon(tests: Mapping[str, Any], counts: Mapping[str, int], *, article: str = "") -> Reckoning:
    """Reckon a tree of tests against counts of people and votes.

    `tests` is `{"all": […]}`, `{"any": […]}` or one test. "at least" includes the share, "more than" does
    not. An empty base is never met, a count that is missing is never met, and as many against as for is
    never a majority, whatever the share. `article` stands on lines that name none of their own.

    Raises CountsRefused and TestsRefused.
    """
    checked = {str(name): _count(str(name), value) for name, value in _table(counts).items()}
    lines: list[Line] = []
    asked: set[str] = set()
    passed = _reckon(tests, checked, article, lines, asked, 0)
    if passed and "for" in asked and checked.get("against", 0) >= checked.get("for", 0):
        against = checked.get("against", 0)
        got = checked.get("for", 0)
        lines.append(Line("赞成票多于反对票", "more votes for than against", against + 1, got, met=False))
        passed = False
    return Reckoning(passed, tuple(lines))


def needed(share: Any, base: int, compare: str) -> int:
    """The smallest whole number that meets `share` of `base`; one where the base is empty.

    Raises TestsRefused for a share that is no fraction or a comparison that is not ours.
    """
    try:
        exact = fraction(share) * base
    except ValueError as error:
        raise TestsRefused(reason=str(error)) from error
    if compare == "more_than":
        return exact.numerator // exact.denominator + 1
    if compare == "at_least":
        return max(1, -(-exact.numerator // exact.denominator))
    raise TestsRefused(reason=f"unknown comparison {compare!r}")


def validate_ballot(
    *, present: int, issued: int, votes_for: int, against: int, abstain: int, invalid: int
) -> dict[str, int]:
    """Check that a ballot adds up; returns its counts by name, with `votes_cast` and `unreturned`.

    Ballots issued cannot exceed those present (with their proxies), and the votes taken out of the box
    cannot exceed the ballots issued. Raises CountsRefused and BallotsDoNotAddUp.
    """
    counts = {
        name: _count(name, value)
        for name, value in {
            "present": present,
            "issued": issued,
            "for": votes_for,
            "against": against,
            "abstain": abstain,
            "invalid": invalid,
        }.items()
    }
    cast = counts["for"] + counts["against"] + counts["abstain"] + counts["invalid"]
    if counts["issued"] > counts["present"]:
        raise BallotsDoNotAddUp(name="issued", value=counts["issued"], limit=counts["present"])
    if cast > counts["issued"]:
        raise BallotsDoNotAddUp(name="votes_cast", value=cast, limit=counts["issued"])
    return counts | {"votes_cast": cast, "unreturned": counts["issued"] - cast}


def _reckon(
    tests: Any, counts: Mapping[str, int], article: str, lines: list[Line], asked: set[str], depth: int
) -> bool:
    if not isinstance(tests, Mapping) or depth > 8:
        raise TestsRefused(reason=message("a list of tests is expected"))
    for key, combine in (("all", all), ("any", any)):
        if key in tests:
            items = tests[key]
            if not isinstance(items, Sequence) or isinstance(items, str) or not items:
                raise TestsRefused(reason=f"“{key}” must be a list that is not empty")
            own = str(tests.get("article") or article)
            return combine([_reckon(item, counts, own, lines, asked, depth + 1) for item in items])
    line = _line(tests, counts, article)
    asked.add(str(tests["count"]))
    lines.append(line)
    return line.met


def _line(test: Mapping[str, Any], counts: Mapping[str, int], article: str) -> Line:
    name, base_name = test.get("count"), test.get("base")
    if not isinstance(name, str) or not isinstance(base_name, str):
        raise TestsRefused(reason=message("a test names what it counts and its base"))
    base, got = counts.get(base_name, 0), counts.get(name, 0)
    least = needed(test.get("share"), base, str(test.get("compare")))
    text = test.get("text")
    words = text if isinstance(text, Mapping) else {}
    plain = f"{name} {test['compare']} {test['share']} {base_name}"
    return Line(
        text_zh=str(words.get("zh") or plain),
        text_en=str(words.get("en") or plain),
        needed=least,
        got=got,
        met=base > 0 and got >= least,
        article=str(test.get("article") or article),
        base=base,
        known=name in counts and base_name in counts,
    )


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CountsRefused(name=name, value=str(value)[:40], reason=message("a whole number is expected"))
    if not 0 <= value <= 10_000_000:
        raise CountsRefused(name=name, value=value, reason=message("it must be between 0 and 10,000,000"))
    return value


def _table(counts: Any) -> Mapping[Any, Any]:
    if not isinstance(counts, Mapping):
        raise CountsRefused(
            name="counts", value=str(counts)[:40], reason=message("a table of counts is expected")
        )
    return counts
