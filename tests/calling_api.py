"""Builders for tests of the HTTP API: a small county, and people who call it with their tokens.

Nothing here opens an application context around a request: each has its own, as on a server.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import building_app as build
from flask import Flask
from werkzeug.test import TestResponse

from app.clock import machine_now
from app.identity import sessions
from app.models import Membership, SignIn
from app.runtime.transaction import transaction


class Caller:
    """Somebody who calls the API of an application."""

    def __init__(self, app: Flask, username: str, token: str) -> None:
        self.app, self.username, self.token = app, username, token

    def call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> TestResponse:
        """One request; `path` is under /api/v1."""
        sent = {"Authorization": f"Bearer {self.token}", "Accept-Language": "en", **(headers or {})}
        answer = self.app.test_client().open("/api/v1" + path, method=method, headers=sent, **more)
        assert answer.status_code < 500, answer.get_data(as_text=True)
        wanted = "application/problem+json" if answer.status_code >= 400 else None
        assert wanted is None or answer.mimetype == wanted
        return answer

    def get(self, path: str, status: int = 200, **more: Any) -> Any:
        """The JSON of a GET that answers with this status."""
        answer = self.call("GET", path, **more)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json

    def post(self, path: str, body: Any = None, status: int = 200, **more: Any) -> Any:
        """The JSON of a POST that answers with this status."""
        if body is not None:
            more["json"] = body
        answer = self.call("POST", path, **more)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return json.loads(answer.data) if answer.data else None


class County:
    """A county with a township, two villages, groups and people; `who(name)` calls the API."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        with app.app_context():
            self.county = build.add_unit("民主县", kind="county")
            self.township = build.add_unit("东河镇", kind="township", parent=self.county)
            self.village = build.add_unit("柳家村", parent=self.township)
            self.other = build.add_unit("王家村", parent=self.township)
            add = build.add_person
            self.people = {
                name: add(name, unit=unit, roles=roles)
                for name, unit, roles in (
                    ("admin", self.county, ("admin",)),
                    ("designer", self.county, ("designer",)),
                    ("supervisor", self.township, ("supervisor",)),
                    ("li", self.village, ("official",)),
                    ("wang", self.village, ("official",)),
                    ("head", self.village, ("official",)),
                    ("zhao", self.other, ("official",)),
                )
            }
            self.committee = build.add_group(
                "committee",
                unit=self.village,
                name="村民委员会",
                members=(self.people["li"], self.people["wang"]),
            )
            with transaction() as session:
                session.add(Membership(person_id=self.people["head"].id, group_id=self.committee, head=True))
            now = machine_now()
            with transaction() as session:
                for name, person in self.people.items():
                    session.add(
                        SignIn(
                            digest=sessions.digest_of(f"token-{name}"),
                            kind=sessions.TOKEN,
                            person_id=person.id,
                            created_at=now,
                            expires_at=now + timedelta(hours=1),
                        )
                    )

    def who(self, username: str) -> Caller:
        """The API as this person sees it."""
        return Caller(self.app, username, f"token-{username}")

    def publish(self, text: str, *, form: dict[str, Any] | None = None, **files: str) -> str:
        """Publish a process over HTTP; its form as f.form."""
        sent = [{"name": "process.bpmn", "content": text}]
        if form is not None:
            sent.append({"name": "f.form", "content": json.dumps(form)})
        sent += [{"name": name, "content": content} for name, content in files.items()]
        return str(self.who("designer").post("/definitions", {"files": sent}, 201)["key"])

    def start(self, key: str, by: str = "li", **more: Any) -> dict[str, Any]:
        """Start a case over HTTP."""
        started: dict[str, Any] = self.who(by).post("/cases", {"definition": key, **more}, 201)
        return started

    def task(self, case_id: str, by: str = "admin") -> dict[str, Any]:
        """The only open task of a case."""
        items = self.who(by).get(f"/tasks?view=all&case={case_id}")["items"]
        assert len(items) == 1
        found: dict[str, Any] = items[0]
        return found


@contextmanager
def county(tmp_path: Path, database: str = "sqlite", **settings: Any) -> Iterator[County]:
    """An application with the small county in it."""
    with build.built_app(tmp_path, database=database, **settings) as app:
        yield County(app)
