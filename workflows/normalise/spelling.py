"""Names in expressions as other modellers spell them: with spaces (FEEL), or behind getDataObject (XPath).

An expression that can be read is left alone. One that can be read once its names are joined by "_" is
rewritten, and told; everything else is left for `workflows.lint` to refuse.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from workflows.errors import ExpressionRefused, message
from workflows.expressions import compile_expression, compile_script
from workflows.normalise.graph import FLOW_NODES
from workflows.normalise.notes import Notes
from workflows.normalise.xml import MINYI, Node, bpmn, extensions, local

_KEYWORDS: Final = frozenset(
    ("and", "or", "not", "in", "if", "then", "else", "for", "return", "some", "every", "satisfies")
) | frozenset(("between", "is", "true", "false", "null", "True", "False", "None"))
_STRING: Final = re.compile(r"(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")
_WORDS: Final = re.compile(r"[^\W\d]\w*(?: [^\W\d]\w*)+")
_XPATH: Final = re.compile(r"\b(?:\w+:)?getDataObject\(\s*['\"]([^\W\d]\w*)['\"]\s*\)")
_LONGEST: Final = 5_000


def join_names(process: Node, notes: Notes) -> None:
    """Rewrite the expressions of the process whose names have spaces in them."""
    for node in process.iter(bpmn("conditionExpression"), bpmn("completionCondition"), bpmn("loopCondition")):
        _respell_text(node, compile_expression, notes)
    for node in process.iter(bpmn("script")):
        _respell_text(node, compile_script, notes)
    for node in process.iter():
        if local(node) in FLOW_NODES:
            for tag in ("input", "output"):
                for pair in extensions(node, MINYI, tag):
                    text = _respelt(pair.get("value") or "", compile_expression)
                    if text is not None:
                        _tell(node, pair.get("value"), text, notes)
                        pair.set("value", text)


def _respell_text(held: Node, read: Callable[[str], Any], notes: Notes) -> None:
    text = _respelt(held.text or "", read)
    if text is not None:
        shape = next(outer for outer in held.iterancestors() if outer.get("id"))
        _tell(shape, held.text, text, notes)
        held.text = text


def _respelt(text: str, read: Callable[[str], Any]) -> str | None:
    """The text with its names joined, when that makes it readable; None when it is, or stays unreadable."""
    if not text.strip() or len(text) > _LONGEST or _is_readable(text, read):
        return None
    joined = "".join(_pieces(_XPATH.sub(r"\1", text)))
    return joined if joined != text and _is_readable(joined, read) else None


def _pieces(text: str) -> Iterator[str]:
    for place, piece in enumerate(_STRING.split(text)):
        yield piece if place % 2 else _WORDS.sub(_joined, piece)


def _joined(found: re.Match[str]) -> str:
    said = ""
    for word in found.group().split(" "):
        last = said.rpartition(" ")[2].rpartition("_")[2]
        glue = "" if not said else " " if word in _KEYWORDS or last in _KEYWORDS else "_"
        said += glue + word
    return said


def _is_readable(text: str, read: Callable[[str], Any]) -> bool:
    try:
        read(text)
    except ExpressionRefused:
        return False
    return True


def _tell(node: Node, before: str, after: str, notes: Notes) -> None:
    notes.warn(
        "parse.spelling",
        message("On “{name}”, “{before}” is read as “{after}”."),
        message("Write data names without spaces, with the same spelling in forms and conditions."),
        node,
        before=" ".join(before.split())[:200],
        after=" ".join(after.split())[:200],
    )
