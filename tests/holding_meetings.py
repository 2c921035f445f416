"""Builders for tests of meetings: a village with a register, its committee and tellers, and a meeting called
by the shipped process `assembly_vote`, its clock moved through the API.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import building_app as build
from calling_api import Caller
from flask import Flask
from sqlalchemy import insert

from app import clock
from app.clock import machine_now
from app.definitions.shipped import publish_all
from app.identity import sessions
from app.models import Delegation, Elector, SignIn, Unit
from app.runtime.transaction import transaction

MEMBER = {"collective_member": True, "full_capacity": True}


@dataclass(frozen=True)
class Villager:
    """A line of the register; households are numbered from 001."""

    name: str
    household: str
    woman: bool = False
    marks: Mapping[str, bool] | None = None


def villagers(count: int, *, each: int = 2, **marks: bool) -> list[Villager]:
    """So many villagers, `each` in a household, every second a woman."""
    return [
        Villager(f"村民{n:03d}", f"{n // each + 1:03d}", woman=bool(n % 2), marks={**MEMBER, **marks})
        for n in range(count)
    ]


class Hall:
    """A village that holds meetings; `who(name)` calls the API.

    head convenes (village committee), amei and abao are tellers, party is the Party branch, zhao an official
    of another village, mayor of the township.
    """

    title = "东街硬化"
    case = ""

    def __init__(
        self, app: Flask, register: Sequence[Villager], *, community: str, delegated: Sequence[str]
    ) -> None:
        self.app = app
        with app.app_context():
            publish_all(now=clock.now())
            county = build.add_unit("民主县", kind="county", place="CN-37")
            self.township = build.add_unit("东河镇", kind="township", parent=county)
            self.village = build.add_unit("柳家村", parent=self.township)
            self.other = build.add_unit("王家村", parent=self.township)
            with transaction() as session:
                village = session.get(Unit, self.village)
                assert village is not None
                village.community, village.name_en = community, "Liujia Village"
                for matter in delegated:
                    session.add(
                        Delegation(
                            unit_id=self.village,
                            matter=matter,
                            decided_on="2026-01-05",
                            record="柳会〔2026〕1号",
                        )
                    )
            self.people = {
                name: build.add_person(name, unit=unit, roles=roles)
                for name, unit, roles in (
                    ("admin", county, ("admin",)),
                    ("head", self.village, ("official",)),
                    ("deputy", self.village, ("official",)),
                    ("amei", self.village, ("official",)),
                    ("abao", self.village, ("official",)),
                    ("party", self.village, ("official",)),
                    ("zhao", self.other, ("official",)),
                    ("mayor", self.township, ("official",)),
                )
            }
            for key, name, members in (
                ("village_committee", "村民委员会", ("head", "deputy")),
                ("tellers", "计票人", ("amei", "abao")),
                ("party_branch", "村党支部", ("party",)),
                ("supervision_committee", "村务监督委员会", ("party",)),
            ):
                people = tuple(self.people[m] for m in members)
                build.add_group(key, unit=self.village, name=name, members=people)
            self._register(register)
            self._tokens()

    def who(self, username: str) -> Caller:
        """The API as this person sees it."""
        return Caller(self.app, username, f"token-{username}")

    def call_meeting(self, matter: str = "collective_money_use", **plan: Any) -> str:
        """Start a vote on `matter` and plan its meeting; returns the meeting's id."""
        head = self.who("head")
        data = {"title": self.title, "matter": matter, "text": "用集体资金硬化东街。"}
        started = head.post("/cases", {"definition": "assembly_vote", "data": data}, 201)
        self.case = str(started["id"])
        for username in ("party", "head"):
            for task in self.who(username).get(f"/tasks?view=claimable&case={self.case}")["items"]:
                self.who(username).post(
                    f"/tasks/{task['id']}/complete", {"data": self._answer(task["element"], plan)}
                )
        return self.meeting()["id"]

    def meeting(self) -> Any:
        """The case's newest meeting."""
        return self.who("head").get(f"/meetings?case={self.case}")["items"][0]

    def go_to(self, meeting: str, *, before: timedelta = timedelta(0)) -> None:
        """Move the clock to the hour the meeting is called for, or so long before it."""
        at = self.who("head").get(f"/meetings/{meeting}")["scheduled_at"]
        moment = clock_text(at, -before)
        self.who("admin").post("/sandbox/clock", {"set": moment})

    def roll(self, meeting: str) -> list[dict[str, Any]]:
        """The whole roll."""
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            found = self.who("head").get(f"/meetings/{meeting}/roll?limit=200&cursor={cursor}")
            rows += found["items"]
            if not found["next"]:
                return sorted(rows, key=lambda e: int(e["id"]))
            cursor = found["next"]

    def open(self, meeting: str, present: int) -> list[str]:
        """Freeze, go to the day, and sign in the first so many of the roll; returns everybody's ids."""
        head = self.who("head")
        head.post(f"/meetings/{meeting}/freeze")
        self.go_to(meeting)
        ids = [e["id"] for e in self.roll(meeting)]
        if present:
            head.post(f"/meetings/{meeting}/attendance", {"present": ids[:present]})
        return ids

    def count(self, meeting: str, votes: Sequence[int], *, second: Sequence[int] | None = None) -> None:
        """Both tellers enter for, against, abstain, invalid."""
        self.who("amei").post(f"/meetings/{meeting}/ballots", entry(1, votes))
        self.who("abao").post(f"/meetings/{meeting}/ballots", entry(2, second or votes))

    @staticmethod
    def _answer(element: str, plan: Mapping[str, Any]) -> dict[str, Any]:
        if element == "party_study":
            return {"study": "同意提交表决", "party_opinion": "同意", "opinion": "同意", "study_note": "同意"}
        return {
            "agenda": "审议并表决",
            "motion": "是否同意用集体资金硬化东街",
            "venue": "村文化广场",
            "ballot": "secret",
            **plan,
        }

    def _register(self, register: Sequence[Villager]) -> None:
        rows = [
            {
                "unit_id": self.village,
                "name": v.name,
                "household": v.household,
                "identity_digest": hashlib.sha256(f"{n}".encode()).digest(),
                "identity_tail": f"{n:04d}"[-4:],
                "woman": v.woman,
                "born_on": "1980-01-01",
                "marks": dict(v.marks or {}),
            }
            for n, v in enumerate(register)
        ]
        if rows:
            with transaction() as session:
                session.execute(insert(Elector), rows)

    def _tokens(self) -> None:
        now = machine_now()
        with transaction() as session:
            for name, person in self.people.items():
                session.add(
                    SignIn(
                        digest=sessions.digest_of(f"token-{name}"),
                        kind=sessions.TOKEN,
                        person_id=person.id,
                        created_at=now,
                        expires_at=now + timedelta(days=2),
                    )
                )


def entry(teller: int, votes: Sequence[int]) -> dict[str, int]:
    """One teller's count as the API takes it."""
    return {"teller": teller} | dict(zip(("for", "against", "abstain", "invalid"), votes, strict=True))


def clock_text(at: str, shift: timedelta) -> str:
    """An instant of the API, moved."""
    return (datetime.fromisoformat(at) + shift).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def hall(
    tmp_path: Path,
    register: Sequence[Villager],
    *,
    database: str = "sqlite",
    community: str = "village",
    delegated: Sequence[str] = (),
) -> Iterator[Hall]:
    """An application with the village in it and the sandbox clock."""
    with build.built_app(tmp_path, database=database, sandbox=True) as app:
        yield Hall(app, register, community=community, delegated=delegated)
