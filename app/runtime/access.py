"""Who may do a task. The one rule, for the runner, the inbox and the pages.

1. Whoever holds it or is named by the diagram. 2. Nobody else once it is held or named. 3. Members of its
group. 4. Without a group: who started the case; without a starter either, any official of its unit.
A role alone opens no official's task.
"""

from typing import Protocol

from app.runtime.actor import Actor


class TaskFor(Protocol):
    """What must be known of a task; rows and models alike have it."""

    @property
    def assignee_id(self) -> int | None:
        """Who holds it or is named."""

    @property
    def group_id(self) -> int | None:
        """Its group."""

    @property
    def starter_id(self) -> int | None:
        """Who started its case."""

    @property
    def unit_id(self) -> int:
        """Its case's unit."""


def may_complete(task: TaskFor, actor: Actor) -> bool:
    """Whether this person can complete the task now."""
    if task.assignee_id is not None:
        return task.assignee_id == actor.id
    return is_candidate(task, actor)


def is_candidate(task: TaskFor, actor: Actor) -> bool:
    """Whether the task, given back, would be this person's to take."""
    if task.group_id is not None:
        return task.group_id in actor.groups
    if task.starter_id is not None:
        return task.starter_id == actor.id
    return actor.has_role("official") and actor.unit_id == task.unit_id
