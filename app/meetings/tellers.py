"""Counting: two tellers enter blind, the program compares; or a show of hands where the rule allows it.

The first count of an item in a round is shown to nobody until the second is in.
"""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import get_locale, gettext

from app.extensions import db
from app.meetings import queries
from app.meetings.counting import Count, agreed, count_of, differing
from app.meetings.refusals import (
    AlreadyEntered,
    BallotsRefused,
    CaseNotThere,
    CountsDiffer,
    HandsNotAllowed,
    ItemCounted,
    NoQuorum,
    NothingToVote,
    RollNotFrozen,
    TellersMustDiffer,
)
from app.meetings.service import held, standing
from app.models import BallotCount, Meeting
from app.runtime.actor import Actor
from app.runtime.transaction import transaction

HANDS = 0


def enter(
    meeting_id: int,
    item: str,
    count: Count,
    *,
    teller: int | None,
    show_of_hands: bool = False,
    by: Actor,
    now: datetime,
) -> Meeting:
    """Enter the count of one item: teller 1's or 2's, or a show of hands. `item` may be "" if there is one.

    Raises BallotsRefused, NoQuorum, ItemCounted, AlreadyEntered, TellersMustDiffer, HandsNotAllowed, and
    CountsDiffer after storing the second count of a round that does not agree with the first: both are
    kept, and the next entries belong to a recount.
    """
    differ: list[str] = []
    if not show_of_hands and teller is None:
        raise BallotsRefused([_error("teller", gettext("Say which teller counts: 1 or 2."))])
    teller = HANDS if show_of_hands or teller is None else teller
    with transaction():
        meeting = held(meeting_id, by=by, step="ballots")
        if not item and len(meeting.items) == 1:
            item = str(meeting.items[0]["key"])
        _may_count(meeting, item)
        _check(meeting, count)
        rows = [r for r in queries.ballot_counts(meeting.id) if r.item == item]
        if agreed(rows, item) is not None:
            raise ItemCounted
        if teller == HANDS:
            if meeting.secret:
                raise HandsNotAllowed
            number = _next_round(rows)
        else:
            number = _round_of(rows, teller, by)
        db.session.add(
            BallotCount(
                meeting_id=meeting.id,
                item=item,
                teller=teller,
                round=number,
                votes_for=count.votes_for,
                votes_against=count.votes_against,
                votes_abstain=count.votes_abstain,
                votes_invalid=count.votes_invalid,
                entered_by=by.id,
                entered_at=now,
            )
        )
        meeting.state = "counting"
        meeting.row_version += 1
        other = next((r for r in rows if r.round == number and r.teller not in (teller, HANDS)), None)
        if teller != HANDS and other is not None:
            differ = differing(count_of(other), count)
    if differ:
        raise CountsDiffer(differ)
    return meeting


def progress(meeting: Meeting, rows: Sequence[BallotCount] | None = None) -> list[dict[str, object]]:
    """Each item with its round, which tellers have entered, and its count once both agree.

    `rows`: the counts entered, where they are known already.
    """
    rows = queries.ballot_counts(meeting.id) if rows is None else rows
    found: list[dict[str, object]] = []
    for item in meeting.items:
        own = [r for r in rows if r.item == item["key"]]
        number = max((r.round for r in own), default=1)
        count = agreed(own, item["key"])
        last = sorted(r.teller for r in own if r.round == number)
        if count is None and last == [1, 2]:
            number, last = number + 1, []
        found.append(
            {
                "key": item["key"],
                "text": item["text"],
                "round": number,
                "entered": last,
                "count": count.as_dict() if count else None,
            }
        )
    return found


def _may_count(meeting: Meeting, item: str) -> None:
    if not meeting.items:
        raise NothingToVote
    if item not in {i["key"] for i in meeting.items}:
        raise BallotsRefused([_error("item", gettext("There is no such item on the agenda."))])
    if meeting.state == "planned":
        raise RollNotFrozen
    if not queries.case_reached(meeting):
        raise CaseNotThere
    reckoned = standing(meeting)
    if not reckoned.passed:
        english = str(get_locale()) == "en"
        short = ("; " if english else "；").join(
            f"{line.text_en if english else line.text_zh} {line.got}/{line.needed}"
            for line in reckoned.lines
            if not line.met
        )
        raise NoQuorum(short=short)


def _check(meeting: Meeting, count: Count) -> None:
    """Ballots cannot be more than those present who may vote."""
    presence = queries.presence(meeting.id)
    most = presence["present"] - presence["recused_present"]
    if count.cast > most:
        text = gettext(
            "%(cast)s votes are more than the %(most)s people present who may vote.",
            cast=count.cast,
            most=most,
        )
        raise BallotsRefused([_error("for", text)])


def _round_of(rows: list[BallotCount], teller: int, by: Actor) -> int:
    last = max((r.round for r in rows), default=0)
    current = [r for r in rows if r.round == last and r.teller != HANDS]
    if len(current) == 2 or not current:
        return last + 1
    if current[0].teller == teller:
        raise AlreadyEntered
    if current[0].entered_by == by.id:
        raise TellersMustDiffer
    return last


def _next_round(rows: list[BallotCount]) -> int:
    return max((r.round for r in rows), default=0) + 1


def _error(path: str, text: str) -> dict[str, str]:
    return {"path": path, "message": text, "code": "refused"}
