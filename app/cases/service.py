"""What people do with cases: start, follow, cancel, suspend, resume, retry, send messages."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import get_locale, gettext

from app.cases import queries
from app.cases.queries import AnyRow
from app.errors import Invalid, NotAllowed, NotFound
from app.forms import Asking, read_answer
from app.identity.queries import names_of_groups
from app.runtime import attachments, library, messages, reading, runner, stopping, world
from app.runtime.access import may_complete
from app.runtime.actor import Actor
from app.runtime.reading import Seen
from app.runtime.saving import Moved
from app.runtime.transaction import transaction
from workflows.errors import fill, message
from workflows.model import Data
from workflows.parsing import Definition


class NoSuchCase(NotFound):
    """There is no such case, or this person may not see it."""

    code = "no_such_case"
    text = message("There is no such case, or you may not see it.")


class MayNotStart(NotAllowed):
    """The process names others who may start it."""

    code = "may_not_start"
    text = message("You may not start this: it is for {groups}.")


class MayNotManage(NotAllowed):
    """Only who started the case, a head of a group of its unit or an administrator may do this."""

    code = "may_not_manage"
    text = message(
        "Only who started this case, the head of a group in its unit, or an administrator may do this."
    )


class NotOwnUnit(NotAllowed):
    """Cases are started in the own unit or below it."""

    code = "not_own_unit"
    text = message("You can start cases in your own unit and those below it.")


@dataclass(frozen=True, slots=True)
class Started:
    """A case that has begun."""

    moved: Moved
    definition: str
    version: int
    next: tuple[int, ...]
    """The tasks that the same person can do."""


def start(
    definition: str,
    *,
    data: Mapping[str, Any],
    by: Actor,
    now: datetime,
    title: str = "",
    unit_id: int | None = None,
    version: int | None = None,
) -> Started:
    """Begin a case in the own unit, or in `unit_id`.

    Raises: NoSuchDefinition, DefinitionRetired, NotStartable, MayNotStart, NotOwnUnit, NoSuchUnit, Invalid.
    """
    with transaction():
        place, unit_name = _place(unit_id, by)
        bundle = library.bundle_for(definition, version)
        runnable = library.definition_of(bundle.id)
        _refuse_start(runnable, by)
        form = runnable.forms.get(runnable.start_form) if runnable.start_form else None
        kept: Data = dict(data)
        if form is not None:
            seen = replace(world.world_of_unit(place, now=now), starter=by.username)
            kept = read_answer(form, data, Asking(data={}, world=seen, files=attachments.usable_by(by, None)))
        if not title and not (runnable.title_from and kept.get(runnable.title_from)):
            title = f"{runnable.name}（{unit_name}）"[: runner.TITLE_LENGTH]
        moved = runner.start_case(
            definition, data=kept, by=by, unit_id=place, now=now, title=title, bundle=bundle
        )
        if form is not None:
            attachments.attach(form, kept, moved.case_id)
    own = tuple(task.id for task in moved.tasks if may_complete(task, by))
    return Started(moved, bundle.key, bundle.version, own)


def one(actor: Actor, case_id: int) -> AnyRow:
    """A case that this person may see. Raises NoSuchCase."""
    row = queries.case(actor, case_id)
    if row is None:
        raise NoSuchCase
    return row


def detail(actor: Actor, case_id: int, *, now: datetime) -> dict[str, Any]:
    """A case with its data and everything it waits for. Raises NoSuchCase."""
    row = one(actor, case_id)
    held = queries.parts(case_id)
    english = str(get_locale() or "zh").startswith("en")
    deadlines = {timer.ref: timer.due_at for timer in held.timers}
    effects = {each.ref for each in held.subscriptions}
    waiting = [
        {
            "element": each.element,
            "kind": "timer",
            "due_at": each.due_at,
            "ref": each.ref,
            "name": "",
            "key": "",
        }
        for each in held.timers
        if each.ref not in effects
    ] + [
        {
            "element": each.element,
            "kind": each.kind,
            "due_at": deadlines.get(each.ref),
            "ref": each.name if each.target_id is None else str(each.target_id),
            "name": each.name,
            "key": each.key,
        }
        for each in held.subscriptions
    ]
    return {
        **row._mapping,
        "definition_name": (english and row.definition_name_en) or row.definition_name,
        "data": reading.see(case_id, now=now).data,
        "open_tasks": [
            {**task._mapping, "name": (english and task.name_en) or task.name} for task in held.open_tasks
        ],
        "waiting": waiting,
        "incidents": [
            {**each._mapping, "message": fill(gettext(each.message), each.params)} for each in held.incidents
        ],
        "links": held.links,
    }


def diagram(actor: Actor, case_id: int, *, process: str = "", now: datetime) -> dict[str, Any]:
    """The diagram of a case, or of a process that it calls, and where it stands. Raises NoSuchCase."""
    one(actor, case_id)
    seen: Seen = reading.see(case_id, now=now)
    part = seen.definition.part if not process else seen.definition.called.get(process)
    if process == seen.definition.key:
        part = seen.definition.part
    if part is None:
        raise NoSuchCase
    bpmn = next(
        (
            text
            for name, text in sorted(part.files.items())
            if name.lower().endswith((".bpmn", ".bpmn2", ".xml"))
        ),
        "",
    )
    return {
        "bpmn": bpmn,
        "process": part.key,
        "called": sorted(seen.definition.called),
        "elements": {
            each.element: {"state": _state(each), "count": each.count, "entered_at": each.entered_at}
            for each in queries.visits(case_id, sorted({part.key, *part.scopes}))
        },
    }


def cancel(case_id: int, *, reason: str, by: Actor, now: datetime) -> Moved:
    """End a case before its time. Raises NoSuchCase, MayNotManage, CaseOver."""
    _refuse_managing(by, case_id)
    with transaction():
        return stopping.cancel_case(case_id, reason=reason, by=by, now=now)


def suspend(case_id: int, *, reason: str, by: Actor, now: datetime) -> Moved:
    """Stop a case for a while. Raises NoSuchCase, MayNotManage, CaseSuspended, CaseOver."""
    _refuse_managing(by, case_id)
    with transaction():
        return stopping.suspend_case(case_id, reason=reason, by=by, now=now)


def resume(case_id: int, *, reason: str, by: Actor, now: datetime) -> Moved:
    """Let a suspended case go on. Raises NoSuchCase, MayNotManage, CaseNotSuspended."""
    _refuse_managing(by, case_id)
    with transaction():
        return stopping.resume_case(case_id, by=by, now=now, reason=reason)


def retry(case_id: int, n: int, *, by: Actor, now: datetime) -> Moved:
    """Try again what was stuck. Raises NoSuchCase, IncidentOver."""
    one(by, case_id)
    with transaction():
        return stopping.retry_incident(case_id, n, by=by, now=now)


def send(
    name: str, key: str, data: Mapping[str, Any], *, by: Actor, now: datetime, case_id: int | None = None
) -> messages.Delivery:
    """Send a message to a case, or to whoever waits for it; kept until somebody does. Raises NoSuchCase."""
    if case_id is not None:
        one(by, case_id)
    with transaction():
        return messages.deliver(name, key, dict(data), now=now, by=by, case_id=case_id)


def may_manage(row: AnyRow, actor: Actor) -> bool:
    """Whether this person may cancel, suspend and resume a case."""
    if actor.has_role("admin") or row.starter_id == actor.id:
        return True
    below = bool(actor.unit_path) and row.unit_path.startswith(actor.unit_path)
    return actor.has_role("official") and bool(actor.heads) and below


def _refuse_managing(actor: Actor, case_id: int) -> None:
    if not may_manage(one(actor, case_id), actor):
        raise MayNotManage


def _refuse_start(definition: Definition, by: Actor) -> None:
    allowed = definition.startable_by
    if allowed and not by.has_role("admin") and names_of_groups(by.id).isdisjoint(allowed):
        raise MayNotStart(groups="、".join(allowed))


def _place(unit_id: int | None, by: Actor) -> tuple[int, str]:
    """The unit of a new case and its name. Raises Invalid, NotOwnUnit."""
    wanted = by.unit_id if unit_id is None else unit_id
    unit = queries.unit(wanted) if wanted is not None else None
    if unit is None:
        text = gettext("Say in which unit this is: there is no such unit, or you belong to none.")
        raise Invalid([{"path": "unit", "message": text, "code": "unit"}])
    if not by.has_role("admin") and not (by.unit_path and unit.path.startswith(by.unit_path)):
        raise NotOwnUnit
    return unit.id, unit.name


def _state(visit: AnyRow) -> str:
    if visit.stuck:
        return "incident"
    if visit.open:
        return "active"
    return "done" if visit.done else "cancelled"
