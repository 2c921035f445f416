"""Finds what would be misunderstood, stuck or dangerous in a normalised process.

Every engine fault that `workflows.patches` does not make right is refused here on its shape. A problem
stops publishing; a warning does not. One module for each question that is asked.
"""

from workflows.lint.data import check_data
from workflows.lint.events import check_events
from workflows.lint.expressions import check_expressions
from workflows.lint.known import Known
from workflows.lint.references import check_references
from workflows.lint.structure import check_structure
from workflows.lint.tokens import check_tokens
from workflows.normalise.graph import scopes
from workflows.normalise.notes import Notes
from workflows.normalise.xml import Node


def lint(process: Node, *, file: str, known: Known) -> Notes:
    """Judge one process and its sub-processes, which `normalise` has gone through without a problem."""
    notes = Notes(file)
    check_references(process, known, notes)
    check_expressions(process, notes)
    for scope in scopes(process):
        check_structure(scope, notes)
        check_events(scope, notes)
    if not notes.problems:
        for scope in scopes(process):
            check_tokens(scope, notes)
        check_data(process, known, notes)
    return notes


__all__ = ["Known", "lint"]
