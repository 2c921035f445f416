"""The form schema of form-js, read into a typed tree: what the editor writes and the server renders.

Structure only. Rendering and checking answers is `app.forms`; limits and conditions that are
expressions stay text here, and `workflows.lint` reads them.
"""

from workflows.forms.reading import parse_form
from workflows.forms.tree import (
    CHOICES,
    CONTAINERS,
    INPUTS,
    KNOWN,
    SHOWN,
    Field,
    Form,
    Limits,
    Option,
    walk,
)

__all__ = [
    "CHOICES",
    "CONTAINERS",
    "INPUTS",
    "KNOWN",
    "SHOWN",
    "Field",
    "Form",
    "Limits",
    "Option",
    "parse_form",
    "walk",
]
