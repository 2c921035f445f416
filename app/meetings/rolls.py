"""Rolls as sets of people: one person a household, and the bases that quorum and majority are measured by.

Not for attendance (service) or for who belongs to a body (identity's register).
"""

from collections.abc import Iterable, Mapping
from typing import Any

ONE_PER_MEMBER = ("all_members", "due", "delegates", "directors", "members_full_capacity")


def one_a_household(electors: Iterable[Any]) -> list[Any]:
    """One person a household: who is marked as its head, else who comes first."""
    chosen: dict[str, Any] = {}
    for elector in electors:
        known = chosen.get(elector.household)
        if known is None or (elector.marks.get("household_head") and not known.marks.get("household_head")):
            chosen[elector.household] = elector
    return list(chosen.values())


def bases(counted: Mapping[str, int], *, electors: int) -> dict[str, int]:
    """What quorum and majority may be measured against, from how many `people`, `households` and `women`
    are on the roll.

    `electors`: everybody entitled, also where each household sends one person.
    """
    return dict.fromkeys(ONE_PER_MEMBER, counted["people"]) | {
        "electors": electors or counted["people"],
        "households": counted["households"],
        "women_representatives": counted["women"],
    }
