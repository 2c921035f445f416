"""An article of law as an English reader finds it. Which articles hold is not decided here."""

from collections.abc import Mapping
from typing import Any


def cited_in_english(article: str, rule: Mapping[str, Any]) -> str:
    """`article` with its act named in English; unchanged where the stored rule names no such act."""
    sources = rule.get("sources")
    for source in sources if isinstance(sources, list) else []:
        if not isinstance(source, Mapping):
            continue
        act, act_en = str(source.get("act") or ""), str(source.get("act_en") or "")
        for written in (f"《{act}》", act):
            if act and act_en and article.startswith(written):
                return f"{act_en}, {article.removeprefix(written)}"
    return article
