"""Addresses of the built styles and scripts, read from Vite's manifest; their names carry a hash.

A page without a build still works: it has no styles and no scripts. Not for files that people upload.
"""

import json
import logging
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, url_for
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader

log = logging.getLogger("minyi")
BUILT = "dist"
FOREVER = "public, max-age=31536000, immutable"


def install(app: Flask) -> None:
    """Offer `asset(name)` to templates, GOV.UK's macros under govuk_frontend_jinja/, and long caching."""
    build = Build(Path(app.root_path) / "static" / BUILT)
    if not build.manifest() and not app.testing:
        log.warning("no built styles in %s: pages go without; run make", build.folder)

    def asset(name: str) -> str:
        """The address of the built file of this entry, or "" where there is no build."""
        entry = build.manifest().get(f"src/{name}")
        return url_for("static", filename=f"{BUILT}/{entry['file']}") if entry else ""

    app.jinja_env.globals["asset"] = asset
    app.jinja_loader = ChoiceLoader(
        [
            *([app.jinja_loader] if app.jinja_loader else []),
            PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        ]
    )
    app.after_request(_cache_built)


class Build:
    """What Vite built: source file → {file, css}; read again when it was built anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / ".vite" / "manifest.json"
        self._read_at = 0
        self._held: dict[str, Any] = {}

    def manifest(self) -> dict[str, Any]:
        """The manifest as it is now; empty where nothing is built."""
        try:
            changed_at = self._path.stat().st_mtime_ns
            if changed_at != self._read_at:
                self._held, self._read_at = json.loads(self._path.read_text()), changed_at
        except FileNotFoundError:
            self._held, self._read_at = {}, 0
        except json.JSONDecodeError:
            return self._held  # just being written: the next page reads it
        return self._held


def _cache_built(response: Response) -> Response:
    if request.path.startswith(f"/static/{BUILT}/assets/") and response.status_code == 200:
        response.headers["Cache-Control"] = FOREVER
    return response
