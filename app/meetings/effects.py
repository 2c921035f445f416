"""What diagrams may ask of meetings: plan one, and hold it."""

from datetime import UTC, datetime
from typing import Any

from flask import Flask

from app.clock import SHANGHAI
from app.extensions import db
from app.meetings import queries
from app.meetings.planning import MeetingNotPlannable, Plan, plan
from app.models import Meeting
from app.runtime.effects import CaseEnded, Done, EffectCall, Outcome, Waiting, effect, on_case_end
from workflows.errors import Phrase, message

OVER = ("closed", "adjourned", "cancelled")
WEEKDAYS = "一二三四五六日"


def register(_app: Flask) -> None:
    """Importing this module registers the handlers."""


@effect("meeting.plan")
def plan_meeting(call: EffectCall) -> Outcome:
    """Plan a meeting; never earlier than `earliest`, whatever the wish."""
    meeting = plan(_plan(call))
    assert meeting.scheduled_at is not None
    return Done(
        {
            "meeting_id": str(meeting.id),
            "scheduled_at": meeting.scheduled_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "scheduled_text": _in_words(meeting.scheduled_at),
            "roll_size": meeting.roll_size,
            "round": meeting.round,
            "basis": meeting.basis,
        }
    )


@effect("meeting.hold")
def hold_meeting(call: EffectCall) -> Outcome:
    """Wait until the meeting closes or is adjourned."""
    meeting = _own_meeting(call)
    if meeting.state in OVER:
        raise MeetingNotPlannable(reason=Phrase(message("the meeting is over already")))
    meeting.ref = call.ref
    meeting.element = call.element.id
    db.session.flush()
    return Waiting("meeting", meeting.id)


@on_case_end(Meeting.case_id)
def cancel_open_meetings(ended: CaseEnded) -> None:
    """A case that ends takes the meetings with it that were not held."""
    for meeting in queries.open_meetings_of(ended.case_id):
        meeting.state = "cancelled"
        meeting.closed_at = ended.now
    db.session.flush()


def _plan(call: EffectCall) -> Plan:
    args = call.args
    previous = str(args.get("previous") or "")
    return Plan(
        case_id=call.case_id,
        ref=call.ref,
        element=call.element.id,
        unit_id=call.unit_id,
        kind=_text(args, "kind", fallback="vote"),
        body=_text(args, "body"),
        matter=_text(args, "matter", fallback=""),
        title=_text(args, "title"),
        agenda=_text(args, "agenda", fallback=""),
        venue=_text(args, "venue", fallback=""),
        items=_items(args),
        rule=args["figures"] if isinstance(args.get("figures"), dict) else {},
        earliest=_instant(args.get("earliest"), "earliest") or call.now,
        wish=_instant(args.get("wish"), "wish"),
        basis=_text(args, "basis", fallback="person"),
        secret=args.get("secret") is not False,
        convener=_text(args, "convener", fallback="village_committee"),
        tellers=_text(args, "tellers", fallback="tellers"),
        now=call.now,
        previous_id=int(previous) if previous.isdecimal() and len(previous) < 19 else None,
    )


def _own_meeting(call: EffectCall) -> Meeting:
    wanted = str(call.args.get("meeting_id") or "")
    found = queries.meeting(int(wanted)) if wanted.isdecimal() and len(wanted) < 19 else None
    if found is None or found.case_id != call.case_id:
        raise MeetingNotPlannable(reason=Phrase(message("the diagram names no meeting of this case")))
    return found


def _items(args: dict[str, Any]) -> list[dict[str, str]]:
    """What is voted on: `items` as tables with key and text, or one `item` as text."""
    given = args.get("items")
    if isinstance(given, list) and given:
        items = [i if isinstance(i, dict) else {"text": i} for i in given]
        return [
            {"key": str(i.get("key") or f"item{n}")[:60], "text": str(i.get("text") or "")[:4000]}
            for n, i in enumerate(items, start=1)
        ]
    item = args.get("item")
    return [{"key": "main", "text": str(item)[:4000]}] if item else []


def _text(args: dict[str, Any], name: str, *, fallback: str | None = None) -> str:
    value = args.get(name)
    if isinstance(value, str) and value:
        return value
    if fallback is None:
        raise MeetingNotPlannable(reason=Phrase(message("“{name}” is missing"), name=name))
    return fallback


def _instant(value: Any, name: str) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as wrong:
        raise MeetingNotPlannable(
            reason=Phrase(message("“{name}” is not an instant: {value}"), name=name, value=str(value)[:60])
        ) from wrong
    if moment.tzinfo is None:
        raise MeetingNotPlannable(
            reason=Phrase(message("“{name}” has no time zone: {value}"), name=name, value=str(value)[:60])
        )
    return moment


def _in_words(moment: datetime) -> str:
    local = moment.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日（周{WEEKDAYS[local.weekday()]}）{local:%H:%M}"
