"""What a process may refer to: the files beside it, services, and other processes."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from workflows.decisions import Decision
from workflows.forms import Form
from workflows.model import Files


@dataclass(frozen=True, slots=True)
class Known:
    """The world around one process folder."""

    files: Files
    forms: Mapping[str, Form]
    decisions: Mapping[str, Decision]
    services: Collection[str]
    process: Callable[[str], bool]
    own: frozenset[str] = frozenset()  # keys of the processes in the same file
