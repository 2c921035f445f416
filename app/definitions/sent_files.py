"""The files that a designer sends: names made safe, bytes made text, sizes bounded.

Not for what is in them: the core checks that.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.errors import TooLarge
from workflows.errors import Problem, Unpublishable, message

MOST_FILES = 200
LARGEST_FILE = 5 * 1024 * 1024  # bytes
LARGEST_FOLDER = 12 * 1024 * 1024
_KINDS = (".bpmn", ".bpmn20.xml", ".bpmn2", ".dmn", ".form", ".yaml", ".yml", ".md", ".txt")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f<>:\"|?*\\/]")


@dataclass(frozen=True, slots=True)
class SentFile:
    """One file as it came: a name that is only a wish, and its bytes or text."""

    name: str
    content: bytes | str


def folder_of(sent: Sequence[SentFile]) -> dict[str, str]:
    """File name → text of one process folder.

    Raises: TooLarge; Unpublishable for names that cannot be used, and for bytes that are no text.
    """
    sizes = [len(each.content) for each in sent]
    if len(sent) > MOST_FILES or sum(sizes) > LARGEST_FOLDER or any(size > LARGEST_FILE for size in sizes):
        raise TooLarge(limit="12 MB")
    files: dict[str, str] = {}
    problems: list[Problem] = []
    for each in sent:
        name = safe_name(each.name)
        if not name or not name.lower().endswith(_KINDS):
            problems.append(_problem("parse.file_name", _NAME, _NAME_HINT, name=each.name[:80]))
        elif name in files:
            problems.append(_problem("parse.file_twice", _TWICE, _TWICE_HINT, name=name))
        else:
            text = _text(each.content)
            if text is None:
                problems.append(_problem("parse.file_text", _NO_TEXT, _NO_TEXT_HINT, name=name))
            else:
                files[name] = text
    if problems:
        raise Unpublishable(problems)
    return files


def safe_name(wish: str) -> str:
    """The last part of a path, without characters that a file name cannot have; "" where nothing is left."""
    last = re.split(r"[\\/]", wish)[-1]
    name = _FORBIDDEN.sub("_", last).strip(" .")
    return name if len(name) <= 120 and not any("\ud800" <= c <= "\udfff" for c in name) else ""


def _text(content: bytes | str) -> str | None:
    if isinstance(content, str):
        return None if "\x00" in content else content
    for encoding in ("utf-8-sig", "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return (
            None
            if "\x00" in text
            else re.sub(r"(<\?xml[^>]*?)\s+encoding=[\"'][^\"']*[\"']", r"\1", text, count=1)
        )
    return None


def _problem(code: str, text: str, hint: str, *, name: str) -> Problem:
    return Problem(code, text, hint, file=name, params={"name": name})


_NAME = message("The file “{name}” is of no kind that belongs to a process.")
_NAME_HINT = message("Send .bpmn, .dmn and .form files and scenarios.yaml; names of at most 120 characters.")
_TWICE = message("Two files are called “{name}”.")
_TWICE_HINT = message("Give one of them another name.")
_NO_TEXT = message("The file “{name}” is no text in UTF-8.")
_NO_TEXT_HINT = message("Save it as UTF-8 and send it again.")
