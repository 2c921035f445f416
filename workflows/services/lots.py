"""Drawing lots that anybody can check afterwards: names in the order of sha256(seed|name).

Why: enrolment must close before the seed is published, and then nobody can steer the draw; whoever has
the list and the seed recomputes it with any sha256 tool. Not for: secrets.
"""

from hashlib import sha256

from workflows.errors import message
from workflows.model import Data, ServiceCall
from workflows.services import arguments as arg
from workflows.services import service


@service("lots.draw")
def draw(call: ServiceCall) -> Data:
    """Draw `seats` of `candidates` (their ids) with a published `seed`.

    Gives `drawn`, `reserves` (in the order in which they move up) and `order` with each hash. The order
    in which candidates are listed plays no part. Fewer candidates than seats: all are drawn, `short`
    says how many seats stay empty.
    """
    seed = arg.text(call, "seed")
    count = arg.whole(call, "seats")
    candidates = arg.listing(call, "candidates")
    if not all(isinstance(c, str) and c for c in candidates):
        raise arg.refused(call, "candidates", message("each candidate is an id that is not empty"))
    if len(set(candidates)) != len(candidates):
        raise arg.refused(call, "candidates", message("somebody is listed twice"))
    ranked = sorted((ticket(seed, c), c) for c in candidates)
    order = [c for _, c in ranked]
    return {
        "seed": seed,
        "method": "sha256(seed|id)",
        "drawn": order[:count],
        "reserves": order[count:],
        "short": max(0, count - len(order)),
        "order": [{"id": c, "hash": digest} for digest, c in ranked],
    }


def ticket(seed: str, candidate: str) -> str:
    """The hash that places a candidate: lower is drawn first."""
    return sha256(f"{seed}|{candidate}".encode()).hexdigest()
