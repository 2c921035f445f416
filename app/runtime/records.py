"""The official record of a case: who did what, when, for whom; each entry chained to the one before.

hash = SHA-256 of the previous hash and the entry as canonical JSON (`canonical`), so that an export can be
checked without this program. Not for debugging: logs are elsewhere.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import orjson
from sqlalchemy import insert, select

from app.extensions import db
from app.models import Case, Record
from app.runtime.actor import Actor
from app.runtime.held import Held
from app.runtime.tables import table
from workflows.errors import Problem, message

_records = table(Record)
_cases = table(Case)
_INSERT = insert(_records)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `detail` is JSON; texts in it are data, not sentences."""

    kind: str
    element: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    on_behalf_of: str = ""
    by: Actor | None = None
    """Somebody other than who acts; None: who acts."""


def append(held: Held, entries: Sequence[Entry]) -> None:
    """Write entries at the end of the case's chain; moves the head in `held` (saved with the case)."""
    rows = [_row(held, entry) for entry in entries]
    if rows:
        db.session.connection().execute(_INSERT, rows)


def _row(held: Held, entry: Entry) -> dict[str, Any]:
    actor = entry.by or held.by
    held.record_seq += 1
    row: dict[str, Any] = {
        "case_id": held.id,
        "seq": held.record_seq,
        "at": held.now,
        "kind": entry.kind,
        "element": entry.element,
        "actor_id": actor.id if actor else None,
        "actor": actor.label if actor else "",
        "on_behalf_of": entry.on_behalf_of,
        "detail": entry.detail,
        "previous_hash": held.record_hash,
    }
    held.record_hash = row["hash"] = chained(row)
    return row


def chained(row: dict[str, Any]) -> str:
    """The hash of an entry that follows `previous_hash`."""
    return hashlib.sha256(row["previous_hash"].encode() + b"\n" + canonical(row)).hexdigest()


def canonical(row: dict[str, Any]) -> bytes:
    """An entry as the bytes that are hashed: JSON, keys sorted, no spaces; instants to the microsecond."""
    body = {
        "case_id": row["case_id"],
        "seq": row["seq"],
        "at": row["at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "kind": row["kind"],
        "element": row["element"],
        "actor_id": row["actor_id"],
        "actor": row["actor"],
        "on_behalf_of": row["on_behalf_of"],
        "detail": _plain(row["detail"]),
    }
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def verify(case_id: int) -> list[Problem]:
    """What is wrong with the chain of a case; empty when it is whole and its head is the case's."""
    connection = db.session.connection()
    head = connection.execute(
        select(_cases.c.record_seq, _cases.c.record_hash).where(_cases.c.id == case_id)
    ).one_or_none()
    rows = connection.execute(
        select(_records).where(_records.c.case_id == case_id).order_by(_records.c.seq)
    ).mappings()
    faults: list[Problem] = []
    previous, expected = "", 0
    for row in rows:
        expected += 1
        if row["seq"] != expected:
            faults.append(_fault("record.gap", _GAP, seq=expected))
            expected = row["seq"]
        if row["previous_hash"] != previous:
            faults.append(_fault("record.broken", _BROKEN, seq=row["seq"]))
        if chained(dict(row)) != row["hash"]:
            faults.append(_fault("record.changed", _CHANGED, seq=row["seq"]))
        previous = row["hash"]
    if head is not None and (head.record_seq, head.record_hash) != (expected, previous):
        faults.append(_fault("record.head", _HEAD, seq=expected))
    return faults


def verify_all() -> Iterator[tuple[str, Problem]]:
    """Every fault in the chain of every case, with the case's number; reads case by case."""
    last = 0
    while True:
        batch = db.session.connection().execute(
            select(_cases.c.id, _cases.c.case_no).where(_cases.c.id > last).order_by(_cases.c.id).limit(500)
        )
        cases = batch.all()
        if not cases:
            return
        for case in cases:
            last = case.id
            yield from ((case.case_no, fault) for fault in verify(case.id))


def _plain(value: Any) -> Any:
    """Numbers as a JSON column gives them back: whole floats are integers."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**63 else value
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _fault(code: str, text: str, **params: Any) -> Problem:
    return Problem(code, text, params=params)


_GAP = message("Entry {seq} of the record is missing.")
_BROKEN = message("Entry {seq} of the record does not follow the one before.")
_CHANGED = message("Entry {seq} of the record was changed after it was written.")
_HEAD = message("The record ends at entry {seq}, which is not the last that was written.")
