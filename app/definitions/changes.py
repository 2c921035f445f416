"""What differs between two versions of a process, by the ids of its shapes.

Where something lies on the page (BPMN DI) is not a difference; what it says, does and leads to is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_NOT_SHOWN = {BPMN + "definitions"}


@dataclass(frozen=True, slots=True)
class ChangedElement:
    """A shape that is new, gone or different."""

    id: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Changes:
    """The shapes and files that differ, in drawn order."""

    added: tuple[ChangedElement, ...]
    removed: tuple[ChangedElement, ...]
    changed: tuple[ChangedElement, ...]
    files: Mapping[str, str]
    """File name → added, removed or changed."""


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> Changes:
    """The difference of two published folders."""
    old, new = _shapes(before), _shapes(after)
    return Changes(
        added=tuple(new[each][0] for each in new if each not in old),
        removed=tuple(old[each][0] for each in old if each not in new),
        changed=tuple(new[each][0] for each in new if each in old and new[each][1] != old[each][1]),
        files=_files(before, after),
    )


def _shapes(files: Mapping[str, str]) -> dict[str, tuple[ChangedElement, tuple[object, ...]]]:
    found: dict[str, tuple[ChangedElement, tuple[object, ...]]] = {}
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    for name in sorted(files):
        if not name.lower().endswith((".bpmn", ".bpmn20.xml", ".bpmn2")):
            continue
        for node in etree.fromstring(files[name].encode(), parser).iter():
            key = node.get("id")
            tag = str(node.tag)
            if key and tag.startswith(BPMN) and tag not in _NOT_SHOWN:
                shape = ChangedElement(key, tag.removeprefix(BPMN), node.get("name") or "")
                found[key] = (shape, _meaning(node))
    return found


def _meaning(node: etree._Element) -> tuple[object, ...]:
    """Tag, attributes and text of a node, and of what it holds that has no id of its own."""
    held = tuple(
        _meaning(child)
        for child in node
        if not child.get("id") and child.tag not in (BPMN + "incoming", BPMN + "outgoing")
    )
    events = tuple(_meaning(child) for child in node if str(child.tag).endswith("EventDefinition"))
    return (str(node.tag), tuple(sorted(node.attrib.items())), (node.text or "").strip(), held, events)


def _files(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in sorted({*before, *after}):
        if name not in before:
            found[name] = "added"
        elif name not in after:
            found[name] = "removed"
        elif before[name] != after[name]:
            found[name] = "changed"
    return found
