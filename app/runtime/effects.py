"""Registries that slices fill: effects that diagrams may name, their deadlines, and the end of a case.

Handlers run inside the transaction of the act that led to them. They open none, do no I/O outside the
database (`outbox.owe`), and say no by raising a `Refusal`: that becomes an incident of the case.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from app.runtime.actor import Actor
from workflows.model import Data, Element, World


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectCall:
    """What a handler sees. `ref` names the wait that `runner.resolve` later ends; `data` is the visit's."""

    case_id: int
    case_no: str
    unit_id: int
    definition: str
    ref: str
    element: Element
    name: str
    args: Data
    now: datetime
    by: Actor | None
    world: World
    data: Data
    title: str = ""
    starter_id: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The effect is done: the case goes on at once with `data`."""

    data: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The case waits for a row of the slice: kind meeting, notice or case; at `due_at` its deadline."""

    kind: str
    target_id: int | None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEnded:
    """A case that has just ended, in the transaction that ended it. state: completed or cancelled."""

    case_id: int
    definition: str
    unit_id: int
    state: str
    outcome: str
    data: Data
    now: datetime
    by: Actor | None


Outcome = Done | Waiting
Handler = Callable[[EffectCall], Outcome]
EndHandler = Callable[[CaseEnded], None]
CaseColumn = InstrumentedAttribute[int] | InstrumentedAttribute[int | None]
EndHandlers = Mapping[str, tuple[EndHandler, tuple[CaseColumn, ...]]]

_effects: dict[str, Handler] = {}
_deadlines: dict[str, Handler] = {}
_ends: dict[str, tuple[EndHandler, tuple[CaseColumn, ...]]] = {}


class NameTaken(ValueError):
    """Two handlers claim one name."""


def effect(name: str) -> Callable[[Handler], Handler]:
    """Register the handler of the effect that diagrams call `name`."""
    return _register(_effects, name)


def deadline(name: str) -> Callable[[Handler], Handler]:
    """Register what happens when the `due_at` of a Waiting effect comes first.

    The handler ends the wait with `Done` or goes on waiting. Without one the case goes on with
    {"timed_out": true}.
    """
    return _register(_deadlines, name)


def on_case_end(*kept: CaseColumn) -> Callable[[EndHandler], EndHandler]:
    """Register what a slice does when a case ends that one of these columns of its tables names.

    Without columns it is called at the end of every case.
    """

    def mark(handler: EndHandler) -> EndHandler:
        _ends[f"{handler.__module__}.{handler.__qualname__}"] = (handler, kept)
        return handler

    return mark


def names() -> frozenset[str]:
    """The effects that diagrams may name."""
    return frozenset(_effects)


def handler_of(name: str) -> Handler | None:
    """The handler of an effect."""
    return _effects.get(name)


def deadline_of(name: str) -> Handler:
    """The handler of an effect's deadline."""
    return _deadlines.get(name, _timed_out)


def end_handlers() -> EndHandlers:
    """The handlers of the end of a case, by name, each with the columns that say whether it is concerned."""
    return _ends


def _timed_out(_call: EffectCall) -> Outcome:
    return Done({"timed_out": True})


def _register(registry: dict[str, Any], name: str) -> Callable[[Handler], Handler]:
    def mark(handler: Handler) -> Handler:
        known = registry.get(name)
        if known is not None and (known.__module__, known.__qualname__) != (
            handler.__module__,
            handler.__qualname__,
        ):
            raise NameTaken(f"two handlers claim {name!r}")
        registry[name] = handler
        return handler

    return mark
