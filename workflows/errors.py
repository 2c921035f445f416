"""What the core refuses, and why.

A `Problem` is something wrong in a file, told on its shape; refusals are exceptions named for the
reason. Texts are English templates with `{named}` holes: `app` translates the template and fills it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


def message(text: str) -> str:
    """Mark `text` for the translators; returns it unchanged."""
    return text


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a definition's files.

    `code` begins with its kind: xml. parse. engine. form. rule. flow. policy. scenario.
    `element` is the id of the shape, or "" for the whole file. `message` says what happened and why,
    `hint` what to do; both are templates filled from `params`.
    """

    code: str
    message: str
    hint: str = ""
    element: str = ""
    file: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """The English sentence, for logs and tests."""
        where = f" [{self.file}#{self.element}]" if self.element or self.file else ""
        return (
            fill(self.message, self.params)
            + (" " + fill(self.hint, self.params) if self.hint else "")
            + where
        )


def fill(template: str, params: Mapping[str, Any]) -> str:
    """Fill the `{named}` holes of a template; a hole without a value stays as it is."""
    return template.format_map(_Holes(params))


class Phrase(str):
    """A sentence that fills a hole of another: English as a str, translated from `template` and `params`."""

    __slots__ = ("params", "template")
    template: str
    params: Mapping[str, Any]

    def __new__(cls, template: str, **params: Any) -> "Phrase":
        phrase = super().__new__(cls, fill(template, params))
        phrase.template = template
        phrase.params = params
        return phrase


def translated(template: str, params: Mapping[str, Any], translate: Callable[[str], str]) -> str:
    """The sentence of `template` and of every Phrase in its holes, each through `translate`."""
    holes = {
        name: translated(value.template, value.params, translate) if isinstance(value, Phrase) else value
        for name, value in params.items()
    }
    return fill(translate(template), holes)


class _Holes(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class Refusal(Exception):
    """An act that the core refuses. `text` is a template, `params` fills it."""

    code = "refused"
    text = message("This cannot be done.")

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(fill(self.text, params))


class Unpublishable(Exception):
    """The files do not make a process that can run; `problems` says why, each on its shape."""

    def __init__(self, problems: Sequence[Problem], warnings: Sequence[Problem] = ()) -> None:
        self.problems = list(problems)
        self.warnings = list(warnings)
        super().__init__("; ".join(str(p) for p in self.problems))


class ExpressionRefused(Refusal):
    """The text is not an expression of our language (publish time)."""

    code = "engine.expression"
    text = message("The expression “{expression}” cannot be read: {reason}.")


class ExpressionFailed(Refusal):
    """The expression is well formed but has no value for this data (run time)."""

    code = "engine.expression"
    text = message("The expression “{expression}” has no value here: {reason}.")


class NotWaitingHere(Refusal):
    """The task, timer or subscription is not open in this case any more, or never was."""

    code = "engine.not_waiting"
    text = message("This step is not open any more. Reload the page to see where the case stands.")
