"""`make demo-walk` as anybody runs it: a server of its own, the whole story over HTTP, exit status 0."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.demo import walk_meetings, walk_story
from app.demo.walk_case import Walk
from app.demo.walk_http import NotAsTold

ROOT = Path(__file__).parent.parent.parent
LONGEST_SECONDS = 300


def test_the_walk_is_as_told_from_the_proposal_to_the_published_result() -> None:
    played = subprocess.run(
        [sys.executable, "-m", "app.demo.walk"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )

    assert played.returncode == 0, played.stdout[-2000:] + played.stderr[-2000:]
    told = [line.strip() for line in played.stdout.splitlines()]
    for said in (
        "no quorum, no vote",
        "the quorum is the same",
        "a villager objects",
        "decision annulled",
        "the supervision committee accepts it",
        "0 faults",
    ):
        assert any(said in line for line in told), said


def test_the_walk_fails_when_a_meeting_counts_half_a_body_as_a_quorum() -> None:
    server = Answers(
        {
            "meetings": [{"id": "1", "state": "planned"}],
            "meeting": meeting(quorum_met=True),
            "roll": [{"id": str(n)} for n in range(10)],
        }
    )
    told = Walk(server, print, case_id="1")  # type: ignore[arg-type]

    with pytest.raises(NotAsTold, match="half of the body made a quorum"):
        walk_meetings.fail_the_quorum(told)


def test_the_walk_fails_when_the_story_knows_no_such_task() -> None:
    told = Walk(Answers({}), print)  # type: ignore[arg-type]

    with pytest.raises(NotAsTold, match="knows no"):
        told._step({"element": "somebody_added_this", "name": "新环节"}, "zhangdefu")


def test_what_is_published_and_what_is_filled_in_are_both_said() -> None:
    said: list[str] = []
    Walk(Answers({"people": []}), said.append).preface()  # type: ignore[arg-type]

    for zh, en in (*walk_story.PUBLISHED, *walk_story.FILLED_IN):
        assert any(zh in line and en in line for line in said)


def meeting(**given: Any) -> dict[str, Any]:
    eligible = {"freeze": ["a"], "attendance": ["a"], "close": ["a"], "ballots": ["a", "b"]}
    rule = {"text": "三分之二以上到会", "quorum": "三分之二以上到会"}
    plain = {"id": "1", "roll_size": 10, "round": 1, "body_name": "会", "rule": rule, "eligible": eligible}
    return plain | given


class Answers:
    """A server that answers the few questions of one step."""

    def __init__(self, known: dict[str, Any]) -> None:
        self.known = known
        self.post: Callable[..., dict[str, Any]] = lambda *_, **__: {}

    def get(self, path: str, **_: Any) -> dict[str, Any]:
        if path.startswith("/sandbox"):
            return {"now": "2026-11-23T01:00:00Z"}
        found: dict[str, Any] = self.known["meeting"]
        return found

    def items(self, path: str, **_: Any) -> list[dict[str, Any]]:
        kind = "roll" if "/roll" in path else path.strip("/").split("?")[0]
        found: list[dict[str, Any]] = self.known[kind]
        return found
