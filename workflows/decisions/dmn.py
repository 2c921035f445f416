"""Reads DMN 1.1 to 1.5 as dmn-js and other editors write it.

Everything wrong is told at once, each on the id of its decision, column, rule or cell. What the language
cannot decide (other hit policies, boxed contexts, foreign expression languages) is refused here, never at
run time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from workflows.decisions.table import Decision, Rule, compile_unary
from workflows.decisions.xml import Node, read_xml
from workflows.errors import ExpressionRefused, Problem, Unpublishable, message
from workflows.expressions import Expression, compile_expression

MOST_RULES = 2_000
MOST_DECISIONS = 100
DEEPEST_REQUIREMENT = 20

_LANGUAGES = ("feel", "s-feel", "juel", "minyi")
_POLICIES = {
    "UNIQUE": "UNIQUE", "U": "UNIQUE", "FIRST": "FIRST", "F": "FIRST", "ANY": "ANY", "A": "ANY",
    "COLLECT": "COLLECT", "C": "COLLECT", "RULE ORDER": "RULE ORDER", "R": "RULE ORDER",
}  # fmt: skip
_AGGREGATIONS = ("", "SUM", "MIN", "MAX", "COUNT")


def parse_dmn(text: str, file: str) -> dict[str, Decision]:
    """The decisions of a DMN file, by their id.

    Raises: Unpublishable, its problems coded `rule.…` and placed on the element that causes them.
    """
    reader = _Reader(file)
    root = read_xml(text, reader.refuse)
    decisions = reader.decisions(root) if root is not None else {}
    if reader.problems:
        raise Unpublishable(reader.problems)
    return decisions


@dataclass(slots=True)
class _Draft:
    """A decision before the ones it requires are known."""

    decision: Decision
    requires: tuple[str, ...]


@dataclass(slots=True)
class _Reader:
    file: str
    problems: list[Problem] = field(default_factory=list)
    language: str = ""

    def refuse(self, code: str, element: str, text: str, hint: str = "", **params: object) -> None:
        self.problems.append(
            Problem(f"rule.{code}", text, hint, element=element, file=self.file, params=params)
        )

    def decisions(self, root: Node) -> dict[str, Decision]:
        self.language = root.get("expressionLanguage", "")
        drafts: dict[str, _Draft] = {}
        nodes = _all(root, "decision")
        if len(nodes) > MOST_DECISIONS:
            self.refuse(
                "too_large",
                "",
                message("The file holds more than {n} decisions."),
                message("Split it into several files."),
                n=MOST_DECISIONS,
            )
            return {}
        for node in nodes:
            draft = self._decision(node)
            if draft.decision.id in drafts:
                self.refuse(
                    "id",
                    draft.decision.id,
                    message("Two decisions have the same id “{id}”, or none."),
                    message("Give each decision an id of its own."),
                    id=draft.decision.id,
                )
            drafts[draft.decision.id] = draft
        if not drafts and not self.problems:
            self.refuse(
                "none", "", message("The file holds no decision."), message("Draw one decision table.")
            )
        return {name: self._joined(name, drafts) for name in drafts} if not self.problems else {}

    def _joined(self, name: str, drafts: dict[str, _Draft]) -> Decision:
        """The decision with all those before it that it requires, each once and in their order."""
        before: dict[str, Decision] = {}
        self._require(name, drafts, before, ())
        decision = before.pop(name)
        answered: set[str] = set()
        inputs: set[str] = set()
        for other in (*before.values(), decision):
            inputs |= other.inputs - answered
            answered |= set(other.outputs)
        return replace(decision, requires=tuple(before.values()), inputs=frozenset(inputs))

    def _require(
        self, name: str, drafts: dict[str, _Draft], done: dict[str, Decision], path: tuple[str, ...]
    ) -> None:
        decision = drafts[name].decision
        if name in path or len(path) > DEEPEST_REQUIREMENT:
            self.refuse(
                "requires",
                name,
                message("The decision “{name}” requires itself, directly or by way of others."),
                message("Remove one of the arrows between the decisions."),
                name=decision.name,
            )
        elif name not in done:
            for other in drafts[name].requires:
                if other in drafts:
                    self._require(other, drafts, done, (*path, name))
                else:
                    self.refuse(
                        "requires",
                        name,
                        message("The decision requires “{other}”, which is not in this file."),
                        message("Draw it into the same file, or remove the arrow."),
                        other=other,
                    )
        done.setdefault(name, decision)

    # --- one decision ----------------------------------------------------------------------------------

    def _decision(self, node: Node) -> _Draft:
        name = node.get("id", "")
        label = node.get("name", "") or name
        links = [href.get("href", "").rpartition("#")[2] for href in node.iter("{*}requiredDecision")]
        requires = tuple(dict.fromkeys(links))
        table, literal = _first(node, "decisionTable"), _first(node, "literalExpression")
        if table is not None:
            return _Draft(self._table(table, node, name, label), requires)
        if literal is not None:
            value = self._expression(literal, name, "cell")
            variable = self._name(_variable(node) or name, name)
            names = value.names if value else frozenset()
            return _Draft(Decision(name, label, (variable,), names, policy="", value=value), requires)
        self.refuse(
            "kind",
            name,
            message("The decision “{name}” is neither a table nor a single expression."),
            message("Draw it as a decision table."),
            name=label,
        )
        return _Draft(Decision(name, label, (), frozenset()), requires)

    def _table(self, table: Node, node: Node, name: str, label: str) -> Decision:
        columns = tuple(self._column(column) for column in _all(table, "input"))
        heads = _all(table, "output")
        outputs = self._outputs(heads, node, name)
        policy, aggregation = self._policy(table, name, outputs)
        rows = _all(table, "rule")
        if len(rows) > MOST_RULES:
            self.refuse(
                "too_large",
                name,
                message("The table has {rows} rules; at most {most} can be decided."),
                message("Split it into several tables."),
                rows=len(rows),
                most=MOST_RULES,
            )
            rows = []
        rules = tuple(
            self._rule(row, number, len(columns), len(outputs)) for number, row in enumerate(rows, 1)
        )
        defaults = tuple(self._default(head) for head in heads)
        read: set[str] = set()
        for expression in (*columns, *defaults, *(cell for rule in rules for cell in _cells(rule))):
            read |= expression.names if expression else frozenset()
        usable = tuple(column for column in columns if column is not None)
        return Decision(
            name,
            label,
            outputs,
            frozenset(read),
            policy,
            aggregation,
            usable,
            rules,
            defaults or (None,) * len(outputs),
        )

    def _column(self, column: Node) -> Expression | None:
        element = column.get("id", "")
        expression = _first(column, "inputExpression")
        if expression is None or not _text(expression):
            self.refuse(
                "input",
                element,
                message("The input column “{label}” does not say what it looks at."),
                message("Write the name of a form field, or an expression, into its head."),
                label=column.get("label", ""),
            )
            return None
        return self._expression(expression, element, "input")

    def _outputs(self, heads: Sequence[Node], node: Node, name: str) -> tuple[str, ...]:
        if not heads:
            self.refuse(
                "output",
                name,
                message("The table has no output column."),
                message("Add a column for what it decides."),
            )
        names: list[str] = []
        for head in heads:
            alone = (_variable(node) or name) if len(heads) == 1 else ""
            element = head.get("id", "") or name
            output = self._name(head.get("name", "").strip() or alone, element)
            if output in names:
                self.refuse(
                    "output",
                    element,
                    message("Two output columns are named “{name}”."),
                    message("Give each output a name of its own."),
                    name=output,
                )
            names.append(output)
        return tuple(names)

    def _name(self, name: str, element: str) -> str:
        if not name.isidentifier() or name.startswith("_"):
            self.refuse(
                "output",
                element,
                message("“{name}” cannot be the name of an output."),
                message("Use letters, digits and _, beginning with a letter."),
                name=name,
            )
        return name

    def _policy(self, table: Node, name: str, outputs: tuple[str, ...]) -> tuple[str, str]:
        written = table.get("hitPolicy", "UNIQUE").strip().upper()
        policy = _POLICIES.get(written)
        element = table.get("id", "") or name
        if policy is None:
            self.refuse(
                "hit_policy",
                element,
                message("The hit policy {policy} is not decided here."),
                message("Use UNIQUE, FIRST, ANY, COLLECT or RULE ORDER."),
                policy=written,
            )
        aggregation = table.get("aggregation", "").strip().upper() if policy == "COLLECT" else ""
        if aggregation not in _AGGREGATIONS or (aggregation and len(outputs) != 1):
            self.refuse(
                "hit_policy",
                element,
                message("COLLECT with {aggregation} needs one output, and SUM, MIN, MAX or COUNT."),
                message("Remove the other outputs, or choose COLLECT without an aggregation."),
                aggregation=aggregation,
            )
        return policy or "UNIQUE", aggregation

    # --- rules -----------------------------------------------------------------------------------------

    def _rule(self, row: Node, number: int, columns: int, outputs: int) -> Rule:
        element = row.get("id", "")
        tests, values = _all(row, "inputEntry"), _all(row, "outputEntry")
        if len(tests) != columns or len(values) != outputs:
            self.refuse(
                "cell",
                element,
                message("Rule {number} has {cells} cells; the table has {columns} columns."),
                message("Fill in or delete the rule in the editor."),
                number=number,
                cells=len(tests) + len(values),
                columns=columns + outputs,
            )
            return Rule(element, number, (), ())
        compiled = [(at, self._test(cell, element)) for at, cell in enumerate(tests)]
        return Rule(
            element,
            number,
            tuple((at, test) for at, test in compiled if test is not None),
            tuple(self._expression(cell, cell.get("id", "") or element, "cell") for cell in values),
        )

    def _test(self, cell: Node, rule: str) -> Expression | None:
        """The cell's test; None where it meets everything."""
        element, text = cell.get("id", "") or rule, _text(cell)
        if text in ("", "-") or not self._speaks(cell, element):
            return None
        try:
            return compile_unary(text)
        except ExpressionRefused as refused:
            self.refuse("cell", element, ExpressionRefused.text, **refused.params)
            return None

    def _default(self, head: Node) -> Expression | None:
        entry = _first(head, "defaultOutputEntry")
        return None if entry is None else self._expression(entry, head.get("id", ""), "output")

    def _expression(self, node: Node, element: str, code: str) -> Expression | None:
        """The expression written in `node`; None where it is empty (null) or refused."""
        text = _text(node)
        if text in ("", "-") or not self._speaks(node, element):
            return None
        try:
            return compile_expression(text)
        except ExpressionRefused as refused:
            self.refuse(code, element, ExpressionRefused.text, **refused.params)
            return None

    def _speaks(self, node: Node, element: str) -> bool:
        """Whether the node's expression language is one that we read."""
        language = node.get("expressionLanguage", self.language)
        if not language or language.lower() in _LANGUAGES or "FEEL" in language.upper():
            return True
        self.refuse(
            "language",
            element,
            message("The expression language {language} is not spoken here."),
            message("Write the cell in FEEL."),
            language=language[:100],
        )
        return False


def _cells(rule: Rule) -> Iterator[Expression | None]:
    yield from (test for _, test in rule.tests)
    yield from rule.outputs


def _all(node: Node, tag: str) -> list[Node]:
    return list(node.findall(f"{{*}}{tag}"))


def _first(node: Node, tag: str) -> Node | None:
    return node.find(f"{{*}}{tag}")


def _text(node: Node) -> str:
    inner = _first(node, "text")
    return "".join(str(piece) for piece in inner.itertext()).strip() if inner is not None else ""


def _variable(node: Node) -> str:
    variable = _first(node, "variable")
    return "" if variable is None else variable.get("name", "").strip()
