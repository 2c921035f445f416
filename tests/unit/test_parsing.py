"""From files to a Definition: what it holds, and that no input gives anything but problems."""

import time
from pathlib import Path

import pytest
from building import Process, line

from workflows.errors import Unpublishable
from workflows.model import Files
from workflows.parsing import Definition, compile_process

BAD = Path(__file__).parent / "bad_files"

FORM = '{"type": "default", "components": [{"type": "textfield", "key": "title", "label": "Title"}]}'

DMN = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="x">
<decision id="body" name="Body"><decisionTable id="t" hitPolicy="UNIQUE">
<input id="i"><inputExpression id="ie" typeRef="number"><text>amount</text></inputExpression></input>
<output id="o" name="body" typeRef="string"/>
<rule id="r"><inputEntry id="x"><text>&gt; 3</text></inputEntry>
<outputEntry id="y"><text>"assembly"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def refusal(files: Files, **more: object) -> Unpublishable:
    """What the compiler refuses, within five seconds."""
    began = time.process_time()
    with pytest.raises(Unpublishable) as refused:
        compile_process(files, **more)  # type: ignore[arg-type]
    assert time.process_time() - began < 5
    assert refused.value.problems
    for problem in refused.value.problems:
        assert problem.hint
        assert "{" not in str(problem).replace(problem.element, ""), problem
    return refused.value


def codes(refused: Unpublishable) -> set[str]:
    return {problem.code for problem in refused.problems}


@pytest.mark.parametrize(
    ("name", "code", "element"),
    [
        ("letter", "xml.syntax", ""),
        ("empty", "xml.syntax", ""),
        ("binary", "xml.syntax", ""),
        ("doctype", "xml.doctype", ""),
        ("laughs", "xml.doctype", ""),
        ("outside", "xml.doctype", ""),
        ("page", "xml.not_bpmn", ""),
        ("unclosed", "xml.syntax", ""),
        ("no_namespace", "xml.not_bpmn", ""),
        ("older_bpmn", "xml.not_bpmn", ""),
        ("no_process", "parse.no_process", ""),
        ("two_processes_one_id", "xml.duplicate_process", "p"),
        ("unresolvable_data", "parse.reference", "reference"),
        ("same_id_twice", "xml.duplicate_id", "u"),
        ("injected_id", "xml.id", "s' or '1'='1"),
    ],
)
def test_a_bad_file_is_one_clear_problem(name: str, code: str, element: str) -> None:
    text = (BAD / f"{name}.bpmn").read_bytes().decode("latin-1")

    problems = refusal({"process.bpmn": text}).problems

    assert [(p.code, p.element) for p in problems] == [(code, element)]
    assert problems[0].file == "process.bpmn"


def test_utf16_read_as_text_is_refused_or_understood() -> None:
    xml = line("ask").xml()
    broken = xml.encode("utf-16").decode("latin-1")

    assert codes(refusal({"process.bpmn": broken})) == {"xml.syntax"}
    assert compile_process({"process.bpmn": "\ufeff" + xml.replace("UTF-8", "UTF-16")}).key == "p"


def test_lone_surrogates_are_refused() -> None:
    assert codes(refusal({"process.bpmn": line("ask").xml() + "\udc80"})) == {"xml.syntax"}


def test_twenty_thousand_shapes_are_one_problem() -> None:
    assert codes(refusal(line(*(f"u{n}" for n in range(20_000))).files())) == {"xml.too_many"}


def test_a_chain_of_fifteen_hundred_shapes_is_one_problem_on_the_process() -> None:
    refused = refusal(line(*(f"u{n}" for n in range(1_500))).files())

    assert [(p.code, p.element) for p in refused.problems] == [("parse.too_long", "p")]


def test_a_chain_of_nine_hundred_shapes_runs() -> None:
    case = line(*(f"u{n}" for n in range(900))).begin()

    assert [task.element for task in case.open_tasks()] == ["u0"]


def test_deep_nesting_is_one_problem() -> None:
    inner = Process("inner").start("s0").end("e0").chain("s0", "e0")
    for depth in range(1, 120):
        inner = (
            Process(f"p{depth}")
            .start(f"s{depth}")
            .sub(f"sub{depth}", inner)
            .end(f"e{depth}")
            .chain(f"s{depth}", f"sub{depth}", f"e{depth}")
        )

    assert codes(refusal(inner.files())) == {"xml.too_deep"}


def test_six_megabytes_are_one_problem() -> None:
    xml = line("ask").xml().replace('name="ask"', f'name="{"x" * 6_000_000}"')

    assert codes(refusal({"process.bpmn": xml})) == {"xml.too_big"}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"README.md": "nothing"},
        {"a.bpmn": line("ask").xml(), "b.bpmn": line("ask").xml()},
        {f"{n}.txt": "" for n in range(300)},
    ],
)
def test_a_folder_is_one_diagram(files: Files) -> None:
    assert codes(refusal(files)) == {"parse.files"}


def test_a_folder_without_diagram_still_tells_what_else_is_wrong() -> None:
    assert codes(refusal({"a.form": "no json"})) == {"parse.files", "form.json"}


def test_definition_holds_what_the_process_says() -> None:
    process = Process("village")
    process.start().user("ask", form="ask.form", group="两委", due="working_days(5)", article="第二十四条")
    process.end().chain("start", "ask", "end")
    xml = process.xml().replace(
        'name="village"',
        'name="重大事项" minyi:nameEn="Major matter" minyi:category="decision" minyi:startForm="ask.form" '
        'minyi:startableBy="village_committee， party_branch" minyi:titleFrom="title"',
    )

    definition = compile_process({"process.bpmn": xml, "ask.form": FORM})

    assert (definition.key, definition.name, definition.name_en) == ("village", "重大事项", "Major matter")
    assert definition.startable_by == ("village_committee", "party_branch")
    assert (definition.category, definition.start_form, definition.title_from) == (
        "decision",
        "ask.form",
        "title",
    )
    assert definition.startable
    element = definition.element("village", "ask")
    assert element is not None
    assert (element.form, element.group, element.due, element.article) == (
        "ask.form",
        "两委",
        "working_days(5)",
        "第二十四条",
    )
    assert definition.form("village", "ask.form") is definition.forms["ask.form"]
    assert definition.element("village", "nobody") is None


def test_lane_gives_the_group_also_inside_a_sub_process() -> None:
    inside = Process("i").start("is").user("inner").end("ie").chain("is", "inner", "ie")
    process = Process().start().sub("part", inside).user("own", group="supervisors").end()
    process.chain("start", "part", "own", "end")
    lanes = (
        '<bpmn:laneSet id="ls"><bpmn:lane id="l" name="村委会"><bpmn:flowNodeRef>part</bpmn:flowNodeRef>'
        "<bpmn:flowNodeRef>own</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"
    )
    xml = process.xml().replace('<bpmn:startEvent id="start"', lanes + '<bpmn:startEvent id="start"', 1)

    elements = compile_process({"process.bpmn": xml}).elements

    assert (elements["inner"].group, elements["inner"].lane, elements["inner"].process) == (
        "村委会",
        "村委会",
        "part",
    )
    assert (elements["own"].group, elements["own"].lane) == ("supervisors", "村委会")


def test_hash_follows_every_file_and_no_line_end() -> None:
    files = {**line("ask").files(), "ask.form": FORM}
    crlf = {name: text.replace("\n", "\r\n") for name, text in files.items()}

    assert compile_process(files).hash == compile_process(crlf).hash
    assert compile_process(files).hash != compile_process({**files, "notes.md": "x"}).hash


def test_message_and_timer_starts_are_listed() -> None:
    process = Process().start("told", message="petition")
    process.add(
        "startEvent",
        "monthly",
        "<bpmn:timerEventDefinition><bpmn:timeCycle>R/P1M</bpmn:timeCycle></bpmn:timerEventDefinition>",
    )
    process.user("ask").end().chain("told", "ask", "end").chain("monthly", "ask")

    definition = process.compile()

    assert [(s.element, s.name) for s in definition.message_starts] == [("told", "petition")]
    assert [(s.element, s.kind, s.expression) for s in definition.timer_starts] == [
        ("monthly", "cycle", "R/P1M")
    ]
    assert not definition.startable


def calling(key: str, called: str) -> Process:
    return Process(key).start().call("call", called).end().chain("start", "call", "end")


def library(**folders: Files) -> dict[str, object]:
    return {"callee": folders.get}


def test_called_processes_become_parts_with_their_own_forms() -> None:
    vote = Process("vote").start().user("cast", form="cast.form").end().chain("start", "cast", "end")
    folders = {"vote": {**vote.files(), "cast.form": FORM}, "meeting": calling("meeting", "vote").files()}

    definition = compile_process(calling("main", "meeting").files(), callee=folders.get)

    assert definition.calls == ("meeting", "vote")
    assert definition.called["meeting"].calls == ("vote",)
    element = definition.element("vote", "cast")
    assert element is not None
    assert element.form == "cast.form"
    assert definition.form("vote", "cast.form") is not None
    assert definition.form("main", "cast.form") is None
    assert set(definition.subspecs) == {"meeting", "vote"}


def test_unknown_called_process_is_a_problem_on_the_call() -> None:
    problem = refusal(calling("main", "nobody").files()).problems[0]

    assert (problem.code, problem.element) == ("flow.called_unknown", "call")


def test_process_that_calls_itself_is_a_problem() -> None:
    one, two = calling("one", "two").files(), calling("two", "one").files()

    assert codes(refusal(one, **library(one=one, two=two))) == {"flow.recursion"}
    assert codes(refusal(one, **library(two=calling("two", "two").files()))) == {"flow.recursion"}


def test_process_that_calls_itself_inside_one_file_is_a_problem_on_the_call() -> None:
    inner = calling("helper", "helper").body().replace('"start"', '"hs"').replace('"end"', '"he"')
    inner = inner.replace('"call"', '"again"').replace('id="f', 'id="h')
    xml = (
        calling("main", "helper")
        .xml()
        .replace(
            "</bpmn:definitions>", f'<bpmn:process id="helper">{inner}</bpmn:process></bpmn:definitions>'
        )
    )

    assert [(p.code, p.element) for p in refusal({"p.bpmn": xml}).problems] == [("flow.recursion", "call")]


def test_problem_of_a_called_process_is_told_on_the_call() -> None:
    broken = Process("two").start().user("a").user("b").end().chain("start", "a", "end").files()

    problem = refusal(calling("one", "two").files(), **library(two=broken)).problems[0]

    assert (problem.code, problem.element) == ("flow.called_broken", "call")
    assert "“b”" in str(problem)


def test_a_called_process_must_have_a_plain_start() -> None:
    waiting = Process("two").start("told", message="go").user("a").chain("told", "a").files()

    assert codes(refusal(calling("one", "two").files(), **library(two=waiting))) == {"flow.called_start"}
    body = Process("two").start("told", message="go").user("a").end("done").chain("told", "a", "done")
    inner = body.body(prefix="two_")
    xml = (
        calling("one", "two")
        .xml()
        .replace(
            "</bpmn:definitions>",
            '<bpmn:message id="message_go" name="go"/><bpmn:process id="two">'
            f"{inner}</bpmn:process></bpmn:definitions>",
        )
    )
    assert [(p.code, p.element) for p in refusal({"p.bpmn": xml}).problems] == [("flow.called_start", "call")]


def test_called_key_with_another_process_behind_it_is_a_problem() -> None:
    assert codes(refusal(calling("one", "two").files(), **library(two=line("ask").files()))) == {
        "flow.called_unknown"
    }


def test_same_sub_process_id_in_caller_and_called_is_a_problem() -> None:
    inside = Process("i").start("is").end("ie").chain("is", "ie")
    two = Process("two").start().sub("part", inside).end().chain("start", "part", "end").files()
    one = Process("one").start().sub("part", inside).call("call", "two").end()
    one.chain("start", "part", "call", "end")

    assert codes(refusal(one.files(), **library(two=two))) == {"flow.same_id"}


def test_decisions_are_found_by_file_and_by_id() -> None:
    process = Process().start().add("businessRuleTask", "rule", m_decision="body.dmn").end()
    process.chain("start", "rule", "end")

    definition = process.compile(files={"body.dmn": DMN})

    assert definition.decision("p", "body.dmn") is definition.decision("p", "body")
    assert definition.decision("p", "body") is not None


def test_two_hundred_shapes_compile_in_less_than_300_ms() -> None:
    files = line(*(f"u{n}" for n in range(200))).files()
    compile_process(files)
    began = time.process_time()
    compile_process(files)

    assert time.process_time() - began < 1.5


def test_five_hundred_branches_that_set_the_same_names_are_judged_within_a_second() -> None:
    process = Process().start().parallel("split", "join").end().chain("start", "split").chain("join", "end")
    for n in range(490):
        process.script(f"s{n}", f"x{n % 7} = {n}").chain("split", f"s{n}", "join")
    began = time.process_time()

    warnings = process.compile().warnings

    assert [w.code for w in warnings] == ["flow.conflict"] * 7
    assert time.process_time() - began < 5


def test_three_hundred_sub_processes_beside_many_elements_are_read_within_three_seconds() -> None:
    process, last = Process().start(), "start"
    for n in range(320):
        inside = Process("i").start(f"s{n}").end(f"e{n}").chain(f"s{n}", f"e{n}")
        process.sub(f"sub{n}", inside).flow(last, f"sub{n}")
        last = f"sub{n}"
    xml = process.end().flow(last, "end").xml()
    padding = f"<bpmn:documentation>{'<i/>' * 17_000}</bpmn:documentation>"
    began = time.process_time()

    compile_process({"p.bpmn": xml.replace("<bpmn:startEvent", padding + "<bpmn:startEvent", 1)})

    assert time.process_time() - began < 5


def test_two_compilations_share_nothing() -> None:
    files = line("ask").files()
    one: Definition = compile_process(files)

    assert one.spec is not compile_process(files).spec
    assert one.hash == compile_process(files).hash
