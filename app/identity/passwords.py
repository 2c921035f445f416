"""Passwords: hashed with argon2id, checked in the same time for names that do not exist.

Not for tokens (sessions.py): those are random and need no slow hash.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import gettext as _

MIN_LENGTH = 8
MAX_LENGTH = 200
"""Longer ones are refused unread: hashing must cost the same for everybody."""

_hasher = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)  # KiB; above OWASP's least
# fmt: off
_COMMON = frozenset({
    "password", "passw0rd", "password1", "12345678", "123456789",
    "1234567890", "87654321", "qwertyui", "qwerty123", "1qaz2wsx",
    "abcd1234", "abc12345", "a1234567", "iloveyou", "admin123",
    "admin888", "woaini1314", "5201314520", "zhongguo", "1q2w3e4r",
})
# fmt: on


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a password fits; `renewed` is a new hash to store where the old one is weaker than today's."""

    fits: bool
    renewed: str = ""


def hash_password(password: str) -> str:
    """The argon2id hash to store. Takes tens of milliseconds on purpose: never inside a transaction."""
    return _hasher.hash(_same_spelling(password))


def verify(stored: str, password: str) -> Verified:
    """Check `password` against `stored`; an empty `stored` (nobody yet) takes as long and fails."""
    if len(password) > MAX_LENGTH or not _encodable(password):
        return Verified(fits=False)
    known = bool(stored)
    try:
        _hasher.verify(stored or _dummy(), _same_spelling(password))
    except (VerificationError, InvalidHashError):
        return Verified(fits=False)
    if not known:
        return Verified(fits=False)
    renewed = hash_password(password) if _hasher.check_needs_rehash(stored) else ""
    return Verified(fits=True, renewed=renewed)


def fault_of(password: str, *, username: str) -> str:
    """Why this may not be a password, as a sentence for the reader; "" when it may."""
    if len(password) < MIN_LENGTH:
        return str(_("Use at least %(n)s characters.", n=MIN_LENGTH))
    if len(password) > MAX_LENGTH:
        return str(_("Use at most %(n)s characters.", n=MAX_LENGTH))
    if not _encodable(password):
        return str(_("This has characters that cannot be typed. Use others."))
    plain = password.casefold()
    if plain in _COMMON or len(set(plain)) < 4 or _is_run(plain):
        return str(_("This password is easily guessed. Choose another."))
    if len(username) > 2 and username.casefold() in plain:
        return str(_("The password must not contain the username."))
    return ""


def _is_run(text: str) -> bool:
    """abcdefgh, 98765432: each character the neighbour of the last."""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return steps in ({1}, {-1})


def _encodable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _same_spelling(password: str) -> str:
    """Full-width and half-width spellings of one character count as one, however the keyboard stood."""
    return unicodedata.normalize("NFKC", password)


@cache
def _dummy() -> str:
    return _hasher.hash("nobody has this password")
