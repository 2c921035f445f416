"""What a person may see, as conditions of a SELECT: cases, and tasks by view.

An official sees cases of the own unit and below, those with own tasks, and those they started;
supervisors and designers the own unit and below and what they started; an administrator everything.
Who may *do* a task is `access`.
"""

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from app.models import Case, Task, Unit
from app.runtime.actor import Actor

OPEN = ("open", "claimed")


def sees_case(actor: Actor) -> ColumnElement[bool]:
    """The cases that this person may see; for a SELECT that has `Case` in it."""
    if actor.has_role("admin"):
        return true()
    return or_(
        Case.starter_id == actor.id,
        in_own_units(actor, Case.unit_id),
        Case.id.in_(_cases_with_own_tasks(actor)),
    )


def sees_task(actor: Actor) -> ColumnElement[bool]:
    """The tasks of the cases that this person may see, by columns of `Task` alone.

    So PostgreSQL reads the tasks in the order of their deadlines and stops when the page is full.
    """
    if actor.has_role("admin"):
        return true()
    return or_(
        in_own_units(actor, Task.unit_id),
        Task.case_id.in_(select(Case.id).where(Case.starter_id == actor.id).correlate(None)),
        Task.case_id.in_(_cases_with_own_tasks(actor)),
    )


def in_own_units(
    actor: Actor, unit_id: ColumnElement[int] | InstrumentedAttribute[int]
) -> ColumnElement[bool]:
    """Whether a unit is the person's own or below it."""
    if not actor.unit_path:
        return false()
    below = select(Unit.id).where(Unit.path.startswith(actor.unit_path, autoescape=True))
    return unit_id.in_(below)


def holds(actor: Actor) -> ColumnElement[bool]:
    """Open tasks that are this person's."""
    return and_(Task.state.in_(OPEN), Task.assignee_id == actor.id)


def may_take(actor: Actor) -> ColumnElement[bool]:
    """Open tasks that nobody holds and that this person may take (`access.is_candidate`, in SQL)."""
    nobody_starts = (
        and_(Case.starter_id.is_(None), Task.unit_id == actor.unit_id)
        if actor.has_role("official") and actor.unit_id is not None
        else false()
    )
    without_group = and_(Task.group_id.is_(None), or_(Case.starter_id == actor.id, nobody_starts))
    return and_(
        Task.state == "open",
        Task.assignee_id.is_(None),
        or_(_in_own_groups(actor), without_group),
    )


def _cases_with_own_tasks(actor: Actor) -> Select[int]:
    mine = or_(Task.assignee_id == actor.id, Task.done_by == actor.id, _in_own_groups(actor))
    return select(Task.case_id).where(mine).correlate(None)


def _in_own_groups(actor: Actor) -> ColumnElement[bool]:
    return Task.group_id.in_(sorted(actor.groups)) if actor.groups else false()
