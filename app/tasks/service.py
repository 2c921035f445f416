"""What officials do with a task: see what it asks, take it, give it back, hand it on, do it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import get_locale, gettext
from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite

from app.errors import Invalid, NotAllowed, NotFound, WrongState
from app.extensions import db
from app.forms import Asking, choice_form, present, read_answer
from app.forms.presentation import shown_data
from app.models import Draft, StepRow, Task
from app.runtime import attachments, reading, runner, saving
from app.runtime import held as holding
from app.runtime.access import is_candidate, may_complete
from app.runtime.actor import Actor
from app.runtime.held import Held
from app.runtime.records import Entry
from app.runtime.refusals import MayNotComplete, TaskChanged, TaskHeldByAnother
from app.runtime.runner import Completion
from app.runtime.sight import OPEN
from app.runtime.transaction import transaction
from app.tasks import queries
from app.tasks.queries import AnyRow
from workflows.errors import message
from workflows.forms import Form
from workflows.model import Data
from workflows.parsing import Definition


class NoSuchTask(NotFound):
    """There is no such task, or this person may not see it."""

    code = "no_such_task"
    text = message("There is no such task, or you may not see it.")


class NotYours(WrongState):
    """Only what one holds can be given back."""

    code = "task_not_yours"
    text = message("You do not hold this task, so you cannot give it back.")


class MayNotAssign(NotAllowed):
    """Only the head of the task's group or an administrator hands a task on."""

    code = "may_not_assign"
    text = message("Only the head of the group or an administrator may hand this task to somebody.")


class NamedByDiagram(WrongState):
    """The diagram names who does it; it cannot be given back to a group."""

    code = "task_named"
    text = message("This task was given to you by name and cannot be given back. Ask the head of the group.")


def one(actor: Actor, task_id: int) -> AnyRow:
    """A task that this person may see. Raises NoSuchTask."""
    row = queries.task(actor, task_id)
    if row is None:
        raise NoSuchTask
    return row


def listed(row: AnyRow) -> dict[str, Any]:
    """A task as lists show it, in the reader's language."""
    english = _language() == "en"
    return {
        **row._mapping,
        "name": (english and row.name_en) or row.name,
        "definition_name": (english and row.definition_name_en) or row.definition_name,
    }


def detail(actor: Actor, task_id: int, *, now: datetime) -> dict[str, Any]:
    """A task with its form over the case's data, and who may do it. Raises NoSuchTask."""
    row = one(actor, task_id)
    seen = reading.see(row.case_id, now=now)
    data = seen.data_at(row.ref) if row.state in OPEN else {}
    form = form_of(seen.definition, row)
    element = seen.definition.element(row.process, row.element)
    draft = queries.draft(task_id, actor.id) if row.state in OPEN else None
    return {
        **listed(row),
        "form": present(form, Asking(data=data, world=seen.world), _language()) if form else None,
        "data": shown_data(form, data) if form else {},
        "eligible": [each.username for each in queries.eligible(row)],
        "may_complete": row.state in OPEN and may_complete(row, actor),
        "documentation": element.documentation if element else "",
        "article": element.article if element else "",
        "draft": draft.data if draft else None,
    }


def form_of(definition: Definition, row: Any) -> Form | None:
    """The form of a task: its own, or the question which way to go; None where it asks nothing."""
    form = definition.form(row.process, row.form) if row.form else None
    return form or (choice_form(row.choices) if row.choices else None)


def complete(
    task_id: int, answer: Mapping[str, Any], *, by: Actor, now: datetime, version: int | None = None
) -> Completion:
    """Do a task. Raises what `runner.complete_task` raises, and Invalid with the fields that do not fit."""
    used: list[tuple[Form, Data]] = []

    def accept(row: Any, held: Held) -> Data:
        form = form_of(held.definition, row)
        if form is None:
            return dict(answer)
        asking = Asking(
            data=held.instance.task_data(row.ref),
            world=held.world,
            files=attachments.usable_by(by, held.id),
        )
        kept = read_answer(form, answer, asking)
        used.append((form, kept))
        return kept

    with transaction():
        done = runner.complete_task(task_id, dict(answer), by=by, now=now, version=version, accept=accept)
        for form, kept in used:
            attachments.attach(form, kept, done.case_id)
    return done


def claim(task_id: int, *, by: Actor, now: datetime, version: int | None = None) -> None:
    """Take a task; taking what one holds changes nothing.

    Raises: NoSuchTask, MayNotComplete, TaskHeldByAnother, TaskChanged, WrongState.
    """
    with transaction():
        row = _held_row(task_id, version)
        if row.assignee_id == by.id:
            return
        if not is_candidate(row, by) or row.named:
            raise MayNotComplete
        if row.assignee_id is not None:
            raise TaskHeldByAnother(holder=_name_of(row.assignee_id))
        _write(row, by=by, now=now, holder=by.id, claimed_at=now, entry=Entry("task.claimed", row.element))


def unclaim(task_id: int, *, by: Actor, now: datetime) -> None:
    """Give a task back to its group. Raises NoSuchTask, NotYours, NamedByDiagram, WrongState."""
    with transaction():
        row = _held_row(task_id, None)
        if row.assignee_id != by.id:
            raise NotYours
        if row.named:
            raise NamedByDiagram
        entry = Entry("task.given_back", row.element)
        _write(row, by=by, now=now, holder=None, claimed_at=None, entry=entry)


def assign(task_id: int, username: str, *, reason: str, by: Actor, now: datetime) -> None:
    """Hand a task to somebody eligible, for somebody absent.

    Raises: NoSuchTask, MayNotAssign, Invalid for somebody who may not do it, WrongState.
    """
    seen = one(by, task_id)
    with transaction():
        row = _held_row(task_id, None)
        if not (by.has_role("admin") or (row.group_id is not None and row.group_id in by.heads)):
            raise MayNotAssign
        who = queries.is_candidate(seen, username)
        if who is None:
            text = gettext("This person is not known, or may not do this task: choose one of its group.")
            raise Invalid([{"path": "username", "message": text, "code": "eligible"}])
        detail = {"to": who.username, "name": who.name, "from": _name_of(row.assignee_id), "reason": reason}
        entry = Entry("task.assigned", row.element, detail)
        _write(row, by=by, now=now, holder=who.id, claimed_at=now, entry=entry)


def save_draft(task_id: int, data: Mapping[str, Any], *, by: Actor, now: datetime) -> None:
    """Keep what a person has typed so far, for this person only. Raises NoSuchTask, MayNotComplete."""
    row = one(by, task_id)
    if row.state not in OPEN:
        raise TaskChanged
    if not may_complete(row, by):
        raise MayNotComplete
    with transaction() as session:
        insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        values = {"data": dict(data), "saved_at": now}
        session.execute(
            insert(Draft)
            .values(task_id=task_id, person_id=by.id, **values)
            .on_conflict_do_update(index_elements=["task_id", "person_id"], set_=values)
        )


def drop_draft(task_id: int, *, by: Actor) -> None:
    """Forget what a person has typed into a task."""
    with transaction() as session:
        session.execute(delete(Draft).where(Draft.task_id == task_id, Draft.person_id == by.id))


def _held_row(task_id: int, version: int | None) -> Any:
    """The task, locked with its case, open and movable. Raises NoSuchTask, TaskChanged, CaseSuspended."""
    row = holding.hold_task(task_id)
    holding.refuse_unless(row.case_state, holding.MOVING)
    if row.task_state not in OPEN or (version is not None and version != row.task_row_version):
        raise TaskChanged
    return row


def _write(
    row: Any, *, by: Actor, now: datetime, holder: int | None, claimed_at: datetime | None, entry: Entry
) -> None:
    held = holding.load(row, now=now, by=by)
    db.session.execute(
        update(Task)
        .where(Task.id == row.task_id)
        .values(
            state="open" if holder is None else "claimed",
            assignee_id=holder,
            claimed_at=claimed_at,
            row_version=Task.row_version + 1,
        )
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        update(StepRow)
        .where(StepRow.case_id == row.case_id, StepRow.ref == row.ref)
        .values(claimed_at=claimed_at)
        .execution_options(synchronize_session=False)
    )
    saving.record_only(held, [entry], state=row.case_state)


def _name_of(person_id: int | None) -> str:
    return queries.name_of(person_id) if person_id is not None else ""


def _language() -> str:
    return "en" if str(get_locale() or "zh").startswith("en") else "zh"
