"""Plays `scenarios.yaml`: what a process is expected to do, step by step, in memory.

Every step loads the case, acts, and saves it, as the application does, so a scenario tries the stored
state too. Time is the scenario's own. The format is docs/reference/scenarios.md. Not for people: the
application turns the problems into sentences on their shapes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from workflows import timers
from workflows.engine import Instance
from workflows.errors import Phrase, Problem, Refusal, Unpublishable, message
from workflows.expressions import compile_expression
from workflows.model import Data, Thrown, World
from workflows.parsing import Definition
from workflows.scenario_file import Scenario, Step, read_scenarios
from workflows.services.calendar import Calendar, legal_day
from workflows.services.rules import RuleBook

Worlds = Callable[[datetime, Scenario], World]
"""The world of a scenario at an instant: rules change with the day."""

SCENARIO_FILE = "scenarios.yaml"
NATION = ("CN",)
BEGINNING = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""A Monday, nine o'clock in Shanghai: when a scenario begins that does not say."""

MOST_MOVES = 2_000
"""Effects answered, timers fired and own messages delivered in one step."""


@dataclass(slots=True)
class Played:
    """What came of playing scenarios."""

    problems: list[Problem] = field(default_factory=list)
    visited: set[tuple[str, str]] = field(default_factory=set)  # (process, element)
    played: int = 0

    def unvisited(self, definition: Definition) -> list[str]:
        """The ids of the definition's own shapes that no scenario came to, sorted."""
        seen = {element for _, element in self.visited}
        return sorted(id_ for id_ in definition.elements if id_ not in seen)


def worlds(*, calendar: Calendar | None = None, rules: RuleBook | None = None) -> Worlds:
    """Worlds with this calendar (the announced one by default) and these rules, in force at place and day."""
    known = calendar or Calendar.standard()

    def world(now: datetime, scenario: Scenario) -> World:
        place = scenario.place or NATION
        return World(
            now=now,
            calendar=known,
            rules=rules.at(place, legal_day(now)) if rules is not None else None,
            place=place,
            starter=scenario.starter,
        )

    return world


def problems_of(definition: Definition, *, rules: RuleBook | None = None) -> list[Problem]:
    """The `scenario.` problems of the scenarios that the process's own folder brings along."""
    text = definition.files.get(SCENARIO_FILE)
    return play_file(definition, text, among=worlds(rules=rules)).problems if text else []


def play_file(
    definition: Definition, text: str, *, among: Worlds | None = None, file: str = SCENARIO_FILE
) -> Played:
    """Read and play every scenario of a file; what is wrong in the file is a problem too."""
    result = Played()
    try:
        scenarios = read_scenarios(text, file=file)
    except Unpublishable as refused:
        result.problems.extend(refused.problems)
        return result
    for scenario in scenarios:
        play(definition, scenario, among=among or worlds(), file=file, result=result)
    return result


def play(
    definition: Definition, scenario: Scenario, *, among: Worlds, file: str = "", result: Played | None = None
) -> Played:
    """Play one scenario; it stops at its first problem, for what follows would only repeat it."""
    result = result if result is not None else Played()
    result.played += 1
    player = _Player(definition, scenario, among=among, file=file)
    try:
        player.run()
    except _Failed as failed:
        result.problems.append(failed.problem)
    result.visited |= player.visited
    return result


class _Failed(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class _Player:
    def __init__(self, definition: Definition, scenario: Scenario, *, among: Worlds, file: str) -> None:
        self.definition = definition
        self.scenario = scenario
        self.among = among
        self.world = among(scenario.at or BEGINNING, scenario)
        self.file = file
        self.number = 0  # of the step at hand; 0 is the start
        self.blob = b""
        self.outcome = ""
        self.visited: set[tuple[str, str]] = set()
        self.answers = {
            name: list(answer) if isinstance(answer, list) else answer
            for name, answer in scenario.effects.items()
        }
        self.moves = 0
        self.known: set[str] = set()  # refs of incidents that the scenario expects

    def run(self) -> None:
        scenario = self.scenario
        try:
            case = Instance.start(self.definition, scenario.data, self.world, start=scenario.start)
        except (Refusal, ValueError) as refused:
            raise self._failed("scenario.start", _START, reason=_phrase(refused)) from refused
        self._settle(case)
        for self.number, step in enumerate(scenario.steps, start=1):
            if step.verb != "retry" and not (step.verb == "expect" and "incidents" in step.value):
                self._no_incident(self._case())
            self.moves = 0
            getattr(self, f"_{step.verb}")(step)
        self._end()

    def _end(self) -> None:
        case = self._case()
        self.number += 1
        expected = self.scenario.outcome
        if expected and not case.completed:
            self._no_incident(case)
            raise self._failed("scenario.outcome", _OPEN, expected=expected, where=_where(case))
        if expected and self.outcome != expected:
            raise self._failed(
                "scenario.outcome", _OUTCOME, element=expected, expected=expected, found=self.outcome or "–"
            )

    # Steps, each named by its verb in the file

    def _complete(self, step: Step) -> None:
        case = self._case()
        fitting = [
            task
            for task in case.open_tasks()
            if task.element == step.value and ("as" not in step.more or _fits(task.item, step.more["as"]))
        ]
        if not fitting:
            raise self._not_open(case, step.value)
        self._act(case, lambda: case.complete(fitting[0].ref, step.more.get("answer") or {}), step.value)

    def _resolve(self, step: Step) -> None:
        case = self._case()
        ref = self._wait(case, step.value, "effect")
        self._act(case, lambda: case.resolve(ref, step.more.get("answer") or {}), step.value)

    def _retry(self, step: Step) -> None:
        case = self._case()
        stuck = [incident.ref for incident in case.incidents() if incident.element == step.value]
        if not stuck:
            raise self._not_open(case, step.value)
        self._act(case, lambda: case.retry(stuck[0]), step.value)

    def _message(self, step: Step) -> None:
        case = self._case()
        wanted = str(step.more["key"]) if "key" in step.more else None
        for wait in case.waits():
            fits = wait.kind in ("message", "signal") and wait.name == step.value
            if fits and (wanted is None or wait.key == wanted):
                self._act(case, lambda: case.deliver(wait.ref, step.more.get("data") or {}), wait.element)  # noqa: B023
                return
        raise self._failed("scenario.message", _MESSAGE, name=step.value, where=_where(case))

    def _advance(self, step: Step) -> None:
        try:
            until = timers.due("duration", step.value, self.world.now).at
        except Refusal as refused:
            raise self._failed("scenario.time", _TIME, reason=_phrase(refused)) from refused
        self._go_to(until)

    def _until(self, step: Step) -> None:
        if step.value == "due":
            due = _next_due(self._case())
            if due is None:
                raise self._failed("scenario.nothing_due", _NOTHING_DUE, where=_where(self._case()))
            self._go_to(due)
            return
        try:
            until = timers.due("date", step.value, self.world.now).at
        except Refusal as refused:
            raise self._failed("scenario.time", _TIME, reason=_phrase(refused)) from refused
        self._go_to(until)

    def _expect(self, step: Step) -> None:
        case = self._case()
        wanted: Mapping[str, Any] = step.value
        for name, found in (
            ("open", [task.element for task in case.open_tasks()]),
            ("waits", [wait.element for wait in case.waits()]),
            ("incidents", [incident.element for incident in case.incidents()]),
        ):
            if name in wanted and sorted(wanted[name]) != sorted(found):
                raise self._failed(
                    f"scenario.expect_{name}",
                    _EXPECT,
                    what=name,
                    expected=_list(wanted[name]),
                    found=_list(found),
                )
        if "incidents" in wanted:
            self.known = {incident.ref for incident in case.incidents()}
        for text, value in wanted.get("data", {}).items():
            self._expect_data(case, text, value)

    def _expect_data(self, case: Instance, text: str, value: Any) -> None:
        try:
            found = compile_expression(text).evaluate(case.data, self.world)
        except Refusal as refused:
            raise self._failed("scenario.expect_data", _NO_VALUE, reason=_phrase(refused)) from refused
        if found != value or isinstance(found, bool) != isinstance(value, bool):
            raise self._failed(
                "scenario.expect_data", _DATA, expression=text, expected=repr(value), found=repr(found)
            )

    # Moving

    def _case(self) -> Instance:
        return Instance.load(self.definition, self.blob, self.world)

    def _act(self, case: Instance, act: Any, element: str) -> None:
        try:
            act()
        except Refusal as refused:
            raise self._failed(
                "scenario.refused", _REFUSED, element=element, reason=_phrase(refused)
            ) from refused
        self._settle(case)

    def _settle(self, case: Instance) -> None:
        """Save; then answer effects and deliver the case's own messages until nothing more comes."""
        letters: list[Thrown] = []
        while True:
            changes = case.changes()
            entered = (step for step in changes.steps if step.event == "entered")
            self.visited |= {(step.process, step.element) for step in entered}
            self.outcome = changes.outcome or self.outcome
            self.blob = case.save()
            letters += [thrown for thrown in changes.thrown if thrown.kind == "message"]
            if case.completed:
                return
            case = self._case()
            try:
                if not self._move(case, letters):
                    return
            except Refusal as refused:
                raise self._failed("scenario.refused", _REFUSED, reason=_phrase(refused)) from refused
            self._count()

    def _move(self, case: Instance, letters: list[Thrown]) -> bool:
        """Deliver one letter or answer one effect; False when there is none."""
        while letters:
            letter = letters.pop(0)
            for wait in case.waits():
                if (wait.kind, wait.name, wait.key) == ("message", letter.name, letter.key):
                    case.deliver(wait.ref, letter.data)
                    return True
        for wait in case.waits():
            if wait.kind == "effect" and (answer := self._answer(wait.name)) is not None:
                case.resolve(wait.ref, answer)
                return True
        return False

    def _answer(self, name: str) -> Data | None:
        answer = self.answers.get(name)
        if isinstance(answer, list):
            return answer.pop(0) if answer else None
        return answer

    def _go_to(self, until: datetime) -> None:
        """Let time pass, stopping at each due instant in order with `now` equal to it."""
        while True:
            due = _next_due(self._case())
            if due is None or due > until:
                break
            self._set_clock(due)
            case = self._case()
            ref = min(
                (wait for wait in case.waits() if wait.due_at is not None),
                key=lambda wait: (wait.due_at, int(wait.ref[1:])),
            ).ref
            self._count()
            self._act(case, lambda: case.fire(ref), "")  # noqa: B023
        self._set_clock(until)

    def _set_clock(self, now: datetime) -> None:
        """Time only goes forward."""
        self.world = self.among(max(now, self.world.now), self.scenario)

    def _count(self) -> None:
        self.moves += 1
        if self.moves > MOST_MOVES:
            raise self._failed("scenario.endless", _ENDLESS, limit=MOST_MOVES)

    def _wait(self, case: Instance, element: str, kind: str) -> str:
        for wait in case.waits():
            if wait.element == element and wait.kind == kind:
                return wait.ref
        raise self._not_open(case, element)

    def _no_incident(self, case: Instance) -> None:
        for incident in case.incidents():
            if incident.ref in self.known:
                continue
            raise self._failed(
                "scenario.incident",
                _INCIDENT,
                element=incident.element,
                reason=Phrase(incident.message, **incident.params),
            )

    # Telling

    def _not_open(self, case: Instance, element: str) -> _Failed:
        return self._failed(
            "scenario.not_open", _NOT_OPEN, element=element, shape=element, where=_where(case)
        )

    def _failed(self, code: str, template: str, *, element: str = "", **params: Any) -> _Failed:
        known = element if element in self.definition.elements else ""
        params |= {"scenario": self.scenario.name, "step": self.number}
        return _Failed(Problem(code, template, element=known, file=self.file, params=params))


def _next_due(case: Instance) -> datetime | None:
    return min((wait.due_at for wait in case.waits() if wait.due_at is not None), default=None)


def _fits(item: Any, wanted: Any) -> bool:
    if isinstance(item, dict):
        if isinstance(wanted, dict):
            return all(name in item and item[name] == value for name, value in wanted.items())
        return wanted in item.values()
    return bool(item == wanted)


def _where(case: Instance) -> str:
    return _list([task.element for task in case.open_tasks()] + [wait.element for wait in case.waits()])


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "–"


def _phrase(refused: Exception) -> str:
    return Phrase(refused.text, **refused.params) if isinstance(refused, Refusal) else str(refused)


_START = message("Scenario “{scenario}” cannot start: {reason}")
_NOT_OPEN = message("Scenario “{scenario}”, step {step}: “{shape}” is not open; open are: {where}.")
_REFUSED = message("Scenario “{scenario}”, step {step} was refused: {reason}")
_MESSAGE = message("Scenario “{scenario}”, step {step}: nothing waits for “{name}”; open are: {where}.")
_TIME = message("Scenario “{scenario}”, step {step}: {reason}")
_NOTHING_DUE = message("Scenario “{scenario}”, step {step}: no timer is running; open are: {where}.")
_EXPECT = message("Scenario “{scenario}”, step {step}: {what} should be {expected}, but is {found}.")
_DATA = message("Scenario “{scenario}”, step {step}: “{expression}” should be {expected}, but is {found}.")
_NO_VALUE = message("Scenario “{scenario}”, step {step}: {reason}")
_INCIDENT = message("Scenario “{scenario}”, step {step}: the case got stuck here. {reason}")
_OPEN = message("Scenario “{scenario}” should end at “{expected}”, but the case is still open at: {where}.")
_OUTCOME = message("Scenario “{scenario}” should end at “{expected}”, but it ended at “{found}”.")
_ENDLESS = message("Scenario “{scenario}”, step {step}: more than {limit} moves without an end.")
