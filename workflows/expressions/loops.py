"""Loops over one list: Python's comprehensions, FEEL's for, some and every.

One level only, so that the work of an expression grows with the length of a list and never with its square.
"""

import ast

from workflows.errors import message
from workflows.expressions import emit
from workflows.expressions.cursor import Cursor
from workflows.expressions.tokens import KEYWORDS


class Loops(Cursor):
    """The part of the grammar that reads loops; the rest of it reads what stands inside them."""

    def _choice(self) -> ast.expr:
        raise NotImplementedError

    def _or(self) -> ast.expr:
        raise NotImplementedError

    def _loop(self, variable: str) -> ast.expr:
        """`element for variable in items [if condition]`; the brackets are the caller's."""
        self._enter_loop(variable)
        before = self._weight
        element = self._choice()
        self._expect_word("for")
        self._next()
        self._expect_word("in")
        self._variable = None
        items = self._or()
        self._variable = variable
        condition = self._or() if self._word("if") else None
        self._variable, self._in_loop = None, False
        if self._token.text in ("for", "if"):
            self._refuse(message("a loop has one “for” and one “if”: combine conditions with and"))
        return emit.loop(element, items, condition, weight=2 + self._weight - before)

    def _feel_loop(self, keyword: str) -> tuple[ast.expr, ast.expr, int]:
        self._next()
        variable = self._target()
        self._expect_word("in")
        self._enter_loop(variable)
        self._variable = None
        items = self._or()
        if self._token.text == ",":
            self._refuse(
                message("a loop goes through one list: loops inside loops are not part of the language")
            )
        self._expect_word(keyword)
        self._variable = variable
        before = self._weight
        body = self._choice()
        self._variable, self._in_loop = None, False
        return items, body, 2 + self._weight - before

    def _feel_for(self) -> ast.expr:
        items, body, weight = self._feel_loop("return")
        return emit.loop(body, items, None, weight=weight)

    def _quantified(self) -> ast.expr:
        quantifier = "any" if self._token.text == "some" else "all"
        items, body, weight = self._feel_loop("satisfies")
        return emit.function(quantifier, [emit.loop(body, items, None, weight=weight)])

    def _enter_loop(self, variable: str) -> None:
        if self._in_loop:
            self._refuse(
                message("loops inside loops are not part of the language: use two lines of a script")
            )
        self._in_loop = True
        self._variable = variable

    def _loop_ahead(self) -> str | None:
        """The variable of the loop that begins here, if the brackets around this place hold one."""
        depth, at = 0, self._at
        while (token := self._tokens[at]).kind != "end":
            if token.kind == "sign":
                if token.text in ("(", "[", "{"):
                    depth += 1
                elif token.text in (")", "]", "}"):
                    depth -= 1
                    if depth < 0:
                        return None
                elif token.text == "," and depth == 0:
                    return None
            elif token.text == "for" and depth == 0 and token.kind == "name" and at > self._at:
                variable = self._tokens[at + 1]
                if variable.kind != "name" or variable.text in KEYWORDS or variable.text.startswith("_"):
                    self._refuse(message("“for” needs a name after it, not “{piece}”"), variable.text)
                return variable.text
            at += 1
        return None
