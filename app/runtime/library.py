"""Published processes as runnable Definitions. A case is pinned to a bundle: a version and those it calls.

Definitions are compiled once per process and application and kept by bundle id; a bundle never changes.
Not for checking and storing what a designer sends: `publishing`.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import orjson
from flask import current_app
from sqlalchemy import Integer, bindparam, func, select

from app.extensions import db
from app.models import Bundle, DefinitionFile, DefinitionVersion
from app.models import Definition as DefinitionRow
from app.runtime import effects
from app.runtime.refusals import DefinitionRetired, NoSuchDefinition
from app.runtime.tables import table, upsert
from app.runtime.transaction import scratch
from workflows.model import Files
from workflows.parsing import Definition, compile_process

CACHE_SIZE = 300
ACTIVE = "active"

_KEY = "minyi.library"
_definitions = table(DefinitionRow)
_versions = table(DefinitionVersion)
_files = table(DefinitionFile)
_bundles = table(Bundle)
_VERSION = (
    select(_versions.c.id, _versions.c.version, _versions.c.calls, _definitions.c.state, _bundles.c.id)
    .join_from(_versions, _definitions, _definitions.c.key == _versions.c.key)
    .outerjoin(
        _bundles,
        (_bundles.c.version_id == _versions.c.id) & (_bundles.c.pins_hash == bindparam("no_pins")),
    )
    .where(
        _versions.c.key == bindparam("of_key"),
        _versions.c.version == func.coalesce(bindparam("of_version", type_=Integer), _definitions.c.latest),
    )
)


@dataclass(frozen=True, slots=True)
class BundleRef:
    """What a new case is pinned to."""

    id: int
    key: str
    version: int


@dataclass(slots=True)
class _Entry:
    lock: Lock = field(default_factory=Lock)
    definition: Definition | None = None


class _Cache:
    """The last used definitions of one application; each is compiled by one thread while others wait."""

    def __init__(self, size: int = CACHE_SIZE) -> None:
        self._size = size
        self._lock = Lock()
        self._entries: OrderedDict[int, _Entry] = OrderedDict()

    def entry(self, bundle_id: int) -> _Entry:
        """The place of a bundle, made on first use; the longest unused go."""
        with self._lock:
            entry = self._entries.get(bundle_id)
            if entry is None:
                entry = self._entries[bundle_id] = _Entry()
                while len(self._entries) > self._size:
                    self._entries.popitem(last=False)
            self._entries.move_to_end(bundle_id)
            return entry


def definition_of(bundle_id: int) -> Definition:
    """The runnable definition of a bundle. Raises NoSuchDefinition, Unpublishable.

    One that this transaction has made is not kept beyond it: undone, its id would be given to another.
    """
    fresh = scratch()
    if fresh is not None and (_KEY, bundle_id) in fresh:
        made: Definition = fresh[_KEY, bundle_id] or _compile(bundle_id)
        fresh[_KEY, bundle_id] = made
        return made
    entry = _cache().entry(bundle_id)
    if entry.definition is None:
        with entry.lock:
            if entry.definition is None:
                entry.definition = _compile(bundle_id)
    return entry.definition


def bundle_for(key: str, version: int | None = None) -> BundleRef:
    """Pin `key` (its latest version, or this one) and the latest of all that it calls; inside a transaction.

    Raises: NoSuchDefinition, DefinitionRetired.
    """
    connection = db.session.connection()
    wanted = {"of_key": key, "of_version": version, "no_pins": _hash({})}
    row = connection.execute(_VERSION, wanted).one_or_none()
    if row is None:
        raise NoSuchDefinition(key=key)
    version_id, number, calls, state, plain_bundle = row
    if state != ACTIVE:
        raise DefinitionRetired(key=key)
    if not calls and plain_bundle is not None:
        return BundleRef(plain_bundle, key, number)
    pins = _pins(key, calls)
    values = {"version_id": version_id, "pins": pins, "pins_hash": _hash(pins)}
    same = (_bundles.c.version_id == version_id) & (_bundles.c.pins_hash == values["pins_hash"])
    bundle_id = connection.execute(select(_bundles.c.id).where(same)).scalar()
    if bundle_id is None:
        connection.execute(upsert(connection, _bundles).values(values).on_conflict_do_nothing())
        bundle_id = connection.execute(select(_bundles.c.id).where(same)).scalar_one()
        fresh = scratch()
        if fresh is None:
            raise RuntimeError("a bundle is made inside transaction() only")
        fresh[_KEY, bundle_id] = None
    return BundleRef(bundle_id, key, number)


def latest_files(key: str) -> Files | None:
    """The files of the latest version of a process, None when there is none: the `callee` of a check."""
    version_id = (
        db.session.connection()
        .execute(
            select(_versions.c.id)
            .join(_definitions, _definitions.c.key == _versions.c.key)
            .where(_versions.c.key == key, _versions.c.version == _definitions.c.latest)
        )
        .scalar()
    )
    return None if version_id is None else files_of(version_id)


def files_of(version_id: int) -> Files:
    """The files of a stored version: name → text."""
    rows = db.session.connection().execute(
        select(_files.c.name, _files.c.content)
        .where(_files.c.version_id == version_id)
        .order_by(_files.c.name)
    )
    return {row.name: row.content for row in rows}


def compile_latest(files: Files) -> Definition:
    """Check these files against the latest of what they call. Raises Unpublishable."""
    return compile_process(files, callee=latest_files, effects=effects.names())


def _compile(bundle_id: int) -> Definition:
    connection = db.session.connection()
    found = connection.execute(
        select(_bundles.c.version_id, _bundles.c.pins).where(_bundles.c.id == bundle_id)
    ).one_or_none()
    if found is None:
        raise NoSuchDefinition(key=str(bundle_id))
    pins: Mapping[str, int] = found.pins

    def callee(key: str) -> Files | None:
        pinned = pins.get(key)
        if pinned is None:
            return None
        version_id = connection.execute(
            select(_versions.c.id).where(_versions.c.key == key, _versions.c.version == pinned)
        ).scalar_one()
        return files_of(version_id)

    return compile_process(files_of(found.version_id), callee=callee, effects=effects.names())


def _pins(key: str, calls: list[str]) -> dict[str, int]:
    """The latest versions of everything called, directly or through others; one SELECT a level."""
    pins: dict[str, int] = {}
    waiting = set(calls) - {key}
    while waiting:
        rows = (
            db.session.connection()
            .execute(
                select(_versions.c.key, _versions.c.version, _versions.c.calls)
                .join(_definitions, _definitions.c.key == _versions.c.key)
                .where(_versions.c.version == _definitions.c.latest, _versions.c.key.in_(sorted(waiting)))
            )
            .all()
        )
        missing = waiting - {row.key for row in rows}
        if missing:
            raise NoSuchDefinition(key=min(missing))
        pins.update((row.key, row.version) for row in rows)
        waiting = {called for row in rows for called in row.calls} - set(pins) - {key}
    return dict(sorted(pins.items()))


def _hash(pins: Mapping[str, int]) -> str:
    return hashlib.sha256(orjson.dumps(pins, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _cache() -> _Cache:
    extensions: dict[str, Any] = current_app.extensions
    cache: _Cache | None = extensions.get(_KEY)
    return cache if cache is not None else extensions.setdefault(_KEY, _Cache())
