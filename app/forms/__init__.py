"""Forms as people and programs meet them: served from the form schema, answers checked against it.

`present` and `read_answer` come from the same typed tree (`workflows.forms`), so what is enforced is what
is served. Not for drawing forms (templates) nor for reading .form files (workflows).
"""

from app.forms.asking import Asking, AttachedFile
from app.forms.choice import choice_form
from app.forms.presentation import present
from app.forms.publishing import form_problems
from app.forms.validation import read_answer, validator

__all__ = [
    "Asking",
    "AttachedFile",
    "choice_form",
    "form_problems",
    "present",
    "read_answer",
    "validator",
]
