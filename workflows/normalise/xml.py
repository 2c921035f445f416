"""Reads XML that strangers send: small, flat, without DOCTYPE, every id once.

Shared by diagrams and decision tables. It knows BPMN's namespaces, not BPMN's meaning.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from lxml import etree

from workflows.errors import Problem, Unpublishable, message

Node = Any
"""An lxml element."""

BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
DC: Final = "http://www.omg.org/spec/DD/20100524/DC"
MINYI: Final = "urn:minyi:bpmn:1"
CAMUNDA: Final = (
    "http://camunda.org/schema/1.0/bpmn",
    "http://activiti.org/bpmn",
    "http://flowable.org/bpmn",
)
ZEEBE: Final = "http://camunda.org/schema/zeebe/1.0"

LARGEST_BYTES: Final = 5 * 1024 * 1024
MOST_ELEMENTS: Final = 20_000
DEEPEST: Final = 100

_ID = re.compile(r"[^\W\d][\w.\-]*\Z")
_DECLARED = re.compile(r"\A\s*<\?xml\b[^>]*\?>")


def read_xml(text: str | bytes, file: str) -> Node:
    """Parse `text` into its root element; comments and processing instructions are dropped.

    Raises: Unpublishable with one problem that names the line or the limit.
    """
    raw = _bytes(text, file)
    if len(raw) > LARGEST_BYTES:
        raise _refused(
            "xml.too_big",
            message("The file has {size} MB; at most {limit} MB are read."),
            message("Remove embedded pictures, or split the process into several."),
            file,
            size=round(len(raw) / 1024 / 1024, 1),
            limit=LARGEST_BYTES // 1024 // 1024,
        )
    root = _parse(raw, file, is_text=isinstance(text, str))
    _measure(root, file)
    return root


def bpmn(tag: str) -> str:
    """The full name of a BPMN tag."""
    return f"{{{BPMN}}}{tag}"


def local(node: Node) -> str:
    """The tag without its namespace when it is BPMN's, else ""."""
    tag = node.tag
    return tag[len(BPMN) + 2 :] if isinstance(tag, str) and tag.startswith("{" + BPMN + "}") else ""


def attribute(node: Node, name: str) -> str:
    """Our own attribute `minyi:name`, stripped; "" without."""
    return str(node.get(f"{{{MINYI}}}{name}") or "").strip()


def set_attribute(node: Node, name: str, value: str) -> None:
    """Write our own attribute `minyi:name`."""
    node.set(f"{{{MINYI}}}{name}", value)


def named(node: Node) -> str:
    """What a person calls this shape: its name on one line, else its id."""
    return " ".join((node.get("name") or "").split()) or str(node.get("id") or "")


def child(node: Node, tag: str) -> Node | None:
    """The first direct BPMN child with this tag, or None."""
    return node.find(bpmn(tag))


def text_of(node: Node | None) -> str:
    """The text inside, stripped; "" for None."""
    return "".join(node.itertext()).strip() if node is not None else ""


def extensions(node: Node, namespace: str, tag: str) -> Iterator[Node]:
    """The extension elements of `node` with this name, at any depth inside extensionElements."""
    held = child(node, "extensionElements")
    if held is not None:
        yield from held.iter(f"{{{namespace}}}{tag}")


def _bytes(text: str | bytes, file: str) -> bytes:
    if isinstance(text, bytes):
        return text
    try:
        return _DECLARED.sub("", text.lstrip("\ufeff"), count=1).encode("utf-8")
    except UnicodeEncodeError as broken:
        raise _refused(
            "xml.syntax",
            message("The file is no text in UTF-8."),
            message("Save the diagram again with the editor that drew it."),
            file,
        ) from broken


def _parse(raw: bytes, file: str, *, is_text: bool) -> Node:
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
        encoding="utf-8" if is_text else None,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as broken:
        if b"<!doctype" in raw[:65536].lower():
            raise _doctype(file) from broken
        raise _refused(
            "xml.syntax",
            message("The file is no well-formed XML: {reason} (line {line})."),
            message("Save the diagram again with the editor that drew it, and upload that file."),
            file,
            reason=_reason(broken),
            line=(getattr(broken, "position", None) or (1, 0))[0],
        ) from broken
    info: Any = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise _doctype(file)
    return root


def _reason(broken: Exception) -> str:
    said = str(broken).strip() or "it is empty"
    return re.sub(r", line \d+, column \d+.*", "", said)[:200]


def _measure(root: Node, file: str) -> None:
    count = depth = 0
    for event, node in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        count += 1
        depth += 1
        if node.tag is etree.Entity:
            raise _doctype(file)
        if depth > DEEPEST:
            raise _refused(
                "xml.too_deep",
                message("The elements are nested more than {limit} deep."),
                message("Draw nested sub-processes as processes of their own and call them."),
                file,
                limit=DEEPEST,
            )
    if count > MOST_ELEMENTS:
        raise _refused(
            "xml.too_many",
            message("The file has {count} XML elements; at most {limit} are read."),
            message("Split the process: draw its parts as processes of their own and call them."),
            file,
            count=count,
            limit=MOST_ELEMENTS,
        )


def check_ids(root: Node, file: str) -> list[Problem]:
    """Ids of BPMN elements that are given twice, or are no XML names, as problems."""
    found: list[Problem] = []
    seen: dict[str, Node] = {}
    for node in root.iter():
        identity = node.get("id")
        if identity is None or not local(node):
            continue
        if not _ID.match(identity):
            found.append(
                Problem(
                    "xml.id",
                    message("“{id}” cannot be the id of a shape."),
                    message("An id begins with a letter and has only letters, digits, “_”, “-” and “.”."),
                    element=identity[:80],
                    file=file,
                    params={"id": identity[:80]},
                )
            )
        elif identity in seen:
            other = seen[identity]
            both = local(node) == local(other) == "process"
            found.append(
                Problem(
                    "xml.duplicate_process" if both else "xml.duplicate_id",
                    message("Two processes have the id “{id}”.")
                    if both
                    else message("The id “{id}” is given to two shapes."),
                    message("Give one of them another id."),
                    element=identity,
                    file=file,
                    params={"id": identity},
                )
            )
        else:
            seen[identity] = node
    return found


def _doctype(file: str) -> Unpublishable:
    return _refused(
        "xml.doctype",
        message("The file has a DOCTYPE or entities; these are not read, for safety."),
        message("Export the diagram as BPMN 2.0 XML, and upload that file."),
        file,
    )


def _refused(code: str, text: str, hint: str, file: str, **params: Any) -> Unpublishable:
    return Unpublishable([Problem(code, text, hint, file=file, params=params)])
