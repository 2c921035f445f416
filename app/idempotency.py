"""A POST with an Idempotency-Key acts once: the same key by the same person gets the first answer again.

1. A row claims the key, committed before the act: of two requests at once only one gets it. 2. The act.
3. Its answer is written to the row. Whoever comes second waits for step 3. A program that died between 2
and 3 leaves a claim without an answer: nothing acts again under that key, and the answer says so.
Machine time; kept for two days. Answers are kept encrypted: some hold codes that are shown only once.
"""

import base64
import hashlib
import secrets
import time
from datetime import timedelta
from typing import Any

import orjson
from cryptography.fernet import Fernet
from flask import Flask, Response, current_app, g, request
from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.clock import machine_now
from app.errors import Invalid, Malformed, WrongState
from app.extensions import db
from app.identity import guard
from app.models import IdempotencyKey
from app.runtime.transaction import transaction
from workflows.errors import message

HEADER = "Idempotency-Key"
KEPT = timedelta(days=2)
WAIT_SECONDS = 20.0
_NOT_KEPT = {401, 403, 429}
_LONGEST_KEY = 200
_PURGE_EVERY = 500
_Row = IdempotencyKey


class KeyRefused(Malformed):
    """The key cannot be used."""

    code = "idempotency_key"
    text = message("The Idempotency-Key must be 1 to 200 visible ASCII characters.")


class KeyUsedOtherwise(Invalid):
    """The same key came with another request."""

    code = "idempotency_key_reused"
    text = message("This Idempotency-Key was used for another request. Use a new key for a new act.")


class OutcomeUnknown(WrongState):
    """The first request with this key has no answer yet, or its answer was lost."""

    code = "idempotency_outcome_unknown"
    text = message(
        "The first request with this Idempotency-Key has not been answered. Look how things stand before "
        "you try again with a new key."
    )


def install(app: Flask) -> None:
    """Watch over every POST of the API; to be installed after the guard."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> Response | None:
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or not request.path.startswith("/api/"):
        return None
    if not 0 < len(key) <= _LONGEST_KEY or not all("!" <= c <= "~" for c in key):
        raise KeyRefused
    person_id, key = _owner(key)
    digest = _digest_of_request()
    if _claim(person_id, key, digest):
        g.minyi_idempotency = (person_id, key)
        return None
    return _first_answer(person_id, key, digest)


def _end(response: Response) -> Response:
    claim = g.pop("minyi_idempotency", None)
    if claim is None:
        return response
    where = (_Row.person_id == claim[0]) & (_Row.key == claim[1])
    with transaction() as session:
        if response.status_code >= 500 or response.status_code in _NOT_KEPT:
            session.execute(delete(_Row).where(where))
        else:
            session.execute(
                update(_Row).where(where).values(status=response.status_code, body=_sealed(response))
            )
    return response


def _owner(key: str) -> tuple[int, str]:
    """Whose key it is; somebody without sign-in is told apart by address and program."""
    who = guard.visitor()
    if who is not None:
        return who.id, key
    source = f"{request.remote_addr}\n{request.user_agent.string}\n{key}".encode()
    return 0, hashlib.sha256(source).hexdigest()


def _claim(person_id: int, key: str, digest: bytes) -> bool:
    now = machine_now()
    with transaction() as session:
        insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        if secrets.randbelow(_PURGE_EVERY) == 0:
            session.execute(delete(_Row).where(_Row.created_at < now - KEPT))
        made = session.execute(
            insert(_Row)
            .values(person_id=person_id, key=key, request_digest=digest, created_at=now)
            .on_conflict_do_nothing()
            .returning(_Row.key)
        ).first()
    return made is not None


def _first_answer(person_id: int, key: str, digest: bytes) -> Response:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        db.session.rollback()
        row = db.session.execute(
            select(_Row.request_digest, _Row.status, _Row.body).where(
                _Row.person_id == person_id, _Row.key == key
            )
        ).one_or_none()
        if row is not None and row.request_digest != digest:
            raise KeyUsedOtherwise
        if row is not None and row.status is not None:
            return _opened(row.status, row.body)
        if row is None or time.monotonic() > until:
            raise OutcomeUnknown
        time.sleep(0.05)


def _digest_of_request() -> bytes:
    digest = hashlib.sha256(f"{request.method}\n{request.full_path}\n{request.mimetype}\n".encode())
    if request.mimetype == "multipart/form-data":
        for name, value in request.form.items(multi=True):
            digest.update(orjson.dumps([name, value]))
        for name, file in request.files.items(multi=True):
            digest.update(orjson.dumps([name, file.filename]))
            digest.update(hashlib.sha256(file.stream.read()).digest())
            file.stream.seek(0)
    else:
        digest.update(request.get_data(cache=True))
    return digest.digest()


def _sealed(response: Response) -> str:
    kept = {
        "type": response.content_type,
        "location": response.headers.get("Location"),
        "body": response.get_data(as_text=True),
    }
    return _cipher().encrypt(orjson.dumps(kept)).decode()


def _opened(status: int, sealed: str | None) -> Response:
    kept = orjson.loads(_cipher().decrypt((sealed or "").encode()))
    response = Response(kept["body"], status=status, content_type=kept["type"])
    if kept["location"]:
        response.headers["Location"] = kept["location"]
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _cipher() -> Fernet:
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"minyi.idempotency\0" + secret).digest()))
