"""The end of a legal period: so many days, working days or hours from an instant.

民法典 201–203: the first day is not counted, a last day on a rest day rolls forward, hours run from the
stated moment. The counting itself is the calendar's; this names it for diagrams.
"""

from workflows.errors import message
from workflows.expressions.instants import parse_instant, written
from workflows.expressions.reasons import Failure
from workflows.model import Data, ServiceCall
from workflows.services import arguments as arg
from workflows.services import service

UNITS = ("calendar_days", "working_days", "hours")


@service("period.end")
def end(call: ServiceCall) -> Data:
    """The instant at which a period ends: `end`, with `n`, `unit` and `start`.

    Arguments: `n`; `unit` (calendar_days, working_days, hours); `from`, an ISO instant (default: now).
    """
    n = arg.whole(call, "n", most=36_600)
    unit = arg.choice(call, "unit", UNITS)
    given = arg.optional_text(call, "from")
    try:
        start = parse_instant(given) if given is not None else call.now
    except Failure as failure:
        raise arg.refused(
            call, "from", message("an instant such as 2026-11-22T08:00:00Z is expected")
        ) from failure
    if call.world.calendar is None:
        raise arg.refused(call, "unit", message("no calendar is loaded"))
    try:
        ends = call.world.calendar.end_of_period(start, n, unit)
    except OverflowError as error:
        raise arg.refused(call, "n", message("it leads beyond the year 9999")) from error
    return {"end": written(ends), "n": n, "unit": unit, "start": written(start)}
