"""The village that is measured: its people with tokens, and the processes that they work on."""

import os
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from app.clock import machine_now
from app.config import Settings
from app.extensions import db
from app.factory import create_app
from app.identity import sessions
from app.migrations import upgrade
from app.models import Group, Membership, Person, SignIn, Unit
from app.runtime import library, publishing
from app.runtime.transaction import transaction
from benchmarks.engine_growth import diagram

PEOPLE = 8
SHORT, SCRIPTS, MANY = "short_matter", "two_hundred_scripts", "eight_at_one"
FORTY = 40


@dataclass(frozen=True, slots=True)
class Place:
    """What the clients need to know. `tokens`: of officials of one village, all in one committee."""

    tokens: tuple[str, ...]
    unit_id: int
    group_id: int
    people: tuple[int, ...]


def prepare(database_url: str) -> Place:
    """Migrate, add a village with its committee, publish the processes."""
    upgrade(database_url)
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            Settings(database_url=database_url, secret_key="benchmark" * 5, instance_path=Path(folder))
        )
        with app.app_context():
            place = _people()
            for text in (short_matter(), two_hundred_scripts(), eight_at_one()):
                with transaction():
                    key = publishing.publish({"process.bpmn": text}, by=None, now=machine_now()).key
                    library.bundle_for(key)
            db.session.remove()
            db.engine.dispose()
    return place


def short_matter() -> str:
    """start → a person → a person → gateway → end; all tasks for the committee."""
    nodes = {
        "s": ("startEvent", ""),
        "ask": ("userTask", ""),
        "check": ("userTask", ""),
        "x": ("exclusiveGateway", ""),
        "yes": ("endEvent", ""),
        "no": ("endEvent", ""),
    }
    flows = [
        ("s", "ask", ""),
        ("ask", "check", ""),
        ("check", "x", ""),
        ("x", "yes", "approved"),
        ("x", "no", "*"),
    ]
    return _for_committee(diagram(nodes, flows), SHORT)


def two_hundred_scripts() -> str:
    """200 assignments one after the other before a person's task."""
    nodes = {"s": ("startEvent", "")}
    flows = []
    last = "s"
    for n in range(200):
        nodes[f"c{n}"] = ("scriptTask", f"<bpmn:script>total = {'total + 1' if n else '1'}</bpmn:script>")
        flows.append((last, f"c{n}", ""))
        last = f"c{n}"
    nodes |= {"u": ("userTask", ""), "e": ("endEvent", "")}
    return _for_committee(diagram(nodes, [*flows, (last, "u", ""), ("u", "e", "")]), SCRIPTS)


def eight_at_one() -> str:
    """A task for each of a list at once, then one more: many people at one case."""
    repeat = (
        "<bpmn:multiInstanceLoopCharacteristics>"
        "<bpmn:loopDataInputRef>seats</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>answers</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="seat" name="seat"/><bpmn:outputDataItem id="given" name="given"/>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    nodes = {
        "s": ("startEvent", ""),
        "ask": ("userTask", repeat),
        "last": ("userTask", ""),
        "e": ("endEvent", ""),
    }
    return _for_committee(diagram(nodes, [("s", "ask", ""), ("ask", "last", ""), ("last", "e", "")]), MANY)


def _for_committee(text: str, key: str) -> str:
    named = text.replace('<bpmn:process id="p" name="p"', f'<bpmn:process id="{key}" name="{key}"')
    grouped = named.replace("<bpmn:userTask ", '<bpmn:userTask minyi:group="committee" ')
    return grouped.replace("<bpmn:definitions ", '<bpmn:definitions xmlns:minyi="urn:minyi:bpmn:1" ', 1)


def _people() -> Place:
    tokens = tuple(os.urandom(24).hex() for _ in range(PEOPLE))
    now = machine_now()
    with transaction() as session:
        above = ""
        unit_id: int | None = None
        for kind, name in (("county", "县"), ("township", "镇"), ("village", "村")):
            unit = Unit(name=name, kind=kind, parent_id=unit_id)
            session.add(unit)
            session.flush()
            above = unit.path = f"{above or '/'}{unit.id}/"
            unit_id = unit.id
        group = Group(unit_id=unit_id, key="committee", name="村民委员会", name_en="Committee")
        people = [
            Person(username=f"official{n}", name=f"干部{n}", roles=["official"], unit_id=unit_id)
            for n in range(PEOPLE)
        ]
        session.add_all([group, *people])
        session.flush()
        session.add_all(Membership(person_id=each.id, group_id=group.id) for each in people)
        session.add_all(
            SignIn(
                digest=sessions.digest_of(token),
                kind=sessions.TOKEN,
                person_id=person.id,
                created_at=now,
                expires_at=now + timedelta(hours=1),
            )
            for person, token in zip(people, tokens, strict=True)
        )
        session.flush()
        assert unit_id is not None
        return Place(tokens, unit_id, group.id, tuple(each.id for each in people))
