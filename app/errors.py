"""Refusals of the application and how each is answered. The only place that maps reasons to statuses.

A refusal's `text` is an English template: it is translated, then filled. Services raise subclasses named
for the reason; HTTP modules let them pass.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workflows.errors import (
    ExpressionFailed,
    NotWaitingHere,
    Problem,
    Refusal,
    Unpublishable,
    message,
    translated,
)


class AppRefusal(Refusal):
    """Base of what the application refuses; `status` is the HTTP answer."""

    status = 400
    code = "refused"


class Malformed(AppRefusal):
    """The request cannot be read."""

    status = 400
    code = "malformed"
    text = message("The request cannot be read. Check its form and try again.")


class NotSignedIn(AppRefusal):
    """Nobody is signed in, or the token is over."""

    status = 401
    code = "not_signed_in"
    text = message("You are not signed in, or your sign-in has ended. Sign in and try again.")


class NotAllowed(AppRefusal):
    """This person may not do this."""

    status = 403
    code = "not_allowed"
    text = message("You may not do this. Ask the person in charge of your unit if you should.")


class NotFound(AppRefusal):
    """There is no such thing, or this person may not know of it."""

    status = 404
    code = "not_found"
    text = message("There is nothing here, or you may not see it.")


class WrongState(AppRefusal):
    """The thing is not in a state in which this can be done, or somebody was first."""

    status = 409
    code = "wrong_state"
    text = message("This cannot be done now. Reload to see how things stand.")


class TooLarge(AppRefusal):
    """What was sent is larger than allowed."""

    status = 413
    code = "too_large"
    text = message("This is too large: at most {limit} can be sent.")


class Invalid(AppRefusal):
    """What was sent can be read but does not validate; `errors` says where and why."""

    status = 422
    code = "invalid"
    text = message("Some answers need another look.")

    def __init__(self, errors: Sequence[Mapping[str, str]] = (), **params: Any) -> None:
        """`errors`: [{path, message, code}], messages already in the reader's language."""
        self.errors = [dict(e) for e in errors]
        super().__init__(**params)


class Throttled(AppRefusal):
    """Too many failures in a short time."""

    status = 429
    code = "throttled"
    text = message("Too many failed attempts. Wait {seconds} seconds and try again.")


STATUS_OF_CORE: Mapping[type[Exception], int] = {
    NotWaitingHere: 409,
    ExpressionFailed: 422,
    Unpublishable: 422,
}
"""How the core's refusals are answered; everything else of the core is 422."""


def status_of(refusal: Exception) -> int:
    """The HTTP status of a refusal of the core or the application."""
    if isinstance(refusal, AppRefusal):
        return refusal.status
    return next((s for kind, s in STATUS_OF_CORE.items() if isinstance(refusal, kind)), 422)


def problem_body(
    refusal: Exception, translate: Callable[[str], str], type_base: str = "/problems/"
) -> dict[str, Any]:
    """The problem+json body (RFC 9457) of a refusal, its sentences through `translate`."""
    code = str(getattr(refusal, "code", "refused"))
    status = status_of(refusal)
    body: dict[str, Any] = {
        "type": f"{type_base}{code}",
        "title": TITLES[status](translate),
        "status": status,
    }
    if isinstance(refusal, Unpublishable):
        body["detail"] = translate(
            "The process cannot be published. Each problem names its shape and what to do."
        )
        body["problems"] = [problem_row(p, translate) for p in refusal.problems]
        return body
    params = getattr(refusal, "params", {})
    body["detail"] = translated(getattr(refusal, "text", str(refusal)), params, translate)
    errors = getattr(refusal, "errors", None)
    if errors is not None:
        body["errors"] = errors
    return body


def problem_row(problem: Problem, translate: Callable[[str], str]) -> dict[str, str]:
    """One diagram problem as the API lists it: {file, element, code, message, hint}."""
    return {
        "file": problem.file,
        "element": problem.element,
        "code": problem.code,
        "message": translated(problem.message, problem.params, translate),
        "hint": translated(problem.hint, problem.params, translate) if problem.hint else "",
    }


def _title(text: str) -> Callable[[Callable[[str], str]], str]:
    return lambda translate: translate(text)


TITLES: Mapping[int, Callable[[Callable[[str], str]], str]] = {
    400: _title(message("The request cannot be read")),
    401: _title(message("Not signed in")),
    403: _title(message("Not allowed")),
    404: _title(message("Not found")),
    405: _title(message("Not possible here")),
    409: _title(message("Somebody was first, or it is too early or too late")),
    413: _title(message("Too large")),
    415: _title(message("This kind of content is not accepted here")),
    422: _title(message("Some answers need another look")),
    429: _title(message("Too many failed attempts")),
    500: _title(message("A fault on our side")),
}
