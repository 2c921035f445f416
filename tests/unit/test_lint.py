"""What would be misread, stuck or dangerous: refused or told, each on its shape."""

import pytest
from building import Process, each, fork, line

from workflows.errors import Unpublishable
from workflows.lint.complement import are_complementary
from workflows.model import Files
from workflows.parsing import compile_process

TITLE = '{"components": [{"type": "textfield", "key": "title"}]}'


def form(*keys: str) -> str:
    fields = ", ".join(f'{{"type": "textfield", "key": "{key}"}}' for key in keys)
    return f'{{"components": [{fields}]}}'


def found(process: Process | Files, **files: str) -> list[tuple[str, str]]:
    """Code and shape of each problem."""
    folder = process.files() if isinstance(process, Process) else process
    with pytest.raises(Unpublishable) as refused:
        compile_process({**folder, **{name.replace("_", ".", 1): text for name, text in files.items()}})
    assert all(problem.hint for problem in refused.value.problems)
    return [(problem.code, problem.element) for problem in refused.value.problems]


def told(process: Process | Files, code: str, **files: str) -> list[str]:
    """The shapes on which a warning with this code is."""
    folder = process.files() if isinstance(process, Process) else process
    definition = compile_process({**folder, **{name.replace("_", ".", 1): t for name, t in files.items()}})
    return [warning.element for warning in definition.warnings if warning.code == code]


# Structure -------------------------------------------------------------------------------------


def test_a_shape_that_nothing_reaches_is_refused() -> None:
    assert found(line("ask").user("lost").flow("lost", "end")) == [("flow.unreachable", "lost")]


def test_a_loop_without_a_way_out_is_refused() -> None:
    process = Process().start().user("a").user("b").chain("start", "a", "b", "a")

    assert ("flow.never_ends", "a") in found(process)


def test_flows_into_a_start_and_out_of_an_end_are_refused() -> None:
    assert ("flow.into_start", "start") in found(line("ask").flow("ask", "start"))
    assert ("flow.after_end", "end") in found(line("ask").user("late").chain("end", "late"))


@pytest.mark.parametrize("host", ["nobody", "gate", "start"])
def test_a_boundary_event_on_what_cannot_wait_is_refused(host: str) -> None:
    process = Process().start().xor("gate").user("ask").user("late").end()
    process.chain("start", "gate", "ask", "end").boundary("b", on=host, duration="P1D").chain(
        "b", "late", "end"
    )

    assert ("flow.boundary_host", "b") in found(process)


def test_a_flow_into_a_boundary_event_is_refused() -> None:
    process = line("ask").user("late").boundary("b", on="ask", duration="P1D")

    assert ("flow.into_boundary", "b") in found(process.chain("b", "late", "end").flow("late", "b"))


def test_a_sub_process_begins_in_one_place_and_at_once() -> None:
    two = Process("i").start("s1").start("s2").user("u").user("w").end("ie")
    two.chain("s1", "u", "ie").chain("s2", "w", "ie")
    told_by = Process("i").start("s1", message="go").user("u").end("ie").chain("s1", "u", "ie")

    assert found(Process().start().sub("part", two).end().chain("start", "part", "end")) == [
        ("parse.several_starts", "s2")
    ]
    assert found(Process().start().sub("part", told_by).end().chain("start", "part", "end")) == [
        ("flow.start_kind", "s1")
    ]


def test_what_follows_an_event_gateway_must_be_an_event() -> None:
    process = Process().start().race("race").user("ask").catch("tick", duration="P1D").end()
    process.chain("start", "race", "ask", "end").chain("race", "tick", "end")

    assert found(process) == [("flow.event_gateway", "ask")]


def test_an_event_gateway_with_two_timers_is_fine() -> None:
    process = Process().start().race("race").catch("soon", duration="P1D").catch("late", duration="P9D").end()

    assert process.chain("start", "race", "soon", "end").chain("race", "late", "end").compile()


def test_a_loop_in_which_nothing_waits_is_told_and_one_with_a_person_not() -> None:
    def loop(waiting: bool) -> Process:
        process = Process().start().xor("back", "again").end()
        (process.user("step") if waiting else process.script("step", "n = 1"))
        process.chain("start", "back", "step", "again").flow("again", "back", "n < 3")
        return process.flow("again", "end", default=True)

    assert told(loop(False), "flow.spin") != []
    assert told(loop(True), "flow.spin") == []


@pytest.mark.parametrize(
    ("one", "other", "warned"),
    [
        ("amount > 3", "amount > 5", True),
        ("amount > 3", "amount <= 3", False),
        ('kind == "a"', 'kind != "a"', False),
        ("${approved}", "${not approved}", False),
        ("urgent == true", "urgent == false", False),
        ("a", "not(b)", True),
    ],
)
def test_a_gateway_without_default_is_told_unless_its_conditions_leave_nothing(
    one: str, other: str, warned: bool
) -> None:
    process = Process().start().xor("g").user("a").user("b").end().chain("start", "g")
    process.flow("g", "a", one).flow("g", "b", other).chain("a", "end").chain("b", "end")

    assert told(process, "flow.no_default") == (["g"] if warned else [])


def test_a_default_that_leaves_another_gateway_is_refused() -> None:
    process = Process().start().xor("g").user("a").user("b").end().chain("start", "g")
    process.flow("g", "a", "x > 1").flow("g", "b", "x < 1").chain("a", "end").chain("b", "end")
    xml = process.xml().replace('id="g"', 'id="g" default="f1_start_g"')

    assert found({"p.bpmn": xml}) == [("flow.default", "g")]


@pytest.mark.parametrize(
    ("one", "other"), [("x > 1", "x >= 1"), ("x > 1", "y <= 1"), ("x", "not y"), ("x == true", "x == true")]
)
def test_conditions_that_are_no_contraries_are_not_taken_for_them(one: str, other: str) -> None:
    assert not are_complementary(one, other)


# Tokens ----------------------------------------------------------------------------------------


def split_and_join(split: str, join: str, **conditions: str) -> Process:
    process = Process().start().add(split, "split").user("a").user("b").add(join, "join").end()
    process.chain("start", "split").chain("join", "end")
    process.flow("split", "a", conditions.get("a")).flow("split", "b", conditions.get("b"))
    return process.chain("a", "join").chain("b", "join")


def test_a_parallel_join_behind_an_exclusive_split_is_refused() -> None:
    process = split_and_join("exclusiveGateway", "parallelGateway", a="x > 1", b="x <= 1")

    assert found(process) == [("flow.join_dead", "join")]


def test_a_matching_split_and_join_is_fine() -> None:
    assert fork("a", "b").compile().warnings == fork("a", "b").compile().warnings
    for code in ("flow.join_waits", "flow.twice"):
        assert told(fork("a", "b", "c"), code) == []


def test_branches_that_are_merged_without_a_join_are_told() -> None:
    process = split_and_join("parallelGateway", "exclusiveGateway").user("after")
    xml = process.xml().replace('sourceRef="join" targetRef="end"', 'sourceRef="join" targetRef="after"')
    xml = xml.replace(
        "</bpmn:process>", '<bpmn:sequenceFlow id="z" sourceRef="after" targetRef="end"/></bpmn:process>'
    )

    assert told({"p.bpmn": xml}, "flow.twice") == ["after"]


def test_a_join_that_a_branch_may_miss_is_told() -> None:
    process = fork("a", "b").xor("skip").user("early").end("away")
    xml = process.xml().replace('sourceRef="a" targetRef="join"', 'sourceRef="a" targetRef="skip"')
    more = Process()
    more.flow("skip", "join", "ok").flow("skip", "early", "not ok").chain("early", "away")
    xml = xml.replace("</bpmn:process>", more.body(prefix="x_") + "</bpmn:process>")

    assert told({"p.bpmn": xml}, "flow.join_waits") == ["join"]


def test_an_inclusive_join_waits_for_nobody_that_is_not_coming() -> None:
    process = split_and_join("inclusiveGateway", "inclusiveGateway", a="x > 1", b="x < 9")

    assert told(process, "flow.join_waits") == []
    assert told(process, "flow.twice") == []


def test_a_loop_around_a_parallel_block_is_fine() -> None:
    process = fork("a", "b").xor("merge", "again")
    xml = process.xml().replace('sourceRef="start" targetRef="prep"', 'sourceRef="start" targetRef="merge"')
    xml = xml.replace('sourceRef="after" targetRef="end"', 'sourceRef="after" targetRef="again"')
    more = Process().flow("merge", "prep").flow("again", "merge", "redo").flow("again", "end", "not redo")
    xml = xml.replace("</bpmn:process>", more.body(prefix="x_") + "</bpmn:process>")

    definition = compile_process({"p.bpmn": xml})

    assert {w.code for w in definition.warnings} <= {"flow.nobody"}


def test_forty_gateways_in_a_row_are_judged_quickly() -> None:
    process = Process().start("s0")
    last = "s0"
    for n in range(40):
        process.parallel(f"p{n}", f"j{n}").user(f"a{n}").xor(f"x{n}").user(f"b{n}").user(f"c{n}").xor(f"m{n}")
        process.chain(last, f"p{n}", f"a{n}", f"j{n}").chain(f"p{n}", f"x{n}")
        process.flow(f"x{n}", f"b{n}", "k > 1").flow(f"x{n}", f"c{n}", "k <= 1")
        process.chain(f"b{n}", f"m{n}", f"j{n}").chain(f"c{n}", f"m{n}")
        last = f"j{n}"
    process.end().flow(last, "end")

    assert told(process, "flow.join_waits") == []


# Events ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "definition", "code"),
    [
        ("intermediateThrowEvent", "compensateEventDefinition", "flow.event_kind"),
        ("intermediateThrowEvent", "errorEventDefinition", "flow.event_kind"),
        ("intermediateThrowEvent", "timerEventDefinition", "flow.event_kind"),
        ("intermediateThrowEvent", "terminateEventDefinition", "flow.event_kind"),
        ("intermediateCatchEvent", "escalationEventDefinition", "flow.event_kind"),
        ("intermediateCatchEvent", "timerEventDefinition", "flow.timer_empty"),
        ("intermediateCatchEvent", "conditionalEventDefinition", "flow.condition_missing"),
        ("endEvent", "compensateEventDefinition", "flow.event_kind"),
        ("endEvent", "cancelEventDefinition", "flow.cancel"),
    ],
)
def test_an_event_that_would_mean_something_else_is_refused(tag: str, definition: str, code: str) -> None:
    process = Process().start().add(tag, "odd", f"<bpmn:{definition}/>").chain("start", "odd")
    if tag != "endEvent":
        process.end().chain("odd", "end")

    assert found(process) == [(code, "odd")]


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        ("", "flow.boundary_empty"),
        ("<bpmn:compensateEventDefinition/>", "flow.event_kind"),
        ("<bpmn:cancelEventDefinition/>", "flow.cancel"),
        ("<bpmn:signalEventDefinition/><bpmn:messageEventDefinition/>", "flow.several_events"),
    ],
)
def test_a_boundary_event_that_cannot_run_is_refused(definition: str, code: str) -> None:
    process = line("ask").user("late").add("boundaryEvent", "b", definition, attachedToRef="ask")

    assert found(process.chain("b", "late", "end")) == [(code, "b")]


def test_an_error_event_that_lets_the_failed_step_go_on_is_refused() -> None:
    process = line("ask").user("late").boundary("b", on="ask", interrupting=False, error="e")

    assert found(process.chain("b", "late", "end")) == [("flow.error_goes_on", "b")]


def test_a_case_is_not_started_by_a_condition() -> None:
    watching = Process().start("watch")._event(condition="x > 1")
    process = Process().add("startEvent", "watch", watching).user("ask").end().chain("watch", "ask", "end")

    assert found(process) == [("flow.event_kind", "watch")]


def test_an_uncaught_error_is_told_and_a_caught_one_not() -> None:
    failing = Process("i").start("is").end("ie", error="broken").chain("is", "ie")
    process = Process().start().sub("part", failing).end().chain("start", "part", "end")
    assert told(process, "flow.error_uncaught") == ["ie"]

    process.boundary("caught", on="part", error="broken").user("mend").chain("caught", "mend", "end")
    assert told(process, "flow.error_uncaught") == []


def test_a_message_without_a_key_is_told() -> None:
    process = Process().start().catch("any", message="go").catch("mine", message="go", correlation="case_no")

    assert told(process.end().chain("start", "any", "mine", "end"), "flow.no_key") == ["any"]


# Expressions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["amount >", "__import__('os')", "x[", "a.b()", "lambda: 1"])
def test_a_condition_that_cannot_be_read_is_refused_on_its_flow(text: str) -> None:
    process = Process().start().xor("g").user("a").end().chain("start", "g", "end").chain("a", "end")
    xml = process.flow("g", "a", text).xml().replace('id="g"', 'id="g" default="f2_g_end"')

    assert found({"p.bpmn": xml}) == [("engine.expression", "f4_g_a")]


def test_scripts_timers_mappings_and_collections_that_cannot_be_read_are_refused() -> None:
    process = Process().start()
    process.script("script", "x = = 1").catch("timer", duration="next week").catch("date", date="2026-13-01")
    process.user("who", assignee="${the chair").user("due", due="soon and").user(
        "vote", repeat=each("people of", into="votes")
    )
    process.user("enough", repeat=each("people", into="answers", until="len(votes >"))
    process.catch("message", message="m", correlation="1 +").end()
    process.chain("start", "script", "timer", "date", "who", "due", "vote", "enough", "message", "end")

    assert found(process) == [
        ("engine.expression", shape)
        for shape in ("script", "timer", "date", "who", "due", "vote", "enough", "message")
    ]


def test_names_that_are_no_data_names_are_refused() -> None:
    process = Process().start().service("s", "notice.post", inputs={"a b": "1"}, result="2x").end()
    with pytest.raises(Unpublishable) as refused:
        process.chain("start", "s", "end").compile(effects=["notice.post"])

    assert {(p.code, p.element) for p in refused.value.problems} == {("flow.data_name", "s")}
    assert len(refused.value.problems) == 2


# References ------------------------------------------------------------------------------------


def test_missing_forms_services_and_decisions_are_refused_with_the_nearest_name() -> None:
    process = Process().start().user("ask", form="propsal.form").service("post", "notice.pots")
    process.add("businessRuleTask", "rule", m_decision="body.dmn").end().chain(
        "start", "ask", "post", "rule", "end"
    )
    with pytest.raises(Unpublishable) as refused:
        process.compile(effects=["notice.post"], files={"proposal.form": TITLE})
    problems = refused.value.problems

    assert [(p.code, p.element) for p in problems] == [
        ("form.missing", "ask"),
        ("flow.service_unknown", "post"),
        ("flow.decision_unknown", "rule"),
    ]
    assert "proposal.form" in str(problems[0])
    assert "notice.post" in str(problems[1])


def test_a_broken_form_is_told_beside_what_is_wrong_in_the_diagram() -> None:
    process = line("ask").user("lost").flow("lost", "end")

    assert {code for code, _ in found(process, ask_form="{")} == {"form.json", "flow.unreachable"}


def test_an_expression_in_a_form_must_be_readable() -> None:
    bad = '{"components": [{"type": "textfield", "key": "a", "conditional": {"hide": "=b >"}}]}'

    assert found(line("ask"), ask_form=bad) == [("form.expression", "a")]


def test_a_task_for_nobody_and_a_lane_without_a_name_are_told() -> None:
    process = Process().start().user("ask").user("own", assignee="starter").end()
    xml = process.chain("start", "ask", "own", "end").xml()
    held = "<bpmn:flowNodeRef>own</bpmn:flowNodeRef>"
    lane = f'<bpmn:laneSet id="s"><bpmn:lane id="l">{held}</bpmn:lane></bpmn:laneSet>'

    assert told({"p.bpmn": xml}, "flow.nobody") == ["ask"]
    assert told(
        {"p.bpmn": xml.replace("<bpmn:startEvent", lane + "<bpmn:startEvent", 1)}, "flow.lane_unnamed"
    ) == ["l"]


# Data ------------------------------------------------------------------------------------------


def test_branches_that_set_the_same_name_are_told() -> None:
    process = fork("a", "b")
    xml = (
        process.xml()
        .replace('id="a"', 'id="a" minyi:form="one.form"')
        .replace('id="b"', 'id="b" minyi:form="two.form"')
    )
    same = {"p.bpmn": xml, "one.form": form("opinion", "x"), "two.form": form("opinion", "y")}
    other = {**same, "two.form": form("second_opinion")}

    assert told(same, "flow.conflict") == ["split"]
    assert told(other, "flow.conflict") == []


def test_branches_whose_scripts_agree_or_only_add_to_a_list_are_fine() -> None:
    def scripts(one: str, other: str) -> Process:
        process = Process().start().parallel("split", "join").script("a", one).script("b", other).end()
        return process.chain("start", "split", "a", "join", "end").chain("split", "b", "join")

    assert told(scripts("x = 1", "x = 1"), "flow.conflict") == []
    assert told(scripts("l = append(l, 1)", "l = append(l, 2)"), "flow.conflict") == []
    assert told(scripts("x = 1", "x = 2"), "flow.conflict") == ["split"]


def test_a_name_that_nobody_sets_is_told_only_when_that_is_sure() -> None:
    def asking(form_name: str) -> Files:
        process = Process().start().user("ask", **({"form": form_name} if form_name else {}))
        process.xor("g").user("then", form="ask.form").end().chain("start", "ask", "g")
        process.flow("g", "then", "titel == 1").flow("g", "end", default=True).chain("then", "end")
        xml = process.xml().replace('name="p"', 'name="p" minyi:startForm="ask.form"')
        return {"p.bpmn": xml, "ask.form": TITLE}

    assert told(asking("ask.form"), "flow.undefined") == ["f3_g_then"]
    assert told(asking(""), "flow.undefined") == []


def test_answers_of_several_people_that_are_kept_nowhere_are_told() -> None:
    process = (
        Process().start().user("vote", repeat=each("people")).user("poll", repeat=each("people", into="v"))
    )

    assert told(process.end().chain("start", "vote", "poll", "end"), "flow.answers_lost") == ["vote"]
