"""Makes an application ready for the write path: the moved clock, and the runtime's own handlers."""

from flask import Flask

from app.runtime import linked, messages, sandbox

HANDLERS = (linked, messages)
"""Modules that register effects and kicks by being imported."""


def install(app: Flask) -> None:
    """Give the application its clock. Importing this module has registered the handlers."""
    sandbox.install(app)
