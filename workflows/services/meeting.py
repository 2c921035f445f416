"""What came out of a collective discussion: members first, the head last.

国务院令第713号 30: members speak fully, the head speaks last and decides; against the majority, the head
says why in the meeting. Where the body votes, the head is one vote. Not for: assemblies of electors.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from workflows.errors import message
from workflows.model import Data, ServiceCall
from workflows.services import arguments as arg
from workflows.services import service
from workflows.services.tally import reckon

OPINIONS = {"agree": "approve", "revise": "revise", "defer": "defer", "oppose": "reject"}
RECUSED = "recused"


@service("meeting.discussion_result")
def discussion_result(call: ServiceCall) -> Data:
    """Count the opinions of a discussion and give its `outcome`: approve, revise, defer or reject.

    Arguments: `opinions`, tables with `opinion` (agree, revise, defer, oppose, recused) and `reason`, in
    the order spoken, so the head's is last (or apart, as `head`); `mode` (vote, head_decides); in a
    vote also `due` (how many belong to the body) and `tests`, or `body` and `matter` to look them up.

    Gives `counts`, `present`, `due`, `majority` (what more than half of those speaking hold, or null),
    `tie` (two opinions lead equally), `head_opinion`, `head_against_majority`, `reason_missing`, and in a
    vote `passed` and `lines`. A tie does not pass. Recused members stay in the base and have no opinion.
    """
    spoken = [_opinion(call, item) for item in arg.listing(call, "opinions")]
    if call.args.get("head") is not None:
        spoken.append(_opinion(call, call.args["head"]))
    if not spoken:
        raise arg.refused(call, "opinions", message("nobody has spoken yet"))
    mode = arg.choice(call, "mode", ("vote", "head_decides"))
    head, reason = spoken[-1]
    if head == RECUSED:
        raise arg.refused(call, "opinions", message("a recused head does not speak: the deputy speaks last"))
    held = [opinion for opinion, _ in spoken if opinion != RECUSED]
    counts = Counter(held)
    majority = next((o for o in OPINIONS if 2 * counts[o] > len(held)), None)
    leading = [o for o in OPINIONS if counts[o] == max(counts.values())]
    tie = len(leading) > 1
    against = majority is not None and head != majority
    result: Data = {
        "mode": mode,
        "counts": {o: counts[o] for o in OPINIONS} | {RECUSED: len(spoken) - len(held)},
        "present": len(spoken),
        "majority": majority,
        "tie": tie,
        "head_opinion": head,
        "head_against_majority": against,
        "reason_missing": against and not reason,
    }
    if mode == "head_decides":
        return result | {
            "outcome": OPINIONS[head],
            "passed": head == "agree",
            "due": len(spoken),
            "lines": [],
        }
    return result | _vote(call, counts=counts, present=len(spoken), tie=tie, leading=leading[0])


def _vote(call: ServiceCall, *, counts: Counter[str], present: int, tie: bool, leading: str) -> Data:
    due = arg.whole(call, "due", least=present, fallback=present)
    if call.args.get("tests") is not None:
        tests: Mapping[str, Any] = arg.table(call, "tests")
    else:
        matter = arg.optional_text(call, "matter")
        tests = arg.rules_of(call).tests(arg.text(call, "body"), "majority", matter=matter)
    votes = {
        "for": counts["agree"],
        "against": counts["oppose"],
        "abstain": counts["revise"] + counts["defer"],
        "votes_cast": counts.total(),
    }
    reckoning = reckon(tests, votes | {"present": present, "due": due, "all_members": due})
    passed = reckoning.passed and not tie
    if passed:
        outcome = "approve"
    else:
        outcome = OPINIONS[leading] if not tie and leading in ("revise", "defer") else "reject"
    return {
        "outcome": outcome,
        "passed": passed,
        "due": due,
        "lines": [line.as_dict() for line in reckoning.lines],
    }


def _opinion(call: ServiceCall, item: Any) -> tuple[str, str]:
    if not isinstance(item, Mapping):
        raise arg.refused(call, "opinions", message("each opinion is a table with an opinion and a reason"))
    opinion, reason = item.get("opinion"), item.get("reason")
    if not isinstance(opinion, str) or (opinion not in OPINIONS and opinion != RECUSED):
        raise arg.refused(call, "opinions", "an opinion is one of " + ", ".join([*OPINIONS, RECUSED]))
    return opinion, reason.strip() if isinstance(reason, str) else ""


@service("meeting.attribute")
def attribute(call: ServiceCall) -> Data:
    """Put names to answers given one after another: `rows`, each a person with what was answered.

    `people` and `answers` are lists of tables of the same length, in the same order.
    """
    people, answers = arg.listing(call, "people"), arg.listing(call, "answers")
    if len(people) != len(answers):
        raise arg.refused(call, "answers", "there is not one answer for each person")
    if not all(isinstance(x, Mapping) for x in (*people, *answers)):
        raise arg.refused(call, "people", "each person and each answer is a table")
    return {"rows": [{**person, **answer} for person, answer in zip(people, answers, strict=True)]}
