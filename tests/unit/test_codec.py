"""The stored state: small, versioned, refused clearly when it is not ours, and never growing."""

import orjson
import pytest
from building import Process, do, fork, line, open_at, ref, reload, world

from workflows.codec import StateUnreadable
from workflows.engine import Instance


def test_an_unknown_format_is_refused() -> None:
    definition = line("a").compile()
    blob = orjson.loads(Instance.start(definition, {}, world()).save())
    for wrong in (2, 0, None, "1"):
        with pytest.raises(StateUnreadable, match="another version"):
            Instance.load(definition, orjson.dumps({**blob, "f": wrong}), world())


@pytest.mark.parametrize("blob", [b"", b"{", b"[]", b"null", b"\xff\x00", b'{"typename": "x"}', b"{}"])
def test_what_is_no_state_is_refused(blob: bytes) -> None:
    with pytest.raises(StateUnreadable):
        Instance.load(line("a").compile(), blob, world())


@pytest.mark.parametrize(
    "damage",
    [
        {"w": []},
        {"w": [{}]},
        {"w": [{"r": []}]},
        {"w": [{"r": [[1]]}]},
        {"w": [{"r": [[1, 0, "nowhere", 16]]}]},
        {"w": [{"r": [[1, 7, "a", 16]]}]},
        {"w": 3},
        {"n": "x"},
        {"w": [{"c": 99, "r": []}]},
    ],
)
def test_a_damaged_state_is_refused(damage: dict[str, object]) -> None:
    definition = line("a").compile()
    blob = orjson.loads(Instance.start(definition, {}, world()).save())
    with pytest.raises(StateUnreadable):
        Instance.load(definition, orjson.dumps({**blob, **damage}), world())


def test_a_state_of_another_diagram_is_refused() -> None:
    blob = line("a").begin().save()
    with pytest.raises(StateUnreadable, match="not in the diagram"):
        Instance.load(line("b").compile(), blob, world())


def test_saving_twice_gives_the_same_bytes_and_loading_changes_nothing() -> None:
    definition = fork("a", "b", before="x = {'k': [1]}").compile()
    case = Instance.start(definition, {"text": "村民会议", "f": 0.1, "none": None}, world())
    do(case, "a", {"x": {"k": [1, 2]}})
    blob = case.save()
    assert case.save() == blob
    assert reload(case, definition).save() == blob


def test_the_state_does_not_grow_with_the_rounds_of_a_loop_beside_an_open_branch() -> None:
    process = Process().start().parallel("split", "join").user("long").xor("merge", "again").user("work")
    process.script("count", "i = i + 1").end().chain("start", "split", "long", "join", "end")
    process.chain("split", "merge", "work", "count", "again").flow("again", "merge", "i < 100")
    definition = process.flow("again", "join", default=True).compile()
    case = Instance.start(definition, {"i": 0}, world())
    sizes = []
    for _ in range(100):
        do(case, "work")
        case = reload(case, definition)
        sizes.append(len(case.save()))
    assert max(sizes[5:]) - min(sizes[5:]) < 20
    do(case, "long", {"mine": 1})
    assert case.completed
    assert case.data == {"i": 100, "mine": 1}


def test_refs_are_short_and_never_used_again() -> None:
    definition = line("a", "b", "c").compile()
    case = Instance.start(definition, {}, world())
    seen = set()
    for element in "abc":
        case = reload(case, definition)
        name = ref(case, element)
        assert name not in seen
        assert len(name) < 6
        seen.add(name)
        do(case, element)
    assert open_at(case) == []


def test_a_key_taken_away_in_one_branch_stays_away() -> None:
    # A sub-process cannot take a name away, but a loaded row must be able to say so.
    definition = line("a").compile()
    case = Instance.start(definition, {"x": 1}, world())
    blob = orjson.loads(case.save())
    blob["w"][0]["r"][-1] = [*blob["w"][0]["r"][-1], 0, 0, ["x"]][:7]
    row = blob["w"][0]["r"][-1]
    row[4:] = [{"person": {}}, 0, ["x"]]
    assert Instance.load(definition, orjson.dumps(blob), world()).task_data(f"t{row[0]}") == {}
