"""Plays the scenarios that a process brings along, before it is published. Stores nothing."""

import importlib
from importlib.util import find_spec

from workflows.errors import Problem
from workflows.parsing import Definition


def scenario_problems(definition: Definition) -> list[Problem]:
    """The `scenario.` problems of the process's own scenarios; none where it brings none."""
    if find_spec("workflows.scenario") is None:
        return []
    play = getattr(importlib.import_module("workflows.scenario"), "problems_of", None)
    return list(play(definition)) if play else []
