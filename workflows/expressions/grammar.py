"""Reads tokens into guarded trees: the grammar, one method a level, lowest binding first.

Python's, FEEL's and JUEL's spellings meet here. Nesting is bounded, so that neither this reader nor
Python's compiler can run out of stack.
"""

import ast
from collections.abc import Callable

from workflows.errors import message
from workflows.expressions import emit
from workflows.expressions.values import Values

LONGEST_CHAIN = 100

_COMPARE = {
    "=": "==", "==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
    "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
}  # fmt: skip
_COMPARISON_NAMES = {
    "==": "equal", "!=": "unequal",
    "<": "less", "<=": "less_or_equal", ">": "greater", ">=": "greater_or_equal",
}  # fmt: skip
_SUMS = {"+": "add", "-": "subtract"}
_PRODUCTS = {
    "*": "multiply",
    "/": "divide",
    "//": "floor_divide",
    "%": "remainder",
    "div": "divide",
    "mod": "remainder",
}


class Reader(Values):
    """Reads one list of tokens. `names` collects the data names met; `in_cell` allows `?`."""

    # --- the three things that can be read -----------------------------------------------------------

    def expression(self) -> ast.expr:
        """One value, to the end of the text."""
        tree = self._choice()
        self._end()
        return tree

    def assignment(self) -> tuple[tuple[str, ...], ast.expr]:
        """One line `name.key = value` of a script: its path and its value."""
        path = [self._target()]
        while True:
            if self._take("."):
                path.append(self._key())
            elif self._take("["):
                if self._token.kind != "text":
                    self._refuse(message("before “=”, “[…]” takes a key in quotation marks, not “{piece}”"))
                path.append(str(self._next().value))
                self._expect("]")
            else:
                break
        if not self._take("="):
            self._refuse(message("a script holds only lines like name = value; here is “{piece}”"))
        tree = self._choice()
        if self._token.kind not in ("line", "end"):
            self._unexpected()
        return tuple(path), tree

    def cell(self) -> ast.expr:
        """S-FEEL unary tests over `?`, to the end of the text."""
        if self._token.text == "-" and self._peek().kind == "end":
            return emit.TRUE
        if self._token.text == "not" and self._peek().text == "(" and self._closes_last(self._at + 1):
            self._next()
            self._next()
            tree = emit.negated(self._tests())
            self._expect(")")
        else:
            tree = self._tests()
        self._end()
        return tree

    # --- cells -----------------------------------------------------------------------------------------

    def _tests(self) -> ast.expr:
        tests = [self._test()]
        while self._take(","):
            tests.append(self._test())
        return emit.both(tests, either=True)

    def _test(self) -> ast.expr:
        sign = self._token.text if self._token.kind == "sign" else ""
        if sign in ("<", "<=", ">", ">="):
            self._next()
            return emit.operation("ordered", emit.constant(sign), emit.about(), self._sum())
        if sign in ("=", "==", "!="):
            self._next()
            return emit.operation("unequal" if sign == "!=" else "equal", emit.about(), self._sum())
        if self._at_range():
            return self._range(emit.about())
        self._asked = False
        value = self._choice()
        if self._asked:
            return value
        return emit.operation("meets" if emit.is_constant(value) else "holds", emit.about(), value)

    # --- levels ----------------------------------------------------------------------------------------

    def _choice(self) -> ast.expr:
        return self._nested(self._choice_inside)

    def _choice_inside(self) -> ast.expr:
        if self._word("if"):
            condition = self._choice()
            self._expect_word("then")
            then = self._choice()
            self._expect_word("else")
            return emit.choice(condition, then, self._choice())
        if self._token.text in ("some", "every") and self._peek().kind == "name":
            return self._quantified()
        if self._token.text == "for" and self._peek().kind == "name":
            return self._feel_for()
        value = self._or()
        if self._take("?"):
            then = self._choice()
            self._expect(":")
            return emit.choice(value, then, self._choice())
        if self._word("if"):
            condition = self._or()
            self._expect_word("else")
            return emit.choice(condition, value, self._choice())
        return value

    def _or(self) -> ast.expr:
        operands = [self._and()]
        while self._word("or") or self._take("||"):
            operands.append(self._and())
        return emit.both(operands, either=True)

    def _and(self) -> ast.expr:
        operands = [self._not()]
        while self._word("and") or self._take("&&"):
            operands.append(self._not())
        return emit.both(operands)

    def _not(self) -> ast.expr:
        if self._word("not"):
            return emit.negated(self._nested(self._not))
        return self._comparison()

    def _comparison(self) -> ast.expr:
        operands = [self._sum()]
        signs: list[str] = []
        while (sign := self._comparison_sign()) is not None:
            if sign in ("in", "not in", "between"):
                if signs:
                    self._refuse(message("put brackets around the comparison before “{piece}”"), sign)
                operands = [self._membership(sign, operands[0])]
                continue
            signs.append(sign)
            operands.append(self._sum())
        if not signs:
            return operands[0]
        if len(signs) == 1:
            return emit.operation(_COMPARISON_NAMES[signs[0]], *operands)
        return emit.operation("chained", emit.signs(signs), emit.listed(operands))

    def _comparison_sign(self) -> str | None:
        token = self._token
        if token.kind in ("sign", "name") and token.text in _COMPARE:
            self._next()
            return _COMPARE[token.text]
        if self._word("is"):
            return "!=" if self._word("not") else "=="
        if self._word("in"):
            return "in"
        if self._word("between"):
            return "between"
        if token.text == "not" and self._peek().text == "in":
            self._next()
            self._next()
            return "not in"
        return None

    def _membership(self, sign: str, value: ast.expr) -> ast.expr:
        if sign == "between":
            low = self._sum()
            self._expect_word("and")
            closed = emit.FALSE
            return emit.operation("between", value, low, self._sum(), closed, closed)
        if self._at_range():
            inside = self._range(value)
            return emit.negated(inside) if sign == "not in" else inside
        whole = emit.listed([self._primary()]) if self._at_single_literal() else self._sum()
        return emit.operation("within" if sign == "in" else "not_within", value, whole)

    def _range(self, value: ast.expr) -> ast.expr:
        opening = self._next().text
        low = self._sum()
        self._expect("..")
        high = self._sum()
        closing = self._token.text
        if closing not in ("]", ")", "["):
            self._refuse(message("a range ends with ] or ), not with “{piece}”"))
        self._next()
        return emit.operation(
            "between", value, low, high, emit.constant(opening != "["), emit.constant(closing != "]")
        )

    def _sum(self) -> ast.expr:
        return self._series(_SUMS, self._product)

    def _product(self) -> ast.expr:
        return self._series(_PRODUCTS, self._unary)

    def _series(self, operators: dict[str, str], operand: Callable[[], ast.expr]) -> ast.expr:
        value, length = operand(), 0
        while self._token.kind in ("sign", "name") and self._token.text in operators:
            length += 1
            if length > LONGEST_CHAIN:
                self._refuse(
                    message("more than 100 terms in a row before “{piece}”: use sum([…]), or several lines")
                )
            value = emit.operation(operators[self._next().text], value, operand())
        return value

    def _unary(self) -> ast.expr:
        if self._take("-"):
            return self._negative()
        if self._take("+"):
            return emit.operation("positive", self._nested(self._unary))
        if self._take("!"):
            return emit.negated(self._nested(self._unary))
        if self._token.text == "not" and self._peek().text == "(":
            self._next()
            return emit.negated(self._nested(self._unary))
        if self._token.text == "empty" and (self._peek().kind == "name" or self._peek().text in ("(", "[")):
            self._next()
            return emit.operation("empty", self._nested(self._unary))
        return self._postfix()

    def _negative(self) -> ast.expr:
        if self._token.kind == "number" and self._peek().text not in (".", "["):
            value = self._next().value
            return emit.constant(-value if isinstance(value, (int, float)) else None)
        return emit.operation("negative", self._nested(self._unary))
