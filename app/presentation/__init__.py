"""How things look: the frame of every page, dates in words, the static diagram, forms as HTML.

Knows no slice and decides nothing; `install` gives the templates what they need.
"""

from flask import Flask

from app.presentation import assets, dates, policy, shell


def install(app: Flask) -> None:
    """Give the application's templates their assets, filters and frame, and every page its policy."""
    assets.install(app)
    dates.install(app)
    shell.install(app)
    policy.install(app)
