"""What the runtime refuses, one class a reason. Statuses come from `app.errors`."""

from app.errors import Invalid, NotAllowed, NotFound, WrongState
from workflows.errors import message


class TaskHeldByAnother(WrongState):
    """Somebody else has taken the task."""

    code = "task_held_by_another"
    text = message("{holder} has taken this task. Ask for it to be given back, or choose another.")


class TaskAlreadyDone(WrongState):
    """The task was done before."""

    code = "task_already_done"
    text = message("{who} has already done this task, at {at}. Reload to see what came next.")


class TaskCancelled(WrongState):
    """The matter took another way and the task fell away."""

    code = "task_cancelled"
    text = message("This task is no longer needed: the matter has moved on. Reload to see where it stands.")


class TaskChanged(WrongState):
    """The task was changed since it was read."""

    code = "task_changed"
    text = message("This task was changed since you opened it. Reload it and try again.")


class MayNotComplete(NotAllowed):
    """The task is for others."""

    code = "may_not_complete"
    text = message("This task is for other people. Its page says who may do it.")


class CaseSuspended(WrongState):
    """Nothing moves while a case is suspended."""

    code = "case_suspended"
    text = message("This case is suspended. It can go on once it has been resumed.")


class CaseOver(WrongState):
    """The case has ended."""

    code = "case_over"
    text = message("This case has ended; nothing can be done in it any more.")


class CaseNotSuspended(WrongState):
    """Only a suspended case can be resumed."""

    code = "case_not_suspended"
    text = message("This case is not suspended.")


class IncidentOver(WrongState):
    """The incident is resolved."""

    code = "incident_over"
    text = message("This problem has already been settled.")


class NoSuchTask(NotFound):
    """There is no such task."""

    code = "no_such_task"


class NoSuchCase(NotFound):
    """There is no such case."""

    code = "no_such_case"


class NoSuchUnit(Invalid):
    """There is no such unit."""

    code = "no_such_unit"
    text = message("There is no such unit.")


class NoSuchDefinition(NotFound):
    """No process has been published under this key, or not in this version."""

    code = "no_such_definition"
    text = message("There is no process “{key}” in this version.")


class DefinitionRetired(WrongState):
    """The process takes no new cases."""

    code = "definition_retired"
    text = message("The process “{key}” takes no new cases.")


class NotStartable(WrongState):
    """Only a message or a timer starts this process."""

    code = "not_startable"
    text = message("“{key}” is not started by hand: a message or a date starts it.")


class TitleTooLong(Invalid):
    """The title cannot be stored."""

    code = "title"
    text = message("The title is longer than 200 characters.")


class UnstorableText(Invalid):
    """A text holds the character NUL, which no database stores."""

    code = "unstorable_text"
    text = message("A text holds a character that cannot be stored (NUL). Remove it and try again.")


class EffectUnknown(WrongState):
    """The diagram names an effect that this installation does not have."""

    code = "effect_unknown"
    text = message("This installation cannot carry out “{name}”.")
