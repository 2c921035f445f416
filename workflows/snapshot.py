"""What is open in a live case, as values of `workflows.model`: people's tasks, waits, effects, incidents.

Reads only. Not for what happened: the steps are noted while it happens, by `visits`.
"""

from typing import Any

from workflows.events import instant
from workflows.model import Effect, Element, Incident, OpenTask, Wait
from workflows.visits import (
    READY,
    STARTED,
    WAITING,
    Node,
    element_id,
    extensions,
    incident_of,
    is_repetition,
    ref_of,
)

_TOLD = ("timer", "message", "signal", "condition")


def open_visits(top: Node) -> list[Node]:
    """Every open task of the engine, in the order in which they were reached."""
    found = [task for workflow in (top, *top.subprocesses.values()) for task in workflow.open.values()]
    return sorted(found, key=lambda task: int(task.id))


def open_tasks(visits: list[Node]) -> dict[str, OpenTask]:
    """The tasks that wait for a person, by ref."""
    return {ref_of(task): open_task(task) for task in visits if waits_for_person(task)}


def waits_for_person(task: Node) -> bool:
    """Whether a person can do this visit now."""
    return bool(task._state == READY and task.task_spec.manual and "person" in task.internal_data)


def open_task(task: Node) -> OpenTask:
    """One task for a person, with what was computed when it was reached."""
    element = element_of(task)
    own = task.internal_data
    person: dict[str, Any] = own["person"]
    due = person.get("due")
    return OpenTask(
        ref=ref_of(task),
        element=element.id,
        process=element.process,
        name=element.name,
        assignee=person.get("assignee", ""),
        group=element.group,
        form=element.form,
        due_at=instant(due) if due else None,
        item=own.get("item") if is_repetition(task) else None,
        choices=tuple(extensions(task).get("choices") or ()),
    )


def waits(visits: list[Node]) -> dict[str, Wait]:
    """What else the case waits for, by ref: timers, messages, signals, conditions, effects."""
    found: dict[str, Wait] = {}
    for task in visits:
        wait = task.internal_data.get("wait")
        effect = task.internal_data.get("effect")
        ref = ref_of(task)
        process = task.workflow.spec.name
        if wait is not None and task._state == WAITING and wait["kind"] in _TOLD:
            found[ref] = Wait(
                ref=ref,
                element=element_id(task),
                process=process,
                kind=wait["kind"],
                name=wait.get("name", "") if wait["kind"] != "condition" else "",
                key=wait.get("key", ""),
                due_at=instant(wait["due_at"]) if "due_at" in wait else None,
            )
        elif effect is not None and _asks(task):
            found[ref] = Wait(
                ref=ref, element=element_id(task), process=process, kind="effect", name=effect["name"]
            )
    return found


def effects(visits: list[Node]) -> dict[str, Effect]:
    """The effects that the application has to carry out, by ref."""
    return {
        ref_of(task): Effect(
            ref=ref_of(task),
            element=element_id(task),
            process=task.workflow.spec.name,
            name=task.internal_data["effect"]["name"],
            args=task.internal_data["effect"]["args"],
        )
        for task in visits
        if _asks(task)
    }


def _asks(task: Node) -> bool:
    own = task.internal_data
    return bool("effect" in own and "incident" not in own and task._state == STARTED)


def incidents(visits: list[Node]) -> dict[str, Incident]:
    """The visits that are stuck, by ref."""
    found = (incident_of(task) for task in visits)
    return {incident.ref: incident for incident in found if incident is not None}


def element_of(task: Node) -> Element:
    """The shape as the definition knows it."""
    run = task.workflow.top_workflow.run
    process = task.workflow.spec.name
    found: Element | None = run.definition.element(process, element_id(task))
    if found is not None:
        return found
    spec = task.task_spec
    return Element(id=element_id(task), kind="", name=spec.bpmn_name or "", process=process)
