"""Which papers a decision still lacks before it may be discussed."""

from collections.abc import Mapping
from typing import Any

from workflows.errors import message
from workflows.model import Data, ServiceCall
from workflows.services import arguments as arg
from workflows.services import service


@service("papers.complete")
def complete(call: ServiceCall) -> Data:
    """Compare the papers `needed` with those `given`: `complete`, `missing` (codes, in the order asked).

    Both are lists of codes or of tables with a `code`; `given` may also be a table code → paper, where
    an empty value, or a legality opinion marked `passed: false`, does not count.
    """
    needed = [_code(call, "needed", item) for item in arg.listing(call, "needed")]
    given = _given(call)
    missing = [code for code in dict.fromkeys(needed) if code not in given]
    return {"complete": not missing, "missing": missing, "needed": needed, "given": sorted(given)}


def _given(call: ServiceCall) -> set[str]:
    raw = call.args.get("given")
    if isinstance(raw, Mapping):
        return {str(code) for code, paper in raw.items() if _counts(paper)}
    return {_code(call, "given", item) for item in arg.listing(call, "given", fallback=[]) if _counts(item)}


def _counts(paper: Any) -> bool:
    if isinstance(paper, Mapping):
        return paper.get("passed") is not False and any(
            v not in (None, "", [], False) for v in paper.values()
        )
    return bool(paper)


def _code(call: ServiceCall, name: str, item: Any) -> str:
    code = item.get("code") if isinstance(item, Mapping) else item
    if not isinstance(code, str) or not code:
        raise arg.refused(call, name, message("each paper is a code, or a table with a code"))
    return code
