"""Why a step of a meeting is refused. Each says what to do next."""

from collections.abc import Sequence

from flask_babel import get_locale, gettext

from app.errors import Invalid, NotAllowed, NotFound, WrongState
from workflows.errors import message
from workflows.services.rule_entries import Text


class NoSuchMeeting(NotFound):
    """There is no such meeting, or this person may not see it."""

    code = "no_such_meeting"
    text = message("There is no such meeting, or you may not see it.")


class NotOfThisMeeting(NotAllowed):
    """The step belongs to people of another group."""

    code = "not_of_this_meeting"
    text = message("Only {group} may do this step of the meeting.")


class TellersMustDiffer(NotAllowed):
    """One person tried to enter both blind counts."""

    code = "tellers_must_differ"
    text = message("The two tellers must be two people: you have entered the other count of this item.")


class RollIsFrozen(WrongState):
    """The roll was changed after it was frozen."""

    code = "roll_is_frozen"
    text = message("The roll is frozen and cannot be changed any more.")


class RollIsEmpty(WrongState):
    """An empty roll cannot be frozen."""

    code = "roll_is_empty"
    text = message("The roll is empty. Load it from the register or from a file before you freeze it.")


class RollNotFrozen(WrongState):
    """Attendance before the roll was frozen."""

    code = "roll_not_frozen"
    text = message("Freeze the roll first: who may take part must be settled before anybody signs in.")


class TooEarly(WrongState):
    """The meeting's day has not come."""

    code = "too_early"
    text = message("The meeting is called for {when}. Nobody can sign in or vote before.")


class BodyMayNotDecide(WrongState):
    """By the law of the meeting's day, or for want of a delegation on record, this body may not decide."""

    code = "body_may_not_decide"
    text = message("This body may not decide the matter: {reason} {route} Adjourn the meeting.")

    def __init__(self, reason: Text, route: Text) -> None:
        """`reason` and `route` as the rules say them."""
        english = str(get_locale()) == "en"
        super().__init__(reason=reason.en if english else reason.zh, route=route.en if english else route.zh)


class CaseNotThere(WrongState):
    """The case has not reached the meeting, or has gone past it."""

    code = "case_not_there"
    text = message("The case is not at this meeting now. Open the case to see where it stands.")


class MeetingOver(WrongState):
    """The meeting has ended."""

    code = "meeting_over"
    text = message("The meeting is over; its result cannot be changed.")


class CountingHasBegun(WrongState):
    """Somebody signs in after the first ballots were counted."""

    code = "counting_has_begun"
    text = message("Counting has begun: who is present cannot be changed any more.")


class NoQuorum(WrongState):
    """Ballots without a quorum."""

    code = "no_quorum"
    text = message("There is no quorum: {short}. Wait for more people, or adjourn the meeting.")


class NothingToVote(WrongState):
    """Ballots at a meeting that votes on nothing."""

    code = "nothing_to_vote"
    text = message("This meeting does not vote.")


class ItemCounted(WrongState):
    """An item that both tellers agree on is entered again."""

    code = "item_counted"
    text = message("This item is counted: both tellers agree.")


class AlreadyEntered(WrongState):
    """The same teller enters one item twice in a round."""

    code = "already_entered"
    text = message("This teller's count of the item is in. It is compared when the other teller has entered.")


class CountsDiffer(WrongState):
    """The blind counts of an item do not agree."""

    code = "counts_differ"
    text = message("The two counts differ: {fields}. Both tellers count again from the ballots.")

    def __init__(self, fields: Sequence[str]) -> None:
        """`fields`: the votes that differ. Neither count is told: the recount stays blind."""
        words = {
            "for": gettext("for"),
            "against": gettext("against"),
            "abstain": gettext("abstentions"),
            "invalid": gettext("invalid"),
        }
        text = gettext("The two tellers have counted this differently.")
        self.errors = [{"path": f, "message": text, "code": "differs"} for f in fields]
        super().__init__(fields=(", " if str(get_locale()) == "en" else "、").join(words[f] for f in fields))


class ItemsNotCounted(WrongState):
    """The meeting cannot close before every item is counted."""

    code = "items_not_counted"
    text = message("Not counted yet: {items}. Count these items, or adjourn the meeting.")


class HandsNotAllowed(WrongState):
    """A show of hands where the vote is secret."""

    code = "hands_not_allowed"
    text = message("This vote is by secret ballot: two tellers enter their counts.")


class BallotsRefused(Invalid):
    """Counts that cannot be true."""

    code = "ballots_refused"


class AttendanceRefused(Invalid):
    """Ids that are not on the roll, or proxies that the rule does not allow."""

    code = "attendance_refused"


class RollRefused(Invalid):
    """A file or unit that gives no roll; `errors` says where."""

    code = "roll_refused"
