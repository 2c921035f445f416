"""Files in forms: how an upload is kept, and what the files that an answer names are called.

Where files go is decided by the slice that the factory names (`keep_with`), as slices do not know each other.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Flask, current_app
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from app.extensions import db
from app.models import FileRow
from app.presentation.forms_html import HeldFile

_KEY = "minyi.keep_file"
_ID_LENGTH = 32


def keep_with(app: Flask, keep: Callable[[FileStorage], str]) -> None:
    """Let `keep` store an upload of whoever asks; it returns the id."""
    app.extensions[_KEY] = keep


def keep(file: FileStorage) -> str:
    """Store an upload; returns its id. Raises what the store refuses."""
    stored: str = current_app.extensions[_KEY](file)
    return stored


def held_files(*answers: Any) -> dict[str, HeldFile]:
    """The files that these values name, by id; the ids were checked when they were accepted."""
    ids = sorted({text for answer in answers for text in _texts(answer)})[:200]
    if not ids:
        return {}
    rows = db.session.execute(select(FileRow.id, FileRow.name, FileRow.size).where(FileRow.id.in_(ids)))
    return {row.id: HeldFile(row.id, row.name, row.size) for row in rows}


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str) and len(value) == _ID_LENGTH:
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
