"""Text inside a drawing: how wide it is, where it breaks. Chinese breaks anywhere, other words at spaces."""

import unicodedata

SIZE = 12.0


def width_of(text: str) -> float:
    """Its estimated width in pixels at 12 px: a Chinese character is square, a Latin letter about half."""
    return sum(SIZE if unicodedata.east_asian_width(c) in "WFA" else SIZE * 0.56 for c in text)


def wrap(text: str, *, width: float, lines: int) -> list[str]:
    """Break `text` into at most `lines` lines of `width` pixels; what does not fit ends in “…”."""
    rows: list[str] = []
    row = ""
    for piece in _pieces(text):
        if row and width_of(row + piece.rstrip()) > width:
            rows.append(row.rstrip())
            row = ""
            piece = piece.lstrip()
        while width_of(piece) > width and len(piece) > 1:
            fits = _fitting(piece, width)
            rows.append(piece[:fits])
            piece = piece[fits:]
        row += piece
        if len(rows) > lines:
            break
    if row.strip():
        rows.append(row.rstrip())
    if len(rows) > lines:
        rows = rows[:lines]
        rows[-1] = rows[-1][: max(1, len(rows[-1]) - 1)] + "…"
    return rows


_CLOSING = "，。；：、！？）》”’%"


def _pieces(text: str) -> list[str]:
    """Unbreakable pieces: a Chinese character with the closing mark after it, a word with its space."""
    pieces: list[str] = []
    for char in text:
        wide = unicodedata.east_asian_width(char) in "WF"
        in_word = bool(pieces) and not wide and not pieces[-1].endswith(" ") and _is_word(pieces[-1])
        if in_word or (pieces and char in _CLOSING):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _is_word(piece: str) -> bool:
    return unicodedata.east_asian_width(piece[-1]) not in "WF"


def _fitting(piece: str, width: float) -> int:
    used = 0.0
    for index, char in enumerate(piece):
        used += width_of(char)
        if used > width:
            return max(1, index)
    return len(piece)
