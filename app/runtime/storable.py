"""Refuses text that no database stores, before anything is done with it."""

from typing import Any

import orjson

from app.runtime.refusals import UnstorableText
from workflows.model import Data


def refuse_nul(data: Data, *texts: str) -> None:
    """No database stores NUL in text. Raises UnstorableText."""
    if any("\0" in text for text in texts):
        raise UnstorableText
    try:
        stored = orjson.dumps(data)
    except (TypeError, ValueError, RecursionError):
        return  # not JSON: the engine says so, with the path
    if b"\\u0000" in stored and "\0" in "".join(_texts(data)):
        raise UnstorableText


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, each in value.items() for text in (key, *_texts(each))]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return []
