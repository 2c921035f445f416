"""Decision tables: deciding, by our own expression machine, what a DMN file says.

Cells are S-FEEL unary tests, input columns and outputs are expressions. A table that contradicts itself
on some data fails there, and says which rules did. Not for figures of the law: those are in the rule
files; and not for reading DMN: that is `dmn`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.errors import ExpressionFailed, Phrase, message
from workflows.expressions import Expression, compile_unary_tests
from workflows.expressions.comparing import equal
from workflows.expressions.expression import guarded
from workflows.expressions.functions import FUNCTIONS
from workflows.expressions.results import plain
from workflows.expressions.runtime import Run
from workflows.model import Data, World


def compile_unary(text: str) -> Expression:
    """The cell `text` as an expression over its input: evaluate it with `about=` the input's value.

    An empty cell and `-` meet everything. Raises: ExpressionRefused.
    """
    return compile_unary_tests(text.strip() or "-")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: a test for each input that it tests (by column), and a value for each output."""

    id: str
    number: int  # as people count the rows, from 1
    tests: tuple[tuple[int, Expression], ...]
    outputs: tuple[Expression | None, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of a file: a table, or a single expression (`value`).

    `inputs` are the data names it reads; `outputs` the names it answers with; `requires` the decisions
    whose answers it sees as if they were data, in the order in which they are decided.
    """

    id: str
    name: str
    outputs: tuple[str, ...]
    inputs: frozenset[str]
    policy: str = "UNIQUE"
    aggregation: str = ""
    columns: tuple[Expression, ...] = ()
    rules: tuple[Rule, ...] = ()
    defaults: tuple[Expression | None, ...] = ()
    value: Expression | None = None
    requires: tuple["Decision", ...] = ()

    def decide(self, data: Mapping[str, Any], world: World | None = None) -> Data:
        """The answer over `data`: a value for every output name; `data` stays as it was.

        Where no rule matches: the column's default, else null; for COLLECT and RULE ORDER empty lists,
        0 for their COUNT, null for SUM, MIN and MAX. A collecting table with several outputs answers one
        list a column, in step with each other.

        Raises: ExpressionFailed, also where two rules contradict the hit policy: it names both.
        """
        answer: Data = guarded(self.name, lambda: plain(self._decide(data, Run(world))))
        return answer

    def _decide(self, data: Mapping[str, Any], run: Run) -> Data:
        for required in self.requires:
            data = {**data, **required._decide(data, run)}
        if self.value is not None:
            return {self.outputs[0]: self.value.reckon(data, run)}
        hits = self._hits(data, run)
        if self.policy in ("COLLECT", "RULE ORDER"):
            return self._collected(hits, data, run)
        if not hits:
            return self._values(self.defaults, data, run)
        chosen = self._values(hits[0].outputs, data, run)
        if len(hits) > 1 and self.policy == "UNIQUE":
            raise self._contradiction(hits[0], hits[1])
        if self.policy == "ANY":
            for other in hits[1:]:
                if not equal(run, self._values(other.outputs, data, run), chosen):
                    raise self._contradiction(hits[0], other)
        return chosen

    def _hits(self, data: Mapping[str, Any], run: Run) -> list[Rule]:
        values = [column.reckon(data, run) for column in self.columns]
        hits: list[Rule] = []
        for rule in self.rules:
            run.charge(1 + 2 * len(rule.tests))
            if all(test.reckon(data, run, about=values[at]) for at, test in rule.tests):
                hits.append(rule)
                if self.policy == "FIRST":
                    break
        return hits

    def _values(self, cells: tuple[Expression | None, ...], data: Mapping[str, Any], run: Run) -> Data:
        return {
            name: None if cell is None else cell.reckon(data, run)
            for name, cell in zip(self.outputs, cells, strict=True)
        }

    def _collected(self, hits: list[Rule], data: Mapping[str, Any], run: Run) -> Data:
        rows = [self._values(rule.outputs, data, run) for rule in hits]
        if not self.aggregation:
            return {name: [row[name] for row in rows] for name in self.outputs}
        name = self.outputs[0]
        if self.aggregation == "COUNT":
            return {name: len(rows)}
        reduce: Callable[..., Any] = FUNCTIONS[self.aggregation.lower()].compute
        return {name: reduce(run, [row[name] for row in rows]) if rows else None}

    def _contradiction(self, first: Rule, second: Rule) -> ExpressionFailed:
        template = message(
            "rules {first} and {second} of the decision table both match, but {policy} does not allow it: "
            "make their conditions exclude each other"
        )
        params = {"first": _named(first), "second": _named(second), "policy": self.policy}
        return ExpressionFailed(expression=self.name, reason=Phrase(template, **params))


def _named(rule: Rule) -> str:
    return f"{rule.number} ({rule.id})" if rule.id else str(rule.number)
