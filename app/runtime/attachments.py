"""Attachments that answers refer to: who may use one, and the case that it belongs to from then on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select, update

from app.extensions import db
from app.forms import AttachedFile
from app.models import FileRow
from app.runtime.actor import Actor
from workflows.forms import Form, walk


def usable_by(actor: Actor, case_id: int | None) -> Callable[[Sequence[str]], Mapping[str, AttachedFile]]:
    """Those of some file ids that this person uploaded or that belong to the case."""

    def known(ids: Sequence[str]) -> Mapping[str, AttachedFile]:
        own = FileRow.uploaded_by == actor.id
        rows = db.session.execute(
            select(FileRow.id, FileRow.name, FileRow.type, FileRow.size).where(
                FileRow.id.in_(sorted(set(ids))),
                own if case_id is None else or_(own, FileRow.case_id == case_id),
            )
        )
        return {row.id: AttachedFile(row.id, row.name, row.type, row.size) for row in rows}

    return known


def attach(form: Form, answer: Mapping[str, Any], case_id: int) -> None:
    """Let who may see the case read the files that this answer names; inside its transaction."""
    if not any(each.type == "filepicker" for each in walk(form.fields)):
        return
    ids = sorted(set(_texts(answer)))
    if ids:
        db.session.execute(
            update(FileRow).where(FileRow.id.in_(ids), FileRow.case_id.is_(None)).values(case_id=case_id)
        )


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if len(value) == _ID_LENGTH else []
    if isinstance(value, Mapping):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return []


_ID_LENGTH = 32
