"""What several branches of a case make of its data when they meet again.

Data are treated as immutable: whoever changes something makes a new dict, so branches may share values.
The base of a meeting is the data at the nearest common split; a branch contributes what it changed
since. Not for when a join may fire: that is `workflows.patches`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from workflows.errors import Refusal, message
from workflows.model import Data


class Missing:
    """The value of a name that is not there."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()

Delta = dict[str, tuple[Any, Any]]
"""Name → (what it was at the split, what the branch made of it); either may be MISSING."""


class BranchesDisagree(Refusal):
    """Two branches changed the same name to different values."""

    code = "engine.join_conflict"
    text = message(
        "Two branches that run side by side changed “{names}” to different values. "
        "Give the fields different names, or let one branch after the other change it."
    )


def delta(base: Data, data: Data) -> Delta:
    """What `data` changed since `base`; compares by identity first, so shared values cost nothing."""
    if base is data:
        return {}
    found: Delta = {}
    for name, value in data.items():
        before = base.get(name, MISSING)
        if before is not value and not same(before, value):
            found[name] = (before, value)
    for name, before in base.items():
        if name not in data:
            found[name] = (before, MISSING)
    return found


def same(a: Any, b: Any) -> bool:
    """Equal as JSON: True is not 1."""
    if type(a) is not type(b) and (isinstance(a, bool) or isinstance(b, bool)):
        return False
    return bool(a == b)


def apply(data: Data, change: Delta, *, later_wins: bool = False) -> Data:
    """`data` with `change` merged in.

    Raises `BranchesDisagree` when both changed a name differently, unless `later_wins`: then what
    `data` holds stays.
    """
    result = dict(data)
    conflicts: list[str] = []
    for name, (before, value) in change.items():
        merged = _three_way(before, value, data.get(name, MISSING), path=name, conflicts=conflicts)
        if merged is MISSING:
            result.pop(name, None)
        else:
            result[name] = merged
    if conflicts and not later_wins:
        raise BranchesDisagree(names=", ".join(conflicts))
    return result


def with_ended(data: Data, ended: Sequence[tuple[int, Delta]]) -> Data:
    """`data` with what branches that have ended left behind: (number of the split they ended under, change).

    An outer split's changes go first, for what an inner branch changed builds on them. Of two changes to
    the same name the later one stays, and what `data` holds, being the last, before both.
    """
    order = sorted(range(len(ended)), key=lambda index: (ended[index][0], -index))
    for index in order:
        data = apply(data, ended[index][1], later_wins=True)
    return data


def merge(base: Data, branches: Sequence[Data], *, later_wins: bool = False) -> Data:
    """The data after branches that began with `base` have met, taken in drawn order."""
    merged = branches[0]
    for branch in branches[1:]:
        # What the branches before agreed on goes first, so that lists are joined in drawn order.
        merged = apply(branch, delta(base, merged), later_wins=later_wins)
    return merged


def _three_way(base: Any, first: Any, second: Any, *, path: str, conflicts: list[str]) -> Any:
    if second is base or same(second, base):
        return first
    if first is base or same(first, base) or same(first, second):
        return second
    if isinstance(first, dict) and isinstance(second, dict) and isinstance(base, dict | Missing):
        ground = base if isinstance(base, dict) else {}
        merged: Data = {}
        for key in [*ground, *first, *second]:
            if key in merged:
                continue
            value = _three_way(
                ground.get(key, MISSING),
                first.get(key, MISSING),
                second.get(key, MISSING),
                path=f"{path}.{key}",
                conflicts=conflicts,
            )
            if value is not MISSING:
                merged[key] = value
        return merged
    if isinstance(first, list) and isinstance(second, list) and isinstance(base, list | Missing):
        ground_list = base if isinstance(base, list) else []
        size = len(ground_list)
        if same(first[:size], ground_list) and same(second[:size], ground_list):
            return first + second[size:]
    conflicts.append(path)
    return second


def meet(tokens: Iterable[Any], *, later_wins: bool = False) -> Data:
    """The merged data of engine tasks, each split between them taken as the base of its branches.

    A token contributes its parent's data when it is a join that has not run yet, since that is what
    came along the flow: callers hand in tasks whose `data` is already what they bring.
    """
    return _meet([(_path(token), token) for token in tokens], depth=0, later_wins=later_wins)


def _path(token: Any) -> list[Any]:
    path = [token]
    while path[-1].parent is not None:
        path.append(path[-1].parent)
    return path[::-1]


def _meet(paths: list[tuple[list[Any], Any]], *, depth: int, later_wins: bool) -> Data:
    if len(paths) == 1:
        data: Data = paths[0][1].data
        return data
    while len({id(path[depth]) for path, _ in paths}) == 1:
        depth += 1
    split = paths[0][0][depth - 1]
    groups: dict[int, list[tuple[list[Any], Any]]] = {}
    for path, token in paths:
        groups.setdefault(path[depth].id, []).append((path, token))
    order = [child for child in split._children if child in groups]
    branches = [_meet(groups[child], depth=depth, later_wins=later_wins) for child in order]
    return merge(split.data, branches, later_wins=later_wins)
