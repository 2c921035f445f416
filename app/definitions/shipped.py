"""The processes that come with the product: checked and published from the folders in bpmn/.

A folder is a process; rules/ is not one. Called processes are published before those that call them.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from app.definitions.rehearsal import scenario_problems
from app.runtime import effects
from app.runtime.publishing import publish
from app.runtime.transaction import transaction
from workflows.errors import Problem, Unpublishable
from workflows.parsing import compile_process

FOLDER = Path(__file__).parent.parent.parent / "bpmn"
KINDS = (".bpmn", ".dmn", ".form", ".yaml")
_CALLED = re.compile(r'calledElement="([^"]+)"')


def folders() -> dict[str, dict[str, str]]:
    """Process key → its files, called ones first."""
    found = {
        path.name: {
            f.name: f.read_text(encoding="utf-8") for f in sorted(path.iterdir()) if f.suffix in KINDS
        }
        for path in sorted(FOLDER.iterdir())
        if (path / "process.bpmn").exists()
    }
    ordered: dict[str, dict[str, str]] = {}

    def add(key: str, above: tuple[str, ...]) -> None:
        if key in ordered or key not in found or key in above:
            return
        for called in _CALLED.findall(found[key]["process.bpmn"]):
            add(called, (*above, key))
        ordered[key] = found[key]

    for key in found:
        add(key, ())
    return ordered


def publish_all(*, now: datetime) -> list[tuple[str, int]]:
    """Publish every shipped process that is new or changed; returns their keys and versions.

    A process that calls a changed one keeps its version: its next cases take the changed one by themselves.
    Raises Unpublishable.
    """
    published = []
    for files in folders().values():
        with transaction():
            version = publish(files, by=None, note="shipped with the product", now=now)
        if version.new:
            published.append((version.key, version.version))
    return published


def check_all() -> Iterator[tuple[str, list[Problem], list[Problem]]]:
    """Each folder with its problems (scenarios included) and warnings; no database is needed."""
    all_files = folders()
    for key, files in all_files.items():
        try:
            definition = compile_process(files, callee=all_files.get, effects=effects.names())
        except Unpublishable as refused:
            yield key, refused.problems, refused.warnings
            continue
        yield key, scenario_problems(definition), list(definition.warnings)
