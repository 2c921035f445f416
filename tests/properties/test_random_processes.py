"""Random structured processes, played with and without saving in between: the same end, nothing lost.

Every leaf counts itself under a name of its own, so that the final data say which branches were gone
through and how often; what must come out is worked out from the structure, not from the engine.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

from building import NOON, Process, each, world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflows.engine import Instance
from workflows.parsing import Definition


@dataclass
class Plan:
    """A process under construction, and what its data must be at the end."""

    process: Process = field(default_factory=Process)
    expected: dict[str, Any] = field(default_factory=dict)
    number: int = 0

    def name(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"

    def build(self, shape: Any, *, times: int) -> tuple[str, str]:
        """Add `shape`, gone through `times` times; its first and last node."""
        kind, parts = shape
        return getattr(self, f"_{kind}")(parts, times)

    def _leaf(self, kind: str, times: int) -> tuple[str, str]:
        name = self.name(kind)
        if kind == "timer":
            self.process.catch(name, duration="PT1H")
        elif kind == "script":
            self.process.script(name, f"{name} = get(seen, '{name}', 0) + 1\nseen.{name} = {name}")
            self._expect(name, times)
        elif kind == "many":
            self.process.user(name, repeat=each("people", into=name, answer="v"))
            if times:
                self.expected[name] = ["p", "q"]
        else:
            self.process.user(name)
            if times:
                self.expected[name] = "done"
        return name, name

    def _expect(self, name: str, times: int) -> None:
        if times:
            self.expected[name] = times
            self.expected.setdefault("seen", {})[name] = times

    def _sequence(self, parts: list[Any], times: int) -> tuple[str, str]:
        ends = [self.build(part, times=times) for part in parts]
        for (_, last), (first, _) in pairwise(ends):
            self.process.flow(last, first)
        return ends[0][0], ends[-1][1]

    def _both(self, parts: list[Any], times: int) -> tuple[str, str]:
        split, join = self.name("split"), self.name("join")
        self.process.parallel(split, join)
        for part in parts:
            first, last = self.build(part, times=times)
            self.process.chain(split, first).chain(last, join)
        return split, join

    def _either(self, parts: list[Any], times: int) -> tuple[str, str]:
        fork, merge = self.name("fork"), self.name("merge")
        self.process.xor(fork, merge)
        for number, part in enumerate(parts):
            first, last = self.build(part, times=times if number == 0 else 0)
            self.process.flow(fork, first, "1 == 1" if number == 0 else "1 == 2")
            self.process.chain(last, merge)
        return fork, merge

    def _some(self, parts: list[Any], times: int) -> tuple[str, str]:
        fork, merge = self.name("some"), self.name("meet")
        self.process.inclusive(fork, merge)
        for number, part in enumerate(parts):
            first, last = self.build(part, times=0 if number == 1 else times)
            self.process.flow(fork, first, "1 == 2" if number == 1 else "1 == 1")
            self.process.chain(last, merge)
        return fork, merge

    def _again(self, parts: list[Any], times: int) -> tuple[str, str]:
        merge, back, counter = self.name("merge"), self.name("back"), self.name("round")
        first, last = self.build(parts[0], times=times * 2)
        self.process.xor(merge, back).script(
            counter, f"{counter} = get(seen, '{counter}', 0) + 1\nseen.{counter} = {counter}"
        )
        self._expect(counter, times * 2)
        self.process.chain(merge, first).chain(last, counter, back)
        out = self.name("script")
        self.process.script(out, f"{out} = get(seen, '{out}', 0) + 1\nseen.{out} = {out}")
        self._expect(out, times)
        self.process.flow(back, merge, f"{counter} % 2 == 1").flow(back, out, default=True)
        return merge, out

    def _inside(self, parts: list[Any], times: int) -> tuple[str, str]:
        """A sub-process around the part."""
        name, outer = self.name("sub"), self.process
        self.process = inner = Process()
        first, last = self.build(parts[0], times=times)
        inner.start(f"{name}_start").end(f"{name}_end").chain(f"{name}_start", first)
        inner.chain(last, f"{name}_end")
        self.process = outer.sub(name, inner)
        return name, name

    def _reminded(self, parts: list[Any], times: int) -> tuple[str, str]:
        """A sub-process around the part, whose timer may start a branch that ends apart."""
        name, _ = self._inside(parts, times)
        event, side = self.name("event"), self.name("user")
        self.process.boundary(event, on=name, interrupting=False, duration="PT1H").user(side).end(
            f"{side}_end"
        )
        self.process.chain(event, side, f"{side}_end")
        return name, name


LEAVES = st.sampled_from(["user", "script", "timer", "many"]).map(lambda kind: ("leaf", kind))


def compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        *(
            several.map(lambda parts, kind=kind: (kind, parts))
            for kind in ("sequence", "both", "either", "some")
        ),
        *(inner.map(lambda part, kind=kind: (kind, [part])) for kind in ("again", "inside", "reminded")),
    )


SHAPES = st.recursive(LEAVES, compound, max_leaves=9)


def planned(shape: Any) -> tuple[Definition, dict[str, Any]]:
    plan = Plan()
    first, last = plan.build(shape, times=1)
    plan.process.start().end().chain("start", first).chain(last, "end")
    return plan.process.compile(), plan.expected


def play(
    definition: Definition, choices: list[int], *, saves: list[bool]
) -> tuple[dict[str, Any], list[str]]:
    """Act on whatever is open, chosen by `choices`, until the end; the data and every act in order."""
    now = NOON
    case = Instance.start(definition, {"people": ["p", "q"], "seen": {}}, world(now))
    acts: list[str] = []
    for number in range(2000):
        if case.completed:
            return case.data, acts
        assert case.incidents() == []
        tasks, waits = case.open_tasks(), case.waits()
        assert tasks or waits, "a token was lost"
        chosen = choices[number % len(choices)] % (len(tasks) + len(waits))
        if chosen < len(tasks):
            task = tasks[chosen]
            acts.append(task.ref)
            answer = {"v": task.item} if task.item is not None else {task.element: "done"}
            case.complete(task.ref, answer)
        else:
            wait = waits[chosen - len(tasks)]
            acts.append(wait.ref)
            case.fire(wait.ref)
        if saves[number % len(saves)]:
            now += timedelta(minutes=1)
            case = Instance.load(definition, case.save(), world(NOON))
    raise AssertionError("the case does not end")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    shape=SHAPES,
    choices=st.lists(st.integers(0, 50), min_size=1, max_size=12),
    saves=st.lists(st.booleans(), min_size=1, max_size=5),
)
def test_saving_and_loading_in_between_changes_nothing_and_no_token_is_lost(
    shape: Any, choices: list[int], saves: list[bool]
) -> None:
    definition, expected = planned(shape)
    data, acts = play(definition, choices, saves=[False])
    assert {name: data.get(name) for name in expected} == expected
    saved_data, saved_acts = play(definition, choices, saves=saves)
    assert saved_acts == acts
    assert saved_data == data
