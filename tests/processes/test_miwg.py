"""The reference models of the BPMN MIWG test suite: other people's diagrams, published and started.

The files and their licence (CC BY 3.0, bpmn-miwg) stand in `miwg/`, unchanged.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from workflows.engine import Instance
from workflows.errors import Unpublishable
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
