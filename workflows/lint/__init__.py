"""Finds what would be misunderstood, stuck or dangerous in a normalised process.

Every engine fault that is not made right by `workflows.patches` is refused here on its shape. A problem
stops publishing; a warning does not.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflows.forms import Form
from workflows.model import Files
from workflows.normalise.notes import Notes
from workflows.normalise.xml import Node

if TYPE_CHECKING:
    from workflows.decisions import Decision


@dataclass(frozen=True, slots=True)
class Known:
    """What a process may refer to."""

    files: Files
    forms: Mapping[str, Form]
    decisions: "Mapping[str, Decision]"
    services: Collection[str]
    process: Callable[[str], bool]


def lint(process: Node, *, file: str, known: Known) -> Notes:
    """Judge one process and its sub-processes."""
    return Notes(file)
