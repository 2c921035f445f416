"""Designers' texts as paragraphs: Markdown's headings and lists are understood, everything else is plain.

Nothing of it becomes markup: templates escape each line. Not a Markdown renderer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

_EMPHASIS = re.compile(r"(\*\*|__|`)")
_LINK = re.compile(r"\[([^\]]{1,300})\]\(([^)\s]{1,500})\)")
_BREAKS = re.compile(r"<(?:br|/p|/div|/li|/h[1-6]|/tr)\b[^>]{0,200}>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One block: a heading, an entry of a list, or words."""

    kind: Literal["heading", "entry", "words"]
    text: str


def paragraphs(text: str, *, markup: bool) -> Iterator[Paragraph]:
    """The blocks of a text. `markup`: it is HTML, of which only the words are kept."""
    if markup:
        text = _words_of(text)
    for line in text.splitlines():
        line = _LINK.sub(r"\1（\2）", _EMPHASIS.sub("", line.strip()))
        if not line:
            continue
        if line.startswith("#"):
            yield Paragraph("heading", line.lstrip("#").strip())
        elif line.startswith(("- ", "* ", "+ ")):
            yield Paragraph("entry", line[2:].strip())
        else:
            yield Paragraph("words", line)


def _words_of(html: str) -> str:
    lines = _BREAKS.sub("\n", html).split("\n")
    return "\n".join(Markup(line).striptags() for line in lines)  # noqa: S704 (only to take tags away)
