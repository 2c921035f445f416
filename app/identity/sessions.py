"""Signing in and out: tokens of programs, sessions of browsers. Kept as digests, in machine time.

Not for who may do what: see permissions.py and guard.py.
"""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, select, update

from app.errors import AppRefusal
from app.extensions import db
from app.identity import passwords, throttle
from app.models import Person, SignIn
from app.runtime.transaction import transaction
from workflows.errors import message

TOKEN, SESSION = "token", "session"
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,59}")
FAILURES = throttle.Limit("sign_in", failures=8, window=timedelta(minutes=10))


class WrongPassword(AppRefusal):
    """The name or the password is wrong; which of them is not said."""

    status = 401
    code = "wrong_password"
    text = message("The username or the password is not right. Check both and try again.")


@dataclass(frozen=True, slots=True)
class Issued:
    """A sign-in just made. The token is shown once; only its digest is kept."""

    token: str
    expires_at: datetime
    person_id: int
    locale: str


def sign_in(username: str, password: str, *, kind: str, address: str, hours: int, now: datetime) -> Issued:
    """Check name and password and make a sign-in of this kind that lasts `hours`.

    Raises WrongPassword (unknown, inactive and wrong take the same time and say the same) and Throttled.
    """
    name = normal_username(username)
    throttle.check(FAILURES, name, address, now=now)
    person = _active_person(name)
    db.session.rollback()  # nothing is held while the hash is computed
    verified = passwords.verify(person.password_hash if person else "", password)
    if person is None or not verified.fits:
        throttle.failed(FAILURES, name, address, now=now)
        raise WrongPassword
    token = secrets.token_urlsafe(32)
    expires_at = (now + timedelta(hours=hours)).replace(microsecond=0)
    with transaction() as session:
        # Whoever was deactivated or got a new password while the hash was computed is not let in.
        current = session.execute(
            select(Person.password_hash, Person.active).where(Person.id == person.id).with_for_update()
        ).one()
        if not current.active or current.password_hash != person.password_hash:
            raise WrongPassword
        if verified.renewed:
            session.execute(
                update(Person).where(Person.id == person.id).values(password_hash=verified.renewed)
            )
        session.execute(delete(SignIn).where(SignIn.person_id == person.id, SignIn.expires_at <= now))
        throttle.forget(FAILURES, name, address)
        session.add(
            SignIn(
                digest=digest_of(token),
                kind=kind,
                person_id=person.id,
                created_at=now,
                expires_at=expires_at,
            )
        )
    return Issued(token, expires_at, person.id, person.locale)


def sign_out(token: str) -> None:
    """End one sign-in; nothing happens where it is over already."""
    with transaction() as session:
        session.execute(delete(SignIn).where(SignIn.digest == digest_of(token)))


def end_sign_ins(person_id: int, *, except_token: str = "") -> None:
    """End all sign-ins of a person but one; call inside a transaction."""
    ending = delete(SignIn).where(SignIn.person_id == person_id)
    if except_token:
        ending = ending.where(SignIn.digest != digest_of(except_token))
    db.session.execute(ending)


def digest_of(token: str) -> bytes:
    """What is kept of a token."""
    return sha256(token.encode("utf-8", "replace")).digest()


def normal_username(text: str) -> str:
    """The name as stored: trimmed, half-width, lower case; "" for what cannot be a username."""
    name = unicodedata.normalize("NFKC", text[:200]).strip().casefold()
    return name if USERNAME.fullmatch(name) else ""


@dataclass(frozen=True, slots=True)
class _Known:
    id: int
    password_hash: str
    locale: str


def _active_person(username: str) -> _Known | None:
    row = db.session.execute(
        select(Person.id, Person.password_hash, Person.locale).where(
            Person.username == username, Person.active
        )
    ).one_or_none()
    return _Known(*row) if row else None
