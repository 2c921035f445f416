"""Rolls as sets of people: one person a household, and the bases that quorum and majority are measured by.

Not for attendance (service) or for who belongs to a body (identity's register).
"""

from collections.abc import Iterable
from typing import Any, Protocol

ONE_PER_MEMBER = ("all_members", "due", "delegates", "directors", "members_full_capacity")


class Elector(Protocol):
    """What a roll takes from a register."""

    @property
    def household(self) -> str:
        """Number of the household."""

    @property
    def woman(self) -> bool:
        """Counted for tests over women representatives."""

    @property
    def marks(self) -> dict[str, Any]:
        """Marks that hold."""


def one_a_household(electors: Iterable[Any]) -> list[Any]:
    """One person a household: who is marked as its head, else who comes first."""
    chosen: dict[str, Any] = {}
    for elector in electors:
        known = chosen.get(elector.household)
        if known is None or (elector.marks.get("household_head") and not known.marks.get("household_head")):
            chosen[elector.household] = elector
    return list(chosen.values())


def bases(roll: Iterable[Elector], *, electors: int) -> dict[str, int]:
    """The counts of people that quorum and majority may be measured against, as frozen.

    `electors`: everybody entitled, also where each household sends one person.
    """
    entries = list(roll)
    counts = dict.fromkeys(ONE_PER_MEMBER, len(entries))
    return counts | {
        "electors": electors,
        "households": len({e.household or id(e) for e in entries}),
        "women_representatives": sum(1 for e in entries if e.woman),
    }
