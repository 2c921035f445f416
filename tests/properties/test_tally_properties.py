"""The theorems of counting, tried on many meetings."""

from fractions import Fraction
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from workflows.services.tally import needed, reckon, validate_ballot

SHARES = ["1/10", "1/5", "1/3", "1/2", "3/5", "2/3", "3/4", "4/5", "1/1"]
COMPARISONS = ["at_least", "more_than"]
BALLOTS = st.lists(st.sampled_from(["for", "against", "abstain", "invalid"]), max_size=120)


@st.composite
def majorities(draw: st.DrawFn) -> dict[str, Any]:
    leaf = st.builds(
        lambda share, compare, base: {"count": "for", "base": base, "share": share, "compare": compare},
        st.sampled_from(SHARES),
        st.sampled_from(COMPARISONS),
        st.sampled_from(["present", "due", "votes_cast"]),
    )
    trees = st.recursive(
        leaf,
        lambda inner: st.builds(
            lambda key, items: {key: items},
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        max_leaves=4,
    )
    return draw(trees)


def counted(ballots: list[str], *, absent: int = 0) -> dict[str, int]:
    """The counts of a meeting in which everybody present cast one ballot."""
    names = ["for", "against", "abstain", "invalid"]
    present = len(ballots)
    return {name: ballots.count(name) for name in names} | {
        "present": present,
        "votes_cast": present,
        "due": present + absent,
    }


@given(majorities(), BALLOTS, st.randoms(use_true_random=False))
def test_the_order_of_ballots_is_irrelevant(tests: dict[str, Any], ballots: list[str], chance: Any) -> None:
    shuffled = ballots.copy()
    chance.shuffle(shuffled)
    assert reckon(tests, counted(ballots)) == reckon(tests, counted(shuffled))


@given(majorities(), BALLOTS, st.integers(0, 50), st.data())
def test_one_more_yes_never_turns_approval_into_rejection(
    tests: dict[str, Any], ballots: list[str], absent: int, data: st.DataObject
) -> None:
    others = [i for i, ballot in enumerate(ballots) if ballot != "for"]
    assume(others)
    convinced = ballots.copy()
    convinced[data.draw(st.sampled_from(others))] = "for"
    if reckon(tests, counted(ballots, absent=absent)).passed:
        assert reckon(tests, counted(convinced, absent=absent)).passed


@given(majorities(), BALLOTS, st.integers(1, 50))
def test_a_yes_from_somebody_who_was_absent_never_turns_approval_into_rejection(
    tests: dict[str, Any], ballots: list[str], absent: int
) -> None:
    if reckon(tests, counted(ballots, absent=absent)).passed:
        assert reckon(tests, counted([*ballots, "for"], absent=absent - 1)).passed


@given(majorities(), st.integers(0, 60), st.integers(0, 20), st.integers(0, 20))
def test_a_tie_never_passes(tests: dict[str, Any], each: int, abstain: int, absent: int) -> None:
    ballots = ["for"] * each + ["against"] * each + ["abstain"] * abstain
    assert not reckon(tests, counted(ballots, absent=absent)).passed


@given(st.integers(1, 100_000))
def test_exact_thirds_and_halves_follow_the_words(base: int) -> None:
    two_thirds = needed("2/3", 3 * base, "at_least")
    assert two_thirds == 2 * base
    assert needed("2/3", 3 * base, "more_than") == 2 * base + 1
    assert needed("2/3", 3 * base + 1, "at_least") == 2 * base + 1
    assert needed("1/2", 2 * base, "more_than") == base + 1
    assert needed("1/2", 2 * base + 1, "more_than") == base + 1


@given(st.sampled_from(SHARES), st.integers(1, 1_000_000), st.sampled_from(COMPARISONS))
def test_the_needed_number_meets_the_test_and_one_less_does_not(share: str, base: int, compare: str) -> None:
    least = needed(share, base, compare)

    def meets(number: int) -> bool:
        part = Fraction(number, base)
        return part >= Fraction(share) if compare == "at_least" else part > Fraction(share)

    assert meets(least)
    assert not meets(least - 1)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 200), st.integers(1, 200))
def test_either_of_two_tests_is_a_quorum(present: int, homes: int, electors: int, households: int) -> None:
    person = {"count": "present", "base": "electors", "share": "1/2", "compare": "more_than"}
    household = {"count": "homes", "base": "households", "share": "2/3", "compare": "at_least"}
    counts = {"present": present, "electors": electors, "homes": homes, "households": households}
    by_hand = 2 * present > electors, 3 * homes >= 2 * households
    assert reckon({"any": [person, household]}, counts).passed is any(by_hand)
    assert reckon({"all": [person, household]}, counts).passed is all(by_hand)
    assert reckon({"any": [household, person]}, counts).passed is any(by_hand)


@given(st.integers(0, 300), st.integers(0, 300))
def test_more_people_present_never_lose_a_quorum(present: int, electors: int) -> None:
    quorum = {"count": "present", "base": "electors", "share": "1/2", "compare": "more_than"}
    if reckon(quorum, {"present": present, "electors": electors}).passed:
        assert reckon(quorum, {"present": present + 1, "electors": electors}).passed


@given(BALLOTS, st.integers(0, 30), st.integers(0, 30))
def test_a_ballot_that_adds_up_accounts_for_every_ballot(ballots: list[str], kept: int, without: int) -> None:
    counts = counted(ballots)
    issued = len(ballots) + kept
    box = validate_ballot(
        present=issued + without,
        issued=issued,
        votes_for=counts["for"],
        against=counts["against"],
        abstain=counts["abstain"],
        invalid=counts["invalid"],
    )
    assert box["votes_cast"] + box["unreturned"] == issued
    assert box["unreturned"] == kept
