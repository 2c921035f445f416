"""Settings, read once from the environment. Every one is described in docs/reference/settings.md.

Not for anything that changes while the program runs, nor for figures of the law (bpmn/rules).
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingRefused(Exception):
    """A setting in the environment that cannot be used; the message says which, why, and what fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One field a setting; the environment variable's name is in `from_environment`."""

    database_url: str
    secret_key: str
    instance_path: Path
    port: int = 8000
    web_workers: int = 2
    demo: bool = False
    sandbox: bool = False
    production: bool = False
    max_upload_bytes: int = 20 * 1024 * 1024
    session_hours: int = 12
    testing: bool = False
    secret_key_fallbacks: tuple[str, ...] = ()

    @property
    def sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database_url.startswith("sqlite")


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises SettingRefused for a value that does not fit."""
    instance = Path(environ.get("INSTANCE_PATH", "instance")).resolve()
    production = environ.get("MINYI_ENV", "") == "production"
    sandbox = _flag(environ, "MINYI_SANDBOX")
    if production and sandbox:
        raise SettingRefused(
            "MINYI_SANDBOX moves the product's clock: refused under MINYI_ENV=production. Unset one of them."
        )
    secret = environ.get("SECRET_KEY", "")
    if production and len(secret) < 32:
        raise SettingRefused("SECRET_KEY must have at least 32 characters under MINYI_ENV=production.")
    instance.mkdir(parents=True, exist_ok=True)
    return Settings(
        database_url=environ.get("DATABASE_URL") or f"sqlite:///{instance / 'minyi.db'}",
        secret_key=secret or _kept_secret(instance / "secret_key"),
        instance_path=instance,
        port=_number(environ, "PORT", 8000, low=1, high=65535),
        web_workers=_number(environ, "WEB_WORKERS", 2, low=1, high=64),
        demo=_flag(environ, "MINYI_DEMO"),
        sandbox=sandbox,
        production=production,
        max_upload_bytes=_number(environ, "MAX_UPLOAD_MB", 20, low=1, high=200) * 1024 * 1024,
        session_hours=_number(environ, "SESSION_HOURS", 12, low=1, high=720),
        secret_key_fallbacks=tuple(environ.get("SECRET_KEY_FALLBACKS", "").split()),
    )


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "0").strip().lower()
    if value not in {"0", "1", "", "true", "false"}:
        raise SettingRefused(f"{name} is “{value}”; it takes 0 or 1.")
    return value in {"1", "true"}


def _number(environ: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    text = environ.get(name, "").strip() or str(default)
    if not text.isdigit() or not low <= int(text) <= high:
        raise SettingRefused(f"{name} is “{text}”; it takes a whole number from {low} to {high}.")
    return int(text)


def _kept_secret(path: Path) -> str:
    """Make a secret on first use and keep it beside the database, so that sessions survive a restart."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        return path.read_text().strip()
    return path.read_text().strip()
