"""What clients may send as an id or a line of text, before it comes near a database. For every slice."""

MAX_ID = 2**63 - 1


def id_of(value: object) -> int | None:
    """The number of an id given as text (or a number), or None where it cannot be one."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    return int(text) if 0 < int(text) <= MAX_ID else None


def is_plain(text: str) -> bool:
    """Whether every character can be stored and shown on a line (no NUL, no lone surrogate)."""
    return not any(c < " " or "\x7f" <= c < "\xa0" or "\ud800" <= c <= "\udfff" for c in text)
