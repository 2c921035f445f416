"""One round of the worker: everything that rows say is due. Safe to do twice at once, anywhere.

1. timers 2. what other cases are owed 3. messages that met their wait 4. letters to the outside world.
"""

from dataclasses import dataclass

from flask import Flask

from app import clock
from app.extensions import db
from app.runtime import due, kicks, messages, outbox, sandbox


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    fired: int = 0
    kicked: int = 0
    met: int = 0
    sent: int = 0

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.fired or self.kicked or self.met or self.sent)


def go_round(app: Flask, *, limit: int = 200) -> Round:
    """Do one round in an application context of its own, at most `limit` of each kind."""
    with app.app_context():
        try:
            now = clock.now()
            fired = 0
            if not sandbox.is_moving():
                instant = due.next_instant()
                db.session.rollback()
                if instant is not None and instant <= now:
                    fired = due.fire_due(now, limit)
            kicked = kicks.work_off(now, limit)
            return Round(fired, kicked, messages.sweep(now), outbox.deliver_due(limit=limit))
        finally:
            db.session.remove()
