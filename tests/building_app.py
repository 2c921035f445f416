"""Builders for tests that need the application: a database, units, people, groups, published processes.

`now` is fixed: 2026-11-23 09:00 in Asia/Shanghai, a Monday.
"""

import atexit
import itertools
import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, event, select, text
from sqlalchemy.engine import make_url

from app.config import Settings
from app.extensions import db
from app.factory import create_app
from app.migrations import upgrade
from app.models import Case, Group, Membership, Person, Task, Unit
from app.runtime import doorbell, publishing, runner
from app.runtime.actor import Actor
from app.runtime.saving import Moved
from app.runtime.transaction import transaction

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
POSTGRES = os.environ.get("MINYI_TEST_POSTGRES", "")
"""URL of a maintenance database on a server where tests may create databases."""


@contextmanager
def built_app(tmp_path: Path, *, database: str = "sqlite", **settings: Any) -> Iterator[Flask]:
    """An application with empty tables, on SQLite in `tmp_path` or in a fresh database on the server."""
    with fresh_database(tmp_path, database) as url:
        app = app_on(url, tmp_path, **settings)
        try:
            yield app
        finally:
            close(app)


def app_on(url: str, tmp_path: Path, **settings: Any) -> Flask:
    """An application on this database."""
    values: dict[str, Any] = {"secret_key": "test" * 10, "instance_path": tmp_path, "testing": True}
    return create_app(Settings(database_url=url, **(values | settings)))


def close(app: Flask) -> None:
    """Give back the connections."""
    doorbell.take_down(app)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@contextmanager
def fresh_database(tmp_path: Path, database: str) -> Iterator[str]:
    """The URL of a database with every migration and no rows; it is dropped afterwards."""
    if database == "sqlite":
        shutil.copyfile(sqlite_template(), tmp_path / "test.db")
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    name = f"minyi_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{uuid.uuid4().hex[:8]}"
    _on_server(f'CREATE DATABASE "{name}" TEMPLATE "{postgres_template()}"')
    try:
        yield _url_of(name)
    finally:
        _on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


@cache
def sqlite_template() -> Path:
    """A migrated SQLite file, made once a process, to copy."""
    folder = Path(tempfile.mkdtemp(prefix="minyi-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    upgrade(f"sqlite:///{folder / 'template.db'}")
    with closing(sqlite3.connect(folder / "template.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / "template.db"


@cache
def postgres_template() -> str:
    """The name of a migrated database on the server, made once a process, to copy."""
    name = f"minyi_template_{os.getpid()}_{uuid.uuid4().hex[:6]}"
    _on_server(f'CREATE DATABASE "{name}"')
    atexit.register(_on_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    upgrade(_url_of(name))
    return name


def _url_of(name: str) -> str:
    return make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)


def _on_server(statement: str) -> None:
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(statement))
    server.dispose()


def add_unit(name: str, *, kind: str = "village", parent: int | None = None, place: str = "") -> int:
    """A unit below `parent`; returns its id."""
    with transaction() as session:
        above = session.get(Unit, parent) if parent is not None else None
        unit = Unit(name=name, kind=kind, parent_id=parent, place=place)
        session.add(unit)
        session.flush()
        unit.path = f"{above.path if above else '/'}{unit.id}/"
        session.flush()
        return unit.id


def add_group(key: str, *, unit: int, name: str = "", members: tuple[Actor, ...] = ()) -> int:
    """A group of a unit; returns its id. Members must be read again (`actor_of`) to know of it."""
    with transaction() as session:
        group = Group(unit_id=unit, key=key, name=name or key, name_en=key.title())
        session.add(group)
        session.flush()
        for member in members:
            session.add(Membership(person_id=member.id, group_id=group.id))
        session.flush()
        return group.id


def add_person(username: str, *, unit: int, roles: tuple[str, ...] = ("official",), title: str = "") -> Actor:
    """A person without groups yet."""
    with transaction() as session:
        person = Person(username=username, name=f"名{username}", title=title, roles=list(roles), unit_id=unit)
        session.add(person)
        session.flush()
    return actor_of(username)


def actor_of(username: str) -> Actor:
    """The person as the signed-in actor, with the groups of this moment."""
    person = db.session.execute(select(Person).where(Person.username == username)).scalar_one()
    groups = db.session.execute(
        select(Membership.group_id).where(Membership.person_id == person.id)
    ).scalars()
    path = db.session.execute(select(Unit.path).where(Unit.id == person.unit_id)).scalar_one()
    actor = Actor(
        id=person.id,
        username=person.username,
        name=person.name,
        title=person.title,
        roles=frozenset(person.roles),
        groups=frozenset(groups),
        unit_id=person.unit_id,
        unit_path=path,
    )
    db.session.rollback()
    return actor


def publish(files: Mapping[str, str] | str, *, now: datetime = NOW) -> str:
    """Publish the files of a process (or the text of its only file); returns its key."""
    with transaction():
        given = {"process.bpmn": files} if isinstance(files, str) else dict(files)
        return publishing.publish(given, by=None, now=now).key


def start(key: str, *, by: Actor | None, unit: int, now: datetime = NOW, **more: Any) -> Moved:
    """Start a case."""
    with transaction():
        return runner.start_case(key, data=more.pop("data", {}), by=by, unit_id=unit, now=now, **more)


def complete(
    task_id: int, answer: dict[str, Any] | None = None, *, by: Actor, now: datetime = NOW, **more: Any
) -> runner.Completion:
    """Complete a task."""
    with transaction():
        return runner.complete_task(task_id, answer or {}, by=by, now=now, **more)


def case_row(case_id: int) -> Case:
    """The case as it is stored now."""
    db.session.rollback()
    return db.session.execute(select(Case).where(Case.id == case_id)).scalar_one()


def open_task(case_id: int, element: str = "") -> Task:
    """The only open task of a case (at this element)."""
    db.session.rollback()
    query = select(Task).where(Task.case_id == case_id, Task.state.in_(("open", "claimed")))
    return db.session.execute(query.where(Task.element == element) if element else query).scalar_one()


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL statements that the block sends, without BEGIN, COMMIT and savepoints."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, _many: bool) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")):
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def bpmn(body: str, *, key: str = "p", name: str = "事项", attributes: str = "", extra: str = "") -> str:
    """A BPMN file with one executable process around `body`; `extra` stands beside the process."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:minyi="urn:minyi:bpmn:1"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d_{key}" targetNamespace="urn:test">
 {extra}
 <process id="{key}" name="{name}" isExecutable="true" {attributes}>{body}</process>
</definitions>"""


def chain(*nodes: str) -> str:
    """Nodes in a row, start event and end event around them, with the flows between. A node is `tag#id …`.

    `userTask#a@group` gives a user task `a` of a group; any other text is taken as an element as it is and
    must carry id="…".
    """
    elements = ['<startEvent id="s"/>']
    ids = ["s"]
    for node in nodes:
        if node.startswith("<"):
            elements.append(node)
            ids.append(node.split('id="', 1)[1].split('"', 1)[0])
            continue
        tag, _, rest = node.partition("#")
        identity, _, group = rest.partition("@")
        attribute = f' minyi:group="{group}"' if group else ""
        elements.append(f'<{tag} id="{identity}" name="{identity}"{attribute}/>')
        ids.append(identity)
    elements.append('<endEvent id="e"/>')
    ids.append("e")
    flows = [
        f'<sequenceFlow id="f{i}" sourceRef="{a}" targetRef="{b}"/>'
        for i, (a, b) in enumerate(itertools.pairwise(ids))
    ]
    return "".join(elements + flows)
