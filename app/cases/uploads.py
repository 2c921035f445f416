"""Attachments come in here: what they are is told by their bytes, not by their names.

Equal bytes are stored once. A file belongs to nobody's case until an answer names it.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import filetype
from sqlalchemy.dialects import postgresql, sqlite

from app.cases import queries
from app.errors import Invalid, NotFound, TooLarge
from app.models import FileContent, FileRow
from app.runtime.actor import Actor
from app.runtime.transaction import transaction
from workflows.errors import message

PLAIN = "text/plain"
UNKNOWN = "application/octet-stream"
_OFFICE = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f<>:\"|?*\\/\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Stored:
    """An attachment as forms refer to it."""

    id: str
    name: str
    size: int
    type: str


class NoSuchFile(NotFound):
    """There is no such file, or this person may not open it."""

    code = "no_such_file"


class EmptyFile(Invalid):
    """Nothing is in the file."""

    code = "empty_file"
    text = message("The file is empty. Choose another.")


class NothingSent(Invalid):
    """The request holds no file."""

    code = "no_file"
    text = message("No file was sent. Send one as multipart/form-data under the name “file”.")


def store(name: str, content: bytes, *, by: Actor, now: datetime, limit: int) -> Stored:
    """Keep an attachment; `limit` in bytes. Raises TooLarge, EmptyFile."""
    if len(content) > limit:
        raise TooLarge(limit=f"{limit // (1024 * 1024)} MB")
    if not content:
        raise EmptyFile
    kept = Stored(secrets.token_hex(16), safe_name(name), len(content), type_of(content, name))
    sha256 = hashlib.sha256(content).hexdigest()
    with transaction() as session:
        insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        session.execute(insert(FileContent).values(sha256=sha256, content=content).on_conflict_do_nothing())
        session.add(
            FileRow(
                id=kept.id,
                name=kept.name,
                size=kept.size,
                type=kept.type,
                sha256=sha256,
                uploaded_by=by.id,
                uploaded_at=now,
            )
        )
    return kept


def read(actor: Actor, file_id: str) -> tuple[Stored, bytes]:
    """An attachment and its bytes. Raises NoSuchFile."""
    row = queries.file_for(actor, file_id)
    if row is None:
        raise NoSuchFile
    return Stored(file_id, row.name, row.size, row.type), row.content


def safe_name(wish: str) -> str:
    """The last part of a path without what confuses systems or readers; never empty."""
    last = _NOT_IN_NAMES.sub("_", re.split(r"[\\/]", wish)[-1]).strip(" .")
    last = last.encode("utf-8", "ignore").decode()
    stem, dot, kind = last.rpartition(".")
    return f"{stem[:180]}{dot}{kind[:15]}" if dot and stem else last[:200] or "file"


def type_of(content: bytes, name: str) -> str:
    """The media type by content; the name decides only among kinds that look alike inside."""
    known = filetype.guess_mime(content[:8192])
    if known == "application/zip":
        return next((kind for end, kind in _OFFICE.items() if name.lower().endswith(end)), known)
    if known:
        return str(known)
    try:
        content[:65536].decode("utf-8")
    except UnicodeDecodeError as fault:
        if fault.start < len(content[:65536]) - 4:
            return UNKNOWN
    return UNKNOWN if b"\x00" in content[:65536] else PLAIN
