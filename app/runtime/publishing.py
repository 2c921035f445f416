"""Stores a checked process as the next immutable version. The definitions slice asks who may.

The same files twice in a row are one version. Start timers of the process are set anew.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.extensions import db
from app.models import Definition as DefinitionRow
from app.models import DefinitionFile, DefinitionVersion, StartTimer
from app.runtime import library, start_timers
from app.runtime.actor import Actor
from app.runtime.tables import table, upsert
from workflows.errors import Problem
from workflows.model import Files
from workflows.parsing import Definition

_definitions = table(DefinitionRow)
_versions = table(DefinitionVersion)
_files = table(DefinitionFile)


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A stored version. `new` is false when the latest version already had exactly these files."""

    id: int
    key: str
    version: int
    definition: Definition
    new: bool = True


def publish(files: Files, *, by: Actor | None, note: str = "", now: datetime) -> PublishedVersion:
    """Check and store the files of one process; inside a transaction. Raises Unpublishable."""
    definition = library.compile_latest(files)
    connection = db.session.connection()
    _ensure(definition)
    latest = connection.execute(
        select(_definitions.c.latest).where(_definitions.c.key == definition.key).with_for_update()
    ).scalar_one()
    if latest:
        before = connection.execute(
            select(_versions.c.id, _versions.c.hash).where(
                _versions.c.key == definition.key, _versions.c.version == latest
            )
        ).one()
        if before.hash == definition.hash:
            return PublishedVersion(before.id, definition.key, latest, definition, new=False)
    version = latest + 1
    version_id = connection.execute(
        insert(_versions).values(**_columns(definition, version, by, note, now)).returning(_versions.c.id)
    ).scalar_one()
    connection.execute(
        insert(_files), [{"version_id": version_id, "name": n, "content": t} for n, t in files.items()]
    )
    connection.execute(
        update(_definitions)
        .where(_definitions.c.key == definition.key)
        .values(
            latest=version, name=definition.name, name_en=definition.name_en, category=definition.category
        )
    )
    connection.execute(delete(table(StartTimer)).where(StartTimer.definition == definition.key))
    start_timers.arm(definition, now=now)
    return PublishedVersion(version_id, definition.key, version, definition)


def _ensure(definition: Definition) -> None:
    connection = db.session.connection()
    connection.execute(
        upsert(connection, _definitions)
        .values(
            key=definition.key,
            name=definition.name,
            name_en=definition.name_en,
            category=definition.category,
            state=library.ACTIVE,
            latest=0,
        )
        .on_conflict_do_nothing()
    )


def _columns(
    definition: Definition, version: int, by: Actor | None, note: str, now: datetime
) -> dict[str, Any]:
    return {
        "key": definition.key,
        "version": version,
        "hash": definition.hash,
        "note": note,
        "published_by": by.id if by else None,
        "published_at": now,
        "startable": definition.startable,
        "startable_by": list(definition.startable_by),
        "start_form": definition.start_form,
        "calls": list(definition.calls),
        "message_starts": [
            {"element": s.element, "name": s.name, "correlation": s.correlation, "signal": s.signal}
            for s in definition.message_starts
        ],
        "warnings": [_warning(w) for w in definition.warnings],
    }


def _warning(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "element": problem.element,
        "file": problem.file,
        "params": {name: str(value) for name, value in problem.params.items()},
    }
