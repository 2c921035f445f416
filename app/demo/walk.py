"""`make demo-walk`: a village decides, played over HTTP by the people of the demo county.

Starts a server of its own on a fresh instance, plays the case of `walk_story` with the sandbox clock, and
prints who does what when. The first meeting fails its quorum; an objection is upheld; then the matter passes,
is carried out, accepted and published. Exits with 1 when anything is not as told.
"""

import sys
from collections.abc import Callable
from datetime import timedelta

from app.demo import walk_story as story
from app.demo.walk_case import Walk, instant, last_day, local
from app.demo.walk_http import Caller, Json, NotAsTold
from app.demo.walk_meetings import fail_the_quorum, hold_the_party_meeting, pass_the_vote, tell_tests
from app.demo.walk_server import Served, ServerNotReady, served


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
    hold_the_party_meeting(walk)
    walk.until("hold")
    fail_the_quorum(walk)
    walk.until("hold")
    pass_the_vote(walk, short_of=6)

    walk.title("二、公示，异议成立，退回商议", "The notice, an objection upheld, back to the committees")
    walk.until("period_over")
    object_and_uphold(walk)

    walk.title("三、重新商议、审议、表决", "Discussed, deliberated and voted on again")
    walk.until("party_hold")
    hold_the_party_meeting(walk)
    walk.until("hold")
    pass_the_vote(walk, short_of=3)

    walk.title(
        "四、公示期满，实施，验收，结果公开", "The notice runs its course; carried out, accepted, published"
    )
    case = walk.until_the_end()
    walk.expect(case["state"] == "completed", f"the case is {case['state']}")
    walk.expect(case["outcome"] == "end_done", f"it ended at {case['outcome']}")

    walk.title("五、公开的决定", "The published decision")
    show_the_decision(walk)
    verify(walk, server)


def object_and_uphold(walk: Walk) -> None:
    """A villager objects without signing in; the supervision committee upholds it; the notice falls."""
    posted = [n for n in walk.caller.items("/portal/notices", who="") if n["kind"] == "decision"]
    notice = next(n for n in posted if story.TITLE in n["title"])
    body = {"text": story.OBJECTION}
    receipt = walk.caller.post(f"/portal/notices/{notice['id']}/objections", body, who="")
    walk.tell(
        "一位村民（未登录）",
        f"提出异议，回执 {receipt['receipt_no']}",
        "a villager objects, without signing in",
    )
    walk.wait_until(walk.now() + timedelta(days=2), "两日后", "two days later")
    tasks = walk.caller.items("/tasks?view=all&element=verify")
    mine = [t for t in tasks if t["definition"] == "objection"]
    walk.expect(len(mine) == 1, f"one objection should be open, not {len(mine)}")
    task = walk.caller.get(f"/tasks/{mine[0]['id']}")
    who = task["eligible"][0]
    answer = {"finding": "upheld", "verification": "两人到现场核实。", "reply": story.REPLY}
    walk.caller.post(f"/tasks/{task['id']}/complete", {"data": answer}, who=who)
    walk.tell(who, "到现场核实：异议成立，书面答复", "verifies on the spot: upheld, with a written reply")
    read = walk.caller.get(f"/portal/receipts/{receipt['receipt_no']}?code={receipt['code']}", who="")
    walk.expect(story.REPLY in str(read), f"the receipt does not tell the reply: {read}")
    walk.say("    ✓ 村民凭回执查到答复 · the villager reads the reply by the receipt")
    taken_down = walk.caller.get(f"/portal/notices/{notice['id']}", who="")
    walk.expect(taken_down["state"] == "withdrawn", f"the notice is {taken_down['state']}")
    annulled = [d for d in _decisions(walk) if d["annulled"]]
    walk.expect(len(annulled) == 1, "the decision should be annulled")
    walk.say("    ✓ 公示撤下，决议撤销，退回两委 · notice down, decision annulled, back to the committees")


def show_the_decision(walk: Walk) -> None:
    """Print the decision as anybody reads it."""
    standing = [d for d in _decisions(walk) if not d["annulled"]]
    walk.expect(len(standing) == 1, f"one decision should stand, not {len(standing)}")
    decision = walk.caller.get(f"/portal/decisions/{standing[0]['id']}", who="")
    walk.expect(decision["passed"], "the decision should have passed")
    walk.say(f"  {decision['body_name']}：《{decision['title']}》 {decision['item']}")
    walk.say(
        f"  应到 roll {decision['roll']} · 实到 present {decision['present']}"
        f" · 赞成 for {decision['for']} · 反对 against {decision['against']}"
        f" · 弃权 abstain {decision['abstain']} · 无效 invalid {decision['invalid']}"
    )
    tell_tests(walk, [*decision["quorum"], *decision["tests"]])
    notices = walk.caller.items("/portal/notices", who="")
    results = [n for n in notices if n["kind"] == "result" and n["case_no"] == walk.case()["case_no"]]
    walk.expect(len(results) == 1, "the result should be posted once")
    result = results[0]
    first = local(instant(result["posted_from"])).date()
    walk.say(f"  结果公开 result：{result['text']}（{first} – {last_day(result['posted_to'])}）")


def verify(walk: Walk, server: Served) -> None:
    """Check the chain of every record from outside, as an auditor would."""
    checked = server.command("verify-records")
    walk.expect(checked.returncode == 0, f"the record is broken: {checked.stdout}{checked.stderr}")
    walk.say(f"  ✓ 全部办件的记录链核对无误 · the chains of all records hold: {checked.stdout.strip()}")


def _decisions(walk: Walk) -> list[Json]:
    found = walk.caller.items("/portal/decisions", who="")
    return [d for d in found if story.TITLE in d["title"]]


if __name__ == "__main__":
    sys.exit(main())
