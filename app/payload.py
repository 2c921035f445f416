"""Reads what a client sends, strictly: what could not be stored or answered again is refused here.

JSON must be UTF-8, without NaN, without numbers beyond 64 bits, without NUL or broken characters, and not
nested without end. Everything else about an answer is the schemas' matter.
"""

import json
import math
from typing import Any, NoReturn

from flask import Request, request
from flask_smorest.arguments import ArgumentsMixin
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request
from werkzeug.exceptions import UnsupportedMediaType

from app.errors import AppRefusal, Malformed, TooLarge
from workflows.errors import Phrase, message

DEEPEST = 60
LONGEST_JSON = 8 * 1024 * 1024  # bytes
MOST_READ_AWAY = 256 * 1024 * 1024  # bytes
_WHOLE = 2**63


class NotJson(Malformed):
    """The body is no JSON of ours."""

    code = "not_json"
    text = message("The body is not JSON that can be read here: {reason}.")


class Unstorable(AppRefusal):
    """A text holds NUL or half a character."""

    status = 400
    code = "unstorable_text"
    text = message("A text holds a character that cannot be stored (NUL or half a character). Remove it.")


def read_json(body: bytes) -> Any:
    """The JSON value of a request body. Raises NotJson, Unstorable, TooLarge."""
    if len(body) > LONGEST_JSON:
        raise TooLarge(limit="8 MB")
    try:
        value = json.loads(
            body.decode("utf-8-sig"), parse_int=_whole, parse_float=_fraction, parse_constant=_constant
        )
    except UnicodeDecodeError:
        raise NotJson(reason=Phrase(message("it is not UTF-8"))) from None
    except RecursionError:
        raise NotJson(reason=Phrase(message("it is nested too deeply"))) from None
    except ValueError:
        raise NotJson(reason=Phrase(message("a value cannot be read"))) from None
    _check(value, DEEPEST)
    return value


def read_away(sent: Request) -> None:
    """Read what a client is still sending, up to a bound, so that it comes to read our answer."""
    left = MOST_READ_AWAY
    stream = sent.environ["wsgi.input"]
    while left > 0 and (piece := stream.read(min(left, 64 * 1024))):
        left -= len(piece)


def check_text(text: str) -> str:
    """`text` if it can be stored. Raises Unstorable."""
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise Unstorable
    return text


def check_address() -> None:
    """Refuse a request whose path or query holds what no database stores. Raises Unstorable."""
    check_text(request.path)
    for value in request.args.values():
        check_text(value)


class StrictParser(FlaskParser):
    """webargs' parser that reads JSON by `read_json`, and refuses a body that is something else."""

    def _raw_load_json(self, req: Request) -> Any:
        if is_json_request(req):
            return read_json(req.get_data(cache=True))
        if req.get_data(cache=True):
            raise UnsupportedMediaType
        return missing

    def load_form(self, req: Request, schema: Any) -> Any:
        for values in req.form.listvalues():
            for value in values:
                check_text(value)
        return super().load_form(req, schema)


parser = StrictParser()
# All blueprints of flask-smorest read their arguments by this attribute when their views are made.
ArgumentsMixin.ARGUMENTS_PARSER = parser


def _whole(digits: str) -> int:
    if len(digits) > 20 or not -_WHOLE <= int(digits) < _WHOLE:
        raise NotJson(reason=Phrase(message("a whole number has more than 64 bits")))
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise NotJson(reason=Phrase(message("a number is too large")))
    return number


def _constant(_name: str) -> NoReturn:
    raise NotJson(reason=Phrase(message("NaN and Infinity are no JSON values")))


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        raise NotJson(reason=Phrase(message("it is nested too deeply")))
    if isinstance(value, str):
        if not value.isascii() or "\x00" in value:
            check_text(value)
    elif isinstance(value, dict):
        for key, each in value.items():
            check_text(key)
            _check(each, depth - 1)
    elif isinstance(value, list):
        for each in value:
            _check(each, depth - 1)
