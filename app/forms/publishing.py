"""What is wrong with a form beyond its structure, told before it is published.

Every expression must be readable, and every pattern must have an example that fits it: who fills the form
is shown one, and a pattern that nothing fits would stop the matter for ever.
"""

from app.forms.examples import fits, pattern_example
from app.forms.inputs import LONGEST_WITH_PATTERN
from workflows.errors import ExpressionRefused, Phrase, Problem, message
from workflows.expressions import compile_expression
from workflows.forms import Field, Form, walk


def form_problems(form: Form) -> list[Problem]:
    """The `form.` problems of a parsed form, in drawn order."""
    found = []
    for asked, text in form.expressions():
        try:
            compile_expression(text)
        except ExpressionRefused as refused:
            found.append(_expression_problem(form, asked, refused))
    found.extend(
        Problem(
            "form.pattern_example",
            message("No example is known that fits the pattern “{pattern}” of “{field}”."),
            message("Give the field a property “example” with one that fits, or correct the pattern."),
            element=asked.key,
            file=form.file,
            params={"pattern": asked.limits.pattern, "field": asked.key},
        )
        for asked in walk(form.fields)
        if asked.limits.pattern and not _has_example(asked)
    )
    return found


def _has_example(asked: Field) -> bool:
    limits = asked.limits
    shortest = limits.min_length if isinstance(limits.min_length, int) else 0
    longest = limits.max_length if isinstance(limits.max_length, int) else LONGEST_WITH_PATTERN
    longest = min(longest, LONGEST_WITH_PATTERN)
    given = asked.properties.get("example")
    if given is not None and fits(given, limits.pattern, shortest, longest):
        return True
    return pattern_example(limits.pattern, shortest, longest) is not None


def _expression_problem(form: Form, asked: Field, refused: ExpressionRefused) -> Problem:
    return Problem(
        "form.expression",
        message("The field “{field}” has an expression that cannot be read. {reason}"),
        message("Correct the expression, or remove it."),
        element=asked.key,
        file=form.file,
        params={"field": asked.key or asked.label, "reason": Phrase(refused.text, **refused.params)},
    )
