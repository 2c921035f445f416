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
    folder = Path(app.root_path) / "static" / BUILT
    manifest = read_manifest(folder)
    if not manifest and not app.testing:
        log.warning("no built styles in %s: pages go without; run make", folder)

    def asset(name: str) -> str:
        """The address of the built file of this entry, or "" where there is no build."""
        path = _built(manifest, name)
        return url_for("static", filename=f"{BUILT}/{path}") if path else ""

    app.jinja_env.globals["asset"] = asset
    app.jinja_loader = ChoiceLoader(
        [
            *([app.jinja_loader] if app.jinja_loader else []),
            PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        ]
    )
    app.after_request(_cache_built)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Vite's manifest: source file → {file, css}; empty where nothing is built."""
    path = folder / ".vite" / "manifest.json"
    if not path.is_file():
        return {}
    held = json.loads(path.read_text())
    return held if isinstance(held, dict) else {}


def _built(manifest: dict[str, Any], name: str) -> str:
    entry = manifest.get(f"src/{name}")
    return str(entry["file"]) if entry else ""


def _cache_built(response: Response) -> Response:
    if request.path.startswith(f"/static/{BUILT}/assets/") and response.status_code == 200:
        response.headers["Cache-Control"] = FOREVER
    return response
