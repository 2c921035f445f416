"""How long to wait before the next attempt: doubling, with jitter, never longer than five minutes."""

import random
from datetime import timedelta

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 300.0


def pause(attempts: int) -> timedelta:
    """The pause after this many failed attempts before; between half and the whole of the doubled time."""
    whole = min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** min(attempts, 20))
    return timedelta(seconds=whole * random.uniform(0.5, 1.0))  # noqa: S311
