"""The product's application, telling with every answer how many SQL statements it took. For benchmarks only.

COMMIT and ROLLBACK count; BEGIN, which the driver sends along with the first statement, does not.
"""

import threading
from typing import Any

from flask import Flask, Response, request
from sqlalchemy import Engine, event

from app import factory

HEADER = "X-Statements"
_sent = threading.local()


def create_app() -> Flask:
    """The application with a count in the head of each answer."""
    event.listen(Engine, "before_cursor_execute", _one_more)
    event.listen(Engine, "commit", _one_more)
    event.listen(Engine, "rollback", _one_more)
    app = factory.create_app()
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.after_request(_tell)
    return app


def _one_more(*_args: Any) -> None:
    _sent.count = getattr(_sent, "count", 0) + 1


def _begin() -> None:
    request.environ["benchmark.before"] = getattr(_sent, "count", 0)


def _tell(response: Response) -> Response:
    response.headers[HEADER] = str(getattr(_sent, "count", 0) - request.environ["benchmark.before"])
    return response
