"""Steps through the tokens of one text, looks ahead, and refuses what does not fit.

The ground on which the grammar stands: it knows brackets and words, not meanings.
"""

import ast
from collections.abc import Callable
from typing import NoReturn

from workflows.errors import message
from workflows.expressions.reasons import Unreadable
from workflows.expressions.tokens import KEYWORDS, Token

DEEPEST_NESTING = 24


class Cursor:
    """A place in a list of tokens. `names` collects the data names met; `in_cell` allows `?`."""

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

    @property
    def position(self) -> int:
        """Where in the text the next token begins."""
        return self._token.at

    def next_line(self) -> bool:
        """Step over line ends; whether anything follows."""
        while self._token.kind == "line":
            self._next()
        return self._token.kind != "end"

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

    def _at_single_literal(self) -> bool:
        """Whether `("one")` stands here: a list of one, not a text in brackets."""
        kinds = [token.kind for token in self._tokens[self._at : self._at + 3]]
        texts = [token.text for token in self._tokens[self._at : self._at + 3]]
        return kinds[1:2] in (["text"], ["number"]) and texts[::2] == ["(", ")"]

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
