"""What notices, objections and decisions refuse, each named for the reason."""

from app.errors import NotFound, WrongState
from workflows.errors import Refusal, message


class ArgumentUnusable(Refusal):
    """A diagram gave an effect an argument that is missing or of another kind."""

    code = "effect.argument"
    text = message("“{argument}” is missing or cannot be used: {reason}.")


class NoSuchNotice(NotFound):
    """There is no such notice, or it belongs to another matter."""

    code = "no_such_notice"
    text = message("There is no such notice.")


class NoSuchDecision(NotFound):
    """There is no such decision, or it belongs to another matter."""

    code = "no_such_decision"
    text = message("There is no such decision.")


class NoSuchObjection(NotFound):
    """There is no such objection, or this person may not see it."""

    code = "no_such_objection"
    text = message("There is no such objection, or you may not see it.")


class NoObjectionHere(WrongState):
    """The case that settles an objection was not opened by one."""

    code = "no_objection_here"
    text = message("This case was not opened by an objection, so there is none to settle.")


class ObjectionSettled(WrongState):
    """An objection is settled once."""

    code = "objection_settled"
    text = message("This objection has been settled already.")


class NoticeNotUp(WrongState):
    """The notice is not posted any more."""

    code = "notice_not_up"
    text = message("This notice is not posted any more, so it cannot be interrupted.")


class MeetingNotClosed(WrongState):
    """A decision is recorded from a meeting that has ended with a result."""

    code = "meeting_not_closed"
    text = message("The meeting has no result yet: it is not closed.")


class DecisionAnnulled(WrongState):
    """What was annulled is not published again."""

    code = "decision_annulled"
    text = message("This decision has been annulled; it cannot be published.")


class ContactNotOpen(WrongState):
    """There is no contact to show, or the objection is settled and nobody needs it."""

    code = "contact_not_open"
    text = message("There is no contact to show: none was left, or the objection is settled.")


class NotHandlingObjection(WrongState):
    """Only whoever handles an objection now opens the contact."""

    status = 403
    code = "not_handling"
    text = message("Only the people who handle this objection now may open the contact.")
