"""The law of a meeting's own day: its figures looked up again, and whether its body may still decide.

Why: weeks lie between planning and holding, and a case that began under the old law votes under the new
one; a delegation may be revoked meanwhile. Not for the figures of notice, which bind the day of the notice.
"""

from datetime import datetime
from typing import Any

from app.extensions import db
from app.identity.delegations import delegated
from app.meetings.refusals import BodyMayNotDecide
from app.models import Meeting, Unit
from app.runtime.world import world_of_unit
from workflows.services.lawful import figures_of
from workflows.services.rules import Barred, Rules

LOOKED_UP = ("body", "tests", "place", "day")
"""What a rule has that came from the rule files; any other was given by the diagram itself and stays."""


def renew(meeting: Meeting, *, at: datetime) -> None:
    """Give the meeting the figures in force in its unit on the legal day of `at`.

    Raises BodyUnknown where the rules of that day know no such body.
    """
    if all(name in meeting.rule for name in LOOKED_UP):
        found: dict[str, Any] = figures_of(_rules(meeting, at), meeting.body, meeting.matter or None)
        meeting.rule = found


def may_decide(meeting: Meeting, *, at: datetime) -> None:
    """Refuse a vote of a body that may not decide the matter on that day.

    Only for bodies that decide matters; Party members and committees deliberate. Raises BodyMayNotDecide.
    """
    if meeting.kind != "vote" or not meeting.matter or not all(name in meeting.rule for name in LOOKED_UP):
        return
    rules = _rules(meeting, at)
    deciding = {body for m in rules.matters() for bodies in m["bodies"].values() for body in bodies}
    if meeting.body not in deciding:
        return
    unit = db.session.get_one(Unit, meeting.unit_id)
    choice = rules.body_for(
        meeting.matter,
        delegated=delegated(meeting.unit_id, meeting.matter) is not None,
        community=unit.community or "village",
        wanted=meeting.body,
    )
    if isinstance(choice, Barred):
        raise BodyMayNotDecide(choice.reason, choice.route)


def _rules(meeting: Meeting, at: datetime) -> Rules:
    rules = world_of_unit(meeting.unit_id, now=at).rules
    assert isinstance(rules, Rules)
    return rules
