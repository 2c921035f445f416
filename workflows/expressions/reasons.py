"""Why a text is refused or has no value: the two exceptions used inside this package.

They never leave it: `expression` and `script` turn them into `ExpressionRefused` and `ExpressionFailed`.
"""

from typing import Any

from workflows.errors import Phrase

LONGEST_QUOTE = 120


class Unreadable(Exception):
    """The text is not of our language; `reason` says which piece, and what to write instead."""

    def __init__(self, template: str, **params: Any) -> None:
        self.reason = Phrase(template, **{name: quoted(value) for name, value in params.items()})
        super().__init__(self.reason)


class Failure(Exception):
    """There is no value for this data; `reason` says why."""

    def __init__(self, template: str, **params: Any) -> None:
        self.reason = Phrase(template, **{name: quoted(value) for name, value in params.items()})
        super().__init__(self.reason)


def quoted(piece: Any) -> str:
    """The piece as text, cut to a length that fits into a message."""
    text = piece if isinstance(piece, str) else str(piece)
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
