"""Single values and the steps into them: literals, names, calls, lists, objects, `.key` and `[position]`."""

import ast

from workflows.errors import message
from workflows.expressions import emit
from workflows.expressions.functions import FEEL_NAMES, FUNCTIONS
from workflows.expressions.loops import Loops
from workflows.expressions.reasons import Unreadable
from workflows.expressions.tokens import KEYWORDS

LONGEST_PATH = 50

_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_FEEL_STARTS = frozenset(
    " ".join(name.split()[: count + 1]) for name in FEEL_NAMES for count in range(1, len(name.split()))
)


class Values(Loops):
    """The part of the grammar that binds tightest."""

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
            if length > LONGEST_PATH:
                self._refuse(message("too many steps into the data before “{piece}”"))

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
