"""The reference models of the BPMN MIWG test suite: other people's diagrams, published and started.

The files and their licence (CC BY 3.0, bpmn-miwg) stand in `miwg/`, unchanged.
"""

import copy
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from workflows.engine import Instance
from workflows.errors import Problem, Unpublishable
from workflows.model import World
from workflows.parsing import Definition, compile_process

FOLDER = Path(__file__).parent / "miwg"
NAMES = sorted(path.name for path in FOLDER.glob("*.bpmn"))
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)

RIGHTLY_REFUSED = {
    "A.2.0.bpmn": {"parse.bare_exit"},
    "A.2.1.bpmn": {"parse.bare_exit"},
    "C.6.0.bpmn": {"parse.compensation", "parse.event_subprocess"},
    "C.9.0.bpmn": {"parse.event_subprocess"},
    "C.9.2.bpmn": {"parse.event_subprocess"},
}
"""Exits that say nothing; undoing; event sub-processes: what cannot be run as drawn."""


def executable(name: str) -> str:
    """The file, with its processes marked as executable where none is."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    if 'isExecutable="true"' in text:
        return text
    return text.replace('isExecutable="false"', 'isExecutable="true"')


def published(name: str) -> Definition:
    return compile_process({name: executable(name)})


def begun(definition: Definition) -> Instance:
    """A case: by a person, or by the first message that can start one."""
    starts = {} if definition.startable else {"start": definition.message_starts[0].element}
    return Instance.start(definition, {}, World(now=NOW), **starts)


def test_all_reference_models_are_here() -> None:
    assert len(NAMES) == 21


@pytest.mark.parametrize("name", [name for name in NAMES if name not in RIGHTLY_REFUSED])
def test_reference_model_publishes_and_starts(name: str) -> None:
    definition = published(name)
    case = begun(definition)

    assert case.changes().incidents == ()
    assert case.open_tasks() or case.waits() or case.completed
    assert all(case.completed or definition.element(t.process, t.element) for t in case.open_tasks())


@pytest.mark.parametrize("name", sorted(RIGHTLY_REFUSED))
def test_what_cannot_run_as_drawn_is_told_on_its_shape(name: str) -> None:
    with pytest.raises(Unpublishable) as refused:
        published(name)

    text = executable(name)
    assert {problem.code for problem in refused.value.problems} == RIGHTLY_REFUSED[name]
    assert all(f'id="{problem.element}"' in text for problem in refused.value.problems)
    assert all(problem.hint for problem in refused.value.problems)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in RIGHTLY_REFUSED])
def test_every_change_is_told_on_a_shape_of_the_file(name: str) -> None:
    text = executable(name)
    warnings = published(name).warnings
    unmarked = 'isExecutable="' not in text

    assert warnings or "task" not in text
    assert any(warning.code == "parse.not_executable" for warning in warnings) == unmarked
    added = {warning.element for warning in warnings if f'id="{warning.element}"' not in text}
    assert all(element.endswith(("_choose", "_start", "_end", "_split")) for element in added), added


def nothing_to_do(node: etree._Element, other: etree._Element) -> None:
    """Leave the tree alone."""


def lose(node: etree._Element, other: etree._Element) -> None:
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)


def move(node: etree._Element, other: etree._Element) -> None:
    if node is not other and other not in node.iterancestors() and node not in other.iterancestors():
        other.append(node)


def double(node: etree._Element, other: etree._Element) -> None:
    if other not in node.iter():
        other.append(copy.deepcopy(node))


def retag(node: etree._Element, other: etree._Element) -> None:
    node.tag = other.tag


def rewire(node: etree._Element, other: etree._Element) -> None:
    for name in ("sourceRef", "targetRef", "attachedToRef", "default", "messageRef", "calledElement", "id"):
        if name in node.attrib:
            node.set(name, other.get("id", "不 ' x"))
            return


def mistext(node: etree._Element, other: etree._Element) -> None:
    node.text = "${1/0 and ["


ACCIDENTS: list[Callable[[etree._Element, etree._Element], None]] = [
    nothing_to_do,
    lose,
    move,
    double,
    retag,
    rewire,
    mistext,
]


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_model_gives_a_case_or_problems_and_nothing_else(seed: int) -> None:
    chance = random.Random(seed)
    for name in NAMES:
        root = etree.fromstring(executable(name).encode())
        nodes = [node for node in root.iter() if isinstance(node.tag, str)]
        for _ in range(chance.randint(1, 4)):
            chance.choice(ACCIDENTS)(chance.choice(nodes), chance.choice(nodes))
        definition: Definition | None = None
        told: list[Problem] = []
        try:
            definition = compile_process({name: etree.tostring(root, encoding="unicode")})
        except Unpublishable as refused:
            told = refused.problems
        assert (definition is None) == bool(told)
        if definition is not None and definition.startable:
            Instance.start(definition, {}, World(now=NOW))
