"""The reference diagrams of other tools, walked at random: no act breaks, no case is lost."""

import random
from pathlib import Path

import pytest
from building import reload, world

from workflows.engine import Instance
from workflows.errors import Unpublishable
from workflows.parsing import Definition, compile_process

FILES = sorted((Path(__file__).parent / "miwg").glob("*.bpmn"))


def step(case: Instance, chance: random.Random) -> bool:
    """One act on something that is open, chosen at random; False when nothing is."""
    acts = [*case.open_tasks(), *case.waits(), *case.incidents()]
    if not acts:
        return False
    chosen = chance.choice(acts)
    kind = getattr(chosen, "kind", type(chosen).__name__)
    if kind == "OpenTask":
        choices = getattr(chosen, "choices", ())
        case.complete(chosen.ref, {"choice": chance.choice(choices)} if choices else {"a": 1})
    elif kind == "Incident":
        case.retry(chosen.ref)
    elif kind == "timer":
        case.fire(chosen.ref)
    elif kind in ("message", "signal"):
        case.deliver(chosen.ref, {})
    elif kind == "effect":
        case.resolve(chosen.ref, {})
    return True


def walk(definition: Definition, seed: int) -> Instance:
    chance = random.Random(seed)
    case = Instance.start(definition, {}, world())
    for _ in range(60):
        if case.completed:
            break
        assert step(case, chance), "the case is not over, yet nothing is open"
        if chance.random() < 0.5:
            case = reload(case, definition)
    return case


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_foreign_diagram_runs_or_is_refused_on_a_shape(path: Path) -> None:
    try:
        definition = compile_process({"process.bpmn": path.read_text()})
    except Unpublishable as refused:
        nameless = [str(problem) for problem in refused.problems if not problem.element]
    else:
        nameless = []
        check_every_walk(definition)
    assert nameless == []


def check_every_walk(definition: Definition) -> None:
    for seed in range(4):
        case = walk(definition, seed)
        assert case.completed or case.open_tasks() or case.waits() or case.incidents()


def test_there_are_foreign_diagrams() -> None:
    assert len(FILES) >= 20
