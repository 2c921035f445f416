"""Reads the XML of a DMN file as what it is: a file from outside.

No DOCTYPE, no entities, no network, bounded size; whatever its encoding was, the text is decoded already.
"""

import re
from typing import Protocol

from lxml import etree

from workflows.errors import message

LARGEST_FILE = 1_000_000  # characters
MOST_NODES = 50_000

_NAMESPACE = "omg.org/spec/DMN/"
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")  # the text is decoded already

Node = etree._Element


class Refuse(Protocol):
    """How a problem is told: its code, the element's id, what happened and what to do."""

    def __call__(self, code: str, element: str, text: str, hint: str = "", **params: object) -> None: ...


def read_xml(text: str, refuse: Refuse) -> Node | None:
    """The outermost element of the DMN file `text`; None where `refuse` has been told why not."""
    if len(text) > LARGEST_FILE:
        refuse(
            "too_large",
            "",
            message("The decision file is larger than {n} characters."),
            message("Split it into several files."),
            n=LARGEST_FILE,
        )
        return None
    if "<!DOCTYPE" in text:
        refuse(
            "xml",
            "",
            message("The decision file holds a DOCTYPE; such files are not accepted."),
            message("Delete the line that begins with <!DOCTYPE."),
        )
        return None
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(_DECLARATION.sub("", text).encode(), parser)
    except (etree.XMLSyntaxError, UnicodeEncodeError, ValueError) as wrong:
        refuse(
            "xml",
            "",
            message("The decision file is no well-formed XML: {detail}."),
            message("Save it again from the editor."),
            detail=str(wrong)[:200],
        )
        return None
    if _NAMESPACE not in (etree.QName(root).namespace or "") or etree.QName(root).localname != "definitions":
        refuse(
            "xml",
            "",
            message("The file is no DMN file: its outermost element is {tag}."),
            message("Export it as DMN 1.3."),
            tag=str(root.tag)[:100],
        )
        return None
    if sum(1 for _ in root.iter()) > MOST_NODES:
        refuse(
            "too_large",
            "",
            message("The decision file holds more than {n} elements."),
            message("Split it into several files."),
            n=MOST_NODES,
        )
        return None
    return root
