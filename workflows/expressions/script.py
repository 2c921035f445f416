"""A script task: lines `name = value` and `name.key = value`, each seeing what the earlier ones wrote.

A script computes; it has no branches, no loops of its own and no effects. It never changes the data it
is given: it returns what it wrote.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workflows.errors import message
from workflows.expressions.expression import Expression, guarded, measured, refusing
from workflows.expressions.grammar import Reader
from workflows.expressions.reasons import Failure, Unreadable
from workflows.expressions.results import plain
from workflows.expressions.runtime import Run
from workflows.expressions.tokens import check_characters, tokens
from workflows.model import World

LONGEST_SCRIPT = 20_000
MOST_LINES = 200
_DECLARING = re.compile(r"(?m)^[ \t]*(?:var|let|const)[ \t]+(?=[^\W\d]\w*[ \t]*=)")
"""How JavaScript writes the first assignment of a name; it means the same as the assignment."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One line: where it writes, and what."""

    path: tuple[str, ...]
    value: Expression


class Script:
    """A compiled script. Safe to share among threads and cases.

    `names` are the data names it reads before it has written them itself; `assigned` those it writes.
    """

    __slots__ = ("assigned", "lines", "names", "text")

    def __init__(self, text: str, lines: tuple[Assignment, ...]) -> None:
        self.text = text
        self.lines = lines
        written: set[str] = set()
        read: set[str] = set()
        for line in lines:
            read |= line.value.names - written
            if len(line.path) > 1:
                read |= {line.path[0]} - written
            written.add(line.path[0])
        self.names = frozenset(read)
        self.assigned = frozenset(written)

    def run(self, data: Mapping[str, Any], world: World | None = None) -> dict[str, Any]:
        """The new value of every top-level name that a line wrote; `data` stays as it was.

        Raises: ExpressionFailed.
        """
        return guarded(self.text.strip(), lambda: self._run(data, Run(world)))

    def _run(self, data: Mapping[str, Any], run: Run) -> dict[str, Any]:
        seen = dict(data)
        for line in self.lines:
            name, *keys = line.path
            value = line.value.reckon(seen, run)
            seen[name] = _replaced(seen[name], keys, value, run) if keys else value
        whole: dict[str, Any] = plain({line.path[0]: seen[line.path[0]] for line in self.lines})
        return whole


@lru_cache(1024)
def _compile(text: str) -> Script:
    return refusing(text, lambda: Script(text, _lines(text)))


def compile_script(text: str) -> Script:
    """The script written in `text`. Raises: ExpressionRefused naming the piece that is none."""
    return _compile(measured(text, LONGEST_SCRIPT))


def _lines(text: str) -> tuple[Assignment, ...]:
    check_characters(text)
    kept = "\n".join("" if line.lstrip().startswith("#") else line for line in text.split("\n"))
    kept = _DECLARING.sub(" ", kept)
    reader = Reader(tokens(kept, lines=True))
    lines: list[Assignment] = []
    while reader.next_line():
        if len(lines) == MOST_LINES:
            raise Unreadable(
                message("a script has at most {n} lines: let a service compute it"), n=MOST_LINES
            )
        reader.names = set()
        begin = reader.position
        path, tree = reader.assignment()
        source = kept[begin : reader.position].strip().rstrip(";")
        lines.append(Assignment(path, Expression(source, tree, frozenset(reader.names))))
    if not lines:
        raise Unreadable(message("it is empty: write lines like name = value"))
    return tuple(lines)


def _replaced(owner: Any, keys: list[str], value: Any, run: Run) -> dict[str, Any]:
    """A copy of `owner` in which the path `keys` holds `value`; everything off the path is shared."""
    if not isinstance(owner, Mapping):
        raise Failure(
            message("“.{key}” can only be written in an object: begin with name = {{}}"), key=keys[0]
        )
    run.charge(len(owner))
    key, *rest = keys
    if not rest:
        return {**owner, key: value}
    if key not in owner:
        raise Failure(
            message('there is no “{key}” in the object: write get(…, "{key}") where it may be missing'),
            key=key,
        )
    return {**owner, key: _replaced(owner[key], rest, value, run)}
