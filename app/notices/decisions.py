"""The effects on decisions that diagrams name: record what a body decided, publish it, annul it.

A decision keeps the figures, the tests and their articles as they were counted. A meeting that voted on
several items gives one decision each; they are published and annulled together. Not for counting: the
meeting and the core do.
"""

from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models import Decision, Meeting
from app.notices import arguments as arg
from app.notices.refusals import ArgumentUnusable, DecisionAnnulled, MeetingNotClosed, NoSuchDecision
from app.runtime.effects import Done, EffectCall, effect
from workflows.errors import message
from workflows.services.rules import BodyUnknown, MatterUnknown, Rules

TITLE_LENGTH = 200
LONGEST_TEXT = 100_000
LONGEST_REASON = 20_000
COUNTS = ("for", "against", "abstain", "invalid")


@effect("decision.record")
def record(call: EffectCall) -> Done:
    """Record a decision, from a closed meeting or from the figures of a collective discussion.

    Arguments: meeting_id; or title, body, matter, passed, roll, present, for, against, abstain, invalid,
    figures, lines. Gives decision_id, and decision_ids where a meeting voted on several items. A meeting
    is recorded once. Raises ArgumentUnusable, MeetingNotClosed.
    """
    meeting_id = arg.row_id(call, "meeting_id", needed=False)
    rows = _from_discussion(call) if meeting_id is None else _from_meeting(call, meeting_id)
    db.session.add_all(rows)
    db.session.flush()
    ids = [str(row.id) for row in rows]
    return Done({"decision_id": ids[0], "decision_ids": ids})


@effect("decision.publish")
def publish(call: EffectCall) -> Done:
    """Let everybody see a decision, from now on. Raises NoSuchDecision, DecisionAnnulled."""
    for row in _own(call):
        if row.annulled_at is not None:
            raise DecisionAnnulled
        row.published_at = row.published_at or call.now
    db.session.flush()
    return Done()


@effect("decision.annul")
def annul(call: EffectCall) -> Done:
    """Mark a decision as annulled, with the reason; what was published stays visible with the mark."""
    reason = arg.text(call, "reason", longest=LONGEST_REASON)
    for row in _own(call):
        if row.annulled_at is None:
            row.annulled_at = call.now
            row.reckoning = row.reckoning | {"annulled_because": reason}
    db.session.flush()
    return Done()


def _from_meeting(call: EffectCall, meeting_id: int) -> list[Decision]:
    meeting = db.session.scalars(
        select(Meeting)
        .where(Meeting.id == meeting_id, Meeting.case_id == call.case_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if meeting is None:
        raise ArgumentUnusable(argument="meeting_id", reason=message("this case has no such meeting"))
    known = db.session.scalars(
        select(Decision).where(Decision.meeting_id == meeting_id).order_by(Decision.id)
    ).all()
    if known:
        return list(known)
    items = meeting.result.get("items") if meeting.state == "closed" else None
    if not isinstance(items, dict) or not items:
        raise MeetingNotClosed
    lines = [line for line in meeting.result.get("lines") or [] if isinstance(line, dict)]
    texts = {str(item.get("key")): str(item.get("text", "")) for item in meeting.items}
    shared = _names(call, meeting.body, meeting.matter) | {
        "quorum_lines": [line for line in lines if line.get("about", "quorum") == "quorum"],
        "basis": meeting.basis,
        "secret": meeting.secret,
    }
    ordered = [key for key in texts if key in items] + [key for key in items if key not in texts]
    return [
        Decision(
            case_id=call.case_id,
            meeting_id=meeting.id,
            unit_id=meeting.unit_id,
            body=meeting.body,
            matter=meeting.matter,
            title=meeting.title,
            item=texts.get(key, ""),
            passed=bool(items[key]["passed"]),
            roll=meeting.roll_size,
            present=meeting.result.get("present", meeting.present),
            votes_for=items[key]["for"],
            votes_against=items[key]["against"],
            votes_abstain=items[key]["abstain"],
            votes_invalid=items[key]["invalid"],
            reckoning=shared | {"lines": items[key].get("lines") or []},
            rule=meeting.rule,
            decided_at=meeting.closed_at or call.now,
        )
        for key in ordered
    ]


def _from_discussion(call: EffectCall) -> list[Decision]:
    roll, present = arg.whole(call, "roll"), arg.whole(call, "present")
    votes = {name: arg.whole(call, name) for name in COUNTS}
    if present > roll or sum(votes.values()) > roll:
        raise ArgumentUnusable(argument="roll", reason=message("more people spoke or came than belong to it"))
    body = arg.text(call, "body", longest=60)
    matter = arg.text(call, "matter", longest=60, needed=False)
    return [
        Decision(
            case_id=call.case_id,
            unit_id=call.unit_id,
            body=body,
            matter=matter,
            title=arg.shortened(arg.text(call, "title", longest=LONGEST_TEXT), TITLE_LENGTH),
            item=arg.text(call, "item", longest=LONGEST_TEXT, needed=False),
            passed=arg.flag(call, "passed"),
            roll=roll,
            present=present,
            votes_for=votes["for"],
            votes_against=votes["against"],
            votes_abstain=votes["abstain"],
            votes_invalid=votes["invalid"],
            reckoning=_names(call, body, matter) | {"lines": arg.listing(call, "lines", dict)},
            rule=arg.mapping(call, "figures"),
            decided_at=call.now,
        )
    ]


def _names(call: EffectCall, body: str, matter: str) -> dict[str, Any]:
    """The names of body and matter in both languages, as the rules of this day give them."""
    rules = call.world.rules
    names: dict[str, Any] = {"body_names": {}, "matter_names": {}}
    if isinstance(rules, Rules):
        try:
            names["body_names"] = rules.body(body)["names"]
            names["matter_names"] = rules.matter(matter)["names"] if matter else {}
        except (BodyUnknown, MatterUnknown):
            return names  # a body or matter of one's own: its code is shown
    return names


def _own(call: EffectCall) -> list[Decision]:
    """The decision that is named, with those of the same meeting; all of this case. Raises NoSuchDecision."""
    decision_id = arg.row_id(call, "decision_id")
    mine = select(Decision).where(Decision.case_id == call.case_id).order_by(Decision.id).with_for_update()
    named = db.session.scalars(mine.where(Decision.id == decision_id)).one_or_none()
    if named is None:
        raise NoSuchDecision
    if named.meeting_id is None:
        return [named]
    return list(db.session.scalars(mine.where(Decision.meeting_id == named.meeting_id)))
