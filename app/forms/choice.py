"""The form of a task whose person only chooses which way to go on: one question, the exits' names."""

from collections.abc import Sequence

from workflows.forms import Field, Form, Limits, Option

CHOICE_KEY = "choice"


def choice_form(choices: Sequence[str]) -> Form:
    """One required radio field `choice` over these labels."""
    asked = Field(
        type="radio",
        id=CHOICE_KEY,
        key=CHOICE_KEY,
        label="下一步",
        label_en="What next",
        options=tuple(Option(each, each) for each in dict.fromkeys(choices)),
        limits=Limits(required=True),
    )
    return Form(CHOICE_KEY, "", (asked,))
