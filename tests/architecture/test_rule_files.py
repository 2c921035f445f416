"""Guards over the shipped rule files: whatever a matter names can be called, counted and explained."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from workflows.services.rule_entries import COMMUNITIES, Entry, leaves
from workflows.services.rule_files import read
from workflows.services.rules import BodyChoice, RuleBook

FOLDER = Path(__file__).parents[2] / "bpmn" / "rules"
TEXTS = {p.name: p.read_text(encoding="utf-8") for p in sorted(FOLDER.glob("*.yaml"))}
BOOK = RuleBook.load(TEXTS)
CONTENT = read(TEXTS)
CHAINS = [("CN",), ("CN", "CN-37", "CN-3707")]


def turning_points() -> list[date]:
    """Every day on which something begins, and the day after something ends."""
    origins = [e.origin for e in CONTENT.entries] + [m.origin for m in CONTENT.matters]
    ends = [o.valid_to + timedelta(days=1) for o in origins if o.valid_to]
    return sorted({o.valid_from for o in origins} | set(ends) | {date(2026, 11, 22)})


def law() -> Iterator[Entry]:
    return (e for e in CONTENT.entries if not e.origin.source.is_default)


def test_the_folder_holds_what_this_guard_reads() -> None:
    assert len(TEXTS) >= 8
    assert len(CONTENT.entries) > 50
    assert len(CONTENT.matters) > 20


@pytest.mark.parametrize("place", CHAINS)
@pytest.mark.parametrize("day", turning_points())
def test_every_lawful_body_can_be_called_counted_and_posted(place: tuple[str, ...], day: date) -> None:
    rules = BOOK.at(place, day)
    for matter in rules.matters():
        for community in COMMUNITIES:
            for delegated in (False, True):
                choice = rules.body_for(matter["code"], delegated=delegated, community=community)
                if not isinstance(choice, BodyChoice):
                    assert choice.reason.zh
                    assert choice.route.zh
                    continue
                needed = {"quorum", "majority", "publication_days", "max_adjourn", "notice_days"}
                known = set(rules.figures(choice.body, matter["code"]))
                assert needed <= known, (matter["code"], choice.body, day, needed - known)


def test_every_body_that_calls_people_together_says_how_long_ahead() -> None:
    rules = BOOK.at(("CN",), date(2026, 11, 22))
    silent = {b["code"] for b in rules.bodies() if "notice_days" not in rules.figures(b["code"])}
    assert silent <= {"hearing", "public_notice"}


def test_every_test_is_said_in_words() -> None:
    trees = [e.value for e in CONTENT.entries if e.unit == "tests"]
    assert trees
    assert all(leaf["text"]["zh"] and leaf["text"]["en"] for tree in trees for leaf in leaves(tree))


def test_what_is_not_confirmed_says_why_and_a_default_never_claims_to_be_law() -> None:
    assert all(not e.origin.confirmed for e in CONTENT.entries if e.origin.source.is_default)
    vague = [e.id for e in law() if e.origin.confirmed and "待核" in e.origin.source.article]
    assert vague == []


def test_every_base_and_count_has_a_name_that_a_meeting_knows() -> None:
    counts = {"present", "households_present", "women_present", "delegates_present", "for"}
    bases = {"electors", "households", "members_full_capacity", "present", "due", "delegates", "all_members"}
    bases |= {"women_representatives", "directors", "votes_cast"}
    for entry in CONTENT.entries:
        if entry.unit == "tests":
            for leaf in leaves(entry.value):
                assert leaf["count"] in counts, entry.id
                assert leaf["base"] in bases, entry.id


def test_no_fictitious_place_is_shipped() -> None:
    assert {e.origin.place for e in CONTENT.entries} <= {"CN", "CN-37"}


def test_nothing_was_checked_before_it_was_in_force_or_after_today() -> None:
    assert {e.origin.checked_on for e in CONTENT.entries} == {date(2026, 11, 22)}


def test_every_figure_is_given_by_a_rule_and_every_paper_asked_for() -> None:
    assert {k.figure for k in CONTENT.kinds} == {e.figure for e in CONTENT.entries}
    assert set(CONTENT.papers) == {paper for m in CONTENT.matters for paper in m.papers}
