"""Plays the scenarios that a process brings along, before it is published. Stores nothing."""

from app.runtime.world import rule_book
from workflows.errors import Problem
from workflows.parsing import Definition
from workflows.scenario import problems_of


def scenario_problems(definition: Definition) -> list[Problem]:
    """The `scenario.` problems of the process's own scenarios; none where it brings none."""
    return list(problems_of(definition, rules=rule_book()))
