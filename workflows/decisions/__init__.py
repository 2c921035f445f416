"""Decision tables: what DMN files say, decided by our own expression machine.

Not for figures of the law (quorums, majorities, notice days): those are in the rule files.
"""

from workflows.decisions.dmn import parse_dmn
from workflows.decisions.table import Decision, compile_unary

__all__ = ["Decision", "compile_unary", "parse_dmn"]
