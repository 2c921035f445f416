"""What may be data of a case: JSON, and nothing that could not be stored and read back the same.

Everything that enters a case (answers, results of services, scripts) passes `accepted` once; after
that data are treated as immutable and are shared between branches.
"""

import math
from typing import Any

from workflows.errors import Phrase, Refusal, message
from workflows.model import Data

DEPTH_LIMIT = 60
INTEGER_LIMIT = 2**63


class DataRefused(Refusal):
    """A value is not JSON, or could not be stored and read back the same."""

    code = "engine.data"
    text = message("The value of “{path}” cannot be stored: {reason}.")


def accepted(data: Any, *, path: str = "") -> Data:
    """A deep copy of a JSON object, free to be shared. Raises `DataRefused`."""
    if not isinstance(data, dict):
        raise DataRefused(path=path, reason=Phrase(message("it is not an object with names")))
    return {name: accepted_value(value, path=_name(name, path)) for name, value in data.items()}


def accepted_value(value: Any, *, path: str, depth: int = 0) -> Any:
    """A deep copy of one JSON value. Raises `DataRefused`."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return _text(value, path)
    if kind is int:
        if not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
            raise DataRefused(path=path, reason=Phrase(message("the number is too large")))
        return value
    if kind is float:
        if not math.isfinite(value):
            raise DataRefused(path=path, reason=Phrase(message("it is not a finite number")))
        return value
    if depth >= DEPTH_LIMIT:
        raise DataRefused(path=path, reason=Phrase(message("it is nested too deeply")))
    if isinstance(value, list | tuple):
        return [accepted_value(item, path=f"{path}[{i}]", depth=depth + 1) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            name: accepted_value(item, path=_name(name, path), depth=depth + 1)
            for name, item in value.items()
        }
    raise DataRefused(
        path=path, reason=Phrase(message("it is neither text, number, yes/no, list nor object"))
    )


def _name(name: Any, path: str) -> str:
    if type(name) is not str:
        raise DataRefused(path=path, reason=Phrase(message("a name in it is not text")))
    return f"{path}.{_text(name, path)}" if path else _text(name, path)


def _text(value: str, path: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise DataRefused(path=path, reason=Phrase(message("the text holds broken characters"))) from None
    return value
