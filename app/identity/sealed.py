"""Personal data at rest: how to reach somebody, readable only with the installation's secret.

The key comes from SECRET_KEY. To change it: put the new key into SECRET_KEY and the old one into Flask's
SECRET_KEY_FALLBACKS; what was sealed before stays readable as long as the old key is listed, what is sealed
from then on uses the new one. Not for passwords (never readable) nor for identity numbers (a digest).
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app

from app.errors import WrongState
from workflows.errors import message


class SealBroken(WrongState):
    """Sealed under a key that this installation does not know any more."""

    code = "seal_broken"
    text = message(
        "This was kept under a key that is not known here any more. Ask the administrator to list the old "
        "SECRET_KEY in SECRET_KEY_FALLBACKS."
    )


def seal(text: str) -> bytes:
    """`text` as it may be stored."""
    return _keys().encrypt(text.encode())


def unseal(stored: bytes) -> str:
    """What was sealed. Raises SealBroken."""
    try:
        return _keys().decrypt(stored).decode()
    except InvalidToken:
        raise SealBroken from None


def _keys() -> MultiFernet:
    secrets = [current_app.config["SECRET_KEY"], *(current_app.config.get("SECRET_KEY_FALLBACKS") or [])]
    return MultiFernet([Fernet(_key(str(secret))) for secret in secrets])


def _key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"minyi.sealed\0" + secret.encode()).digest())
