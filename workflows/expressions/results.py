"""What may leave an expression: plain JSON data of bounded size that shares nothing with its source."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from workflows.errors import message
from workflows.expressions.reasons import Failure
from workflows.expressions.runtime import Run, described

LARGEST_RESULT = 100_000  # values in one result
DEEPEST_RESULT = 60


def size_of(run: Run, value: Any, depth: int = 0) -> int:
    """How many values `value` holds; never looks further than the run can pay."""
    if depth > DEEPEST_RESULT:
        raise Failure(message("the data is nested more than {n} levels deep"), n=DEEPEST_RESULT)
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, (list, tuple)):
        return 1 + (len(value) >> 6 if isinstance(value, str) else 0)
    run.charge(len(value))
    return 1 + sum(size_of(run, inner, depth + 1) for inner in value)


def plain(value: Any) -> Any:
    """`value` as JSON has it, sharing nothing with the data. Raises Failure for what JSON cannot hold."""
    if value is None or type(value) is bool or type(value) is str:
        return value
    left = [LARGEST_RESULT]
    return _plain(value, left, 0)


def _plain(value: Any, left: list[int], depth: int) -> Any:
    left[0] -= 1
    if left[0] < 0 or depth > DEEPEST_RESULT:
        raise Failure(message("the result is too large or too deeply nested to be stored"))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        left[0] -= len(value) >> 6
        return str(value)
    if isinstance(value, Decimal):
        value = int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise Failure(message("the number {n} is too large to be stored"), n=f"{float(value):.3g}")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Failure(message("the result is not a number"))
        return value
    if isinstance(value, Mapping):
        return {_key(key): _plain(inner, left, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner, left, depth + 1) for inner in value]
    raise Failure(message("a value of kind {kind} is no data"), kind=type(value).__name__)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise Failure(message("keys of objects are texts, not {kind}"), kind=described(key))
    return key
