"""Sentences about an answer, each with the code that programs read.

A `Coded` passes through marshmallow as the text it is and keeps its code.
"""

from typing import Any

from flask_babel import gettext as _
from marshmallow import ValidationError


class Coded(str):
    """A sentence in the reader's language, with its code."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, code: str, text: str) -> "Coded":
        coded = super().__new__(cls, text)
        coded.code = code
        return coded


def wrong(code: str, text: str) -> ValidationError:
    """The refusal of one answer: `text` is already in the reader's language."""
    return ValidationError([Coded(code, text)])


def rows(messages: Any, path: str = "") -> list[dict[str, str]]:
    """marshmallow's nested messages as [{path, message, code}], in the form's order; paths are dotted."""
    if isinstance(messages, dict):
        found: list[dict[str, str]] = []
        for key, value in messages.items():
            below = path if key == "_schema" else f"{path}.{key}" if path else str(key)
            found += rows(value, below)
        return found
    texts = messages if isinstance(messages, list) else [messages]
    return [{"path": path, "message": str(text), "code": getattr(text, "code", "invalid")} for text in texts]


def required() -> ValidationError:
    """Nothing was answered."""
    return wrong("required", _("This is needed: please fill it in."))
