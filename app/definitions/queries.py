"""Reads of published processes: lists, versions, files."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from app.extensions import db
from app.http import decode_cursor, page
from app.models import Definition, DefinitionFile, DefinitionVersion, Person

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]
MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class DefinitionRow:
    """A published process in one of its versions."""

    key: str
    version: int
    version_id: int
    latest: int
    name: str
    name_en: str
    category: str
    state: str
    person_can_start: bool
    startable_by: tuple[str, ...]
    start_form: str
    note: str
    published_at: datetime
    published_by: str
    files: tuple[str, ...]
    warnings: Sequence[Any]


def definitions(
    *, q: str = "", category: str = "", limit: int, cursor: str = ""
) -> tuple[list[DefinitionRow], str | None]:
    """The latest version of every process, by key."""
    wanted = _select().where(DefinitionVersion.version == Definition.latest)
    after = decode_cursor(cursor, (str,))
    if after is not None:
        wanted = wanted.where(Definition.key > after[0])
    if q:
        wanted = wanted.where(
            Definition.name.contains(q, autoescape=True) | Definition.key.contains(q, autoescape=True)
        )
    if category:
        wanted = wanted.where(Definition.category == category)
    rows = db.session.execute(wanted.order_by(Definition.key).limit(limit + 1)).all()
    kept, following = page(rows, limit, lambda row: (row.key,))
    return _with_files(kept), following


def definition(key: str, version: int | None = None) -> DefinitionRow | None:
    """One process in its latest version, or in this one."""
    number = Definition.latest if version is None else version
    rows = db.session.execute(
        _select().where(Definition.key == key, DefinitionVersion.version == number)
    ).all()
    return _with_files(rows)[0] if rows else None


def versions(key: str, *, limit: int, cursor: str = "") -> tuple[list[DefinitionRow], str | None]:
    """The versions of a process, the newest first."""
    after = decode_cursor(cursor, (int,))
    wanted = _select().where(Definition.key == key)
    if after is not None:
        wanted = wanted.where(DefinitionVersion.version < after[0])
    rows = db.session.execute(wanted.order_by(DefinitionVersion.version.desc()).limit(limit + 1)).all()
    kept, following = page(rows, limit, lambda row: (row.version,))
    return _with_files(kept), following


def contents(version_ids: Collection[int], names: Collection[str]) -> dict[tuple[int, str], str]:
    """The texts of these files of these versions; one SELECT, none without names."""
    if not version_ids or not names:
        return {}
    rows = db.session.execute(
        select(DefinitionFile.version_id, DefinitionFile.name, DefinitionFile.content)
        .where(DefinitionFile.version_id.in_(sorted(version_ids)), DefinitionFile.name.in_(sorted(names)))
        .order_by(DefinitionFile.version_id, DefinitionFile.name)
        .limit(len(version_ids) * len(names))
    )
    return {(row.version_id, row.name): row.content for row in rows}


def categories() -> list[str]:
    """The categories in use, sorted."""
    rows = db.session.execute(select(Definition.category).distinct().order_by(Definition.category).limit(200))
    return [row.category for row in rows if row.category]


def _select() -> AnySelect:
    return (
        select(
            Definition.key,
            DefinitionVersion.version,
            DefinitionVersion.id.label("version_id"),
            Definition.latest,
            Definition.name,
            Definition.name_en,
            Definition.category,
            Definition.state,
            DefinitionVersion.startable,
            DefinitionVersion.startable_by,
            DefinitionVersion.start_form,
            DefinitionVersion.note,
            DefinitionVersion.published_at,
            Person.name.label("publisher"),
            DefinitionVersion.warnings,
        )
        .join(DefinitionVersion, DefinitionVersion.key == Definition.key)
        .outerjoin(Person, Person.id == DefinitionVersion.published_by)
    )


def _with_files(rows: Sequence[AnyRow]) -> list[DefinitionRow]:
    names: dict[int, list[str]] = {row.version_id: [] for row in rows}
    if names:
        found = db.session.execute(
            select(DefinitionFile.version_id, DefinitionFile.name)
            .where(DefinitionFile.version_id.in_(sorted(names)))
            .order_by(DefinitionFile.version_id, DefinitionFile.name)
            .limit(len(names) * MOST_FILES)
        )
        for version_id, name in found:
            names[version_id].append(name)
    return [
        DefinitionRow(
            key=row.key,
            version=row.version,
            version_id=row.version_id,
            latest=row.latest,
            name=row.name,
            name_en=row.name_en,
            category=row.category,
            state=row.state,
            person_can_start=row.startable,
            startable_by=tuple(row.startable_by),
            start_form=row.start_form,
            note=row.note,
            published_at=row.published_at,
            published_by=row.publisher or "",
            files=tuple(names[row.version_id]),
            warnings=row.warnings,
        )
        for row in rows
    ]
