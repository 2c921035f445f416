"""How gunicorn serves the application. Read by `python -m app.cli web` and `run`."""

import gc
from typing import Any

from app.config import from_environment

_settings = from_environment()
bind = f"127.0.0.1:{_settings.port}"
workers = _settings.web_workers
worker_class = "gthread"
threads = 4
preload_app = True
timeout = 60
graceful_timeout = 10
keepalive = 30
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def when_ready(_server: Any) -> None:
    """Keep what the workers share out of the garbage collector's way."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def post_fork(server: Any, _worker: Any) -> None:
    """A worker opens database connections of its own."""
    from app.extensions import db

    with server.app.wsgi().app_context():
        db.engine.dispose(close=False)
