"""What a reading of one file found: problems and warnings, each on its shape."""

from typing import Any

from workflows.errors import Problem
from workflows.normalise.xml import Node, named

MOST: int = 100


class Notes:
    """Collects problems (cannot run) and warnings (changed, or doubtful) of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def refuse(self, code: str, text: str, hint: str, node: Node | str = "", **params: Any) -> None:
        """Note a problem on `node` (a shape or an id); `{name}` in the text is the shape's name."""
        self._note(self.problems, code, text, hint, node, params)

    def warn(self, code: str, text: str, hint: str, node: Node | str = "", **params: Any) -> None:
        """Note a warning on `node`."""
        self._note(self.warnings, code, text, hint, node, params)

    def _note(
        self, kept: list[Problem], code: str, text: str, hint: str, node: Node | str, params: dict[str, Any]
    ) -> None:
        if len(kept) >= MOST:
            return
        element = node if isinstance(node, str) else str(node.get("id") or "")
        if not isinstance(node, str):
            params = {"name": named(node)[:120], **params}
        found = Problem(code, text, hint, element=element, file=self.file, params=params)
        if found not in kept:
            kept.append(found)
