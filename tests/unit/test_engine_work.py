"""Scripts, services, effects, decisions, calls, choices, gateways: what a case does by itself."""

from datetime import UTC, datetime
from typing import Any

import pytest
from building import Process, do, each, line, open_at, ref, reload, world

from workflows.engine import Instance
from workflows.errors import NotWaitingHere
from workflows.model import Data, ServiceCall
from workflows.services import SERVICES, service
from workflows.values import DataRefused
from workflows.visits import ServiceFailed


@pytest.fixture(autouse=True)
def _services() -> Any:
    before = dict(SERVICES)

    @service("test.double")
    def double(call: ServiceCall) -> Data:
        return {"twice": call.args["n"] * 2, "at": call.now.isoformat()}

    @service("test.bad")
    def bad(call: ServiceCall) -> Data:
        return {"twice": object()}

    yield
    SERVICES.clear()
    SERVICES.update(before)


def one(shape: str = "s", **own: Any) -> Process:
    process = Process().start().service(shape, **own).user("after").end()
    return process.chain("start", shape, "after", "end")


def test_a_service_computes_in_place_and_its_answer_merges() -> None:
    case = one(name="test.double", inputs={"n": "amount + 1"}).begin({"amount": 2})
    assert case.data["twice"] == 6
    assert case.data["at"].startswith("2026-03-02")


def test_a_service_answers_under_the_name_of_its_result() -> None:
    case = one(name="test.double", result="r").begin({"n": 2})
    assert case.data["r"]["twice"] == 4


def test_a_service_that_cannot_compute_is_an_incident_and_a_retry_goes_on_there() -> None:
    definition = one(name="test.double").compile()
    case = Instance.start(definition, {}, world())
    [incident] = case.incidents()
    assert (incident.element, incident.code) == ("s", "engine.service_failed")

    SERVICES["test.double"] = lambda call: {"fixed": True}
    case = reload(case, definition)
    case.retry(incident.ref)
    assert case.changes().resolved == (incident.ref,)
    assert open_at(case) == ["after"]
    assert case.data == {"fixed": True}


def test_a_service_that_answers_something_unstorable_is_an_incident() -> None:
    case = one(name="test.bad").begin()
    assert [each.code for each in case.incidents()] == ["engine.data"]


def test_an_effect_waits_until_it_is_resolved() -> None:
    process = one(name="notice.post", inputs={"days": "n"}, result="notice")
    definition = process.compile(effects=["notice.post"])
    case = Instance.start(definition, {"n": 10}, world())
    [effect] = case.changes().effects
    assert (effect.name, effect.args, effect.element) == ("notice.post", {"days": 10}, "s")
    [wait] = case.waits()
    assert (wait.kind, wait.name, wait.ref) == ("effect", "notice.post", effect.ref)
    case = reload(case, definition)
    assert case.changes().effects == ()
    case.resolve(effect.ref, {"id": 3})
    assert case.data == {"n": 10, "notice": {"id": 3}}
    assert case.changes().ended == (effect.ref,)
    with pytest.raises(NotWaitingHere):
        case.resolve(effect.ref, {})


def test_an_effect_that_is_refused_is_an_incident_and_a_retry_asks_for_it_again() -> None:
    definition = one(name="notice.post").compile(effects=["notice.post"])
    case = Instance.start(definition, {}, world())
    [effect] = case.effects()
    case.refuse(effect.ref, ServiceFailed(service="notice.post", reason="no board"))
    assert case.effects() == []
    assert case.waits() == []
    [incident] = case.changes().incidents
    assert (incident.ref, incident.code) == (effect.ref, "engine.service_failed")
    with pytest.raises(NotWaitingHere):
        case.resolve(effect.ref, {})
    with pytest.raises(NotWaitingHere):
        case.refuse(effect.ref, ServiceFailed(service="x", reason="y"))

    case = reload(case, definition)
    case.retry(effect.ref)
    assert case.changes().resolved == (effect.ref,)
    assert [each.ref for each in case.changes().effects] == [effect.ref]
    case.resolve(effect.ref, {"done": 1})
    assert open_at(case) == ["after"]


def test_an_error_boundary_event_takes_over_an_effect_or_service_that_fails() -> None:
    for name in ("notice.post", "test.double"):
        process = one(name=name).boundary("e", on="s", error="engine.service_failed").user("mend").end("end2")
        definition = process.chain("e", "mend", "end2").compile(effects=["notice.post"])
        case = Instance.start(definition, {}, world())
        for effect in case.effects():
            case.refuse(effect.ref, ServiceFailed(service=name, reason="no board"))
        assert open_at(case) == ["mend"]
        assert case.incidents() == []


def test_an_effect_for_each_of_several_collects_their_answers() -> None:
    process = one(name="ask", inputs={"who": "who"}, repeat=each("people", into="replies"))
    definition = process.compile(effects=["ask"])
    case = Instance.start(definition, {"people": ["p", "q"]}, world())
    first, second = case.changes().effects
    assert [first.args, second.args] == [{"who": "p"}, {"who": "q"}]
    case.resolve(second.ref, {"r": 2})
    case = reload(case, definition)
    case.resolve(first.ref, {"r": 1})
    assert case.data["replies"] == [{"r": 1}, {"r": 2}]


def test_a_script_that_fails_is_an_incident_beside_which_the_rest_goes_on() -> None:
    process = Process().start().parallel("split").script("s", "x = missing + 1").user("u").end().end("end2")
    case = process.chain("start", "split", "s", "end").chain("split", "u", "end2").begin()
    [incident] = case.incidents()
    assert (incident.element, incident.code) == ("s", "engine.expression")
    assert open_at(case) == ["u"]
    assert [step.event for step in case.changes().steps if step.element == "s"] == ["entered", "failed"]


def test_python_in_a_script_or_condition_never_runs() -> None:
    from workflows.errors import Unpublishable

    for text in ("x = __import__('os')", "x = ().__class__", "import os"):
        with pytest.raises(Unpublishable):
            Process().start().script("s", text).end().chain("start", "s", "end").compile()


# Gateways


def decide() -> Process:
    process = Process().start().user("ask").xor("x").user("yes").user("no").end()
    process.chain("start", "ask", "x").chain("yes", "end").chain("no", "end")
    return process.flow("x", "yes", "n > 1").flow("x", "no", "n < 0")


def test_a_gateway_without_a_true_condition_is_an_incident() -> None:
    case = decide().begin()
    do(case, "ask", {"n": 0})
    [incident] = case.incidents()
    assert (incident.element, incident.code) == ("x", "engine.no_way_out")


def test_a_condition_that_fails_is_an_incident_on_its_gateway() -> None:
    case = decide().begin()
    do(case, "ask", {"n": {}})
    [incident] = case.incidents()
    assert (incident.element, incident.code) == ("x", "engine.expression")


def three() -> Process:
    process = Process().start().inclusive("split", "join")
    for name in "abc":
        process.user(name)
        process.flow("split", name, f"'{name}' in go")
        process.chain(name, "join")
    return process.user("after").end().chain("start", "split").chain("join", "after", "end")


@pytest.mark.parametrize("go", ["a", "bc", "abc", "ac"])
def test_an_inclusive_join_waits_for_the_branches_that_were_taken(go: str) -> None:
    definition = three().compile()
    case = Instance.start(definition, {"go": list(go)}, world())
    for name in reversed(go):
        assert "after" not in open_at(case)
        case = reload(case, definition)
        do(case, name, {name: 1})
    assert open_at(case) == ["after"]
    assert dict.fromkeys(go, 1) == {k: v for k, v in case.data.items() if k != "go"}


def test_an_inclusive_join_goes_on_when_the_other_branch_ends_elsewhere() -> None:
    process = Process().start().inclusive("split", "join").user("a").user("b").xor("x").user("after").end()
    process.end("end2").chain("start", "split").flow("split", "a", "true").flow("split", "b", "true")
    process.chain("a", "join", "after", "end").chain("b", "x").flow("x", "join", "stay")
    definition = process.flow("x", "end2", default=True).compile()
    case = Instance.start(definition, {"stay": False}, world())
    do(case, "a")
    assert open_at(case) == ["b"]
    do(case, "b")
    assert open_at(case) == ["after"]


# People's tasks


def test_a_task_knows_by_when_and_for_whom() -> None:
    process = Process().start().user("u", due="hours(2)", assignee="member.username", group="会计").end()
    case = process.chain("start", "u", "end").begin({"member": {"username": "li"}})
    [task] = case.open_tasks()
    assert task.due_at == datetime(2026, 3, 2, 6, tzinfo=UTC)
    assert (task.assignee, task.group) == ("li", "会计")


@pytest.mark.parametrize(
    ("due", "at"),
    [
        ("2026-03-05T08:00:00Z", datetime(2026, 3, 5, 8, tzinfo=UTC)),
        ("'2026-03-05T08:00:00+08:00'", datetime(2026, 3, 5, tzinfo=UTC)),
        ("PT2H", datetime(2026, 3, 2, 6, tzinfo=UTC)),
        ("${'P1D'}", datetime(2026, 3, 3, 4, tzinfo=UTC)),
    ],
)
def test_a_due_may_be_a_date_or_a_length_of_time_as_it_is_written(due: str, at: datetime) -> None:
    case = Process().start().user("u", due=due).end().chain("start", "u", "end").begin()
    assert case.incidents() == []
    assert [task.due_at for task in case.open_tasks()] == [at]


def test_an_assignee_that_is_no_data_is_a_username() -> None:
    process = Process().start().user("u", assignee="zhang").user("v", assignee="zhang.san").end()
    case = process.chain("start", "u", "v", "end").begin()
    assert [task.assignee for task in case.open_tasks()] == ["zhang"]
    do(case, "u")
    assert [task.assignee for task in case.open_tasks()] == ["zhang.san"]


def test_a_due_that_is_no_instant_is_an_incident_until_the_data_is_right() -> None:
    process = Process().start().user("u", due="term").end().chain("start", "u", "end")
    definition = process.compile()
    case = Instance.start(definition, {"term": "soon"}, world())
    assert open_at(case) == []
    [incident] = case.incidents()
    assert incident.element == "u"


@pytest.mark.parametrize(
    "answer",
    [
        {"x": float("nan")},
        {"x": float("inf")},
        {"x": 2**70},
        {"x": {1: 2}},
        {"x": object()},
        {"x": datetime(2026, 1, 1, tzinfo=UTC)},
        {"x": "\ud800"},
        {"\ud800": 1},
        {"x": {1, 2}},
        {3: 4},
        ["x"],
    ],
)
def test_an_answer_that_could_not_be_stored_is_refused_and_changes_nothing(answer: Any) -> None:
    definition = line("a", "b").compile()
    case = Instance.start(definition, {}, world())
    with pytest.raises(DataRefused):
        case.complete(ref(case, "a"), answer)
    assert open_at(case) == ["a"]
    assert open_at(reload(case, definition)) == ["a"]


def test_an_answer_nested_without_end_is_refused() -> None:
    deep: Any = {}
    for _ in range(5000):
        deep = {"x": deep}
    case = line("a").begin()
    with pytest.raises(DataRefused):
        case.complete(ref(case, "a"), deep)


# More than once


def many(**more: str) -> Process:
    process = Process().start().user("vote", repeat=each("people", into="votes", answer="v", **more))
    return process.user("after").end().chain("start", "vote", "after", "end")


def test_answers_reach_only_the_output_in_the_order_of_the_input() -> None:
    case = many().begin({"people": ["p", "q"]})
    do(case, "vote", {"v": 2, "secret": 1}, item="q")
    do(case, "vote", {"v": 1}, item="p")
    assert case.data == {"people": ["p", "q"], "votes": [1, 2]}


@pytest.mark.parametrize("name", ["nr_of_completed_instances", "nrOfCompletedInstances", "len(votes)"])
def test_a_completion_condition_sees_what_is_collected(name: str) -> None:
    definition = many(until=f"{name} >= 2").compile()
    case = Instance.start(definition, {"people": ["p", "q", "r"]}, world())
    do(case, "vote", {"v": 1})
    assert open_at(case) == ["vote", "vote"]
    case = reload(case, definition)
    do(case, "vote", {"v": 2})
    assert open_at(case) == ["after"]


def test_one_after_the_other_in_order() -> None:
    definition = many(sequential="true", until="v == 'no'").compile()
    case = Instance.start(definition, {"people": ["p", "q", "r"]}, world())
    assert [task.item for task in case.open_tasks()] == ["p"]
    do(case, "vote", {"v": "yes"})
    case = reload(case, definition)
    assert [task.item for task in case.open_tasks()] == ["q"]
    do(case, "vote", {"v": "no"})
    assert open_at(case) == ["after"]
    assert case.data["votes"] == ["yes", "no"]


def test_over_an_object_the_output_has_its_keys() -> None:
    case = many().begin({"people": {"p": 1, "q": 2}})
    do(case, "vote", {"v": "b"}, item=2)
    do(case, "vote", {"v": "a"}, item=1)
    assert case.data["votes"] == {"p": "a", "q": "b"}


def test_over_nothing_it_is_done_at_once() -> None:
    case = many().begin({"people": []})
    assert open_at(case) == ["after"]
    assert case.data["votes"] == []


@pytest.mark.parametrize("people", [None, 3, "abc", True])
def test_over_no_list_is_an_incident(people: Any) -> None:
    case = many().begin({"people": people})
    assert [(each.element, each.code) for each in case.incidents()] == [("vote", "engine.collection")]


def test_over_too_many_is_an_incident() -> None:
    case = many().begin({"people": list(range(6000))})
    assert [each.code for each in case.incidents()] == ["engine.too_many_rounds"]


def test_a_completion_condition_that_fails_is_an_incident_of_the_whole() -> None:
    definition = many(until="v + 1 > 3").compile()
    case = Instance.start(definition, {"people": ["p", "q"]}, world())
    do(case, "vote", {"v": "text"})
    [incident] = case.incidents()
    assert incident.element == "vote"
    case = reload(case, definition)
    do(case, "vote", {"v": 3})
    assert open_at(case) == ["after"]


def test_a_standard_loop_runs_while_its_condition_holds() -> None:
    repeat = (
        '<bpmn:standardLoopCharacteristics loopMaximum="5">'
        "<bpmn:loopCondition>n &lt; 3</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
    )
    process = Process().start().user("u", repeat=repeat).user("after").end()
    definition = process.chain("start", "u", "after", "end").compile()
    case = Instance.start(definition, {"n": 0}, world())
    for n in (1, 2, 3):
        assert open_at(case) == ["u"]
        case = reload(case, definition)
        do(case, "u", {"n": n})
    assert open_at(case) == ["after"]
    assert case.data == {"n": 3}


# Decisions


DMN = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:x">
<decision id="level" name="level"><decisionTable id="t" hitPolicy="FIRST">
<input id="i"><inputExpression id="ie" typeRef="number"><text>amount</text></inputExpression></input>
<output id="o" name="who" typeRef="string"/>
<rule id="r1"><inputEntry id="a"><text>&gt; 100</text></inputEntry>
<outputEntry id="b"><text>"county"</text></outputEntry></rule>
<rule id="r2"><inputEntry id="c"><text>-</text></inputEntry>
<outputEntry id="e"><text>"village"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


@pytest.mark.parametrize(("amount", "who"), [(101, "county"), (100, "village")])
def test_a_business_rule_task_decides_by_its_table(amount: int, who: str) -> None:
    process = one(tag="businessRuleTask", decision="level.dmn")
    definition = process.compile(files={"level.dmn": DMN})
    case = Instance.start(definition, {"amount": amount}, world())
    assert case.incidents() == []
    assert case.data["who"] == who


def test_a_named_result_is_the_answers_by_output_or_the_value_itself() -> None:
    case = Instance.start(
        one(tag="businessRuleTask", decision="level.dmn", result="level").compile(files={"level.dmn": DMN}),
        {"amount": 5},
        world(),
    )
    assert case.data["level"] == {"who": "village"}
    case = Instance.start(
        one(tag="businessRuleTask", decision="level.dmn", result="level", entry="true").compile(
            files={"level.dmn": DMN}
        ),
        {"amount": 5},
        world(),
    )
    assert case.data["level"] == "village"


def test_a_table_without_the_data_it_needs_is_an_incident() -> None:
    process = one(tag="businessRuleTask", decision="level.dmn")
    case = Instance.start(process.compile(files={"level.dmn": DMN}), {}, world())
    assert [each.element for each in case.incidents()] == ["s"]


# Calls


def child() -> Process:
    process = Process("child").start("cs").user("cu").script("c", "sum = a + get(answer, 'n', 0)").end("ce")
    return process.chain("cs", "cu", "c", "ce")


def caller(**own: Any) -> Process:
    process = Process().start().call("ca", "child", **own).user("after").end()
    return process.chain("start", "ca", "after", "end")


def test_a_called_process_sees_its_inputs_and_gives_back_its_outputs() -> None:
    process = caller(inputs={"a": "x + 1"}, outputs={"total": "sum"})
    definition = process.compile(callee=lambda key: child().files())
    case = Instance.start(definition, {"x": 1}, world())
    [task] = case.open_tasks()
    assert (task.element, task.process) == ("cu", "child")
    assert case.task_data(task.ref) == {"a": 2}
    case = reload(case, definition)
    do(case, "cu", {"answer": {"n": 5}})
    assert open_at(case) == ["after"]
    assert case.data == {"x": 1, "total": 7}


def test_a_called_process_without_declared_data_sees_and_gives_all() -> None:
    definition = caller().compile(callee=lambda key: child().files())
    case = Instance.start(definition, {"a": 1}, world())
    do(case, "cu", {"answer": {}})
    assert case.data == {"a": 1, "answer": {}, "sum": 1}


def test_an_output_that_fails_is_an_incident_of_the_call() -> None:
    process = caller(inputs={"a": "1"}, outputs={"total": "missing + 1"}, result="r")
    definition = process.compile(callee=lambda key: child().files())
    case = Instance.start(definition, {}, world())
    do(case, "cu", {"answer": {}})
    [incident] = case.incidents()
    assert (incident.element, incident.process) == ("ca", "p")
    case = reload(case, definition)
    case.retry(incident.ref)
    assert [each.ref for each in case.incidents()] == [incident.ref]
    case.cancel()
    assert case.completed


def test_a_sub_process_for_each_of_several() -> None:
    inner = Process().start("is").user("iu").end("ie").chain("is", "iu", "ie")
    process = Process().start().sub("sp", inner, repeat=each("people", into="out")).user("after").end()
    definition = process.chain("start", "sp", "after", "end").compile()
    case = Instance.start(definition, {"people": ["p", "q"]}, world())
    first, second = case.open_tasks()
    assert (first.element, first.process) == ("iu", "sp")
    assert [case.task_data(task.ref)["who"] for task in (first, second)] == ["p", "q"]
    case.complete(second.ref, {"x": 2})
    case = reload(case, definition)
    case.complete(first.ref, {"x": 1})
    assert open_at(case) == ["after"]
    assert case.data["out"] == [{"x": 1}, {"x": 2}]


def test_an_interrupted_sub_process_keeps_what_people_answered_in_it() -> None:
    inner = Process().start("is").user("iu").user("iu2").end("ie").chain("is", "iu", "iu2", "ie")
    process = Process().start().sub("sp", inner).boundary("late", on="sp", duration="P1D").user("side").end()
    definition = process.end("end2").chain("start", "sp", "end").chain("late", "side", "end2").compile()
    case = Instance.start(definition, {}, world())
    do(case, "iu", {"x": 1})
    case = reload(case, definition)
    case.fire(ref(case, "late"))
    assert open_at(case) == ["side"]
    assert case.data == {"x": 1}
