"""Foreign diagrams: what is made right, and that each change is told on its shape."""

import pytest
from building import NOON, Process, do, each, line, open_at, world

from workflows.engine import Instance
from workflows.errors import Problem, Unpublishable
from workflows.parsing import Definition, compile_process

CAMUNDA = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
ZEEBE = 'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'


def vendor(process: Process, *, name: str = CAMUNDA) -> dict[str, str]:
    return {"process.bpmn": process.xml().replace("xmlns:xsi=", f"{name} xmlns:xsi=", 1)}


def told(definition: Definition, code: str) -> list[str]:
    """The shapes on which a warning with this code is."""
    return [warning.element for warning in definition.warnings if warning.code == code]


def problems(process: Process | dict[str, str]) -> list[Problem]:
    with pytest.raises(Unpublishable) as refused:
        compile_process(process.files() if isinstance(process, Process) else process)
    return refused.value.problems


def begin(definition: Definition, data: dict[str, object] | None = None) -> Instance:
    return Instance.start(definition, data or {}, world(NOON))


def test_a_clean_process_is_left_as_it_is() -> None:
    process = Process().start().user("ask", group="committee").end().chain("start", "ask", "end")

    assert process.compile().warnings == ()


# Tasks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["task", "serviceTask", "businessRuleTask", "sendTask", "receiveTask"])
def test_a_task_of_which_nothing_is_said_is_done_by_a_person(tag: str) -> None:
    definition = Process().start().add(tag, "step").end().chain("start", "step", "end").compile()

    assert told(definition, "parse.by_person") == ["step"]
    assert definition.elements["step"].kind == "userTask"
    assert open_at(begin(definition)) == ["step"]


@pytest.mark.parametrize(
    ("tag", "inner"),
    [("scriptTask", ""), ("scriptTask", "<bpmn:script/>"), ("subProcess", ""), ("callActivity", "")],
)
def test_an_empty_script_sub_process_or_call_is_done_by_a_person(tag: str, inner: str) -> None:
    definition = Process().start().add(tag, "step", inner).end().chain("start", "step", "end").compile()

    assert told(definition, "parse.by_person") == ["step"]
    assert open_at(begin(definition)) == ["step"]


def test_a_transaction_without_cancel_runs_as_a_sub_process() -> None:
    inside = Process("i").start("is").user("u").end("ie").chain("is", "u", "ie")
    process = Process().start().add("transaction", "part", inside.body()).end().chain("start", "part", "end")

    assert told(process.compile(), "parse.transaction") == ["part"]
    assert open_at(begin(process.compile())) == ["u"]


@pytest.mark.parametrize(
    ("tag", "attributes", "code"),
    [
        ("adHocSubProcess", {}, "parse.ad_hoc"),
        ("subProcess", {"triggeredByEvent": "true"}, "parse.event_subprocess"),
        ("userTask", {"isForCompensation": "true"}, "parse.compensation"),
    ],
)
def test_what_the_engine_cannot_do_is_refused(tag: str, attributes: dict[str, str], code: str) -> None:
    inside = Process("i").start("is").user("u").end("ie").chain("is", "u", "ie")
    inner = inside.body() if tag.lower().endswith("subprocess") else ""
    process = (
        Process().start().user("ask").end().chain("start", "ask", "end").add(tag, "odd", inner, **attributes)
    )

    assert (code, "odd") in [(p.code, p.element) for p in problems(process)]


# Starts, ends, splits --------------------------------------------------------------------------


def test_missing_start_and_end_are_drawn_out() -> None:
    process = Process().user("one").user("two").flow("one", "two")

    definition = process.compile()

    assert told(definition, "parse.no_start") == ["p"]
    assert told(definition, "parse.no_end") == ["two"]
    case = begin(definition)
    do(case, "one")
    do(case, "two")
    assert case.completed


def test_several_first_steps_begin_together() -> None:
    definition = Process().user("one").user("two").compile()

    assert sorted(open_at(begin(definition))) == ["one", "two"]
    assert told(definition, "parse.split") != []


def test_several_flows_out_of_a_task_are_all_taken() -> None:
    process = Process().start().user("ask").user("a").user("b").end()
    process.chain("start", "ask", "a", "end").chain("ask", "b", "end")

    definition = process.compile()
    case = begin(definition)
    do(case, "ask")

    assert told(definition, "parse.split") == ["ask"]
    assert sorted(open_at(case)) == ["a", "b"]


@pytest.mark.parametrize(("amount", "open_tasks"), [(1, ["rest"]), (5, ["big"]), (9, ["big", "huge"])])
def test_conditional_flows_out_of_a_task_are_an_inclusive_choice(amount: int, open_tasks: list[str]) -> None:
    process = Process().start().user("ask").user("big").user("huge").user("rest").end()
    process.chain("start", "ask").flow("ask", "big", "amount > 3").flow("ask", "huge", "amount > 7")
    process.flow("ask", "rest", default=True)
    for shape in ("big", "huge", "rest"):
        process.flow(shape, "end")
    case = begin(process.compile())
    do(case, "ask", {"amount": amount})

    assert sorted(open_at(case)) == open_tasks


def test_a_lone_condition_is_told() -> None:
    process = Process().start().user("ask").user("then").end()
    process.chain("start", "ask").flow("ask", "then", "ok").chain("then", "end")

    assert told(process.compile(), "flow.one_condition") == ["ask"]


def test_two_plain_starts_are_a_problem_unless_they_begin_the_same_step() -> None:
    same = Process().start("s1").start("s2").user("ask").end()
    same.chain("s1", "ask", "end").chain("s2", "ask")
    other = Process().start("s1").start("s2").user("a").user("b").end()
    other.chain("s1", "a", "end").chain("s2", "b", "end")

    assert told(same.compile(), "parse.several_starts") == ["s2"]
    assert [(p.code, p.element) for p in problems(other)] == [("parse.several_starts", "s2")]


def test_a_flow_that_joins_nothing_is_a_problem_on_the_flow() -> None:
    process = line("ask").flow("ask", "nowhere")

    found = problems(process)

    assert [p.code for p in found] == ["parse.flow_nowhere"]
    assert found[0].element.endswith("ask_nowhere")


def test_conditions_behind_a_parallel_gateway_are_told() -> None:
    process = Process().start().parallel("g").user("a").user("b").end()
    process.chain("start", "g").flow("g", "a", "x > 1").flow("g", "b").chain("a", "end").chain("b", "end")

    definition = process.compile()

    assert told(definition, "parse.condition_ignored") == ["g"]
    assert sorted(open_at(begin(definition))) == ["a", "b"]


def test_link_events_become_a_flow() -> None:
    link = '<bpmn:linkEventDefinition name="over there"/>'
    process = Process().start().user("a").add("intermediateThrowEvent", "out", link)
    process.add("intermediateCatchEvent", "in", link).user("b").end()
    process.chain("start", "a", "out").chain("in", "b", "end")

    definition = process.compile()
    case = begin(definition)
    do(case, "a")

    assert told(definition, "parse.link") == ["in"]
    assert open_at(case) == ["b"]


def test_a_link_without_partner_is_a_problem() -> None:
    link = '<bpmn:linkEventDefinition name="nowhere"/>'
    process = Process().start().add("intermediateThrowEvent", "out", link).chain("start", "out")

    assert [(p.code, p.element) for p in problems(process)] == [("parse.link", "out")]


# Choices ---------------------------------------------------------------------------------------


def named_exits(*, before: str = "") -> dict[str, str]:
    process = Process().start().user("ask").user("yes").user("no").end().xor("decide")
    process.chain("start", "ask")
    if before:
        process.script("between", before).chain("ask", "between", "decide")
    else:
        process.flow("ask", "decide")
    process.flow("decide", "yes").flow("decide", "no").chain("yes", "end").chain("no", "end")
    xml = process.xml()
    for target, label in (("yes", "同意"), ("no", '不同意 "as it is"')):
        xml = xml.replace(
            f'sourceRef="decide" targetRef="{target}"',
            f'name=\'{label}\' sourceRef="decide" targetRef="{target}"',
        )
    return {"process.bpmn": xml}


@pytest.mark.parametrize(("choice", "after"), [("同意", "yes"), ('不同意 "as it is"', "no")])
def test_named_exits_are_chosen_by_the_person_before(choice: str, after: str) -> None:
    definition = compile_process(named_exits(before="x = 1"))
    case = begin(definition)

    assert case.open_tasks()[0].choices == ("同意", '不同意 "as it is"')
    do(case, "ask", {"choice": choice})

    assert told(definition, "parse.choice") == ["decide"]
    assert open_at(case) == [after]


def test_named_exits_without_a_person_before_get_a_step_that_asks() -> None:
    process = Process().start().xor("decide").user("yes").user("no").end()
    process.chain("start", "decide", "yes", "end").chain("decide", "no", "end")
    xml = process.xml().replace('targetRef="yes"', 'name="yes" targetRef="yes"')
    definition = compile_process({"p.bpmn": xml.replace('targetRef="no"', 'name="no" targetRef="no"')})
    case = begin(definition)

    assert told(definition, "parse.choice_step") == ["decide"]
    assert case.open_tasks()[0].choices == ("yes", "no")
    assert definition.elements["decide_choose"].properties["shape"] == "decide"
    do(case, "decide_choose", {"choice": "no"})
    assert open_at(case) == ["no"]


def test_a_bare_exit_without_a_name_is_a_problem_on_the_flow() -> None:
    process = Process().start().user("ask").xor("g").user("a").user("b").end()
    process.chain("start", "ask", "g").flow("g", "a", "x > 1").flow("g", "b")
    process.chain("a", "end").chain("b", "end")

    found = problems(process)

    assert [p.code for p in found] == ["parse.bare_exit"]
    assert found[0].element.endswith("g_b")


def test_an_exit_called_otherwise_is_the_default() -> None:
    process = Process().start().user("ask").xor("g").user("a").user("b").end()
    process.chain("start", "ask", "g").flow("g", "a", "x > 1").flow("g", "b")
    process.chain("a", "end").chain("b", "end")
    xml = process.xml().replace('sourceRef="g" targetRef="b"', 'name="否则" sourceRef="g" targetRef="b"')
    case = begin(compile_process({"p.bpmn": xml}))
    do(case, "ask", {"x": 0})

    assert open_at(case) == ["b"]


def test_bare_exits_of_an_inclusive_gateway_and_same_names_are_problems() -> None:
    process = Process().start().user("ask").inclusive("g").user("a").user("b").end()
    process.chain("start", "ask", "g", "a", "end").chain("g", "b", "end")
    xml = process.xml()
    for target in ("a", "b"):
        xml = xml.replace(f'targetRef="{target}"', f'name="same" targetRef="{target}"')

    assert [p.code for p in problems({"p.bpmn": xml})] == ["parse.bare_exit"]
    assert [p.code for p in problems({"p.bpmn": xml.replace("inclusiveG", "exclusiveG")})] == [
        "parse.same_choice"
    ]


def test_a_complex_gateway_is_a_problem() -> None:
    process = Process().start().add("complexGateway", "g").end().chain("start", "g", "end")

    assert [(p.code, p.element) for p in problems(process)] == [("parse.complex_gateway", "g")]


# Loops and data --------------------------------------------------------------------------------


def test_a_multi_instance_over_nothing_is_done_once() -> None:
    loop = "<bpmn:multiInstanceLoopCharacteristics/>"
    definition = Process().start().user("vote", repeat=loop).end().chain("start", "vote", "end").compile()

    assert told(definition, "parse.no_collection") == ["vote"]
    assert open_at(begin(definition)) == ["vote"]


def test_a_loop_without_condition_is_done_once_and_one_with_a_wrong_limit_refused() -> None:
    def looping(attributes: str) -> Process:
        loop = f"<bpmn:standardLoopCharacteristics{attributes}/>"
        return Process().start().user("again", repeat=loop).end().chain("start", "again", "end")

    assert told(looping("").compile(), "parse.loop_open") == ["again"]
    assert [p.code for p in problems(looping(' loopMaximum="many"'))] == ["parse.loop_maximum"]


def test_data_objects_are_documentation_and_a_dangling_one_is_a_problem() -> None:
    drawn = '<bpmn:dataObject id="d"/><bpmn:dataObjectReference id="r" name="minutes" dataObjectRef="d"/>'
    used = "<bpmn:dataOutputAssociation><bpmn:targetRef>r</bpmn:targetRef></bpmn:dataOutputAssociation>"
    process = Process().start().user("ask", repeat=used).end().chain("start", "ask", "end")
    before = '<bpmn:startEvent id="start"'
    whole = process.xml().replace(before, drawn + before)

    assert told(compile_process({"p.bpmn": whole}), "parse.data") == ["p"]
    assert [(p.code, p.element) for p in problems(process)] == [("parse.reference", "ask")]


def test_collection_drawn_as_a_data_input_is_found_by_its_name() -> None:
    inner = (
        '<bpmn:ioSpecification id="io"><bpmn:dataInput id="din" name="list"/></bpmn:ioSpecification>'
        '<bpmn:dataInputAssociation id="a"><bpmn:sourceRef>r</bpmn:sourceRef>'
        "<bpmn:targetRef>din</bpmn:targetRef></bpmn:dataInputAssociation>" + each("din")
    )
    xml = Process().start().user("vote", repeat=inner).end().chain("start", "vote", "end").xml()
    drawn = '<bpmn:dataObject id="d"/><bpmn:dataObjectReference id="r" name="voters" dataObjectRef="d"/>'
    xml = xml.replace('<bpmn:startEvent id="start"', drawn + '<bpmn:startEvent id="start"')

    definition = compile_process({"p.bpmn": xml})
    case = begin(definition, {"voters": ["A", "B"]})

    assert [task.item for task in case.open_tasks()] == ["A", "B"]
    assert told(definition, "parse.data") == ["p"]


def test_names_with_spaces_are_joined_and_told() -> None:
    process = Process().start().user("ask").xor("g").user("a").user("b").end()
    process.chain("start", "ask", "g").flow("g", "a", 'Service Level = "Premium Plus" and not Sold Out')
    process.flow("g", "b", default=True).chain("a", "end").chain("b", "end")
    definition = process.compile()
    case = begin(definition)
    do(case, "ask", {"Service_Level": "Premium Plus", "Sold_Out": False})

    assert len(told(definition, "parse.spelling")) == 1
    assert open_at(case) == ["a"]


# Vendors ---------------------------------------------------------------------------------------


def test_camunda_attributes_count_as_ours() -> None:
    process = (
        Process()
        .start()
        .add(
            "userTask",
            "ask",
            **{
                "camunda:candidateGroups": "village_committee",
                "camunda:assignee": "${starter}",
                "camunda:formKey": "camunda-forms:deployment:ask.form",
                "camunda:dueDate": "2026-12-01T00:00:00+08:00",
            },
        )
    )
    files = vendor(process.end().chain("start", "ask", "end"))
    files["ask.form"] = '{"components": []}'

    element = compile_process(files).elements["ask"]

    assert (element.group, element.assignee) == ("village_committee", "${starter}")
    assert (element.form, element.due) == ("ask.form", "2026-12-01T00:00:00+08:00")


def test_a_foreign_form_that_is_not_here_is_left_out_and_told() -> None:
    process = Process().start().add("userTask", "ask", **{"camunda:formKey": "embedded:app:ask.html"})

    definition = compile_process(vendor(process.end().chain("start", "ask", "end")))

    assert told(definition, "parse.foreign_form") == ["ask"]
    assert definition.elements["ask"].form == ""


def test_zeebe_elements_count_as_ours() -> None:
    inner = (
        '<bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="=[&quot;a&quot;,&quot;b&quot;]"'
        ' assignee="= chair"/><zeebe:formDefinition formId="ask"/><zeebe:taskSchedule dueDate="=days(3)"/>'
        "</bpmn:extensionElements>"
    )
    call = '<bpmn:extensionElements><zeebe:calledElement processId="other"/></bpmn:extensionElements>'
    process = Process().start().add("userTask", "ask", inner).add("callActivity", "call", call).end()
    files = vendor(process.chain("start", "ask", "call", "end"), name=ZEEBE)
    files["ask.form"] = '{"components": []}'

    definition = compile_process(files, callee={"other": Process("other").start().files()}.get)

    element = definition.elements["ask"]
    assert (element.group, element.assignee, element.form, element.due) == (
        "a, b",
        "chair",
        "ask.form",
        "days(3)",
    )
    assert definition.calls == ("other",)


def test_camunda_and_zeebe_collections_run() -> None:
    camunda = (
        '<bpmn:multiInstanceLoopCharacteristics camunda:collection="${people}"'
        ' camunda:elementVariable="who"/>'
    )
    zeebe = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements>"
        '<zeebe:loopCharacteristics inputCollection="=people" inputElement="who" outputCollection="votes"'
        ' outputElement="=vote"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>'
    )
    for name, loop in ((CAMUNDA, camunda), (ZEEBE, zeebe)):
        process = Process().start().user("cast", repeat=loop).end().chain("start", "cast", "end")
        case = begin(compile_process(vendor(process, name=name)), {"people": ["A", "B"]})

        assert [task.item for task in case.open_tasks()] == ["A", "B"]
    do(case, "cast", {"vote": 1}, item="B")
    do(case, "cast", {"vote": 0}, item="A")
    assert case.data["votes"] == [0, 1]


@pytest.mark.parametrize(("users", "assignee", "lost"), [("li", "li", []), ("li, wang", "", ["ask"])])
def test_one_candidate_is_the_assignee_and_several_are_told(
    users: str, assignee: str, lost: list[str]
) -> None:
    process = Process().start().add("userTask", "ask", **{"camunda:candidateUsers": users}).end()
    definition = compile_process(vendor(process.chain("start", "ask", "end")))

    assert told(definition, "parse.vendor") == lost
    assert definition.elements["ask"].assignee == assignee


def test_zeebe_collects_what_its_expression_gives() -> None:
    zeebe = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements>"
        '<zeebe:loopCharacteristics inputCollection="=people" inputElement="who" outputCollection="votes"'
        ' outputElement="={who: who, vote: vote}"/></bpmn:extensionElements>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    process = Process().start().user("cast", repeat=zeebe).end().chain("start", "cast", "end")
    case = begin(compile_process(vendor(process, name=ZEEBE)), {"people": ["A", "B"]})

    do(case, "cast", {"vote": 1}, item="B")
    do(case, "cast", {}, item="A")
    assert case.data["votes"] == [None, {"who": "B", "vote": 1}]

    broken = zeebe.replace("vote: vote}", "vote: }")
    process = Process().start().user("cast", repeat=broken).end().chain("start", "cast", "end")
    with pytest.raises(Unpublishable) as refused:
        compile_process(vendor(process, name=ZEEBE))
    assert [(each.code, each.element) for each in refused.value.problems] == [("engine.expression", "cast")]


def test_what_only_the_drawing_program_knows_is_told() -> None:
    inner = "<bpmn:extensionElements><camunda:taskListener event='create'/></bpmn:extensionElements>"
    process = Process().start().add("userTask", "ask", inner).end().chain("start", "ask", "end")

    assert told(compile_process(vendor(process)), "parse.vendor") == ["ask"]


def test_a_foreign_worker_that_is_a_service_here_is_used() -> None:
    process = Process().start().add("serviceTask", "post", **{"camunda:topic": "notice.post"}).end()
    files = vendor(process.chain("start", "post", "end"))

    assert compile_process(files, effects=["notice.post"]).elements["post"].service == "notice.post"
    assert told(compile_process(files), "parse.by_person") == ["post"]


# Events and pools ------------------------------------------------------------------------------


def test_an_event_without_a_message_takes_its_own_name() -> None:
    process = Process().start().add("intermediateCatchEvent", "petition", "<bpmn:messageEventDefinition/>")
    definition = process.end().chain("start", "petition", "end").compile()

    assert told(definition, "parse.unnamed_event") == ["petition"]
    assert [wait.name for wait in begin(definition).waits()] == ["petition"]


def test_a_catch_event_that_waits_for_nothing_is_confirmed_by_a_person() -> None:
    definition = Process().start().catch("later").end().chain("start", "later", "end").compile()

    assert told(definition, "parse.empty_event") == ["later"]
    assert open_at(begin(definition)) == ["later"]


def test_a_signal_end_event_signals() -> None:
    case = Process().start().end("end", signal="decided").chain("start", "end").begin()

    assert case.completed
    assert [(t.kind, t.name, t.element) for t in case.changes().thrown] == [("signal", "decided", "end")]


def test_other_pools_and_message_flows_are_told_and_the_first_startable_runs() -> None:
    other = Process("waiting").start("told", message="go").user("b").chain("told", "b")
    xml = other.xml().replace(
        "</bpmn:definitions>",
        '<bpmn:collaboration id="c"><bpmn:messageFlow id="m" sourceRef="p" targetRef="waiting"/>'
        f'</bpmn:collaboration><bpmn:process id="p" isExecutable="true">{line("a").body()}</bpmn:process>'
        "</bpmn:definitions>",
    )

    definition = compile_process({"process.bpmn": xml})

    assert definition.key == "p"
    assert told(definition, "parse.other_process") == ["waiting"]
    assert told(definition, "parse.message_flow") == ["p"]


def test_a_process_of_the_same_file_can_be_called() -> None:
    xml = Process("main").start().call("call", "helper").end().chain("start", "call", "end").xml()
    helper = Process("helper").start("hs").user("inner").end("he").chain("hs", "inner", "he").body()
    xml = xml.replace(
        "</bpmn:definitions>", f'<bpmn:process id="helper">{helper}</bpmn:process></bpmn:definitions>'
    )

    definition = compile_process({"process.bpmn": xml})

    assert definition.calls == ("helper",)
    assert open_at(begin(definition)) == ["inner"]
    assert definition.element("helper", "inner") is not None


def test_prefixed_references_are_resolved() -> None:
    process = Process().start().catch("wait", message="go").end().chain("start", "wait", "end")
    xml = process.xml().replace('messageRef="message_go"', 'messageRef="tns:message_go"')

    assert begin(compile_process({"p.bpmn": xml})).waits()[0].name == "go"
