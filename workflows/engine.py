"""One case in motion: `Instance`. Every act advances it to its next waits; nothing here touches the world.

What the diagram does wrong becomes an `Incident` of that visit while other branches go on; a `Refusal`
is raised only when the act itself is not possible. `now` comes in with the `World`. An instance belongs
to one thread; its definition is shared. Not for storing or locking: that is the application's runner.
"""

from typing import Any, Literal

from workflows import automatic, codec, events, gateways, loops, shapes, snapshot, throwing, values, views
from workflows.errors import ExpressionRefused, NotWaitingHere, Refusal
from workflows.expressions import compile_expression
from workflows.history import compact_all
from workflows.model import Changes, Data, Effect, Incident, OpenTask, Wait, World
from workflows.timers import deadline_expression
from workflows.visits import READY, WAITING, Node, Run, StepBudgetSpent, change_state, fail, ready, run_of

STEP_BUDGET = 50_000
"""Element visits in one advance; design.md, Meanings: Step budget."""

_COMPACT_EVERY = 400


class Instance:
    """A case of a definition. Make one by `start` or `load`."""

    def __init__(self, top: Node) -> None:
        self._top = top
        self._run: Run = top.run
        self._before = _Picture(top)

    @classmethod
    def start(cls, definition: Any, data: Data, world: World, *, start: str = "") -> "Instance":
        """Begin a case with this data and advance it; `start` is the id of a message or timer start event.

        Raises `DataRefused` when the data is not JSON, ValueError for an unknown start event.
        """
        accepted = values.accepted(data)
        prepare(definition)
        top = codec.blank(definition, world)
        if start and not _is_start(definition.spec, start):
            raise ValueError(f"{start} is no start event of {definition.spec.name}")
        case = cls(top)
        case._run.start = start
        automatic.begin(top, accepted)
        case._advance()
        return case

    @classmethod
    def load(cls, definition: Any, blob: bytes, world: World) -> "Instance":
        """The case as it was saved, on the definition version that it was started with.

        Raises `StateUnreadable`.
        """
        prepare(definition)
        return cls(codec.decode(definition, blob, world))

    # Acts ----------------------------------------------------------------------------------

    def complete(self, ref: str, answer: Data | None = None) -> None:
        """A person has done this task. Raises `NotWaitingHere`, `DataRefused`."""
        task = self._visit(ref)
        if not snapshot.waits_for_person(task):
            raise NotWaitingHere
        data = values.accepted(answer or {})
        task.internal_data.pop("person")
        automatic.put(task, data)
        task.complete()
        self._advance()

    def resolve(self, ref: str, data: Data | None = None) -> None:
        """The effect that this visit asked for is done. Raises `NotWaitingHere`, `DataRefused`."""
        task = self._visit(ref)
        if ref not in snapshot.effects([task]):
            raise NotWaitingHere
        answer = values.accepted(data or {})
        task.internal_data.pop("effect")
        automatic.put(task, answer)
        task.complete()
        self._advance()

    def refuse(self, ref: str, refusal: Refusal) -> None:
        """The effect that this visit asked for cannot be carried out; a retry asks for it again.

        An error boundary event for the refusal's code, or for any, takes it over; otherwise it is an
        incident. Raises `NotWaitingHere`.
        """
        task = self._visit(ref)
        if ref not in snapshot.effects([task]):
            raise NotWaitingHere
        task.internal_data.pop("effect")
        if not throwing.caught_error(task, refusal.code):
            fail(task, refusal, phase="run")
        self._advance()

    def fire(self, ref: str) -> None:
        """This timer is due. Raises `NotWaitingHere`; the caller compares instants."""
        self._happen(ref, ("timer",), {})

    def deliver(self, ref: str, data: Data | None = None) -> None:
        """A message or signal has arrived for this wait. Raises `NotWaitingHere`, `DataRefused`."""
        self._happen(ref, ("message", "signal"), values.accepted(data or {}))

    def retry(self, ref: str) -> None:
        """Try again what was stuck. Raises `NotWaitingHere` when this visit is no incident."""
        task = self._visit(ref)
        stuck = task.internal_data.pop("incident", None)
        if stuck is None:
            raise NotWaitingHere
        try:
            _RETRY[stuck["phase"]](task)
        except Refusal as refusal:
            fail(task, refusal, phase=stuck["phase"])
        self._advance()

    def cancel(self) -> None:
        """End the case: everything open is cancelled. Nothing happens to one that has ended."""
        data = self.data
        events.end_all(self._top)
        self._top.data = data

    # What it looks like ----------------------------------------------------------------------

    def save(self) -> bytes:
        """The case as bytes, for `load`."""
        return codec.encode(self._top)

    def changes(self) -> Changes:
        """The difference between `start` or `load` and now, however many acts lay between."""
        return self._before.to(_Picture(self._top), self._run, completed=self.completed)

    @property
    def data(self) -> Data:
        """The data of the whole case: what its open branches together know, or how it ended."""
        return dict(self._top.data) if self._top.completed else views.view(self._top)

    @property
    def completed(self) -> bool:
        """Whether nothing is open any more."""
        return bool(self._top.completed)

    def open_tasks(self) -> list[OpenTask]:
        """What waits for people, in the order in which it was reached."""
        return list(snapshot.open_tasks(snapshot.open_visits(self._top)).values())

    def waits(self) -> list[Wait]:
        """What else the case waits for, in the order in which it was reached."""
        return list(snapshot.waits(snapshot.open_visits(self._top)).values())

    def effects(self) -> list[Effect]:
        """The effects that the case waits for, with what they were asked."""
        return list(snapshot.effects(snapshot.open_visits(self._top)).values())

    def incidents(self) -> list[Incident]:
        """The visits that are stuck."""
        return list(snapshot.incidents(snapshot.open_visits(self._top)).values())

    def task_data(self, ref: str) -> Data:
        """The data that this open visit sees. Raises `NotWaitingHere`."""
        return dict(self._visit(ref).data)

    # Moving ----------------------------------------------------------------------------------

    def _visit(self, ref: str) -> Node:
        number = ref[1:]
        if ref[:1] != "t" or not (number.isascii() and number.isdigit()) or len(number) > 18:
            raise NotWaitingHere
        task = self._run.tasks.get(int(number))
        if task is None or task.id not in task.workflow.open or self._top.completed:
            raise NotWaitingHere
        return task

    def _happen(self, ref: str, kinds: tuple[str, ...], payload: Data) -> None:
        task = self._visit(ref)
        wait = task.internal_data.get("wait")
        if task._state != WAITING or wait is None or wait["kind"] not in kinds:
            raise NotWaitingHere
        events.fire(task, payload)
        self._advance()

    def _advance(self) -> None:
        """Run what is ready until the case waits: 1. tasks, 2. inclusive joins, 3. conditional events."""
        run = self._run
        run.spent = 0
        next_compaction = _COMPACT_EVERY
        while True:
            while run.agenda:
                if run.spent >= STEP_BUDGET:
                    self._stop()
                    return
                task = run.agenda.popleft()
                if task._state != READY or "incident" in task.internal_data:
                    continue
                if task.task_spec.manual:
                    _meet_person(task)
                else:
                    task.run()
                if run.spent >= next_compaction:
                    next_compaction += _COMPACT_EVERY
                    compact_all(self._top)
            if self._top.completed:
                return
            if not (gateways.settle_inclusive(self._top) or events.check_conditions(self._top)):
                return

    def _stop(self) -> None:
        """The budget is spent: what is ready becomes an incident and can be retried."""
        for task in list(self._run.agenda):
            if task._state == READY:
                fail(task, StepBudgetSpent(limit=STEP_BUDGET), phase="run")
        self._run.agenda.clear()


def prepare(definition: Any) -> None:
    """Make a definition's specs ready to run. Safe to repeat and to do from several threads."""
    if getattr(definition.spec, "prepared", False):
        return
    for spec in (definition.spec, *definition.subspecs.values()):
        shapes.prepare(spec)
    definition.spec.prepared = True


def _is_start(spec: Any, element: str) -> bool:
    return any(event.name == element for event in spec.bpmn_start_events)


def _meet_person(task: Node) -> None:
    """Work out for whom a person's task is and by when; a wrong expression is an incident."""
    own = {}
    element = snapshot.element_of(task)
    try:
        if element.due:
            due = deadline_expression(element.due).evaluate(task.data, run_of(task).world)
            if due is not None:
                own["due"] = events.instant_of(due)
        if element.assignee:
            own["assignee"] = _username(task, element.assignee)
    except Refusal as refusal:
        fail(task, refusal, phase="run")
        return
    task.internal_data["person"] = own


def _username(task: Node, text: str) -> str:
    """A literal username, or what an expression over the data gives.

    A text whose names are all known data is an expression; one that is no expression, or a single word
    that no data carries, is a username itself.
    """
    try:
        expression = compile_expression(text)
    except ExpressionRefused:
        return text
    if expression.names and not expression.names & task.data.keys():
        return text
    value = expression.evaluate(task.data, task.workflow.top_workflow.run.world)
    return value if isinstance(value, str) else ""


def _retry_enter(task: Node) -> None:
    if shapes.entering(task.task_spec.__class__)(task):
        ready(task)


def _retry_run(task: Node) -> None:
    change_state(task, WAITING)
    ready(task)


_RETRY = {
    "enter": _retry_enter,
    "run": _retry_run,
    "loop": loops.settle,
    "leave": automatic.retry_return,
}


class _Picture:
    """What is open at one moment."""

    def __init__(self, top: Node) -> None:
        visits = snapshot.open_visits(top)
        self.tasks = snapshot.open_tasks(visits)
        self.waits = snapshot.waits(visits)
        self.effects = snapshot.effects(visits)
        self.incidents = snapshot.incidents(visits)

    def to(self, after: "_Picture", run: Run, *, completed: bool) -> Changes:
        """The changes from this picture to a later one."""
        closed: dict[str, Literal["done", "cancelled"]] = {
            ref: "done" if int(ref[1:]) in run.left else "cancelled"
            for ref in self.tasks
            if ref not in after.tasks
        }
        return Changes(
            opened=tuple(task for ref, task in after.tasks.items() if ref not in self.tasks),
            closed=closed,
            waits=tuple(wait for ref, wait in after.waits.items() if ref not in self.waits),
            ended=tuple(ref for ref in self.waits if ref not in after.waits),
            effects=tuple(effect for ref, effect in after.effects.items() if ref not in self.effects),
            steps=tuple(run.steps),
            thrown=tuple(run.thrown),
            incidents=tuple(each for ref, each in after.incidents.items() if ref not in self.incidents),
            resolved=tuple(ref for ref in self.incidents if ref not in after.incidents),
            completed=completed,
            outcome=run.outcome,
        )
