"""The library's faults, each by its name in workflows/patches.py: what it lost, we keep."""

import pytest
from building import Process, do, each, fork, line, open_at, ref, reload, world

from workflows import patches
from workflows.engine import Instance
from workflows.errors import NotWaitingHere


def loop(*, rounds: int, task: str = "user") -> Process:
    """prep → merge → work → count → again?"""
    process = (
        Process().start().script("prep", "i = 0").xor("merge", "again").script("count", "i = i + 1").end()
    )
    if task == "user":
        process.user("work")
    else:
        process.script("work", "seen = i")
    process.chain("start", "prep", "merge", "work", "count", "again")
    return process.flow("again", "merge", f"i < {rounds}").flow("again", "end", default=True)


def test_every_patch_names_its_fault_and_its_end() -> None:
    for patch in patches.PATCHES:
        assert len(patch.cause) > 20
        assert patch.until.startswith("when")
        assert hasattr(patch.cls, patch.name)


def test_trap_false_completion_a_loop_of_5000_rounds_with_a_person_in_it_finishes() -> None:
    definition = loop(rounds=5000).compile()
    case = Instance.start(definition, {}, world())
    for done in range(5000):
        assert not case.completed, done
        do(case, "work")
    assert case.completed
    assert case.data == {"i": 5000}


def test_a_loop_of_5000_rounds_of_scripts_stays_inside_the_step_budget() -> None:
    case = loop(rounds=5000, task="script").begin()
    assert case.completed
    assert case.data == {"i": 5000, "seen": 4999}


def test_a_circle_without_end_becomes_an_incident_that_can_be_retried() -> None:
    process = Process().start().xor("merge", "again").script("work", "n = 1").end()
    process.chain("start", "merge", "work", "again").flow("again", "merge", "n == 1")
    definition = process.flow("again", "end", default=True).compile()
    case = Instance.start(definition, {}, world())
    [incident] = case.incidents()
    assert incident.code == "engine.step_budget"
    case = reload(case, definition)
    case.retry(incident.ref)
    assert [each.code for each in case.changes().incidents] in ([], ["engine.step_budget"])
    assert len(case.save()) < 2000


def test_trap_a_join_keeps_what_the_branch_that_ended_first_changed() -> None:
    case = fork("a", "b", before="x = 1").begin()
    do(case, "a", {"x": 2})
    do(case, "b")
    assert case.data["x"] == 2


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_trap_lists_to_which_both_branches_appended_are_joined_in_drawn_order(order: str) -> None:
    definition = fork("a", "b", before="votes = ['y']").compile()
    case = Instance.start(definition, {}, world())
    for branch in order:
        do(case, branch, {"votes": ["y", branch]})
        case = reload(case, definition)
    assert case.data["votes"] == ["y", "a", "b"]
    assert open_at(case) == ["after"]


def test_objects_merge_by_key_at_a_join() -> None:
    case = fork("a", "b", before="form = {'old': 1}").begin()
    do(case, "a", {"form": {"old": 1, "a": {"deep": 1}}})
    do(case, "b", {"form": {"old": 1, "b": 2}})
    assert case.data["form"] == {"old": 1, "a": {"deep": 1}, "b": 2}


def test_two_branches_that_disagree_are_an_incident_and_not_a_silent_choice() -> None:
    definition = fork("a", "b", before="x = 1").compile()
    case = Instance.start(definition, {}, world())
    do(case, "a", {"x": 2})
    do(case, "b", {"x": 3})
    [incident] = case.changes().incidents
    assert (incident.code, incident.element) == ("engine.join_conflict", "join")
    assert incident.params["names"] == "x"
    case = reload(case, definition)
    case.retry(incident.ref)
    assert [each.code for each in case.incidents()] == ["engine.join_conflict"]
    assert not case.completed


def test_the_same_change_in_two_branches_is_no_conflict() -> None:
    case = fork("a", "b", before="x = 1").begin()
    do(case, "a", {"x": 2, "y": True})
    do(case, "b", {"x": 2, "y": True})
    assert open_at(case) == ["after"]


def test_yes_and_one_are_different_answers_at_a_join() -> None:
    case = fork("a", "b").begin()
    do(case, "a", {"y": True})
    do(case, "b", {"y": 1})
    assert [each.code for each in case.incidents()] == ["engine.join_conflict"]


def test_a_join_inside_a_loop_waits_for_both_branches_in_every_round() -> None:
    process = Process().start().script("prep", "i = 0").xor("merge", "again").parallel("split", "join")
    process.user("a").user("b").script("count", "i = i + 1").end()
    process.chain("start", "prep", "merge", "split", "a", "join", "count", "again").chain(
        "split", "b", "join"
    )
    definition = process.flow("again", "merge", "i < 3").flow("again", "end", default=True).compile()
    case = Instance.start(definition, {}, world())
    for round_ in range(3):
        assert open_at(case) == ["a", "b"]
        do(case, "b", {f"b{round_}": 1})
        assert open_at(case) == ["a"]
        case = reload(case, definition)
        do(case, "a")
    assert case.completed
    assert case.data == {"i": 3, "b0": 1, "b1": 1, "b2": 1}


def test_trap_aliasing_an_answer_changed_afterwards_by_the_caller_changes_nothing() -> None:
    case = fork("a", "b", before="x = {'k': {'n': 0}}").begin()
    answer = {"mine": {"n": [1]}}
    do(case, "a", answer)
    answer["mine"]["n"].append(2)
    assert case.data["mine"] == {"n": [1]}


def test_trap_aliasing_a_nested_change_in_one_branch_is_not_seen_in_the_other() -> None:
    process = Process().start().script("prep", "x = {'k': 0}").parallel("split", "join").user("a").user("b")
    process.script("change", "x.k = 99").user("look").end()
    process.chain("start", "prep", "split", "a", "change", "look", "join", "end").chain("split", "b", "join")
    case = process.begin()
    do(case, "a")
    assert case.task_data(ref(case, "look"))["x"] == {"k": 99}
    assert case.task_data(ref(case, "b"))["x"] == {"k": 0}


def test_trap_an_interrupting_timer_keeps_the_answers_already_given() -> None:
    process = Process().start().user("vote", repeat=each("people", into="votes", answer="v"))
    process.boundary("late", on="vote", duration="P1D").user("count").end().end("end2")
    definition = process.chain("start", "vote", "end").chain("late", "count", "end2").compile()
    case = Instance.start(definition, {"people": ["p", "q", "r"]}, world())
    do(case, "vote", {"v": "yes"}, item="r")
    do(case, "vote", {"v": "no"}, item="p")
    case = reload(case, definition)
    case.fire(ref(case, "late"))
    assert open_at(case) == ["count"]
    assert case.data["votes"] == ["no", "yes"]
    assert set(case.changes().closed.values()) == {"cancelled"}


def test_trap_a_multi_instance_is_done_again_in_a_loop_with_fresh_answers() -> None:
    process = (
        Process().start().xor("merge", "again").user("vote", repeat=each("people", into="votes", answer="v"))
    )
    process.end().chain("start", "merge", "vote", "again").flow("again", "merge", "'n' in votes")
    definition = process.flow("again", "end", default=True).compile()
    case = Instance.start(definition, {"people": [1, 2]}, world())
    do(case, "vote", {"v": "n"})
    do(case, "vote", {"v": "y"})
    assert case.data["votes"] == []
    do(case, "vote", {"v": "y"}, item=2)
    do(case, "vote", {"v": "y"})
    assert case.completed
    assert case.data["votes"] == ["y", "y"]


def test_trap_cardinality_with_an_output_collection_works_twice() -> None:
    process = (
        Process()
        .start()
        .xor("merge", "again")
        .user("vote", repeat=each("", times="n", into="votes", answer="v"))
    )
    process.end().chain("start", "merge", "vote", "again").flow("again", "merge", "votes[0] == 'n'")
    case = process.flow("again", "end", default=True).begin({"n": 2})
    for answer in "nyyy":
        do(case, "vote", {"v": answer})
    assert case.completed
    assert case.data == {"n": 2, "votes": ["y", "y"]}


@pytest.mark.parametrize("poison", ["nonsense", "datetime", "UUID"])
def test_trap_poison_data_comes_back_as_it_was(poison: str) -> None:
    definition = line("a", "b").compile()
    case = Instance.start(definition, {}, world())
    answer = {"x": {"typename": poison, "value": "2026-01-01"}, "len": 3, "__class__": "y"}
    do(case, "a", answer)
    case = reload(case, definition)
    assert case.data == answer
    do(case, "b")
    assert case.completed


def test_trap_no_guards_a_task_is_done_once() -> None:
    case = line("a", "b").begin()
    done = ref(case, "a")
    case.complete(done, {})
    with pytest.raises(NotWaitingHere):
        case.complete(done, {})
    for wrong in ("t1", "t999", "", "t", "x3", "t-1", "t1٣", "t" + "9" * 400, "3"):
        with pytest.raises(NotWaitingHere):
            case.complete(wrong, {})
        with pytest.raises(NotWaitingHere):
            case.fire(wrong)
        with pytest.raises(NotWaitingHere):
            case.deliver(wrong, {})
        with pytest.raises(NotWaitingHere):
            case.resolve(wrong, {})
        with pytest.raises(NotWaitingHere):
            case.retry(wrong)
        with pytest.raises(NotWaitingHere):
            case.task_data(wrong)
    assert open_at(case) == ["b"]


def test_trap_preconnect_a_multi_instance_goes_on_over_a_freshly_parsed_diagram() -> None:
    process = Process().start().user("vote", repeat=each("people", into="votes", answer="v"))
    process.user("after").end().chain("start", "vote", "after", "end")
    case = process.begin({"people": ["p", "q", "r"]})
    do(case, "vote", {"v": 1}, item="q")
    case = reload(case, process.compile())
    do(case, "vote", {"v": 2})
    case = reload(case, process.compile())
    do(case, "vote", {"v": 3})
    assert open_at(case) == ["after"]
    assert case.data["votes"] == [2, 1, 3]


def test_a_deep_chain_of_open_branches_is_no_recursion() -> None:
    process = Process().start().end()
    names = [f"s{n}" for n in range(300)]
    for name in names:
        process.script(name, "n = 1")
    case = process.chain("start", *names, "end").begin()
    assert case.completed
