"""A matter that was not passed comes back only after the time of the rules."""

from datetime import datetime, timedelta
from pathlib import Path

from holding_meetings import Hall, hall, villagers
from sqlalchemy import update

from app.models import Decision
from app.runtime.transaction import transaction
from workflows.services.calendar import Calendar

MINUTES = {"minutes": "会议记录", "signers": "柳书记、柳主任"}


def not_passed(place: Hall) -> datetime:
    """Hold a vote that fails and record it; returns when that was."""
    meeting, head = place.call_meeting(), place.who("head")
    place.open(meeting, 11)
    place.count(meeting, (5, 6, 0, 0))
    assert head.post(f"/meetings/{meeting}/close")["passed"] is False
    (task,) = head.get(f"/tasks?view=claimable&case={place.case}")["items"]
    head.post(f"/tasks/{task['id']}/complete", {"data": MINUTES})
    return datetime.fromisoformat(head.get(f"/meetings/{meeting}")["scheduled_at"])


def next_meeting(place: Hall, matter: str = "collective_money_use", title: str = "东街硬化") -> datetime:
    place.title = title
    meeting = place.call_meeting(matter)
    return datetime.fromisoformat(place.who("head").get(f"/meetings/{meeting}")["scheduled_at"])


def test_the_same_matter_waits_and_another_does_not(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(20)) as place:
        failed = not_passed(place)
        end = Calendar.standard().end_of_period(failed, 30, "calendar_days")
        assert next_meeting(place) >= end
        assert next_meeting(place, title="东街 硬化。") >= end
        assert next_meeting(place, title="打一口新井") < end
        assert next_meeting(place, matter="other_village_matter") < end


def test_what_was_annulled_or_is_long_past_holds_nothing_up(tmp_path: Path) -> None:
    with hall(tmp_path, villagers(20)) as place:
        failed = not_passed(place)
        with place.app.app_context(), transaction() as session:
            session.execute(update(Decision).values(annulled_at=failed))
        assert next_meeting(place) < failed + timedelta(days=25)
        with place.app.app_context(), transaction() as session:
            values = {"annulled_at": None, "decided_at": failed - timedelta(days=45)}
            session.execute(update(Decision).values(**values))
        assert next_meeting(place) < failed + timedelta(days=25)
