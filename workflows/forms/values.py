"""Typed reading of the members of one JSON object; a member of another kind is told by its field."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any


class Values:
    """Typed reading of one object's members; a wrong type is a problem of that field."""

    def __init__(self, wrong: Callable[[str, str], None], raw: dict[str, Any], name: str) -> None:
        self.refuse, self.raw, self.name = wrong, raw, name

    def text(self, key: str) -> str:
        value = self.raw.get(key)
        if value is None:
            return ""
        if isinstance(value, str | int | float | bool):
            return str(value).strip()
        self._wrong(key)
        return ""

    def whole(self, key: str, *, lowest: int, highest: int) -> int | None:
        value = self.raw.get(key)
        if value in (None, ""):
            return None
        number = self._number(key, value)
        if number is None or number != int(number) or not lowest <= number <= highest:
            self._wrong(key)
            return None
        return int(number)

    def decimal(self, key: str) -> Decimal | None:
        value = self.raw.get(key)
        if value in (None, ""):
            return None
        number = self._number(key, value)
        if number is None or number <= 0:
            self._wrong(key)
            return None
        return number

    def limit(self, key: str) -> Decimal | str | None:
        value = self.raw.get(key)
        if value in (None, ""):
            return None
        if isinstance(value, str) and value.lstrip().startswith("="):
            return expression_in(value)
        number = self._number(key, value)
        if number is None:
            self._wrong(key)
        return number

    def length(self, key: str) -> int | str | None:
        limit = self.limit(key)
        if limit is None or isinstance(limit, str):
            return limit
        if limit != int(limit) or not 0 <= limit <= 1_000_000:
            self._wrong(key)
            return None
        return int(limit)

    def _number(self, key: str, value: Any) -> Decimal | None:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            return None
        return number if number.is_finite() and abs(number.adjusted()) < 30 else None

    def _wrong(self, key: str) -> None:
        self.refuse(self.name, key)


def expression_in(text: str) -> str:
    """The expression behind a leading "=", which marks one in form-js; \"\" without."""
    return text.strip()[1:].strip() if text.strip().startswith("=") else ""
