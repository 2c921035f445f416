"""Acts on a case as a whole: cancel, suspend, resume, try again. Offered through `runner`.

A suspended case stands still: nobody completes its tasks, its timers are paused, messages for it are kept.
"""

from datetime import datetime

from sqlalchemy import select, update

from app.extensions import db
from app.models import IncidentRow, Timer
from app.runtime import held as holding
from app.runtime import inbox, kicks, saving
from app.runtime.actor import Actor
from app.runtime.held import INCIDENT, MOVING, RUNNING, SUSPENDED, Held
from app.runtime.records import Entry
from app.runtime.refusals import CaseNotSuspended, IncidentOver, NoSuchCase
from app.runtime.saving import CANCELLED, Moved, finish
from app.runtime.storable import refuse_nul
from app.runtime.tables import table

_incidents = table(IncidentRow)
_timers = table(Timer)


def cancel_case(case_id: int, *, reason: str, by: Actor, now: datetime) -> Moved:
    """End a case before its time; everything open in it is cancelled. Raises NoSuchCase, CaseOver."""
    refuse_nul({}, reason)
    held = holding.hold(case_id, now=now, by=by, states=(*MOVING, SUSPENDED))
    held.instance.cancel()
    return finish(held, [Entry("case.cancelled", "", {"reason": reason})], ended_as=CANCELLED)


def suspend_case(case_id: int, *, reason: str, by: Actor, now: datetime) -> Moved:
    """Stop a case: nobody can act on it, its timers are paused.

    Raises: NoSuchCase, CaseSuspended, CaseOver.
    """
    refuse_nul({}, reason)
    held = holding.hold(case_id, now=now, by=by)
    return _set_state(held, SUSPENDED, Entry("case.suspended", "", {"reason": reason}))


def resume_case(case_id: int, *, by: Actor, now: datetime, reason: str = "") -> Moved:
    """Let a suspended case go on; timers that came due meanwhile fire now, messages that came are taken.

    Raises: NoSuchCase, CaseNotSuspended, CaseOver.
    """
    refuse_nul({}, reason)
    held = holding.hold(case_id, now=now, by=by, states=(*MOVING, SUSPENDED))
    if held.state != SUSPENDED:
        raise CaseNotSuspended
    state = INCIDENT if held.instance.incidents() else RUNNING
    entry = Entry("case.resumed", "", {"reason": reason} if reason else {})
    kicks.hurry(case_id)
    waits = [wait for wait in held.instance.waits() if wait.kind == "message"]
    taken = inbox.take(held, waits=waits)
    if not taken:
        return _set_state(held, state, entry)
    _pause_timers(held, paused=False)
    return finish(held, [entry, *taken])


def retry_incident(case_id: int, n: int, *, by: Actor, now: datetime) -> Moved:
    """Try again what was stuck: incident `n` of the case.

    Raises: NoSuchCase, IncidentOver, CaseSuspended, CaseOver.
    """
    held = holding.hold(case_id, now=now, by=by)
    row = (
        db.session.connection()
        .execute(select(_incidents).where(_incidents.c.case_id == case_id, _incidents.c.n == n))
        .one_or_none()
    )
    if row is None:
        raise NoSuchCase
    if row.resolved_at is not None:
        raise IncidentOver
    held.instance.retry(row.ref)
    moved = finish(held, [Entry("incident.retried", row.element, {"n": n})])
    again = next((each for each in held.instance.incidents() if each.ref == row.ref), None)
    if again is not None:
        params = {name: str(value) for name, value in again.params.items()}
        db.session.connection().execute(
            update(_incidents)
            .where(_incidents.c.case_id == case_id, _incidents.c.n == n)
            .values(
                code=again.code, message=str(again.message), params=params, raised_at=now, resolved_at=None
            )
        )
    return moved


def _set_state(held: Held, state: str, entry: Entry) -> Moved:
    """Suspend or resume: nothing in the instance moves."""
    saving.record_only(held, [entry], state=state)
    _pause_timers(held, paused=state == SUSPENDED)
    return Moved(held.id, held.case_no, state)


def _pause_timers(held: Held, *, paused: bool) -> None:
    db.session.connection().execute(update(_timers).where(_timers.c.case_id == held.id).values(paused=paused))
