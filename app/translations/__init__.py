"""The Chinese catalogue: merges zh/*.po, one file an area, into the one that the program reads.

`compile_catalogue()` writes zh/LC_MESSAGES/messages.mo; `missing()` lists what has no Chinese yet.
"""

import os
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "message": None,
}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]


class ContradictingTranslations(Exception):
    """Two areas translate the same English differently."""


def merged() -> Catalog:
    """All areas in one catalogue. Raises ContradictingTranslations."""
    whole = Catalog(locale="zh", charset="utf-8")
    for path in sorted((HERE / "zh").glob("*.po")):
        with path.open("rb") as file:
            area = read_po(file, locale="zh", charset="utf-8")
        for entry in area:
            if not entry.id or not entry.string:
                continue
            known = whole.get(entry.id)
            if known is not None and known.string != entry.string:
                raise ContradictingTranslations(
                    f"{path.name}: {entry.id!r}: {known.string!r} or {entry.string!r}?"
                )
            whole.add(entry.id, entry.string, flags=entry.flags - {"fuzzy"})
    return whole


def compile_catalogue() -> Path:
    """Write the catalogue that the program reads; returns its path."""
    target = HERE / "zh" / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True, exist_ok=True)
    whole = merged()
    fresh = target.with_suffix(f".{os.getpid()}")
    with fresh.open("wb") as file:
        write_mo(file, whole)
    fresh.replace(target)  # at once: a program that starts meanwhile reads the old one or the new one
    return target


def wanted() -> set[str]:
    """Every English text in the code and templates that a person may read."""
    texts: set[str] = set()
    for folder in ("app", "workflows"):
        rows = extract_from_dir(ROOT / folder, METHODS, keywords=KEYWORDS)
        for _file, _line, text, _comments, _context in rows:
            texts.add(text[0] if isinstance(text, tuple) else text)
    return texts - {""}


def missing() -> list[str]:
    """What has no Chinese yet, sorted."""
    have = {e.id[0] if isinstance(e.id, tuple) else e.id for e in merged()}
    return sorted(wanted() - have)
