"""Rewrites a stranger's diagram into what the engine runs, and tells each change.

`normalise` works in place on a tree from `read_xml`. What it changed is a warning on the shape; what it
cannot make sense of is a problem. It judges nothing that already runs: that is `workflows.lint`.
"""

from workflows.normalise.processes import Normalised, normalise
from workflows.normalise.xml import read_xml

__all__ = ["Normalised", "normalise", "read_xml"]
