"""Who takes part in a hearing: lots among those who enrolled, then those invited, on the planned seats.

The draw is repeatable by anybody: order by sha256(seed|id), ids being numbers on the enrolment list.
Not for checking the plan of seats (`hearing`).
"""

from collections.abc import Mapping
from typing import Any

from workflows.model import Data, ServiceCall
from workflows.services import arguments as arg
from workflows.services import service
from workflows.services.lots import ticket

SIDES = ("affected", "other")


@service("hearing.participants")
def participants(call: ServiceCall) -> Data:
    """Fill the seats: first those of affected parties, then the others; empty ones from the other list.

    Arguments: `enrolled` and `invited` (tables with `name` and `side`), `seats_total`, `seats_affected`,
    `seed`; `guests` (as `invited`, on seats of their own; may be absent). Gives `participants` (id, name,
    side, invited, label, value), `reserves`, `short` (seats that stay empty), `order` with each hash,
    `names_text`.
    """
    total = arg.whole(call, "seats_total", most=10_000)
    affected = min(arg.whole(call, "seats_affected", most=10_000), total)
    seed = arg.text(call, "seed")
    enrolled = [_person(call, row, f"R{n:03d}", invited=False) for n, row in _rows(call, "enrolled")]
    invited = [_person(call, row, f"I{n:03d}", invited=True) for n, row in _rows(call, "invited")]
    drawn = sorted(enrolled, key=lambda p: ticket(seed, p["id"]))
    waiting = [*drawn, *invited]
    seated = [p for p in waiting if p["side"] == "affected"][:affected]
    others = [p for p in waiting if p not in seated and p["side"] != "affected"]
    seated += others[: total - affected]
    rest = [p for p in waiting if p not in seated]
    seated += rest[: total - len(seated)]
    guests = [_person(call, row, f"G{n:03d}", invited=True) for n, row in _rows(call, "guests")]
    return {
        "seed": seed,
        "method": "sha256(seed|id)",
        "participants": [*seated, *guests],
        "reserves": [p for p in waiting if p not in seated],
        "short": total - len(seated),
        "affected": sum(1 for p in [*seated, *guests] if p["side"] == "affected"),
        "order": [{"id": p["id"], "hash": ticket(seed, p["id"])} for p in drawn],
        "names_text": "、".join(p["name"] for p in [*seated, *guests]),
    }


def _rows(call: ServiceCall, name: str) -> list[tuple[int, Any]]:
    return list(enumerate(arg.listing(call, name, fallback=[]), start=1))


def _person(call: ServiceCall, row: Any, number: str, *, invited: bool) -> dict[str, Any]:
    if not isinstance(row, Mapping) or not str(row.get("name") or "").strip():
        raise arg.refused(call, "invited" if invited else "enrolled", "each is a table with a name")
    side = str(row.get("side") or "other")
    if side not in SIDES:
        raise arg.refused(call, "enrolled", f"the side “{side}” is unknown")
    name = str(row["name"]).strip()
    return {
        "id": number,
        "name": name,
        "side": side,
        "invited": invited,
        "value": number,
        "label": f"{number} {name}",
    }
