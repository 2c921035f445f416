"""Who sits at a public hearing, and whether enough came.

国务院令第713号 16: all sides are represented. Shandong: the affected hold at least half of the seats.
Not for: drawing among those who enrolled (`lots`).
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from workflows.errors import message
from workflows.model import Data, ServiceCall
from workflows.services import arguments as arg
from workflows.services import service
from workflows.services.rule_words import share_zh
from workflows.services.rules import FigureUnknown
from workflows.services.tally import needed


@service("hearing.seats")
def seats(call: ServiceCall) -> Data:
    """Check a plan of seats: `ok`, `total`, `affected`, `needed`, `share`, `problems` (Chinese and English).

    `groups`: tables with `name`, `seats` (whole number) and `affected` (true, false). `matter` may be
    absent. Where no rule of this place gives a share, the affected must hold at least one seat.
    """
    groups = [_group(call, item) for item in arg.listing(call, "groups")]
    total = sum(count for _, count, _ in groups)
    affected = sum(count for _, count, is_affected in groups if is_affected)
    share = _share(call, "affected_share")
    least = needed(share, total, "at_least") if share is not None else 1
    problems = []
    if not groups:
        problems.append({"zh": "没有分配席位。", "en": "No seats are planned."})
    for name, count, _ in groups:
        if count == 0:
            problems.append({"zh": f"“{name}”没有席位。", "en": f"“{name}” has no seat."})
    if groups and affected < least:
        wanted = f"（不少于{share_zh(share)}）" if share is not None else ""
        problems.append(
            {
                "zh": f"利害关系人代表至少{least}席{wanted}，现为{affected}席。",
                "en": f"Affected parties need at least {least} seats; the plan gives {affected}.",
            }
        )
    return {
        "ok": not problems,
        "total": total,
        "affected": affected,
        "needed": least,
        "share": None if share is None else f"{share.numerator}/{share.denominator}",
        "problems": problems,
    }


@service("hearing.attendance")
def attendance(call: ServiceCall) -> Data:
    """Whether enough of the `due` participants are `present`: `enough`, `needed`, `share`.

    None due is never enough. `matter` may be absent.
    """
    due, present = arg.whole(call, "due"), arg.whole(call, "present")
    if present > due:
        raise arg.refused(call, "present", message("more people than were due"))
    share = _share(call, "attend_min")
    if share is None:
        raise FigureUnknown(figure="attend_min", body="hearing", day=arg.rules_of(call).day.isoformat())
    least = needed(share, due, "at_least")
    return {
        "enough": due > 0 and present >= least,
        "needed": least,
        "present": present,
        "due": due,
        "share": f"{share.numerator}/{share.denominator}",
    }


def _share(call: ServiceCall, figure: str) -> Fraction | None:
    found = arg.rules_of(call).figures("hearing", arg.optional_text(call, "matter")).get(figure)
    return None if found is None else Fraction(found.value)


def _group(call: ServiceCall, item: Any) -> tuple[str, int, bool]:
    if not isinstance(item, Mapping):
        raise arg.refused(call, "groups", message("each group is a table with a name, seats and affected"))
    name, count, affected = item.get("name"), item.get("seats"), item.get("affected", False)
    if not isinstance(name, str) or not name:
        raise arg.refused(call, "groups", message("each group has a name"))
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= arg.MANY:
        raise arg.refused(call, "groups", f"the seats of {name} must be a whole number")
    if not isinstance(affected, bool):
        raise arg.refused(call, "groups", f"whether {name} is affected must be true or false")
    return name, count, affected
