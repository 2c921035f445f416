"""Cuts a text into tokens. Knows signs and literals, not what they mean together.

Text literals are one token each, so nothing later ever looks inside them.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from workflows.errors import message
from workflows.expressions.reasons import Unreadable

Kind = Literal["number", "text", "name", "sign", "line", "end"]

LARGEST_NUMBER = 10**18

KEYWORDS = frozenset(
    {"and", "or", "not", "in", "is", "if", "then", "else", "for", "return", "some", "every", "satisfies"}
    | {"between", "true", "false", "null", "True", "False", "None"}
)

_SIGNS = ("==", "!=", "<=", ">=", "&&", "||", "..", "//", *"+-*/%<>=!?:,.()[]{}")
_FOREIGN = {
    "**": message("powers are not part of the language: multiply, or let a service compute it"),
    ":=": message("“:=” is not part of the language: give the value a name in a script task"),
    "->": message("functions cannot be defined here: let a service compute it"),
    "=>": message("functions cannot be defined here: let a service compute it"),
    "<>": message("“<>” is not part of the language: write !="),
    "<<": message("bit operations are not part of the language"),
    ">>": message("bit operations are not part of the language"),
    "+=": message("“+=” is not part of the language: write name = name + …"),
    "-=": message("“-=” is not part of the language: write name = name - …"),
    "*=": message("“*=” is not part of the language: write name = name * …"),
    "/=": message("“/=” is not part of the language: write name = name / …"),
    "${": message("“{piece}” may only wrap the whole expression: write it once, around everything"),
    "#{": message("“{piece}” may only wrap the whole expression: write it once, around everything"),
    "&": message("“&” is not part of the language: write and"),
    "|": message("“|” is not part of the language: write or"),
}
_SIGN = "|".join(re.escape(sign) for sign in sorted([*_SIGNS, *_FOREIGN], key=len, reverse=True))
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\f]+)"
    r"|(?P<line>\n|;)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]+)?|(?<![\w.)\]])\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"""|(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    rf"|(?P<sign>{_SIGN})"
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "/": "/"}
_QUOTES = frozenset("“”‘’「」『』＂＇«»„")


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of the text: as written, where it begins, and its value where it is a literal."""

    kind: Kind
    text: str
    at: int
    value: str | int | float | None = None


def tokens(text: str, *, lines: bool = False) -> list[Token]:
    """Cut `text`; the last token is of kind end. With `lines`, line ends outside brackets are tokens.

    Raises: Unreadable for a sign, literal or character that the language does not have.
    """
    found: list[Token] = []
    at = depth = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unknown(text, at)
        at = match.end()
        kind, piece = match.lastgroup, match.group()
        if kind == "space" or (kind == "line" and piece == "\n" and (not lines or depth > 0)):
            continue
        if kind == "sign":
            depth += (piece in "([{") - (piece in ")]}")
        found.append(_token(kind or "", piece, match.start(), lines=lines))
    found.append(Token("end", "", len(text)))
    return found


def _token(kind: str, piece: str, at: int, *, lines: bool) -> Token:
    if kind == "number":
        return Token("number", piece, at, _number(piece))
    if kind == "text":
        return Token("text", piece, at, _literal(piece))
    if kind == "name":
        if not piece.isidentifier():
            raise Unreadable(message("“{piece}” is not a name: use letters, digits and _"), piece=piece)
        return Token("name", piece, at)
    if kind == "line":
        if not lines:
            raise Unreadable(message("“;” ends nothing here: an expression is one value"))
        return Token("line", piece, at)
    if piece in _FOREIGN:
        raise Unreadable(_FOREIGN[piece], piece=piece + "…}" if piece[-1] == "{" else piece)
    return Token("sign", piece, at)


def _number(piece: str) -> int | float:
    whole = piece.isdigit()
    if len(piece) > 40 or abs(value := int(piece) if whole else float(piece)) > LARGEST_NUMBER:
        raise Unreadable(message("the number {piece} is too large: numbers end at 10^18"), piece=piece)
    return value


def _literal(piece: str) -> str:
    def unescape(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] == "u" and len(code) == 5:
            char = chr(int(code[1:], 16))
            if _printable(char):
                return char
        elif code in _ESCAPES:
            return _ESCAPES[code]
        raise Unreadable(
            message("“{piece}” in a text is not an escape: write \\\\ for a backslash"), piece=match.group()
        )

    return _ESCAPE.sub(unescape, piece[1:-1]) if "\\" in piece else piece[1:-1]


def _printable(char: str) -> bool:
    return char in "\n\t\r" or unicodedata.category(char) not in ("Cc", "Cs")


def check_characters(text: str) -> None:
    """Raises: Unreadable where `text` holds characters that cannot be stored (control, half a pair)."""
    if not text.isprintable():
        for char in text:
            if not _printable(char):
                raise Unreadable(
                    message("it holds the invisible character U+{piece}: delete it"), piece=f"{ord(char):04X}"
                )


def _unknown(text: str, at: int) -> Unreadable:
    char = text[at]
    if char in "\"'":
        return Unreadable(
            message("the text beginning at {piece} is not closed: end it with the same quotation mark"),
            piece=text[at : at + 20],
        )
    if char in _QUOTES:
        return Unreadable(
            message('“{piece}” is a Chinese or typographic quotation mark: write texts between " and "'),
            piece=char,
        )
    plain = unicodedata.normalize("NFKC", char)
    if plain != char and plain.isascii() and plain.strip():
        return Unreadable(message("“{piece}” is a full-width sign: write “{plain}”"), piece=char, plain=plain)
    if char in "、。":
        return Unreadable(message("“{piece}” is a full-width sign: write “{plain}”"), piece=char, plain=",")
    return Unreadable(
        message('“{piece}” means nothing here: delete it, or put texts between " and "'), piece=char
    )
