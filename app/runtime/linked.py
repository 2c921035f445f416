"""The effect `case.start`: a case begins another and, where asked, waits for its end.

Arguments: definition, title, data, wait (yes or no), unit (id; default: the same). Gives case_id and
case_no; after waiting also outcome and data.
"""

from typing import Any

from app.runtime import runner
from app.runtime.effects import Done, EffectCall, Waiting, effect
from app.runtime.saving import CANCELLED, COMPLETED
from app.runtime.transaction import chain_depth
from workflows.errors import Refusal, message

LONGEST_CHAIN = 10


class ChainTooLong(Refusal):
    """Cases start one another without end."""

    code = "effect.chain_too_long"
    text = message("More than {limit} cases would start one another at once. Check what the process starts.")


class LinkedStartRefused(Refusal):
    """The arguments do not name a case that can be started."""

    code = "effect.case_start"
    text = message("The linked case cannot be started: {argument} is missing or of another kind.")


@effect("case.start")
def start_linked(call: EffectCall) -> Done | Waiting:
    """Start a case of another process, linked to this one."""
    definition = _argument(call, "definition", str)
    if not definition:
        raise LinkedStartRefused(argument="definition")
    wait = bool(call.args.get("wait"))
    with chain_depth() as depth:
        if depth > LONGEST_CHAIN:
            raise ChainTooLong(limit=LONGEST_CHAIN)
        moved = runner.start_case(
            definition,
            data=_argument(call, "data", dict),
            title=_argument(call, "title", str),
            by=call.by,
            unit_id=_unit(call),
            now=call.now,
            parent_id=call.case_id,
            link="waits" if wait else "started",
            link_ref=call.ref if wait else "",
        )
    told = {"case_id": str(moved.case_id), "case_no": moved.case_no}
    if not wait:
        return Done(told)
    if moved.state in (COMPLETED, CANCELLED):
        return Done(told | runner.ended_data(moved.case_id, moved.state, moved.outcome, moved.data))
    return Waiting("case", moved.case_id)


def _argument(call: EffectCall, name: str, kind: type) -> Any:
    value = call.args.get(name)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise LinkedStartRefused(argument=name)
    return value


def _unit(call: EffectCall) -> int:
    value = call.args.get("unit")
    if value in (None, ""):
        return call.unit_id
    try:
        return int(value)
    except (TypeError, ValueError):
        raise LinkedStartRefused(argument="unit") from None
