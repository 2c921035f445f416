"""Reads tokens into guarded trees: the grammar, one method a level, lowest binding first.

Python's, FEEL's and JUEL's spellings meet here. Nesting is bounded, so that neither this reader nor
Python's compiler can run out of stack.
"""

import ast
from collections.abc import Callable
from typing import NoReturn

from workflows.errors import message
from workflows.expressions import emit
from workflows.expressions.functions import FEEL_NAMES, FUNCTIONS
from workflows.expressions.reasons import Unreadable
from workflows.expressions.tokens import KEYWORDS, Token

DEEPEST_NESTING = 24
LONGEST_CHAIN = 100

_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
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
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class Reader:
    """Reads one list of tokens. `names` collects the data names met; `in_cell` allows `?`."""

    def __init__(self, found: list[Token], *, in_cell: bool = False) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0
        self._weight = 0  # pieces read so far: what one round of a loop costs
        self._variable: str | None = None
        self._in_loop = False
        self._in_cell = in_cell
        self._asked = False
        self.names: set[str] = set()

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

    @property
    def position(self) -> int:
        """Where in the text the next token begins."""
        return self._token.at

    def next_line(self) -> bool:
        """Step over line ends; whether anything follows."""
        while self._token.kind == "line":
            self._next()
        return self._token.kind != "end"

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
        return emit.operation("within" if sign == "in" else "not_within", value, self._sum())

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

    def _postfix(self) -> ast.expr:
        value, length = self._primary(), 0
        while True:
            if self._take("."):
                value = emit.operation("attribute", value, emit.constant(self._key()))
            elif self._token.text == "[" and self._token.kind == "sign" and not self._range_ends_here():
                self._next()
                value = emit.operation("item", value, self._choice())
                if self._token.text == ":":
                    self._refuse(
                        message("slices with “:” are not part of the language: use [x for x in … if …]")
                    )
                self._expect("]")
            elif self._token.text == "(" and self._token.kind == "sign":
                self._refuse(message("only functions of the language can be called, by their name"))
            else:
                return value
            length += 1
            if length > LONGEST_CHAIN // 2:
                self._refuse(message("too many steps into the data before “{piece}”"))

    # --- single values ---------------------------------------------------------------------------------

    def _primary(self) -> ast.expr:
        token = self._token
        self._weight += 1
        if token.kind in ("number", "text"):
            self._next()
            return emit.constant(token.value)
        if token.kind == "name":
            return self._name()
        if token.text == "?":
            return self._about()
        if token.text == "(":
            return self._bracketed()
        if token.text == "[":
            return self._list()
        if token.text == "{":
            return self._object()
        return self._unexpected()

    def _about(self) -> ast.expr:
        if not self._in_cell:
            self._refuse(message("“{piece}” stands for the input of a decision table only"))
        self._next()
        self._asked = True
        return emit.about()

    def _name(self) -> ast.expr:
        name = self._token.text
        if name in _CONSTANTS:
            self._next()
            return emit.constant(_CONSTANTS[name])
        if name in KEYWORDS:
            self._unexpected()
        self._next()
        words = name
        while f"{words} {self._token.text}" in _FEEL_STARTS and self._token.kind == "name":
            words = f"{words} {self._next().text}"
        if self._token.text == "(" and self._token.kind == "sign":
            return self._call(FEEL_NAMES.get(words, words))
        if words != name:
            self._refuse(message("“{piece}” is a function: write (…) after it"), words)
        if name.startswith("_"):
            self._refuse(message("“{piece}” begins with _: such names are not available"), name)
        if name == self._variable:
            return emit.loop_item()
        self.names.add(name)
        return emit.data(name)

    def _call(self, name: str) -> ast.expr:
        if name == "defined":
            return self._defined()
        known = FUNCTIONS.get(name)
        if known is None:
            self._refuse(message("there is no function “{piece}”: see the list of functions"), name)
        self._next()
        arguments: list[ast.expr] = []
        while not self._take(")"):
            if arguments:
                self._expect(",")
            if (variable := self._loop_ahead()) is not None:
                if not known.loops or arguments:
                    self._refuse(message("put a loop into square brackets: [… for … in …]"))
                arguments.append(self._loop(variable))
                self._expect(")")
                break
            arguments.append(self._choice())
            if self._token.text in ("=", ":"):
                self._unexpected()
        if len(arguments) < known.least or (known.most is not None and len(arguments) > known.most):
            most = known.most if known.most is not None else "…"
            raise Unreadable(
                message("{name}() takes {least} to {most} arguments, not {n}"),
                name=name, least=known.least, most=most, n=len(arguments),
            )  # fmt: skip
        return emit.function(name, arguments)

    def _defined(self) -> ast.expr:
        self._next()
        if self._token.kind != "name" or self._token.text in KEYWORDS:
            self._refuse(message("defined(…) takes one data name, not “{piece}”"))
        name = self._next().text
        self._expect(")")
        return emit.has_data(name)

    def _bracketed(self) -> ast.expr:
        self._next()
        if self._take(")"):
            return emit.listed([])
        if self._loop_ahead() is not None:
            self._refuse(message("put a loop into square brackets: [… for … in …]"))
        items = [self._choice()]
        if self._take(")"):
            return items[0]
        self._items(items, ")")
        return emit.listed(items)

    def _list(self) -> ast.expr:
        self._next()
        if (variable := self._loop_ahead()) is not None:
            tree = self._loop(variable)
            self._expect("]")
            return tree
        if self._take("]"):
            return emit.listed([])
        items = [self._choice()]
        if not self._take("]"):
            self._items(items, "]")
        return emit.listed(items)

    def _items(self, items: list[ast.expr], closing: str) -> None:
        while True:
            if not self._take(","):
                self._missing(closing)
            if self._take(closing):
                return
            items.append(self._choice())
            if self._take(closing):
                return

    def _object(self) -> ast.expr:
        self._next()
        entries: list[tuple[str, ast.expr]] = []
        while not self._take("}"):
            if entries:
                self._expect(",")
                if self._take("}"):
                    break
            token = self._token
            if token.kind not in ("text", "name"):
                self._refuse(message('an object is written {{"key": value}}; “{piece}” is no key'))
            self._next()
            self._expect(":")
            entries.append((str(token.value) if token.kind == "text" else token.text, self._choice()))
        return emit.mapped(entries)

    # --- loops -----------------------------------------------------------------------------------------

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
                if token.text in _CLOSING:
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

    # --- tokens ----------------------------------------------------------------------------------------

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _peek(self) -> Token:
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def _take(self, sign: str) -> bool:
        if self._token.kind == "sign" and self._token.text == sign:
            self._at += 1
            return True
        return False

    def _word(self, word: str) -> bool:
        if self._token.kind == "name" and self._token.text == word:
            self._at += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            self._missing(sign)

    def _expect_word(self, word: str) -> None:
        if not self._word(word):
            self._missing(word)

    def _target(self) -> str:
        token = self._token
        if token.kind != "name" or token.text in KEYWORDS:
            self._refuse(message("a name is missing before “{piece}”"))
        if token.text.startswith("_"):
            self._refuse(message("“{piece}” begins with _: such names are not available"))
        return self._next().text

    def _key(self) -> str:
        token = self._token
        if token.kind != "name":
            self._refuse(message("after “.” comes the name of a key, not “{piece}”"))
        if token.text.startswith("_"):
            self._refuse(message("“{piece}” begins with _: such names are not available"))
        return self._next().text

    def _at_range(self) -> bool:
        """Whether a range `[a..b]` begins here: its `..` comes before its end."""
        if self._token.kind != "sign" or self._token.text not in ("[", "(", "]"):
            return False
        depth, at = 0, self._at + 1
        while (token := self._tokens[at]).kind != "end":
            if token.kind == "sign":
                if token.text == ".." and depth == 0:
                    return True
                depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
                if depth < 0:
                    return False
            at += 1
        return False

    def _range_ends_here(self) -> bool:
        """Whether this `[` closes an open range `[a..b[` rather than beginning a position."""
        following = self._peek()
        return (
            following.kind in ("end", "line")
            or (
                following.kind == "sign"
                and following.text in (")", ",", "]", "&&", "||", "?", ":", "=", "==", "}")
            )
            or (
                following.kind == "name"
                and following.text in ("and", "or", "then", "else", "if", "satisfies", "return")
            )
        )

    def _closes_last(self, opening: int) -> bool:
        """Whether the bracket at `opening` is closed by the last token."""
        return (
            self._tokens[-2].text == ")"
            and self._tokens[-2].kind == "sign"
            and not self._closed_before(opening)
        )

    def _closed_before(self, opening: int) -> bool:
        depth = 0
        for token in self._tokens[opening:-2]:
            if token.kind == "sign":
                depth += (token.text == "(") - (token.text == ")")
                if depth == 0:
                    return True
        return False

    def _nested(self, level: Callable[[], ast.expr]) -> ast.expr:
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            self._refuse(message("nested too deeply at “{piece}”: split it into several lines of a script"))
        tree = level()
        self._depth -= 1
        return tree

    # --- refusing --------------------------------------------------------------------------------------

    def _end(self) -> None:
        if self._token.kind != "end":
            self._unexpected()

    def _refuse(self, template: str, piece: str | None = None) -> NoReturn:
        raise Unreadable(template, piece=self._piece() if piece is None else piece)

    def _missing(self, wanted: str) -> NoReturn:
        if self._token.kind == "end":
            raise Unreadable(message("it ends where “{wanted}” is missing"), wanted=wanted)
        raise Unreadable(
            message("“{wanted}” is missing before “{piece}”"), wanted=wanted, piece=self._piece()
        )

    def _unexpected(self) -> NoReturn:
        token, before = self._token, self._tokens[self._at - 1] if self._at else None
        if token.kind == "end":
            raise Unreadable(
                message("it ends too early: a value is missing after “{piece}”"),
                piece=before.text if before else "",
            )
        if token.text in ("lambda", "import", "def", "while", "await", "yield", "class", "exec"):
            self._refuse(message("“{piece}” is not part of the language: let a service compute it"))
        if token.text == "=":
            self._refuse(message("“{piece}” assigns nothing here: that is for script tasks"))
        self._refuse(
            message(
                "“{piece}” is not expected here: an operator such as and or = is missing, or it is too much"
            )
        )

    def _piece(self) -> str:
        return self._token.text.strip() or ("…" if self._token.kind == "end" else "↵")


_FEEL_STARTS = frozenset(
    " ".join(name.split()[: count + 1]) for name in FEEL_NAMES for count in range(1, len(name.split()))
)
