"""The meetings of the walk: one that fails its quorum, and those that decide, with two blind tellers.

What is expected is checked against what the server reckons. Not for the order of the story (`walk`).
"""

from typing import Any

from app.demo.walk_case import Walk, instant, last_day, local
from app.demo.walk_http import Json


def hold_the_party_meeting(walk: Walk) -> None:
    """The Party members deliberate and vote by show of hands."""
    meeting = _frozen(walk)
    roll = _roll(walk, meeting)
    _sign_in(walk, meeting, len(roll) - 1)
    meeting = _meeting(walk, meeting["id"])
    walk.expect(meeting["quorum_met"], "the Party members' meeting has no quorum")
    votes = tally(meeting["present"], agree=meeting["present"] - 1, against=1)
    who = meeting["eligible"]["ballots"][0]
    counted = {"show_of_hands": True, "item": meeting["items"][0]["key"], **votes}
    walk.caller.post(f"/meetings/{meeting['id']}/ballots", counted, who=who)
    _close(walk, meeting, passed=True)


def fail_the_quorum(walk: Walk) -> None:
    """Half of the representatives come: no quorum, no vote; it is called again with full notice."""
    meeting = _frozen(walk)
    needed = meeting["rule"]["quorum"] if "quorum" in meeting["rule"] else meeting["rule"]["text"]
    before = _asked(walk, meeting)
    _sign_in(walk, meeting, meeting["roll_size"] // 2)
    meeting = _meeting(walk, meeting["id"])
    walk.expect(not meeting["quorum_met"], f"half of the body made a quorum: {needed}")
    who = meeting["eligible"]["close"][0]
    reason = "到会人数不足，不得表决"
    walk.caller.post(f"/meetings/{meeting['id']}/adjourn", {"reason": reason}, who=who)
    walk.tell(who, f"{reason}，休会", "adjourns: no quorum, no vote")
    adjourned_at = walk.now()
    walk.until("meeting_time")
    again = _planned(walk)
    walk.expect(_asked(walk, again) == before, "the second meeting asks for a different quorum")
    second, first = _meeting_notices(walk)[:2]
    walk.expect(instant(second["posted_from"]) >= adjourned_at, "the second meeting has no notice of its own")
    walk.expect(days_of(second) >= days_of(first), "the second notice is shorter than the first")
    held_at = instant(again["scheduled_at"])
    walk.expect(held_at >= instant(second["posted_to"]), "the second meeting is before its notice is over")
    walk.say(
        f"    ✓ 重新足期通知至{last_day(second['posted_to'])}，"
        f"{local(held_at):%Y-%m-%d %H:%M}再开，到会要求不变"
        " · full notice again, then the meeting; the quorum is the same"
    )


def pass_the_vote(walk: Walk, *, short_of: int) -> None:
    """Nearly all come; two tellers enter blind, differ once, count again and agree."""
    meeting = _frozen(walk)
    _sign_in(walk, meeting, meeting["roll_size"] - 1)
    meeting = _meeting(walk, meeting["id"])
    walk.expect(meeting["quorum_met"], "nearly all came, and yet there is no quorum")
    present = meeting["present"]
    votes = tally(present, agree=present - short_of, against=short_of - 1, invalid=1)
    first, second = meeting["eligible"]["ballots"][:2]
    path, item = f"/meetings/{meeting['id']}/ballots", {"item": meeting["items"][0]["key"]}
    wrong = votes | {"for": votes["for"] - 1, "against": votes["against"] + 1}
    walk.caller.post(path, {"teller": 1, **item, **votes}, who=first)
    walk.caller.post(path, {"teller": 2, **item, **wrong}, who=second, status=(409,))
    walk.tell(second, "两名计票人录入不一致，重新计票", "the two tellers differ: counted again")
    walk.caller.post(path, {"teller": 1, **item, **votes}, who=first)
    walk.caller.post(path, {"teller": 2, **item, **votes}, who=second)
    _close(walk, meeting, passed=True)


def _planned(walk: Walk) -> Json:
    meetings = [m for m in walk.caller.items(f"/meetings?case={walk.case_id}") if m["state"] == "planned"]
    walk.expect(len(meetings) == 1, f"one meeting should be planned, not {len(meetings)}")
    return _meeting(walk, meetings[0]["id"])


def _frozen(walk: Walk) -> Json:
    meeting = _planned(walk)
    who = meeting["eligible"]["freeze"][0]
    walk.caller.post(f"/meetings/{meeting['id']}/freeze", {}, who=who)
    meeting = _meeting(walk, meeting["id"])
    walk.tell(
        who,
        f"{meeting['body_name']}第{meeting['round']}次会议，锁定名册{meeting['roll_size']}人；{meeting['rule']['text']}",
        f"freezes the roll of {meeting['roll_size']}",
    )
    return meeting


def _meeting(walk: Walk, meeting_id: str) -> Json:
    meeting: Json = walk.caller.get(f"/meetings/{meeting_id}")
    return meeting


def _roll(walk: Walk, meeting: Json) -> list[Json]:
    return walk.caller.items(f"/meetings/{meeting['id']}/roll", who=meeting["eligible"]["attendance"][0])


def _sign_in(walk: Walk, meeting: Json, number: int) -> None:
    who = meeting["eligible"]["attendance"][0]
    present = [entry["id"] for entry in _roll(walk, meeting)[:number]]
    walk.caller.post(f"/meetings/{meeting['id']}/attendance", {"present": present}, who=who)
    walk.tell(
        who,
        f"签到：到会{number}人，应到{meeting['roll_size']}人",
        f"{number} of {meeting['roll_size']} sign in",
    )


def _close(walk: Walk, meeting: Json, *, passed: bool) -> None:
    who = meeting["eligible"]["close"][0]
    reckoning = walk.caller.post(f"/meetings/{meeting['id']}/close", {}, who=who)
    walk.expect(reckoning["passed"] is passed, f"passed should be {passed}: {reckoning}")
    walk.tell(who, "宣布结果：通过", "declares the result: passed")
    tell_tests(walk, reckoning["tests"])


def tell_tests(walk: Walk, tests: list[Json]) -> None:
    for test in tests:
        mark = "✓" if test["met"] else "✗"
        walk.say(
            f"    {mark} {test['text']}：需{test['needed']}，实{test['got']} {test.get('article') or ''}"
        )


def _asked(walk: Walk, meeting: Json) -> Any:
    rule = meeting["rule"]
    return rule.get("quorum") or rule["text"]


def _meeting_notices(walk: Walk) -> list[Json]:
    """The notices of this case's assemblies, the newest first."""
    case_no = walk.case()["case_no"]
    posted = walk.caller.items("/portal/notices", who="")
    found = [n for n in posted if n["case_no"] == case_no and n["kind"] == "meeting"]
    return sorted(found, key=lambda n: str(n["posted_from"]), reverse=True)


def tally(present: int, *, agree: int, against: int, invalid: int = 0) -> dict[str, int]:
    """Votes that add up to those present; the rest abstain."""
    abstain = present - agree - against - invalid
    return {"for": agree, "against": against, "abstain": abstain, "invalid": invalid}


def days_of(notice: Json) -> int:
    """How many days a notice is posted, the first not counted."""
    return (last_day(notice["posted_to"]) - local(instant(notice["posted_from"])).date()).days
