"""Where a case stands among its own process and those that it calls, and what these are called.

The innermost open step decides which diagram people see first. Not for moving cases, nor for who may see one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models import StepRow
from app.presentation.diagram_file import TASKS
from app.runtime import reading
from workflows.parsing import Definition

MOST_VISITS = 500
_HOLDERS = frozenset(("process", "callActivity", "subProcess", "adHocSubProcess", "transaction"))


@dataclass(frozen=True, slots=True)
class Standing:
    """`process` and `element`: the innermost open step, the element "" where nothing is open.

    `processes`: (key, name), the case's own first. `names`: of the elements that are open now, and of those
    of the case's own process.
    """

    process: str
    element: str
    processes: tuple[tuple[str, str], ...]
    names: Mapping[str, str]


def standing(case_id: int, *, now: datetime, english: bool) -> Standing:
    """Where the case stands now, named in the reader's language. Raises NoSuchCase."""
    definition = reading.see(case_id, now=now).definition
    visits = db.session.execute(
        select(StepRow.id, StepRow.process, StepRow.element, StepRow.kind)
        .where(StepRow.case_id == case_id, StepRow.left_at.is_(None))
        .order_by(StepRow.id.desc())
        .limit(MOST_VISITS)
    ).all()
    depths = _depths(definition)

    def inner(visit: Any) -> tuple[bool, int, bool, int]:
        part = definition.part_of(visit.process)
        return visit.kind not in _HOLDERS, depths.get(part.key, 0), visit.kind in TASKS, visit.id

    here = max(visits, key=inner, default=None)
    names = {e.id: (english and e.name_en) or e.name for e in definition.elements.values()}
    for visit in sorted(visits, key=inner):
        found = definition.element(visit.process, visit.element)
        if found is not None:
            names[visit.element] = (english and found.name_en) or found.name
    return Standing(
        process=definition.part_of(here.process).key if here else definition.key,
        element=here.element if here else "",
        processes=tuple(
            (key, (english and part.name_en) or part.name or key)
            for key, part in (
                (definition.key, definition.part),
                *sorted(definition.called.items(), key=lambda each: (depths.get(each[0], 0), each[0])),
            )
        ),
        names={element: name for element, name in names.items() if name},
    )


def _depths(definition: Definition) -> dict[str, int]:
    """How many calls lead to each process, at least."""
    depths, reached = {definition.key: 0}, [definition.part]
    while reached:
        part = reached.pop(0)
        for key in part.calls:
            if key not in depths and key in definition.called:
                depths[key] = depths[part.key] + 1
                reached.append(definition.called[key])
    return depths
