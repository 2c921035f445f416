"""How a meeting ends: closed with its reckoning, or adjourned; either moves its case."""

from datetime import datetime
from typing import Any

from app.extensions import db
from app.meetings import queries
from app.meetings.counting import agreed, count_of, majority, quorum
from app.meetings.refusals import CaseNotThere, ItemsNotCounted, RollNotFrozen
from app.meetings.service import held
from app.models import Meeting
from app.runtime import runner
from app.runtime.actor import Actor
from app.runtime.records import Entry
from app.runtime.transaction import transaction


def close(meeting_id: int, *, by: Actor, now: datetime) -> Meeting:
    """Close the meeting: with a quorum every item must be counted; without one it counts as adjourned.

    Writes the result with its reckoning and goes on in the case, in one transaction. Raises
    RollNotFrozen, CaseNotThere, ItemsNotCounted, and what the case refuses.
    """
    with transaction():
        meeting = held(meeting_id, by=by, step="close")
        if meeting.state == "planned":
            raise RollNotFrozen
        if not queries.case_reached(meeting):
            raise CaseNotThere
        result = reckoned(meeting)
        quorate = bool(result["quorum_met"])
        _end(meeting, "closed" if quorate else "adjourned", result, by=by, now=now)
    return meeting


def adjourn(
    meeting_id: int, *, reason: str, reconvene_at: datetime | None, by: Actor, now: datetime
) -> Meeting:
    """Adjourn: nothing is decided; the case calls the meeting again with full notice."""
    with transaction():
        meeting = held(meeting_id, by=by, step="adjourn")
        if not queries.case_reached(meeting):
            raise CaseNotThere
        presence = queries.presence(meeting.id)
        reckoning = quorum(meeting.rule, dict(meeting.counts), presence) if meeting.frozen_at else None
        result = {
            "quorum_met": bool(reckoning and reckoning.passed),
            "passed": False,
            "present": presence["present"],
            "roll_size": meeting.roll_size,
            "lines": [line.as_dict() for line in reckoning.lines] if reckoning else [],
            "items": {},
            "adjourn_reason": reason,
            "reconvene_at": reconvene_at.isoformat() if reconvene_at else None,
        }
        _end(meeting, "adjourned", result, by=by, now=now)
    return meeting


def reckoned(meeting: Meeting) -> dict[str, Any]:
    """The reckoning of a meeting as its rows stand. Raises ItemsNotCounted where a quorum is there."""
    presence = queries.presence(meeting.id)
    bases = dict(meeting.counts)
    reckoning = quorum(meeting.rule, bases, presence)
    lines = [line.as_dict() | {"about": "quorum"} for line in reckoning.lines]
    result: dict[str, Any] = {
        "quorum_met": reckoning.passed,
        "passed": False,
        "present": presence["present"],
        "households_present": presence["households_present"],
        "roll_size": meeting.roll_size,
        "items": {},
        "lines": lines,
    }
    if not reckoning.passed:
        return result | {"adjourn_reason": "no_quorum"}
    rows = queries.ballot_counts(meeting.id)
    counts = {item["key"]: agreed(rows, item["key"]) for item in meeting.items}
    missing = [i["text"] for i in meeting.items if counts[i["key"]] is None]
    if missing:
        raise ItemsNotCounted(items="；".join(missing)[:200])
    for item in meeting.items:
        count = counts[item["key"]]
        assert count is not None
        passed = majority(meeting.rule, bases, presence, count)
        result["items"][item["key"]] = {
            **count.as_dict(),
            "text": item["text"],
            "passed": passed.passed,
            "lines": [line.as_dict() for line in passed.lines],
        }
        lines += [line.as_dict() | {"about": item["key"]} for line in passed.lines]
    decided = list(result["items"].values())
    result["passed"] = all(item["passed"] for item in decided) if decided else True
    return result


def _end(meeting: Meeting, state: str, result: dict[str, Any], *, by: Actor, now: datetime) -> None:
    counts = _as_entered(meeting)
    meeting.state = state
    meeting.closed_at = now
    meeting.result = result
    meeting.row_version += 1
    case_id, ref, element, told = meeting.case_id, meeting.ref, meeting.element, _for_the_case(meeting)
    db.session.flush()  # the case reads the meeting's row, and the runner forgets what is not written
    runner.resolve(
        case_id,
        ref,
        told,
        by=by,
        now=now,
        record=Entry(
            f"meeting.{state}", element, {"meeting": told["meeting_id"], **result, "counts": counts}
        ),
    )


def _as_entered(meeting: Meeting) -> list[dict[str, Any]]:
    """Every count as it was entered, by whom: the record keeps also those that differed."""
    return [
        {"item": row.item, "round": row.round, "teller": row.teller, "by": row.entered_by}
        | count_of(row).as_dict()
        for row in queries.ballot_counts(meeting.id)
    ]


def _for_the_case(meeting: Meeting) -> dict[str, Any]:
    """What the diagram learns. With one item its votes stand beside `passed`."""
    result = meeting.result
    items = list(result["items"].values())
    votes = (
        {name: items[0][name] for name in ("for", "against", "abstain", "invalid")} if len(items) == 1 else {}
    )
    return {
        "meeting_id": str(meeting.id),
        "state": meeting.state,
        "quorum_met": result["quorum_met"],
        "passed": result["passed"],
        "present": result["present"],
        "roll_size": result["roll_size"],
        "votes": result["items"],
        "reckoning": result["lines"],
        "adjourn_reason": result.get("adjourn_reason"),
        "reconvene_at": result.get("reconvene_at"),
        **votes,
    }
