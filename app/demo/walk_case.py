"""One case of the walk on its way: tasks done by those who may, time moved on, every step told.

Knows nothing of meetings, objections or how the story ends (`walk_meetings`, `walk`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone

from app.demo import walk_story as story
from app.demo.walk_http import ADMIN, Caller, Json, NotAsTold

SHANGHAI = timezone(timedelta(hours=8))
MOST_MOVES = 200
VILLAGE = "柳树沟村"
PROCESS = "village_decision"


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


def last_day(text: str) -> date:
    """The last day of a period: 24:00 belongs to the day that it ends."""
    return local(instant(text) - timedelta(seconds=1)).date()


def instant(text: str) -> datetime:
    """An instant of the API, aware."""
    return datetime.fromisoformat(text)


def local(moment: datetime) -> datetime:
    """The same in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI)
