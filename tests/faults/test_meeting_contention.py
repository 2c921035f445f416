"""Many hands at one meeting at the same moment: counts stay exact, and what comes second is told so."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from holding_meetings import Hall, entry, hall, villagers


def at_once(*acts: Callable[[], int]) -> Counter[int]:
    """Do these at the same moment; how often each status came out."""
    barrier = Barrier(len(acts))

    def one(act: Callable[[], int]) -> int:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return Counter(pool.map(one, acts))


def posts(place: Hall, who: str, path: str, body: object = None) -> Callable[[], int]:
    """A request to be made."""
    more = {} if body is None else {"json": body}
    return lambda: place.who(who).call("POST", path, **more).status_code


def test_two_door_clerks_lose_nobody(database: str, tmp_path: Path) -> None:
    with hall(tmp_path, villagers(60), database=database) as place:
        meeting = place.call_meeting()
        ids = place.open(meeting, 0)
        path = f"/meetings/{meeting}/attendance"
        shared, left, right = ids[:10], ids[10:30], ids[30:50]
        for n in range(0, 20, 5):
            told = at_once(
                *(
                    posts(place, who, path, {"present": [*shared, *own[n : n + 5]]})
                    for who, own in (("head", left), ("deputy", right), ("amei", left), ("abao", right))
                )
            )
            assert told == {200: 4}
        assert place.who("head").get(f"/meetings/{meeting}")["present"] == 50
        assert sum(e["present"] for e in place.roll(meeting)) == 50


@pytest.mark.parametrize("second", [(20, 3, 1, 0), (19, 4, 1, 0)])
def test_two_tellers_at_the_same_instant(
    database: str, tmp_path: Path, second: tuple[int, int, int, int]
) -> None:
    with hall(tmp_path, villagers(30), database=database) as place:
        meeting = place.call_meeting()
        place.open(meeting, 24)
        path = f"/meetings/{meeting}/ballots"
        told = at_once(
            posts(place, "amei", path, entry(1, (20, 3, 1, 0))), posts(place, "abao", path, entry(2, second))
        )
        item = place.who("head").get(f"/meetings/{meeting}")["items"][0]
        if second[0] == 20:
            assert told == {200: 2}
            assert item["count"] == {"for": 20, "against": 3, "abstain": 1, "invalid": 0}
        else:
            assert told == {200: 1, 409: 1}  # whoever came second is told, and both count again
            assert (item["round"], item["entered"], item["count"]) == (2, [], None)


def test_one_teller_at_two_screens_enters_once(database: str, tmp_path: Path) -> None:
    with hall(tmp_path, villagers(30), database=database) as place:
        meeting = place.call_meeting()
        place.open(meeting, 24)
        path = f"/meetings/{meeting}/ballots"
        told = at_once(*(posts(place, "amei", path, entry(1, (20, 3, 1, 0))) for _ in range(4)))
        assert told == {200: 1, 409: 3}
        assert place.who("head").get(f"/meetings/{meeting}")["items"][0]["entered"] == [1]


def test_two_people_close_it_once(database: str, tmp_path: Path) -> None:
    with hall(tmp_path, villagers(30), database=database) as place:
        meeting = place.call_meeting()
        place.open(meeting, 24)
        place.count(meeting, (20, 3, 1, 0))
        path = f"/meetings/{meeting}/close"
        told = at_once(posts(place, "head", path), posts(place, "deputy", path))
        assert told == {200: 1, 409: 1}
        history = place.who("head").get(f"/cases/{place.case}/history")["items"]
        assert [e["kind"] for e in history].count("meeting.closed") == 1


def test_closing_and_adjourning_at_once_does_one_of_them(database: str, tmp_path: Path) -> None:
    with hall(tmp_path, villagers(30), database=database) as place:
        meeting = place.call_meeting()
        place.open(meeting, 24)
        place.count(meeting, (20, 3, 1, 0))
        told = at_once(
            posts(place, "head", f"/meetings/{meeting}/close"),
            posts(place, "deputy", f"/meetings/{meeting}/adjourn", {"reason": "天色已晚"}),
            posts(place, "amei", f"/meetings/{meeting}/attendance", {"present": []}),
        )
        assert told == {200: 1, 409: 2}
        shown = place.who("head").get(f"/meetings/{meeting}")
        assert (shown["state"] == "closed") is bool(shown["result"]["items"])
