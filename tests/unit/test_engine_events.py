"""Timers, messages, signals, errors, escalations, conditions: what a case waits for and throws."""

from datetime import UTC, datetime, timedelta

import pytest
from building import NOON, Process, do, each, line, open_at, ref, reload, world

from workflows.engine import Instance
from workflows.errors import NotWaitingHere


def around(event: str, *, interrupting: bool = True, **what: str) -> Process:
    """start → main → end, with a boundary event on main that leads to a task `side`."""
    process = Process().start().user("main").boundary(event, on="main", interrupting=interrupting, **what)
    process.user("side").end().end("end2")
    return process.chain("start", "main", "end").chain(event, "side", "end2")


# Timers


@pytest.mark.parametrize(
    ("what", "due"),
    [
        ({"duration": "PT1H"}, NOON + timedelta(hours=1)),
        ({"duration": '"P10D"'}, NOON + timedelta(days=10)),
        ({"duration": "wait"}, NOON + timedelta(days=2)),
        ({"duration": "PT0.25S"}, NOON + timedelta(milliseconds=250)),
        ({"date": "2031-01-01T00:00:00+08:00"}, datetime(2030, 12, 31, 16, tzinfo=UTC)),
    ],
)
def test_a_timer_is_an_instant_of_our_clock_and_fires_only_when_told(
    what: dict[str, str], due: datetime
) -> None:
    definition = around("t", **what).compile()
    case = Instance.start(definition, {"wait": "P2D"}, world())
    [wait] = case.waits()
    assert (wait.kind, wait.due_at) == ("timer", due)
    case = reload(case, definition, now=due + timedelta(days=900))
    assert open_at(case) == ["main"]
    case.fire(wait.ref)
    assert open_at(case) == ["side"]
    assert case.changes().closed == {ref_of_main(case): "cancelled"}


def ref_of_main(case: Instance) -> str:
    [step] = [step for step in case.changes().steps if (step.element, step.event) == ("main", "cancelled")]
    return step.ref


def test_a_timer_that_is_due_when_reached_fires_at_once() -> None:
    process = Process().start().catch("t", duration="PT0S").user("u").end().chain("start", "t", "u", "end")
    case = process.begin()
    assert open_at(case) == ["u"]
    assert case.waits() == []


def test_an_activity_whose_time_is_over_before_it_begins_is_interrupted() -> None:
    case = around("t", date="2020-01-01T00:00:00Z").begin()
    assert open_at(case) == ["side"]


def test_a_cycle_fires_once_per_due_instant_with_a_new_ref_each() -> None:
    definition = around("remind", interrupting=False, cycle="R3/PT1H").compile()
    case = Instance.start(definition, {}, world())
    seen = []
    for round_ in range(1, 4):
        [wait] = case.waits()
        assert wait.due_at == NOON + timedelta(hours=round_)
        seen.append(wait.ref)
        case.fire(wait.ref)
        with pytest.raises(NotWaitingHere):
            case.fire(wait.ref)
        case = reload(case, definition, now=NOON + timedelta(days=3000))
    assert len(set(seen)) == 3
    assert case.waits() == []
    assert open_at(case) == ["main", "side", "side", "side"]


def test_the_boundary_events_end_with_their_activity() -> None:
    case = around("remind", interrupting=False, cycle="R/PT1H").begin()
    case.fire(ref(case, "remind"))
    do(case, "main")
    assert case.waits() == []
    do(case, "side")
    assert case.completed


def test_an_event_gateway_with_two_timers_gives_each_its_own_instant() -> None:
    process = Process().start().race("g").catch("short", duration="PT1H").catch("long", duration="P9D")
    process.user("a").user("b").end().chain("start", "g", "short", "a", "end").chain("g", "long", "b", "end")
    definition = process.compile()
    case = Instance.start(definition, {}, world())
    assert [wait.due_at for wait in case.waits()] == [NOON + timedelta(hours=1), NOON + timedelta(days=9)]
    case = reload(case, definition)
    case.fire(ref(case, "long"))
    assert open_at(case) == ["b"]
    assert case.waits() == []


def test_a_timer_without_a_sense_is_an_incident_on_its_shape_and_the_rest_goes_on() -> None:
    process = Process().start().parallel("split").user("u").catch("t", duration="term").end().end("end2")
    definition = process.chain("start", "split", "u", "end").chain("split", "t", "end2").compile()
    case = Instance.start(definition, {"term": "soon"}, world())
    [incident] = case.incidents()
    assert (incident.element, incident.code) == ("t", "engine.timer")
    assert open_at(case) == ["u"]
    do(case, "u")
    assert not case.completed
    case = reload(case, definition)
    case.retry(incident.ref)
    assert [each.ref for each in case.incidents()] == [incident.ref]


def test_the_first_of_an_event_gateway_that_is_due_at_once_wins_alone() -> None:
    process = Process().start().race("g").catch("now", duration="PT0S").catch("long", duration="P9D")
    process.user("a").user("b").end().chain("start", "g", "now", "a", "end").chain("g", "long", "b", "end")
    case = process.begin()
    assert open_at(case) == ["a"]
    assert case.waits() == []


def test_of_two_events_due_at_once_on_one_activity_only_one_interrupts() -> None:
    process = (
        around("t", duration="PT0S").boundary("t2", on="main", duration="PT0S").user("side2").end("end3")
    )
    case = process.chain("t2", "side2", "end3").begin()
    assert open_at(case) == ["side"]
    assert case.waits() == []


def test_a_cycle_that_would_leave_the_calendar_ends_instead() -> None:
    case = around("t", interrupting=False, cycle="R/P5000Y").begin()
    case.fire(ref(case, "t"))
    assert case.waits() == []
    assert case.incidents() == []
    assert open_at(case) == ["main", "side"]


# Messages and signals


def test_a_message_waits_with_name_and_key_and_its_data_arrives() -> None:
    process = Process().start().catch("m", message="reply", correlation="case.no").user("u").end()
    definition = process.chain("start", "m", "u", "end").compile()
    case = Instance.start(definition, {"case": {"no": 7}}, world())
    [wait] = case.waits()
    assert (wait.kind, wait.name, wait.key) == ("message", "reply", "7")
    case = reload(case, definition)
    case.deliver(wait.ref, {"text": "好"})
    assert case.data["text"] == "好"
    assert open_at(case) == ["u"]


def test_trap_a_non_interrupting_message_fires_every_time() -> None:
    definition = around("m", interrupting=False, message="objection").compile()
    case = Instance.start(definition, {}, world())
    for _ in range(3):
        case.deliver(ref(case, "m"), {})
        case = reload(case, definition)
    assert open_at(case) == ["main", "side", "side", "side"]
    assert [wait.element for wait in case.waits()] == ["m"]


def test_a_thrown_message_says_its_name_key_and_data() -> None:
    process = Process().start().throw("m", message="tell", correlation="no", inputs={"what": "no + 1"}).end()
    case = process.chain("start", "m", "end").begin({"no": 4})
    [thrown] = case.changes().thrown
    assert (thrown.kind, thrown.name, thrown.key, thrown.data) == ("message", "tell", "4", {"what": 5})


def test_a_signal_reaches_the_waits_of_its_own_case_and_the_outside() -> None:
    process = Process().start().parallel("split").user("u").throw("shout", signal="all")
    process.catch("hear", signal="all").user("heard").end().end("end2").chain(
        "start", "split", "u", "shout", "end"
    )
    case = process.chain("split", "hear", "heard", "end2").begin()
    assert [(wait.kind, wait.name) for wait in case.waits()] == [("signal", "all")]
    do(case, "u")
    assert open_at(case) == ["heard"]
    assert [(thrown.kind, thrown.name) for thrown in case.changes().thrown] == [("signal", "all")]


def test_a_case_starts_at_the_message_start_event_that_is_named() -> None:
    process = Process().start().start("by_mail", message="mail").user("desk").user("letter").end()
    definition = process.chain("start", "desk", "end").chain("by_mail", "letter", "end").compile()
    assert open_at(Instance.start(definition, {}, world())) == ["desk"]
    case = Instance.start(definition, {"from": "x"}, world(), start="by_mail")
    assert open_at(case) == ["letter"]
    assert open_at(reload(case, definition)) == ["letter"]
    with pytest.raises(ValueError, match="no start event"):
        Instance.start(definition, {}, world(), start="desk")


def test_a_case_with_two_starts_and_nothing_to_do_ends_at_once() -> None:
    process = Process().start().start("by_mail", message="mail").end().end("end2")
    definition = process.chain("start", "end").chain("by_mail", "end2").compile()
    for start, outcome in (("", "end"), ("by_mail", "end2")):
        case = Instance.start(definition, {"x": 1}, world(), start=start)
        assert case.completed
        assert case.changes().outcome == outcome
        assert case.data == {"x": 1}


# Errors, escalations, termination


def inside(**thrown: str) -> Process:
    return Process().start("is").user("iu").end("ie", **thrown).chain("is", "iu", "ie")


def test_an_error_goes_to_the_boundary_of_its_sub_process() -> None:
    process = Process().start().sub("sp", inside(error="bad")).boundary("e", on="sp", error="bad")
    process.user("mend").end().end("end2").chain("start", "sp", "end").chain("e", "mend", "end2")
    definition = process.compile()
    case = Instance.start(definition, {}, world())
    do(case, "iu", {"answer": 1})
    case = reload(case, definition)
    assert open_at(case) == ["mend"]
    assert case.data == {"answer": 1}
    do(case, "mend")
    assert case.completed


def test_an_uncaught_error_is_an_incident_and_the_flow_does_not_go_on() -> None:
    process = Process().start().sub("sp", inside(error="bad")).user("after").end()
    case = process.chain("start", "sp", "after", "end").begin()
    do(case, "iu")
    assert [(each.element, each.code) for each in case.incidents()] == [("ie", "engine.error_uncaught")]
    assert open_at(case) == []
    assert not case.completed


def test_an_escalation_is_caught_without_stopping_the_sub_process() -> None:
    inner = Process().start("is").throw("up", escalation="slow").user("iu").end("ie")
    process = Process().start().sub("sp", inner.chain("is", "up", "iu", "ie"))
    process.boundary("e", on="sp", interrupting=False, escalation="slow").user("boss").end().end("end2")
    case = process.chain("start", "sp", "end").chain("e", "boss", "end2").begin()
    assert sorted(open_at(case)) == ["boss", "iu"]
    assert case.changes().thrown == ()


def test_an_uncaught_escalation_is_told_outside_and_the_case_goes_on() -> None:
    process = Process().start().throw("up", escalation="slow").user("u").end()
    case = process.chain("start", "up", "u", "end").begin()
    assert [(thrown.kind, thrown.name) for thrown in case.changes().thrown] == [("escalation", "slow")]
    assert open_at(case) == ["u"]


def test_a_terminate_end_ends_everything() -> None:
    process = Process().start().parallel("split").user("u").user("kill").end().end("over", terminate=True)
    process.chain("start", "split", "u", "end").chain("split", "kill", "over")
    case = process.begin()
    do(case, "kill", {"why": "x"})
    assert case.completed
    assert case.changes().outcome == "over"
    assert case.data == {"why": "x"}


def test_a_terminate_end_keeps_what_was_answered_in_the_other_branches() -> None:
    process = (
        Process().start().parallel("split").user("u").user("u2").user("v").user("kill").end().end("end2")
    )
    process.end("over", terminate=True).chain("start", "split", "u", "u2", "end")
    definition = process.chain("split", "v", "end2").chain("split", "kill", "over").compile()
    case = Instance.start(definition, {}, world())
    do(case, "u", {"open": 1})
    do(case, "v", {"ended": 1})
    case = reload(case, definition)
    do(case, "kill", {"kill": 1})
    assert case.completed
    assert case.data == {"open": 1, "ended": 1, "kill": 1}


def _setting_again() -> Process:
    """A task `main` watched by a condition, beside a task `set` that comes again until n is 100."""
    process = (
        Process().start().parallel("split").user("main").xor("merge", "again").user("set").end().end("end2")
    )
    process.boundary("c", on="main", interrupting=False, condition="n > 3").user("alarm").end("end3")
    process.chain("start", "split", "main", "end").chain("split", "merge", "set", "again")
    process.flow("again", "merge", "n < 100").flow("again", "end2", default=True)
    return process.chain("c", "alarm", "end3")


def test_a_condition_that_does_not_interrupt_fires_again_when_it_was_false_between() -> None:
    definition = _setting_again().compile()
    case = Instance.start(definition, {"n": 0}, world())
    for n, alarms in ((4, 1), (5, 1), (1, 1), (9, 2)):
        do(case, "set", {"n": n})
        case = reload(case, definition)
        assert open_at(case).count("alarm") == alarms


def test_a_terminate_end_in_a_sub_process_ends_only_that() -> None:
    inner = Process().start("is").parallel("sp2").user("iu").user("kill").end("ie")
    inner.end("over", terminate=True).chain("is", "sp2", "iu", "ie").chain("sp2", "kill", "over")
    process = Process().start().sub("sp", inner).user("after").end().chain("start", "sp", "after", "end")
    case = process.begin()
    do(case, "kill")
    assert open_at(case) == ["after"]
    assert case.changes().outcome == ""


# Conditions


def test_a_conditional_event_fires_when_another_branch_makes_it_true() -> None:
    definition = _with_two_tasks().compile()
    case = Instance.start(definition, {"go": 0}, world())
    do(case, "u1", {"go": 0})
    assert "then" not in open_at(case)
    case = reload(case, definition)
    do(case, "u2", {"go": 1})
    assert "then" in open_at(case)


def _with_two_tasks() -> Process:
    process = Process().start().parallel("split").user("u1").user("u2").user("u3")
    process.catch("c", condition="go == 1").user("then").end().end("end2")
    return process.chain("start", "split", "u1", "u2", "u3", "end").chain("split", "c", "then", "end2")


def test_a_condition_over_a_name_that_is_not_there_yet_is_not_true_yet() -> None:
    process = Process().start().user("u").boundary("c", on="u", condition="missing > 3").user("x").end()
    case = process.end("end2").chain("start", "u", "end").chain("c", "x", "end2").begin()
    assert [wait.kind for wait in case.waits()] == ["condition"]
    with pytest.raises(NotWaitingHere):
        case.fire(ref(case, "c"))
    assert open_at(case) == ["u"]


# The end


def test_cancelling_closes_everything_and_keeps_the_data() -> None:
    process = around("t", duration="P1D")
    definition = process.compile()
    case = reload(Instance.start(definition, {"x": 1}, world()), definition)
    main, timer = ref(case, "main"), ref(case, "t")
    case.cancel()
    changes = case.changes()
    assert changes.completed
    assert changes.closed == {main: "cancelled"}
    assert changes.ended == (timer,)
    assert reload(case, definition).data == {"x": 1}
    with pytest.raises(NotWaitingHere):
        case.complete(main, {})


def test_branches_that_end_apart_leave_what_they_changed() -> None:
    process = Process().start().parallel("split").user("a").user("b").end().end("end2")
    definition = process.chain("start", "split", "a", "end").chain("split", "b", "end2").compile()
    case = Instance.start(definition, {"l": []}, world())
    do(case, "b", {"l": ["b"], "b": 1, "x": 1})
    case = reload(case, definition)
    assert case.data == {"l": ["b"], "b": 1, "x": 1}
    do(case, "a", {"l": ["a"], "x": 2})
    assert case.completed
    assert case.data == {"l": ["b", "a"], "b": 1, "x": 2}


def test_what_an_inner_branch_changed_builds_on_the_outer_one_whichever_ends_last() -> None:
    process = Process().start().parallel("outer").user("aside").script("count", "n = 1").parallel("inner")
    process.user("x").user("y").end().end("end2").end("end3").chain("start", "outer", "aside", "end")
    definition = process.chain("outer", "count", "inner", "x", "end2").chain("inner", "y", "end3").compile()
    for order in (["x", "y", "aside"], ["aside", "x", "y"], ["y", "aside", "x"], ["y", "x", "aside"]):
        case = Instance.start(definition, {"log": []}, world())
        for element in order:
            answer = {"n": 2} if element == "x" else {}
            do(case, element, {**answer, "log": [*case.task_data(ref(case, element))["log"], element]})
            case = reload(case, definition)
        assert case.completed
        assert case.data["n"] == 2, order
        assert sorted(case.data["log"]) == sorted(order)


def test_each_visit_of_a_shape_is_told_when_it_begins_and_ends() -> None:
    case = line("a").begin()
    do(case, "a")
    assert [(step.element, step.event) for step in case.changes().steps] == [
        ("start", "entered"),
        ("start", "left"),
        ("a", "entered"),
        ("a", "left"),
        ("end", "entered"),
        ("end", "left"),
    ]


def test_rounds_of_a_multi_instance_name_it_as_their_loop() -> None:
    process = Process().start().user("vote", repeat=each("people")).end().chain("start", "vote", "end")
    case = process.begin({"people": ["p", "q"]})
    steps = [step for step in case.changes().steps if step.element == "vote"]
    whole, *rounds = steps
    assert whole.loop == ""
    assert {step.loop for step in rounds} == {whole.ref}
