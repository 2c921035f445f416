"""The only place that commits. Everything official is written inside `with transaction():`.

A reading that went before is ended first, so that the act sees what is committed now and nothing older.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask_sqlalchemy.session import Session
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import scoped_session

from app.errors import WrongState
from app.extensions import WRITE, db
from workflows.errors import message

_OPEN = "minyi_transaction"
_AFTER = "minyi_after_commit"
_HELD = "minyi_held"
_CHAIN = "minyi_chain"
_SCRATCH = "minyi_scratch"
_BUSY_SQLSTATES = {"55P03", "57014", "40001", "40P01"}  # lock timeout, cancelled, serialisation, deadlock


class Busy(WrongState):
    """Others kept the same rows longer than the bounded wait."""

    code = "busy"
    text = message(
        "Others are working on the same matter just now. Nothing was changed; try again in a moment."
    )


class NestedTransaction(RuntimeError):
    """A transaction was opened inside another: the outer one owns the commit."""


@contextmanager
def transaction() -> Iterator[scoped_session[Session]]:
    """Run the block in one write transaction: committed whole at its end, or not at all.

    Raises Busy where another holds the rows longer than the lock timeout; NestedTransaction inside another.
    """
    session = db.session
    if session.info.get(_OPEN):
        raise NestedTransaction("transaction() inside transaction(): call the inner act directly")
    session.rollback()
    session.info[_OPEN] = True
    session.info[_AFTER] = []
    session.info[_HELD] = False
    session.info[_CHAIN] = 0
    session.info[_SCRATCH] = {}
    try:
        session.connection(execution_options={WRITE: True})
        yield session
        session.commit()
    except DBAPIError as fault:
        session.rollback()
        if is_busy(fault):
            raise Busy from fault
        raise
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info[_OPEN] = False
        session.info.pop(_SCRATCH, None)
    for act in session.info.pop(_AFTER, []):
        act()


def after_commit(act: Callable[[], object]) -> None:
    """Let `act` run once the present transaction has committed; not at all if it does not.

    For what rows already say and a worker would find a moment later: nothing may depend on it alone.
    """
    db.session.info[_AFTER].append(act)


def scratch() -> dict[object, Any] | None:
    """What lasts as long as the present transaction; None outside of one."""
    found: dict[object, Any] | None = db.session.info.get(_SCRATCH)
    return found


def note_hold() -> None:
    """The present transaction holds a case from here on."""
    db.session.info[_HELD] = True


def holds_a_case() -> bool:
    """Whether the present transaction holds a case: it must not wait for another."""
    return bool(db.session.info.get(_HELD))


@contextmanager
def chain_depth() -> Iterator[int]:
    """How many acts have begun one another here, this one included."""
    info = db.session.info
    info[_CHAIN] = info.get(_CHAIN, 0) + 1
    try:
        yield info[_CHAIN]
    finally:
        info[_CHAIN] -= 1


def in_transaction() -> bool:
    """Whether a `transaction()` is open on this session."""
    return bool(db.session.info.get(_OPEN))


def is_busy(fault: DBAPIError) -> bool:
    """Whether the database refused because others were at the same rows."""
    state = getattr(fault.orig, "sqlstate", None)
    return state in _BUSY_SQLSTATES or "database is locked" in str(fault.orig)
