"""`make demo-walk`: a village decides, played over HTTP by the people of the demo county.

Starts a server of its own on a fresh instance, plays the case of `walk_story` with the sandbox clock, and
prints who does what when. The first meeting fails its quorum; an objection is upheld; then the matter passes,
is carried out, accepted and published. Exits with 1 when anything is not as told.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from app.demo import walk_story as story
from app.demo.walk_http import ADMIN, Caller, Json, NotAsTold
from app.demo.walk_server import Served, ServerNotReady, served

SHANGHAI = timezone(timedelta(hours=8))
MOST_MOVES = 200
VILLAGE = "柳树沟村"
PROCESS = "village_decision"


def main() -> int:
    """Play it all; 0 when everything was as told."""
    try:
        with served() as server:
            play(server, say=lambda line: print(line, flush=True))
    except (NotAsTold, ServerNotReady) as fault:
        print(f"\n✗ 与所述不符 · not as told: {fault}", file=sys.stderr)
        return 1
    return 0


def play(server: Served, *, say: Callable[[str], None]) -> None:
    """Play the story on a running server of the demo county. Raises NotAsTold."""
    walk = Walk(Caller(server.address), say)
    walk.preface()
    walk.raise_the_matter()

    walk.title("一、从调查到第一次表决", "From the survey to the first vote")
    walk.until("party_hold")
    walk.hold_the_party_meeting()
    walk.until("hold")
    walk.fail_the_quorum()
    walk.until("hold")
    walk.pass_the_vote(for_=-6)

    walk.title("二、公示，异议成立，退回商议", "The notice, an objection upheld, back to the committees")
    walk.until("period_over")
    walk.object_and_uphold()

    walk.title("三、重新商议、审议、表决", "Discussed, deliberated and voted on again")
    walk.until("party_hold")
    walk.hold_the_party_meeting()
    walk.until("hold")
    walk.pass_the_vote(for_=-3)

    walk.title(
        "四、公示期满，实施，验收，结果公开", "The notice runs its course; carried out, accepted, published"
    )
    case = walk.until_the_end()
    walk.expect(case["state"] == "completed", f"the case is {case['state']}")
    walk.expect(case["outcome"] == "end_done", f"it ended at {case['outcome']}")

    walk.title("五、公开的决定", "The published decision")
    walk.show_the_decision()
    walk.verify(server)


@dataclass(slots=True)
class Walk:
    """One case on its way, and what has been printed of it."""

    caller: Caller
    say: Callable[[str], None]
    case_id: str = ""
    text: str = story.PLAN
    people: dict[str, str] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)  # shape → how often

    # Telling

    def preface(self) -> None:
        """What is published and what is filled in, and the people by name."""
        self.say("民议 · Minyi：四议两公开全程演示 · a village decides, from the survey to the result")
        self.say("取材：孟庄村主干道硬化（2012年公开报道）· after Mengzhuang village, as published")
        for zh, en in story.PUBLISHED:
            self.say(f"  公布的事实 published：{zh} · {en}")
        for zh, en in story.FILLED_IN:
            self.say(f"  补写 filled in：{zh} · {en}")
        for person in self.caller.items("/people"):
            self.people[person["username"]] = f"{person['name']}（{person['title']}）"

    def title(self, zh: str, en: str) -> None:
        """A chapter."""
        self.say(f"\n{zh} · {en}")

    def tell(self, who: str, zh: str, en: str) -> None:
        """One line: when by the product's clock, who, what."""
        self.say(f"{local(self.now()):%Y-%m-%d %H:%M}  {self.people.get(who, who)}：{zh} · {en}")

    def expect(self, held: bool, what: str) -> None:  # noqa: FBT001  # reads as an assertion
        """Raises NotAsTold."""
        if not held:
            raise NotAsTold(what)

    # Time

    def now(self) -> datetime:
        """The product's clock."""
        return instant(self.caller.get("/sandbox/clock")["now"])

    def wait_until(self, moment: datetime, zh: str, en: str) -> None:
        """Move the product's clock forward; people act from nine in the morning."""
        morning = local(moment).replace(hour=9, minute=0, second=0, microsecond=0).astimezone(UTC)
        moment = max(moment, morning)
        if moment > self.now():
            self.caller.post("/sandbox/clock", {"set": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}, who=ADMIN)
        self.tell("　　……", zh, en)

    # The case

    def raise_the_matter(self) -> None:
        """Start the case as an official of the village, on the next morning at nine."""
        tomorrow = local(self.now()) + timedelta(days=1)
        self.wait_until(
            tomorrow.replace(hour=0).astimezone(UTC), "演示从这一天开始", "the story begins on this day"
        )
        village = next(u["id"] for u in self.caller.items("/units") if u["name"] == VILLAGE)
        who = self._member(village, "village_committee")
        data = {"title": story.TITLE, "matter": story.MATTER, "text": story.PLAN, "amount": story.AMOUNT}
        case = self.caller.post("/cases", {"definition": PROCESS, "data": data}, who=who)
        self.case_id = str(case["id"])
        self.tell(who, f"提出事项《{story.TITLE}》，办件 {case['case_no']}", "raises the matter")

    def case(self) -> Json:
        """The case as the administrator sees it. Raises NotAsTold when it is stuck."""
        case = self.caller.get(f"/cases/{self.case_id}")
        stuck = [i for i in case["incidents"] if not i.get("resolved_at")]
        self.expect(not stuck, f"the case is stuck: {stuck}")
        return case

    def until(self, element: str) -> Json:
        """Do task after task, and let time pass, until the case waits at `element`; gives that wait."""
        for _ in range(MOST_MOVES):
            case = self.case()
            self.expect(case["state"] == "running", f"it should wait at {element}, but is {case['state']}")
            waiting = {wait["element"]: wait for wait in case["waiting"]}
            if element in waiting and not case["open_tasks"]:
                found: Json = waiting[element]
                return found
            self._move(case)
        raise NotAsTold(f"it never came to {element}")

    def until_the_end(self) -> Json:
        """Do task after task, and let time pass, until the case is over."""
        for _ in range(MOST_MOVES):
            case = self.case()
            if case["state"] != "running":
                return case
            self._move(case)
        raise NotAsTold("it never came to an end")

    def _move(self, case: Json) -> None:
        if case["open_tasks"]:
            self.do(str(case["open_tasks"][0]["id"]))
            return
        due = sorted(wait["due_at"] for wait in case["waiting"] if wait.get("due_at"))
        self.expect(bool(due), f"nobody has anything to do: {case['waiting']}")
        self.wait_until(instant(due[0]), "期限届满", "the time has come")

    def do(self, task_id: str) -> None:
        """Complete a task as the first person who may."""
        task = self.caller.get(f"/tasks/{task_id}")
        self.expect(bool(task["eligible"]), f"nobody may do “{task['name']}”")
        element = task["element"]
        if element in story.TAKES:
            days, zh, en = story.TAKES[element]
            self.wait_until(self.now() + timedelta(days=days), zh, en)
        self.done[element] = self.done.get(element, 0) + 1
        who = self._turn(task, story.TURNS.get(element, 0))
        zh, en, answer = self._step(task, who)
        self.caller.post(f"/tasks/{task_id}/complete", {"data": answer}, who=who)
        self.tell(who, zh, en)

    def _turn(self, task: Json, turn: int) -> str:
        """Those who may do it take turns, so that many hands are seen."""
        eligible = task["eligible"]
        username: str = eligible[(turn + self.done[task["element"]]) % len(eligible)]
        return username

    def _step(self, task: Json, who: str) -> story.Step:
        element = task["element"]
        if element == "opinion":
            return opinion(who, drained=self.text == story.REVISED)
        if element == "sign_in":
            return sign_in(task)
        self.expect(element in story.STEPS, f"the story knows no “{task['name']}” ({element})")
        step = story.STEPS[element]
        if element == "redact":
            shown = task["data"]
            return step._replace(answer=step.answer | {"title": shown["title"], "text": shown["text"]})
        if element == "party_revise":
            return step._replace(answer=step.answer | {"text": self.text})
        if element == "answer_objection":
            self.text = step.answer["text"]
        return step

    # Meetings

    def hold_the_party_meeting(self) -> None:
        """The Party members deliberate and vote by show of hands."""
        meeting = self._frozen()
        roll = self._roll(meeting)
        self._sign_in(meeting, len(roll) - 1)
        meeting = self._meeting(meeting["id"])
        self.expect(meeting["quorum_met"], "the Party members' meeting has no quorum")
        votes = tally(meeting["present"], agree=meeting["present"] - 1, against=1)
        who = meeting["eligible"]["ballots"][0]
        counted = {"show_of_hands": True, "item": meeting["items"][0]["key"], **votes}
        self.caller.post(f"/meetings/{meeting['id']}/ballots", counted, who=who)
        self._close(meeting, passed=True)

    def fail_the_quorum(self) -> None:
        """Half of the representatives come: no quorum, no vote; it is called again with full notice."""
        meeting = self._frozen()
        needed = meeting["rule"]["quorum"] if "quorum" in meeting["rule"] else meeting["rule"]["text"]
        before = self._asked(meeting)
        self._sign_in(meeting, meeting["roll_size"] // 2)
        meeting = self._meeting(meeting["id"])
        self.expect(not meeting["quorum_met"], f"half of the body made a quorum: {needed}")
        who = meeting["eligible"]["close"][0]
        reason = "到会人数不足，不得表决"
        self.caller.post(f"/meetings/{meeting['id']}/adjourn", {"reason": reason}, who=who)
        self.tell(who, f"{reason}，休会", "adjourns: no quorum, no vote")
        adjourned_at = self.now()
        self.until("meeting_time")
        again = self._planned()
        self.expect(self._asked(again) == before, "the second meeting asks for a different quorum")
        second, first = self._meeting_notices()[:2]
        self.expect(
            instant(second["posted_from"]) >= adjourned_at, "the second meeting has no notice of its own"
        )
        self.expect(days_of(second) >= days_of(first), "the second notice is shorter than the first")
        held_at = instant(again["scheduled_at"])
        self.expect(
            held_at >= instant(second["posted_to"]), "the second meeting is before its notice is over"
        )
        self.say(
            f"    ✓ 重新足期通知至{last_day(second['posted_to'])}，"
            f"{local(held_at):%Y-%m-%d %H:%M}再开，到会要求不变"
            " · full notice again, then the meeting; the quorum is the same"
        )

    def pass_the_vote(self, *, for_: int) -> None:
        """Nearly all come; two tellers enter blind, differ once, count again and agree."""
        meeting = self._frozen()
        self._sign_in(meeting, meeting["roll_size"] - 1)
        meeting = self._meeting(meeting["id"])
        self.expect(meeting["quorum_met"], "nearly all came, and yet there is no quorum")
        present = meeting["present"]
        votes = tally(present, agree=present + for_, against=-for_ - 1, invalid=1)
        first, second = meeting["eligible"]["ballots"][:2]
        path, item = f"/meetings/{meeting['id']}/ballots", {"item": meeting["items"][0]["key"]}
        wrong = votes | {"for": votes["for"] - 1, "against": votes["against"] + 1}
        self.caller.post(path, {"teller": 1, **item, **votes}, who=first)
        self.caller.post(path, {"teller": 2, **item, **wrong}, who=second, status=(409,))
        self.tell(second, "两名计票人录入不一致，重新计票", "the two tellers differ: counted again")
        self.caller.post(path, {"teller": 1, **item, **votes}, who=first)
        self.caller.post(path, {"teller": 2, **item, **votes}, who=second)
        self._close(meeting, passed=True)

    def _planned(self) -> Json:
        meetings = [m for m in self.caller.items(f"/meetings?case={self.case_id}") if m["state"] == "planned"]
        self.expect(len(meetings) == 1, f"one meeting should be planned, not {len(meetings)}")
        return self._meeting(meetings[0]["id"])

    def _frozen(self) -> Json:
        meeting = self._planned()
        who = meeting["eligible"]["freeze"][0]
        self.caller.post(f"/meetings/{meeting['id']}/freeze", {}, who=who)
        meeting = self._meeting(meeting["id"])
        self.tell(
            who,
            f"{meeting['body_name']}第{meeting['round']}次会议，锁定名册{meeting['roll_size']}人；{meeting['rule']['text']}",
            f"freezes the roll of {meeting['roll_size']}",
        )
        return meeting

    def _meeting(self, meeting_id: str) -> Json:
        meeting: Json = self.caller.get(f"/meetings/{meeting_id}")
        return meeting

    def _roll(self, meeting: Json) -> list[Json]:
        return self.caller.items(f"/meetings/{meeting['id']}/roll", who=meeting["eligible"]["attendance"][0])

    def _sign_in(self, meeting: Json, number: int) -> None:
        who = meeting["eligible"]["attendance"][0]
        present = [entry["id"] for entry in self._roll(meeting)[:number]]
        self.caller.post(f"/meetings/{meeting['id']}/attendance", {"present": present}, who=who)
        self.tell(
            who,
            f"签到：到会{number}人，应到{meeting['roll_size']}人",
            f"{number} of {meeting['roll_size']} sign in",
        )

    def _close(self, meeting: Json, *, passed: bool) -> None:
        who = meeting["eligible"]["close"][0]
        reckoning = self.caller.post(f"/meetings/{meeting['id']}/close", {}, who=who)
        self.expect(reckoning["passed"] is passed, f"passed should be {passed}: {reckoning}")
        self.tell(who, "宣布结果：通过", "declares the result: passed")
        self._lines(reckoning["tests"])

    def _lines(self, tests: list[Json]) -> None:
        for test in tests:
            mark = "✓" if test["met"] else "✗"
            self.say(
                f"    {mark} {test['text']}：需{test['needed']}，实{test['got']} {test.get('article') or ''}"
            )

    def _asked(self, meeting: Json) -> Any:
        rule = meeting["rule"]
        return rule.get("quorum") or rule["text"]

    def _meeting_notices(self) -> list[Json]:
        """The notices of this case's assemblies, the newest first."""
        case_no = self.case()["case_no"]
        posted = self.caller.items("/portal/notices", who="")
        found = [n for n in posted if n["case_no"] == case_no and n["kind"] == "meeting"]
        return sorted(found, key=lambda n: str(n["posted_from"]), reverse=True)

    # The objection

    def object_and_uphold(self) -> None:
        """A villager objects without signing in; the supervision committee upholds it; the notice falls."""
        posted = [n for n in self.caller.items("/portal/notices", who="") if n["kind"] == "decision"]
        notice = next(n for n in posted if story.TITLE in n["title"])
        body = {"text": story.OBJECTION}
        receipt = self.caller.post(f"/portal/notices/{notice['id']}/objections", body, who="")
        self.tell(
            "一位村民（未登录）",
            f"提出异议，回执 {receipt['receipt_no']}",
            "a villager objects, without signing in",
        )
        self.wait_until(self.now() + timedelta(days=2), "两日后", "two days later")
        tasks = self.caller.items("/tasks?view=all&element=verify")
        mine = [t for t in tasks if t["definition"] == "objection"]
        self.expect(len(mine) == 1, f"one objection should be open, not {len(mine)}")
        task = self.caller.get(f"/tasks/{mine[0]['id']}")
        who = task["eligible"][0]
        answer = {"finding": "upheld", "verification": "两人到现场核实。", "reply": story.REPLY}
        self.caller.post(f"/tasks/{task['id']}/complete", {"data": answer}, who=who)
        self.tell(who, "到现场核实：异议成立，书面答复", "verifies on the spot: upheld, with a written reply")
        read = self.caller.get(f"/portal/receipts/{receipt['receipt_no']}?code={receipt['code']}", who="")
        self.expect(story.REPLY in str(read), f"the receipt does not tell the reply: {read}")
        self.say("    ✓ 村民凭回执查到答复 · the villager reads the reply by the receipt")
        taken_down = self.caller.get(f"/portal/notices/{notice['id']}", who="")
        self.expect(taken_down["state"] == "withdrawn", f"the notice is {taken_down['state']}")
        annulled = [d for d in self._decisions() if d["annulled"]]
        self.expect(len(annulled) == 1, "the decision should be annulled")
        self.say(
            "    ✓ 公示撤下，决议撤销，退回两委 · notice down, decision annulled, back to the committees"
        )

    # The end

    def show_the_decision(self) -> None:
        """Print the decision as anybody reads it."""
        standing = [d for d in self._decisions() if not d["annulled"]]
        self.expect(len(standing) == 1, f"one decision should stand, not {len(standing)}")
        decision = self.caller.get(f"/portal/decisions/{standing[0]['id']}", who="")
        self.expect(decision["passed"], "the decision should have passed")
        self.say(f"  {decision['body_name']}：《{decision['title']}》 {decision['item']}")
        self.say(
            f"  应到 roll {decision['roll']} · 实到 present {decision['present']}"
            f" · 赞成 for {decision['for']} · 反对 against {decision['against']}"
            f" · 弃权 abstain {decision['abstain']} · 无效 invalid {decision['invalid']}"
        )
        self._lines([*decision["quorum"], *decision["tests"]])
        notices = self.caller.items("/portal/notices", who="")
        results = [n for n in notices if n["kind"] == "result" and n["case_no"] == self.case()["case_no"]]
        self.expect(len(results) == 1, "the result should be posted once")
        result = results[0]
        first = local(instant(result["posted_from"])).date()
        self.say(f"  结果公开 result：{result['text']}（{first} – {last_day(result['posted_to'])}）")

    def verify(self, server: Served) -> None:
        """Check the chain of every record from outside, as an auditor would."""
        checked = server.command("verify-records")
        self.expect(checked.returncode == 0, f"the record is broken: {checked.stdout}{checked.stderr}")
        self.say(f"  ✓ 全部办件的记录链核对无误 · the chains of all records hold: {checked.stdout.strip()}")

    def _decisions(self) -> list[Json]:
        found = self.caller.items("/portal/decisions", who="")
        return [d for d in found if story.TITLE in d["title"]]

    def _member(self, unit: str, group: str) -> str:
        found = next(g for g in self.caller.items(f"/groups?unit={unit}") if g["key"] == group)
        username: str = found["members"][-1]["username"]
        return username


def opinion(who: str, *, drained: bool) -> story.Step:
    """Members agree; one would have a drain first as long as the plan has none, and that is recorded."""
    if who == story.WANTS_A_DRAIN and not drained:
        said = {"opinion": "revise", "reason": "应先修排水。"}
        return story.Step(
            "发表意见：修改（应先修排水）", "speaks: change it, the drain first", {"statement": said}
        )
    return story.Step("发表意见：同意", "speaks: agrees", {"statement": {"opinion": "agree", "reason": ""}})


def sign_in(task: Json) -> story.Step:
    """All are there and nobody is recused."""
    return story.Step(
        "清点到会：全部到会，无人回避",
        "all are present, nobody is recused",
        {"absent": [], "recused": [], "recusal_reason": ""},
    )


def tally(present: int, *, agree: int, against: int, invalid: int = 0) -> dict[str, int]:
    """Votes that add up to those present; the rest abstain."""
    abstain = present - agree - against - invalid
    return {"for": agree, "against": against, "abstain": abstain, "invalid": invalid}


def days_of(notice: Json) -> int:
    """How many days a notice is posted, the first not counted."""
    return (last_day(notice["posted_to"]) - local(instant(notice["posted_from"])).date()).days


def last_day(text: str) -> date:
    """The last day of a period: 24:00 belongs to the day that it ends."""
    return local(instant(text) - timedelta(seconds=1)).date()


def instant(text: str) -> datetime:
    """An instant of the API, aware."""
    return datetime.fromisoformat(text)


def local(moment: datetime) -> datetime:
    """The same in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI)


if __name__ == "__main__":
    sys.exit(main())
