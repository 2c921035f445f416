"""Messages and signals between cases, from outside, and from the product itself.

A message goes to every running case that waits for its name and key, starts the processes whose message
start it names, and is kept until somebody waits when it did neither. A signal goes to whoever waits now
and is not kept. Inside an act on a case, delivering is owed and happens right after the commit (`kicks`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from app.extensions import db
from app.models import Case, Definition, DefinitionVersion, InboxMessage, Subscription
from app.runtime import held as holding
from app.runtime import inbox, kicks, library, runner, start_timers
from app.runtime.actor import Actor
from app.runtime.groups import actor_of
from app.runtime.held import MOVING, SUSPENDED
from app.runtime.kicks import Kick
from app.runtime.records import Entry
from app.runtime.refusals import CaseOver, CaseSuspended, NoSuchCase
from app.runtime.saving import Moved, finish
from app.runtime.storable import refuse_nul
from app.runtime.tables import table
from app.runtime.transaction import holds_a_case, transaction
from workflows.engine import Instance
from workflows.errors import NotWaitingHere, Refusal
from workflows.expressions import compile_expression
from workflows.model import Data

NAME_LENGTH = 200

_cases = table(Case)
_definitions = table(Definition)
_inbox = table(InboxMessage)
_subscriptions = table(Subscription)
_versions = table(DefinitionVersion)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message. `kept`: nobody waits yet. `owed`: it is delivered after the commit."""

    moved: tuple[Moved, ...] = ()
    started: tuple[Moved, ...] = ()
    kept: bool = False
    owed: bool = False


def deliver(
    name: str,
    key: str,
    data: Data,
    *,
    now: datetime,
    by: Actor | None = None,
    case_id: int | None = None,
    unit_id: int | None = None,
) -> Delivery:
    """Send a message to whoever waits for it, or only to `case_id`; inside a transaction.

    With `case_id` the key may be left out. `unit_id`: where a case that it starts belongs (default: the
    sender's unit). Inside another act on a case it is owed. Raises: NoSuchCase, CaseOver for an addressed
    case; UnstorableText, DataRefused.
    """
    refuse_nul(data, name, key)
    name, key = name[:NAME_LENGTH], key[:NAME_LENGTH]
    unit = unit_id if unit_id is not None else (by.unit_id if by else None)
    if holds_a_case():
        payload = _payload(name, key, data, unit=unit, by=by, addressed=case_id)
        kicks.owe("message", payload, case_id=case_id, now=now)
        return Delivery(owed=True)
    if case_id is not None:
        _refuse_ended(case_id)
    moved: list[Moved] = []
    suspended = 0
    for waiting_id in _waiting(name, key, kind="message", case_id=case_id):
        try:
            moved += _hand_over(waiting_id, name, key, data, addressed=case_id is not None, now=now, by=by)
        except CaseSuspended:
            inbox.keep(name, key, data, case_id=waiting_id, now=now)
            suspended += 1
    started = [] if case_id is not None else _start(name, key, data, now=now, by=by, unit_id=unit)
    kept = not moved and not started and not suspended
    if kept:
        inbox.keep(name, key, data, case_id=case_id, now=now)
    return Delivery(tuple(moved), tuple(started), kept=kept or bool(suspended))


def broadcast(
    name: str, data: Data, *, now: datetime, by: Actor | None = None, unit_id: int | None = None
) -> Delivery:
    """Send a signal to every case that waits for it now; start the processes that it starts."""
    refuse_nul(data, name)
    if holds_a_case():
        kicks.owe("signal", _payload(name, "", data, unit=unit_id, by=by), case_id=None, now=now)
        return Delivery(owed=True)
    moved: list[Moved] = []
    for waiting_id in _waiting(name, "", kind="signal", case_id=None):
        try:
            moved += _hand_over(waiting_id, name, "", data, kind="signal", now=now, by=by)
        except (CaseSuspended, CaseOver):
            continue  # a signal is heard by those who listen now
    started = _start(name, "", data, signal=True, now=now, by=by, unit_id=unit_id)
    return Delivery(tuple(moved), tuple(started))


def sweep(now: datetime, limit: int = 50) -> int:
    """Hand over kept messages that somebody waits for: message and wait came at the same instant.

    One transaction a case, opened here; returns how many cases moved.
    """
    found = met(limit)
    db.session.rollback()
    done = 0
    for case_id in found:
        with transaction():
            try:
                held = holding.hold(case_id, now=now, by=None, skip_locked=True)
            except (NoSuchCase, CaseOver, CaseSuspended):
                continue
            taken = inbox.take(held, waits=held.instance.waits())
            if taken:
                finish(held, taken)
                done += 1
    return done


def met(limit: int = 1) -> list[int]:
    """Running cases that wait for a message which is there already."""
    rows = db.session.connection().execute(
        select(_subscriptions.c.case_id)
        .join(
            _inbox,
            and_(
                _subscriptions.c.kind == "message",
                _subscriptions.c.name == _inbox.c.name,
                or_(
                    _subscriptions.c.key == _inbox.c.key,
                    and_(_inbox.c.case_id.is_not(None), _inbox.c.key == ""),
                ),
                or_(_inbox.c.case_id.is_(None), _inbox.c.case_id == _subscriptions.c.case_id),
            ),
        )
        .join(_cases, _cases.c.id == _subscriptions.c.case_id)
        .where(_cases.c.state.in_(MOVING))
        .distinct()
        .order_by(_subscriptions.c.case_id)
        .limit(limit)
    )
    return list(rows.scalars())


def _refuse_ended(case_id: int) -> None:
    state = db.session.connection().execute(select(_cases.c.state).where(_cases.c.id == case_id)).scalar()
    if state is None:
        raise NoSuchCase
    holding.refuse_unless(state, (*MOVING, SUSPENDED))


def _waiting(name: str, key: str, *, kind: str, case_id: int | None) -> list[int]:
    """The cases that wait, in the order in which every transaction locks them."""
    query = select(_subscriptions.c.case_id).where(
        _subscriptions.c.kind == kind, _subscriptions.c.name == name
    )
    if case_id is not None:
        query = query.where(_subscriptions.c.case_id == case_id)
    if kind == "message" and (case_id is None or key):
        query = query.where(_subscriptions.c.key == key)
    return sorted(set(db.session.connection().execute(query).scalars()))


def _hand_over(
    case_id: int,
    name: str,
    key: str,
    data: Data,
    *,
    now: datetime,
    by: Actor | None,
    kind: str = "message",
    addressed: bool = False,
) -> list[Moved]:
    """Give it to every wait of the case that fits; nothing when the wait is over by now."""
    held = holding.hold(case_id, now=now, by=by)
    entries = []
    for wait in held.instance.waits():
        fits = wait.kind == kind and (
            wait.name == name
            if kind == "signal"
            else inbox.matches(wait.name, wait.key, name=name, key=key, addressed=addressed)
        )
        if fits and _still(held.instance, wait.ref, data):
            entries.append(Entry(f"{kind}.received", wait.element, {"name": name, "key": key, "data": data}))
    return [finish(held, entries)] if entries else []


def _still(instance: Instance, ref: str, data: Data) -> bool:
    """Deliver unless what came before has ended this wait."""
    try:
        instance.deliver(ref, data)
    except NotWaitingHere:
        return False
    return True


def _start(
    name: str,
    key: str,
    data: Data,
    *,
    now: datetime,
    by: Actor | None,
    unit_id: int | None,
    signal: bool = False,
) -> list[Moved]:
    """Begin a case of every active process whose latest version this starts."""
    rows = (
        db.session.connection()
        .execute(
            select(_versions.c.key, _versions.c.message_starts)
            .join(_definitions, _definitions.c.key == _versions.c.key)
            .where(_versions.c.version == _definitions.c.latest, _definitions.c.state == library.ACTIVE)
            .order_by(_versions.c.key)
        )
        .all()
    )
    started = []
    for row in rows:
        for begin in row.message_starts:
            if begin["name"] != name or bool(begin["signal"]) != signal:
                continue
            if key and begin["correlation"] and not _correlates(begin["correlation"], data, key):
                continue
            unit = unit_id if unit_id is not None else start_timers.root_unit()
            if unit is not None:
                started.append(
                    runner.start_case(
                        row.key, data=data, by=by, unit_id=unit, now=now, start=begin["element"]
                    )
                )
    return started


def _correlates(expression: str, data: Data, key: str) -> bool:
    """Whether the message's own data give the key that it was sent with."""
    try:
        return str(compile_expression(expression).evaluate(data)) == key
    except Refusal:
        return False


def _payload(
    name: str, key: str, data: Data, *, unit: int | None, by: Actor | None, addressed: int | None = None
) -> dict[str, Any]:
    return {
        "name": name,
        "key": key,
        "data": data,
        "unit_id": unit,
        "by": by.id if by else None,
        "addressed": addressed,
    }


@kicks.kick("message")
def _message(kick: Kick) -> None:
    sent = kick.payload
    deliver(
        sent["name"],
        sent["key"],
        sent["data"],
        now=kick.now,
        by=actor_of(sent["by"]),
        case_id=sent.get("addressed"),
        unit_id=sent["unit_id"],
    )


@kicks.kick("signal")
def _signal(kick: Kick) -> None:
    sent = kick.payload
    broadcast(sent["name"], sent["data"], now=kick.now, by=actor_of(sent["by"]), unit_id=sent["unit_id"])
