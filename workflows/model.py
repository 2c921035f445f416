"""The values that pass between the core and the application. Plain data, no behaviour, no engine.

Instants are aware UTC datetimes; `ref` is the stable name of one visit of one element inside one case
(short, URL-safe, unique in the case, never reused).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Data = dict[str, Any]
Files = Mapping[str, str]
"""File name → text of one process folder: one .bpmn, and its .dmn, .form and scenarios.yaml."""

WaitKind = Literal["timer", "message", "signal", "condition", "effect"]


@dataclass(frozen=True, slots=True)
class Element:
    """One shape of a published diagram, as the application needs to know it."""

    id: str
    kind: str  # the BPMN tag: userTask, exclusiveGateway, …
    name: str
    process: str  # id of the process or sub-process that holds it
    name_en: str = ""
    lane: str = ""
    group: str = ""  # minyi:group, else the camunda candidateGroups, else the lane's name
    assignee: str = ""  # an expression over the case's data, or a username
    form: str = ""  # file name of its .form, "" without
    due: str = ""  # an expression giving an instant
    service: str = ""  # name of a registered service
    documentation: str = ""
    article: str = ""  # the article of law that asks for this step, as people cite it
    properties: Mapping[str, str] = field(default_factory=dict)  # every other minyi: attribute


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A user or manual task that waits for a person."""

    ref: str
    element: str
    process: str
    name: str
    assignee: str = ""
    group: str = ""
    form: str = ""
    due_at: datetime | None = None
    item: Any = None  # a multi-instance's own item
    choices: tuple[str, ...] = ()  # labels of bare gateway exits that this task's person chooses between


@dataclass(frozen=True, slots=True)
class Wait:
    """Something other than a person that the case waits for.

    timer: `due_at` is set. message, signal: `name`, and `key` where the diagram correlates.
    effect: `name` is the service's name; the application resolves it.
    """

    ref: str
    element: str
    process: str
    kind: WaitKind
    name: str = ""
    key: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """Work that a service task asks of the application, inside the same transaction.

    The element stays open (a `Wait` of kind effect with the same `ref`) until `Instance.resolve`.
    """

    ref: str
    element: str
    process: str
    name: str
    args: Data


@dataclass(frozen=True, slots=True)
class Step:
    """One visit of one element that began or ended in this advance."""

    ref: str
    element: str
    process: str
    kind: str
    event: Literal["entered", "left", "cancelled", "failed"]
    loop: str = ""  # ref of the multi-instance or loop that this visit belongs to


@dataclass(frozen=True, slots=True)
class Thrown:
    """A message or signal that the case sent, or an escalation or error that nobody caught inside it."""

    kind: Literal["message", "signal", "escalation", "error"]
    element: str
    name: str
    key: str = ""
    data: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incident:
    """A visit that could not go on. The rest of the case goes on; `Instance.retry` tries again."""

    ref: str
    element: str
    process: str
    code: str
    message: str  # template
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """What one act did to a case: the difference between loading and now."""

    opened: tuple[OpenTask, ...] = ()
    closed: Mapping[str, Literal["done", "cancelled"]] = field(default_factory=dict)  # task ref → how
    waits: tuple[Wait, ...] = ()  # new waits
    ended: tuple[str, ...] = ()  # refs of waits that are over
    effects: tuple[Effect, ...] = ()
    steps: tuple[Step, ...] = ()
    thrown: tuple[Thrown, ...] = ()
    incidents: tuple[Incident, ...] = ()
    resolved: tuple[str, ...] = ()  # refs of incidents that are over
    completed: bool = False
    outcome: str = ""  # id of the end event that ended it ("" while running)


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """What a service sees: its arguments, the instant, and the figures and calendar of the place."""

    name: str
    element: Element
    args: Data  # the evaluated `minyi:input` values, or the whole data where none is declared
    now: datetime
    world: "World"


@dataclass(frozen=True, slots=True)
class World:
    """What expressions and services may know beside the case's data. Built by the application.

    `calendar` is a `workflows.services.calendar.Calendar`, `rules` a `workflows.services.rules.Rules`:
    the rule book narrowed to the day and to `place`: the chain of place codes from nation to village.
    """

    now: datetime
    calendar: Any = None
    rules: Any = None
    place: tuple[str, ...] = ("CN",)
    case_no: str = ""
    starter: str = ""
    unit: str = ""
