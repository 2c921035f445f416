"""Reads what is only in the engine's state: the data of a running case, and what a task's person sees.

Nothing is locked and nothing moves. Not for lists: what lists show are rows.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models import Case, Person, Unit
from app.runtime import library, world
from app.runtime.refusals import NoSuchCase
from workflows.engine import Instance
from workflows.errors import NotWaitingHere
from workflows.forms import Form
from workflows.model import Data, World
from workflows.parsing import Definition


@dataclass(frozen=True, slots=True)
class Seen:
    """A case as it stands. `ended` is its final data once it has ended, else None."""

    case_id: int
    definition: Definition
    world: World
    state: str
    ended: dict[str, Any] | None
    blob: bytes | None

    @property
    def data(self) -> Data:
        """The data of the whole case."""
        if self.ended is not None or self.blob is None:
            return dict(self.ended or {})
        return Instance.load(self.definition, self.blob, self.world).data

    def data_at(self, ref: str) -> Data:
        """What the open visit `ref` sees; the whole case's data where it is not open any more."""
        if self.blob is None or self.ended is not None:
            return dict(self.ended or {})
        instance = Instance.load(self.definition, self.blob, self.world)
        try:
            return instance.task_data(ref)
        except NotWaitingHere:
            return instance.data

    def form_of(self, process: str, name: str) -> Form | None:
        """The form with this file name beside the process that holds the task."""
        return self.definition.form(process, name) if name else None


def see(case_id: int, *, now: datetime) -> Seen:
    """Read a case. Raises NoSuchCase."""
    row = db.session.execute(
        select(
            Case.bundle_id,
            Case.state,
            Case.data,
            Case.state_blob,
            Case.case_no,
            Unit.path,
            Unit.name,
            Person.username,
            world.world_version().label("world_version"),
        )
        .join(Unit, Unit.id == Case.unit_id)
        .outerjoin(Person, Person.id == Case.starter_id)
        .where(Case.id == case_id)
    ).one_or_none()
    if row is None:
        raise NoSuchCase
    return Seen(
        case_id=case_id,
        definition=library.definition_of(row.bundle_id),
        world=world.world_for(
            unit_path=row.path,
            unit_name=row.name,
            version=row.world_version,
            now=now,
            case_no=row.case_no,
            starter=row.username or "",
        ),
        state=row.state,
        ended=row.data,
        blob=row.state_blob,
    )
