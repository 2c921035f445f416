"""Builders for tests of notices, objections and decisions: a village, its committees, its processes.

The product's clock stands at NOW while a `world` is open.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import building_app as build
import orjson
from building_app import NOW, actor_of
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import clock
from app.clock import machine_now
from app.extensions import db
from app.identity import guard, sessions
from app.models import Case, Decision, Notice, Objection, Record, SignIn
from app.runtime import records
from app.runtime.actor import Actor
from app.runtime.transaction import transaction

BPMN = Path(__file__).resolve().parents[1] / "bpmn"
WAITING = build.bpmn(build.chain("userTask#a"), key="waiting")


class World:
    """东镇 with 东村 (wang: villagers' committee; zhao: supervision committee) and 西村 (sun)."""

    def __init__(self, app: Flask, processes: Sequence[str]) -> None:
        self.app = app
        self.town = build.add_unit("东镇", kind="township", place="CN-3707")
        self.village = build.add_unit("东村", parent=self.town)
        self.other = build.add_unit("西村", parent=self.town)
        for name, unit in (("wang", self.village), ("zhao", self.village), ("sun", self.other)):
            build.add_person(name, unit=unit)
        build.add_person("admin", unit=self.town, roles=("admin",))
        build.add_group("village_committee", unit=self.village, members=(actor_of("wang"),))
        build.add_group("supervision_committee", unit=self.village, members=(actor_of("zhao"),))
        for key in processes:
            shipped(key)
        build.publish(WAITING)
        self.case_id = build.start("waiting", by=self.who("wang"), unit=self.village).case_id

    def who(self, username: str) -> Actor:
        """The person with the groups of now."""
        return actor_of(username)

    def set_clock(self, at: datetime) -> None:
        """Let the product's clock stand at this instant (a few milliseconds later, never before)."""
        clock.install(self.app, lambda: at - machine_now() + timedelta(milliseconds=5))

    def ask(self, method: str, path: str, *, client: FlaskClient | None = None, **more: Any) -> TestResponse:
        """One request with a context of its own, as on a server: nothing of the test's is cached in it."""
        asking = client or self.app.test_client()
        answer = Context().run(lambda: asking.open(path, method=method, **more))
        assert answer.status_code < 500, answer.get_data(as_text=True)
        db.session.rollback()
        return answer

    def client(self, username: str = "", *, language: str = "") -> FlaskClient:
        """A browser, signed in as this person; "" for nobody. Forms must carry the CSRF token."""
        client = self.app.test_client()
        with client.session_transaction() as session:
            if language:
                session["language"] = language
            if username:
                session[guard.SESSION_KEY] = self._sign_in(username, sessions.SESSION)
        return client

    def bearer(self, username: str) -> dict[str, str]:
        """The headers of a program that this person signed in."""
        return {"Authorization": f"Bearer {self._sign_in(username, sessions.TOKEN)}"}

    def post_notice(self, **more: Any) -> int:
        """Start the shipped notice and carry it to its posting; returns the case's id."""
        wang = self.who("wang")
        data = {"title": "道路硬化", "text": "东路硬化，预算12万元。", "kind": "general"} | more
        moved = build.start("public_notice", by=wang, unit=self.village, data=data)
        redacted = {"title": data["title"], "text": data["text"], "redacted": "yes", "channels": ["board"]}
        build.complete(build.open_task(moved.case_id, "redact").id, redacted, by=wang)
        build.complete(build.open_task(moved.case_id, "publish").id, {"board_place": "村口"}, by=wang)
        return moved.case_id

    def notice_of(self, case_id: int) -> int:
        """The newest notice of a case."""
        db.session.rollback()
        return db.session.scalars(
            select(Notice.id).where(Notice.case_id == case_id).order_by(Notice.id.desc()).limit(1)
        ).one()

    def case_no(self, case_id: int) -> str:
        """The number of a case."""
        return db.session.scalars(select(Case.case_no).where(Case.id == case_id)).one()

    def add_notice(self, **change: Any) -> int:
        """A notice as a row, of a case that waits for something else."""
        values: dict[str, Any] = {
            "case_id": self.case_id,
            "unit_id": self.village,
            "kind": "general",
            "title": "道路硬化",
            "text": "东路硬化，预算12万元。",
            "facts": {},
            "rule": {},
            "objections_open": True,
            "channels": ["board"],
            "state": "posted",
            "posted_from": NOW - timedelta(days=2),
            "posted_to": NOW + timedelta(days=5),
        }
        with transaction() as session:
            notice = Notice(**(values | change))
            if notice.state != "posted":
                notice.ended_at = NOW
            session.add(notice)
            session.flush()
            return notice.id

    def add_decision(
        self, *, title: str = "硬化东路", published: bool = True, annulled: str = "", **change: Any
    ) -> int:
        """A decision of the villagers' assembly, passed by a single vote."""
        majority = {
            "text_zh": "到会人员的过半数赞成",
            "text_en": "more than half of those present are in favour",
            "needed": 401,
            "got": 401,
            "base": 800,
            "met": True,
            "article": "村民委员会组织法第二十六条",
        }
        quorum = majority | {
            "text_zh": "十八周岁以上村民过半数到会",
            "text_en": "more than half of the villagers aged 18 and over are present",
            "needed": 751,
            "got": 800,
            "base": 1500,
        }
        values: dict[str, Any] = {
            "case_id": self.case_id,
            "unit_id": self.village,
            "body": "villagers_assembly",
            "matter": "public_works",
            "title": title,
            "item": "",
            "passed": True,
            "roll": 1500,
            "present": 800,
            "votes_for": 401,
            "votes_against": 380,
            "votes_abstain": 15,
            "votes_invalid": 4,
            "reckoning": {
                "lines": [majority],
                "quorum_lines": [quorum],
                "body_names": {"zh": "村民会议", "en": "villagers' assembly"},
                "annulled_because": annulled,
            },
            "rule": {},
            "decided_at": NOW - timedelta(days=1),
            "published_at": NOW if published else None,
            "annulled_at": NOW if annulled else None,
        }
        with transaction() as session:
            decision = Decision(**(values | change))
            session.add(decision)
            session.flush()
            return decision.id

    def settle(self, finding: str, *, reply: str = "已核实。", now: datetime = NOW) -> None:
        """Settle the only open objection, as the supervision committee does."""
        db.session.rollback()
        case_id = db.session.scalars(select(Objection.case_id).where(Objection.settled_at.is_(None))).one()
        assert case_id is not None
        answer = {"finding": finding, "verification": "查看了合同。", "reply": reply}
        build.complete(build.open_task(case_id, "verify").id, answer, by=self.who("zhao"), now=now)

    def everything_about(self, case_id: int) -> str:
        """All that the record and the state of a case hold, as text."""
        db.session.rollback()
        details = db.session.scalars(select(Record.detail).where(Record.case_id == case_id)).all()
        blob = db.session.scalars(select(Case.state_blob).where(Case.id == case_id)).one()
        assert records.verify(case_id) == []
        return orjson.dumps(list(details)).decode() + (blob or b"").decode("utf-8", "replace")

    def kinds_in_record(self, case_id: int) -> list[str]:
        """The kinds of what happened in a case, in order."""
        db.session.rollback()
        return list(
            db.session.scalars(select(Record.kind).where(Record.case_id == case_id).order_by(Record.seq))
        )

    def _sign_in(self, username: str, kind: str) -> str:
        person = self.who(username)
        token = f"{kind}-{username}-{machine_now().timestamp()}"
        with transaction() as session:
            session.add(
                SignIn(
                    digest=sessions.digest_of(token),
                    kind=kind,
                    person_id=person.id,
                    created_at=machine_now(),
                    expires_at=machine_now() + timedelta(hours=1),
                )
            )
        return token


@contextmanager
def world(app: Flask, *, processes: Sequence[str] = ("objection", "public_notice")) -> Iterator[World]:
    """The village, with the product's clock at NOW."""
    built = World(app, processes)
    built.set_clock(NOW)
    yield built


def shipped(key: str) -> str:
    """Publish a shipped process."""
    files = {
        p.name: p.read_text("utf-8") for p in (BPMN / key).iterdir() if p.suffix != ".md" and p.is_file()
    }
    return build.publish(files)
