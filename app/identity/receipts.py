"""Receipts: how somebody without an account is known again. A number to say, a code to keep.

A slice that gives receipts registers how one of its numbers is looked up (`@receipt_kind`); whoever asks
with number and code gets its `Progress`. Wrong codes are throttled by address. Codes are stored as a digest.
"""

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import current_app

from app.errors import NotFound
from app.identity import throttle
from workflows.errors import message

WRONG_CODES = throttle.Limit("receipt", failures=10, window=timedelta(minutes=15))
WRONG_CODES_ANYWHERE = throttle.Limit("receipts", failures=60, window=timedelta(minutes=15))
NUMBER_DIGITS, CODE_DIGITS = 12, 8


class NoSuchReceipt(NotFound):
    """The number is not known, or the code is not its own: which of the two is not said."""

    code = "no_such_receipt"
    text = message("There is no receipt with this number and code. Check both and try again.")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A number and its code as they are given out, once; `digest` is what is stored of the code."""

    no: str
    code: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, in plain words."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the holder of a receipt sees. `can`: what may be done now; `here`: the step it is at, in words."""

    receipt_no: str
    kind: str
    title: str
    unit: str
    state: str
    here: str
    steps: tuple[Step, ...]
    due_at: datetime | None = None
    unit_en: str = ""
    text: str = ""
    reply: str = ""
    outcome: str = ""
    can: tuple[str, ...] = ()
    about: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """A receipt as a slice knows it: the digest of its code, and how to tell its progress."""

    digest: bytes
    tell: Callable[[datetime], Progress]


Lookup = Callable[[str], Found | None]
_kinds: dict[str, Lookup] = {}


def receipt_kind(name: str) -> Callable[[Lookup], Lookup]:
    """Register how receipts of a kind are looked up by their number."""

    def mark(lookup: Lookup) -> Lookup:
        _kinds[name] = lookup
        return lookup

    return mark


def new_receipt(*about: str) -> Receipt:
    """A receipt; the same `about` gives the same one, so that a form sent twice counts once.

    With a secret among `about` (a random value) nobody else can make it.
    """
    secret = str(current_app.config["SECRET_KEY"]).encode()
    mixed = hmac.new(secret, "\0".join(("receipt", *about)).encode(), hashlib.sha512).digest()
    no = int.from_bytes(mixed[:24]) % 10**NUMBER_DIGITS
    code = int.from_bytes(mixed[24:48]) % 10**CODE_DIGITS
    return Receipt(*_padded(no, code))


def nonce() -> str:
    """A random value that makes a receipt one's own."""
    return secrets.token_urlsafe(24)


def digits(text: str) -> str:
    """The digits of a number or code as somebody typed it, without spaces and hyphens; "" for other text."""
    kept = "".join(c for c in unicodedata.normalize("NFKC", text) if c not in " -–—\t")
    return kept if kept.isascii() and kept.isdecimal() else ""


def spaced(number: str) -> str:
    """A number or code in groups of four, to be read out."""
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))


def look_up(receipt_no: str, code: str, *, address: str, now: datetime, machine: datetime) -> Progress:
    """The progress behind a receipt. `machine`: machine time, for the throttle.

    Raises NoSuchReceipt and Throttled.
    """
    number, given = digits(receipt_no[:40]), digits(code[:40])
    throttle.check(WRONG_CODES_ANYWHERE, address, now=machine)
    throttle.check(WRONG_CODES, address, number, now=machine)
    found = next((each for kind in _kinds.values() if (each := kind(number)) is not None), None)
    if found is not None and _fits(given, found.digest):
        return found.tell(now)
    throttle.failed(WRONG_CODES_ANYWHERE, address, now=machine)
    throttle.failed(WRONG_CODES, address, number, now=machine)
    raise NoSuchReceipt


def digest_of(code: str) -> bytes:
    """What is stored of a code: keyed, because there are few enough codes to try them all."""
    return _digest(code, current_app.config["SECRET_KEY"])


def _fits(code: str, digest: bytes) -> bool:
    """Whether a code is the one whose digest is stored, under the present key or a listed former one."""
    secrets_known = [
        current_app.config["SECRET_KEY"],
        *(current_app.config.get("SECRET_KEY_FALLBACKS") or []),
    ]
    return any(hmac.compare_digest(digest, _digest(code, secret)) for secret in secrets_known)


def _digest(code: str, secret: object) -> bytes:
    return hmac.new(b"receipt-code\0" + str(secret).encode(), code.encode(), hashlib.sha256).digest()


def _padded(no: int, code: int) -> tuple[str, str, bytes]:
    text = str(code).zfill(CODE_DIGITS)
    return str(no).zfill(NUMBER_DIGITS), text, digest_of(text)
