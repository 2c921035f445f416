"""One expression: compiled once per text, evaluated often.

The only place, with `script`, where the exceptions of this package become refusals of the core.
"""

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from workflows.errors import ExpressionFailed, ExpressionRefused, Phrase, message
from workflows.expressions import emit
from workflows.expressions.grammar import Reader
from workflows.expressions.reasons import Failure, Unreadable, quoted
from workflows.expressions.results import DEEPEST_RESULT, plain
from workflows.expressions.runtime import Run
from workflows.expressions.tokens import check_characters, tokens
from workflows.model import World

LONGEST_EXPRESSION = 2_000

Result = TypeVar("Result")


class Expression:
    """A compiled expression. Safe to share among threads and cases.

    `names` are the data names it reads (those of `defined(name)` not among them); `constant` says that
    it is a literal, `literal` which one; `function` is the function whose value it is, "" if none.
    """

    __slots__ = ("_code", "constant", "function", "literal", "names", "text")

    def __init__(self, text: str, tree: ast.expr, names: frozenset[str]) -> None:
        self.text = text
        self.names = names
        self.constant = isinstance(tree, ast.Constant)
        self.literal = tree.value if isinstance(tree, ast.Constant) else None
        self.function = emit.called(tree)
        self._code = emit.compile_tree(tree)

    def evaluate(self, data: Mapping[str, Any], world: World | None = None, *, about: Any = None) -> Any:
        """Its value over `data`: plain data that shares nothing with it. `about` is a cell's `?`.

        Raises: ExpressionFailed where the data has no such name, or not of the kind that is needed.
        """
        return guarded(self.text, lambda: plain(self._code(data, Run(world), about)))

    def reckon(self, data: Mapping[str, Any], run: Run, *, about: Any = None) -> Any:
        """Like `evaluate`, as a part of a larger `run` and charged to it; the value is not copied.

        Raises: ExpressionFailed.
        """
        return guarded(self.text, lambda: self._code(data, run, about))

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def compile_expression(text: str) -> Expression:
    """The expression written in `text`; `${…}`, `#{…}` and a leading `=` around the whole are taken off.

    Raises: ExpressionRefused naming the piece that is not of the language, and what to write.
    """
    return _compile(measured(text, LONGEST_EXPRESSION), in_cell=False)


def compile_unary_tests(text: str) -> Expression:
    """The cell of a decision table written in `text`, true where its input (`about`) meets it.

    Raises: ExpressionRefused.
    """
    return _compile(measured(text, LONGEST_EXPRESSION), in_cell=True)


@lru_cache(4096)
def _compile(text: str, *, in_cell: bool) -> Expression:
    def read() -> Expression:
        inner = text.strip() if in_cell else unwrapped(text)
        if not inner:
            raise Unreadable(message("it is empty: write a value or a condition"))
        check_characters(inner)
        reader = Reader(tokens(inner), in_cell=in_cell)
        tree = reader.cell() if in_cell else reader.expression()
        return Expression(text.strip(), tree, frozenset(reader.names))

    return refusing(text, read)


def unwrapped(text: str) -> str:
    """`text` without the marks that other tools put around a whole expression."""
    inner = text.strip()
    if inner.startswith("=") and not inner.startswith("=="):
        inner = inner[1:].strip()
    if inner[:2] in ("${", "#{") and inner.endswith("}"):
        inner = inner[2:-1].strip()
    return inner


def measured(text: Any, longest: int) -> str:
    """`text` if it is one, and not too long. Raises: ExpressionRefused."""
    if not isinstance(text, str):
        raise ExpressionRefused(expression=quoted(text), reason=Phrase(message("it is no text")))
    if len(text) > longest:
        raise ExpressionRefused(
            expression=quoted(text),
            reason=Phrase(message("it is longer than {n} characters: let a service compute it"), n=longest),
        )
    return text


def refusing(text: str, read: Callable[[], Result]) -> Result:
    """What `read` gives; its Unreadable becomes an ExpressionRefused."""
    try:
        return read()
    except Unreadable as unreadable:
        raise ExpressionRefused(expression=quoted(text.strip()), reason=unreadable.reason) from None
    except (RecursionError, MemoryError):
        reason = Phrase(message("it is nested too deeply: split it into several lines of a script"))
        raise ExpressionRefused(expression=quoted(text.strip()), reason=reason) from None


def guarded(text: str, compute: Callable[[], Result]) -> Result:
    """What `compute` gives; whatever goes wrong with the data becomes an ExpressionFailed."""
    try:
        return compute()
    except Failure as failure:
        reason = failure.reason
    except KeyError as missing:
        template = message("there is no “{name}” in the data: write it earlier, or ask defined({name})")
        reason = Phrase(template, name=quoted(missing.args[0]))
    except (ArithmeticError, ValueError, TypeError, LookupError) as wrong:
        reason = Phrase(message("it cannot be computed ({detail})"), detail=quoted(str(wrong)))
    except RecursionError:
        reason = Phrase(message("the data is nested more than {n} levels deep"), n=DEEPEST_RESULT)
    raise ExpressionFailed(expression=quoted(text), reason=reason)
