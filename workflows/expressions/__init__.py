"""The expression language: conditions, scripts, timers, completion conditions and decision cells.

A small language of our own over plain data (JSON values), read by our own grammar and compiled once per
text; nothing of Python can be reached from it. It accepts the spellings that modellers bring along from
Python, FEEL and JUEL. Not for templates or long programs: a service computes what needs more than this.

Functions and spellings: `docs/architecture.md`; bounds: `runtime`, `tokens` and `grammar`.
"""

from workflows.expressions.expression import Expression, compile_expression, compile_unary_tests
from workflows.expressions.functions import FUNCTION_NAMES
from workflows.expressions.script import Script, compile_script

__all__ = [
    "FUNCTION_NAMES",
    "Expression",
    "Script",
    "compile_expression",
    "compile_script",
    "compile_unary_tests",
]
