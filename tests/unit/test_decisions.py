"""Decision tables: cells, hit policies, and what is refused before anyone relies on it."""

import copy
import time
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

import pytest

from workflows.decisions import Decision, compile_unary, parse_dmn
from workflows.errors import ExpressionFailed, Unpublishable

NAMESPACES = {
    "1.1": "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "1.2": "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "1.3": "https://www.omg.org/spec/DMN/20191111/MODEL/",
}
Rows = Sequence[tuple[Sequence[str], Sequence[str]]]


def dmn(inside: str, *, version: str = "1.3") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<definitions xmlns="{NAMESPACES[version]}" id="file" name="file" namespace="urn:test">'
        f"{inside}</definitions>"
    )


def table(
    rows: Rows,
    *,
    name: str = "who",
    policy: str = "UNIQUE",
    inputs: Sequence[str] = ("amount", "kind"),
    outputs: Sequence[str] = ("body",),
    more: str = "",
) -> str:
    heads = "".join(
        f'<input id="in_{at}" label="{escape(text)}"><inputExpression id="ie_{at}" typeRef="string">'
        f"<text>{escape(text)}</text></inputExpression></input>"
        for at, text in enumerate(inputs)
    )
    heads += "".join(
        f'<output id="out_{at}" name="{text}" typeRef="string"/>' for at, text in enumerate(outputs)
    )
    rules = "".join(
        f'<rule id="rule_{number}">'
        + "".join(
            f'<inputEntry id="t_{number}_{at}"><text>{escape(c)}</text></inputEntry>'
            for at, c in enumerate(tests)
        )
        + "".join(
            f'<outputEntry id="o_{number}_{at}"><text>{escape(c)}</text></outputEntry>'
            for at, c in enumerate(out)
        )
        + "</rule>"
        for number, (tests, out) in enumerate(rows, 1)
    )
    return (
        f'<decision id="{name}" name="Who decides">{more}'
        f'<decisionTable id="table_{name}" {policy if "=" in policy else f"hitPolicy={policy!r}"}>'
        f"{heads}{rules}</decisionTable></decision>"
    )


def decision(rows: Rows, **how: Any) -> Decision:
    return parse_dmn(dmn(table(rows, **how)), "who.dmn")[how.get("name", "who")]


def problems(text: str) -> list[tuple[str, str]]:
    with pytest.raises(Unpublishable) as caught:
        parse_dmn(text, "who.dmn")
    assert all(problem.file == "who.dmn" and str(problem) for problem in caught.value.problems)
    return [(problem.code, problem.element) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("cell", "meets", "misses"),
    [
        ("-", [1, "a", None, True], []),
        ("", [1, None], []),
        ("5", [5, 5.0], [4, "5", None, True]),
        ("-5", [-5], [5]),
        ('"a"', ["a"], ["b", None, 1]),
        ('"-"', ["-"], ["a"]),
        ('"a","b"', ["a", "b"], ["c", None]),
        ('"a, b", "c"', ["a, b", "c"], ["a", "b"]),
        ("> 3", [4, 3.5], [3, None]),
        (">= 3", [3], [2.9]),
        ("< 3", [2], [3]),
        ("<= x", [10], [11]),
        ("= 3", [3], [4]),
        ("!= 3", [4], [3]),
        ("[5000..50000]", [5000, 50000], [4999, 50001, None]),
        ("]1..5]", [2, 5], [1]),
        ("(1..5)", [2], [1, 5]),
        ("[1..5[", [1], [5]),
        ("[1..x)", [9], [10]),
        ("< 3, > 10", [2, 11], [3, 10]),
        ("(1..5), (7..9)", [2, 8], [6]),
        ('not("a","b")', ["c", None], ["a", "b"]),
        ("not(> 3)", [3], [4]),
        ("not([1..5])", [6], [3]),
        ("true", [True], [False, None, 1, "true"]),
        ("false", [False], [True, None, 0]),
        ("1", [1], [True]),
        ("null", [None], [0, "", False]),
        ('date("2026-01-01")', ["2026-01-01"], ["2026-01-02"]),
        ('> date("2026-01-01")', ["2026-01-02"], ["2026-01-01"]),
        ('[date("2026-01-01")..date("2026-12-31")]', ["2026-06-01"], ["2027-01-01"]),
        ('["a", "b"]', ["a", "b"], ["c"]),
        ("list", ["p", "q"], ["r"]),
        ("name", ["王"], ["李"]),
        ("x * 2", [20], [10]),
        ("x > 5", ["anything", 1, None], []),
        ("x > 50", [], ["anything", 1]),
        ("? > 3 and ? != 5", [4], [5, 3]),
        ('contains(?, "村")', ["东村"], ["乡"]),
        ('starts_with(?, "a") or ? = "b"', ["ab", "b"], ["c"]),
        ("not(x > 50) and ? = 1", [1], [2]),
    ],
)
def test_a_cell_meets_what_dmn_says(cell: str, meets: list[Any], misses: list[Any]) -> None:
    test = compile_unary(cell)
    data = {"x": 10, "list": ["p", "q"], "name": "王"}
    assert [value for value in meets if test.evaluate(data, about=value) is not True] == []
    assert [value for value in misses if test.evaluate(data, about=value) is not False] == []


ROUTES: Rows = [
    (["< 5000", "-"], ['"committee"']),
    (["[5000..50000]", '"road","water"'], ['"assembly"']),
    (["> 50000", 'not("road","water")'], ["fallback"]),
]


@pytest.mark.parametrize("version", NAMESPACES)
def test_a_table_decides_in_every_version_of_dmn(version: str) -> None:
    routes = parse_dmn(dmn(table(ROUTES), version=version), "who.dmn")["who"]
    assert routes.decide({"amount": 4999, "kind": "road"}) == {"body": "committee"}
    assert routes.decide({"amount": 5000, "kind": "water"}) == {"body": "assembly"}
    assert routes.decide({"amount": 60000, "kind": "x", "fallback": "county"}) == {"body": "county"}
    assert routes.decide({"amount": 60000, "kind": "road"}) == {"body": None}
    assert routes.inputs == {"amount", "kind", "fallback"}
    assert routes.outputs == ("body",)


def test_deciding_changes_no_data() -> None:
    data = {"amount": 1, "kind": "road", "tags": ["a"]}
    before = copy.deepcopy(data)
    answer = decision([(["-", "-"], ["tags"])]).decide(data)
    answer["body"].append("b")
    assert data == before


TWO_HITS: Rows = [(["> 1", "-"], ["1"]), (["> 2", "-"], ["2"]), (["> 9", "-"], ["3"])]


@pytest.mark.parametrize(
    ("policy", "answer", "nothing"),
    [
        ("FIRST", 1, None),
        ("COLLECT", [1, 2], []),
        ("RULE ORDER", [1, 2], []),
        ("hitPolicy='COLLECT' aggregation='SUM'", 3, None),
        ("hitPolicy='COLLECT' aggregation='MIN'", 1, None),
        ("hitPolicy='COLLECT' aggregation='MAX'", 2, None),
        ("hitPolicy='COLLECT' aggregation='COUNT'", 2, 0),
    ],
)
def test_a_hit_policy_says_what_two_hits_and_none_give(policy: str, answer: Any, nothing: Any) -> None:
    routes = decision(TWO_HITS, policy=policy)
    assert routes.decide({"amount": 5, "kind": ""}) == {"body": answer}
    assert routes.decide({"amount": 0, "kind": ""}) == {"body": nothing}


@pytest.mark.parametrize("policy", ["UNIQUE", "ANY", "U"])
def test_rules_that_contradict_each_other_are_both_named(policy: str) -> None:
    with pytest.raises(ExpressionFailed) as caught:
        decision(TWO_HITS, policy=policy).decide({"amount": 5, "kind": ""})
    assert "1 (rule_1)" in str(caught.value)
    assert "2 (rule_2)" in str(caught.value)


def test_any_accepts_two_rules_that_say_the_same() -> None:
    assert decision([(["> 1", "-"], ["7"]), (["> 2", "-"], ["7"])], policy="ANY").decide(
        {"amount": 5, "kind": 0}
    ) == {"body": 7}


def test_a_collecting_table_with_two_outputs_gives_lists_in_step() -> None:
    routes = decision(
        [(["-"], ['"a"', "1"]), (["-"], ['"b"', "2"])],
        policy="COLLECT",
        inputs=["x"],
        outputs=["who", "days"],
    )
    assert routes.decide({"x": 0}) == {"who": ["a", "b"], "days": [1, 2]}


def test_an_input_column_may_be_an_expression() -> None:
    routes = decision([(["> 10"], ["true"])], inputs=["sum(h.size for h in households)"])
    assert routes.decide({"households": [{"size": 6}, {"size": 5}]}) == {"body": True}
    assert routes.inputs == {"households"}


def test_a_missing_input_fails_and_names_it() -> None:
    with pytest.raises(ExpressionFailed, match="kind"):
        decision(ROUTES).decide({"amount": 5})


def test_a_default_output_answers_where_no_rule_does() -> None:
    text = dmn(table([(["> 5"], ["1"])], inputs=["x"])).replace(
        '<output id="out_0" name="body" typeRef="string"/>',
        '<output id="out_0" name="body"><defaultOutputEntry><text>0</text></defaultOutputEntry></output>',
    )
    assert parse_dmn(text, "f")["who"].decide({"x": 1}) == {"body": 0}


def test_a_decision_sees_the_answers_of_those_it_requires() -> None:
    arrow = '<informationRequirement id="ir"><requiredDecision href="#size"/></informationRequirement>'
    text = dmn(
        table(
            [(["> 100"], ['"big"']), (["<= 100"], ['"small"'])],
            name="size",
            inputs=["amount"],
            outputs=["size"],
        )
        + table([(['"big"'], ['"assembly"'])], name="who", inputs=["size"], more=arrow)
    )
    decisions = parse_dmn(text, "f")
    assert decisions["who"].decide({"amount": 500}) == {"body": "assembly"}
    assert decisions["who"].inputs == {"amount"}


def test_decisions_that_require_each_other_twofold_are_decided_once() -> None:
    def link(name: str, needs: Sequence[str]) -> str:
        arrows = "".join(
            f'<informationRequirement><requiredDecision href="#{need}"/></informationRequirement>'
            for need in needs
        )
        terms = " + ".join(needs) or "1"
        value = f"<literalExpression><text>{terms}</text></literalExpression>"
        return f'<decision id="{name}">{arrows}{value}</decision>'

    layers = "".join(
        link(f"{side}{n}", [f"a{n - 1}", f"b{n - 1}"] if n else []) for n in range(20) for side in "ab"
    )
    begin = time.process_time()
    decisions = parse_dmn(dmn(layers), "f")
    assert decisions["a19"].decide({}) == {"a19": 2**19}
    assert decisions["a19"].inputs == frozenset()
    assert time.process_time() - begin < 10


def test_a_single_expression_is_a_decision_too() -> None:
    text = dmn(
        '<decision id="total" name="T"><variable name="total"/>'
        "<literalExpression><text>a + b</text></literalExpression></decision>"
    )
    assert parse_dmn(text, "f")["total"].decide({"a": 1, "b": 2}) == {"total": 3}


def test_every_problem_is_told_at_once_on_its_cell() -> None:
    text = dmn(table([(["“a”", "-"], ["1 +"]), (["> ", "9**9"], ["open('x')"])]))
    assert problems(text) == [
        ("rule.cell", "t_1_0"),
        ("rule.cell", "o_1_0"),
        ("rule.cell", "t_2_0"),
        ("rule.cell", "t_2_1"),
        ("rule.cell", "o_2_0"),
    ]


@pytest.mark.parametrize(
    ("text", "code", "element"),
    [
        ("", "rule.xml", ""),
        ("not xml", "rule.xml", ""),
        ("<definitions/>", "rule.xml", ""),
        ("<a xmlns='https://www.omg.org/spec/DMN/20191111/MODEL/'/>", "rule.xml", ""),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]>" + dmn("").split("?>", 1)[1], "rule.xml", ""),
        ("\ud800", "rule.xml", ""),
        ("x" * 1_000_001, "rule.too_large", ""),
        (dmn("<a/>" * 50_001), "rule.too_large", ""),
        (dmn(""), "rule.none", ""),
        (dmn("".join(f'<decision id="d{n}"/>' for n in range(101))), "rule.too_large", ""),
        (dmn('<decision id="d"/>'), "rule.kind", "d"),
        (dmn('<decision id="d"><context/></decision>'), "rule.kind", "d"),
        (dmn(table(ROUTES, policy="PRIORITY")), "rule.hit_policy", "table_who"),
        (dmn(table(ROUTES, policy="OUTPUT ORDER")), "rule.hit_policy", "table_who"),
        (dmn(table(ROUTES, policy="hitPolicy='COLLECT' aggregation='AVG'")), "rule.hit_policy", "table_who"),
        (
            dmn(
                table(
                    [(["-"], ["1", "2"])],
                    inputs=["x"],
                    outputs=["a", "b"],
                    policy="hitPolicy='COLLECT' aggregation='SUM'",
                )
            ),
            "rule.hit_policy",
            "table_who",
        ),
        (dmn(table(ROUTES, inputs=["", "kind"])), "rule.input", "in_0"),
        (dmn(table(ROUTES, inputs=["amount +", "kind"])), "rule.input", "in_0"),
        (dmn(table(ROUTES, outputs=["two words"])), "rule.output", "out_0"),
        (dmn(table(ROUTES, outputs=["__class__"])), "rule.output", "out_0"),
        (dmn(table([(["-"], ["1", "2"])], inputs=["x"], outputs=["a", "a"])), "rule.output", "out_1"),
        (dmn(table([(["-", "-"], [])], outputs=[])), "rule.output", "who"),
        (dmn(table([(["-"], ["1"])])), "rule.cell", "rule_1"),
        (dmn(table(ROUTES) + table(ROUTES)), "rule.id", "who"),
        (
            dmn(
                table(
                    ROUTES,
                    more='<informationRequirement><requiredDecision href="#gone"/></informationRequirement>',
                )
            ),
            "rule.requires",
            "who",
        ),
        (
            dmn(
                table(
                    ROUTES,
                    more='<informationRequirement><requiredDecision href="#who"/></informationRequirement>',
                )
            ),
            "rule.requires",
            "who",
        ),
        (
            dmn(table(ROUTES)).replace(
                '<inputEntry id="t_1_0">', '<inputEntry id="t_1_0" expressionLanguage="javascript">'
            ),
            "rule.language",
            "t_1_0",
        ),
        (dmn(table([(["-"], ["1"])] * 2_001, inputs=["x"])), "rule.too_large", "who"),
    ],
)
def test_what_cannot_be_decided_is_refused_at_publish(text: str, code: str, element: str) -> None:
    begin = time.process_time()
    assert (code, element) in problems(text)
    assert time.process_time() - begin < 10


def test_entities_are_never_expanded() -> None:
    laughs = "<!DOCTYPE d [<!ENTITY a 'ha'>" + "".join(
        f"<!ENTITY {chr(98 + n)} '{('&' + chr(97 + n) + ';') * 10}'>" for n in range(9)
    )
    assert problems(laughs + "]>" + dmn("&j;").split("?>", 1)[1]) == [("rule.xml", "")]


def test_a_table_of_two_thousand_rules_decides_quickly() -> None:
    rows: Rows = [([f"[{n}..{n}]", '"a","b","c"'], [str(n)]) for n in range(2_000)]
    large = decision(rows, policy="UNIQUE")
    begin = time.process_time()
    assert large.decide({"amount": 1_999, "kind": "c"}) == {"body": 1_999}
    assert time.process_time() - begin < 3


def test_a_table_cannot_be_made_to_work_for_long() -> None:
    rows: Rows = [(["some r in roll satisfies r = ?"], ["1"])] * 2_000
    begin = time.process_time()
    with pytest.raises(ExpressionFailed, match="too much work"):
        decision(rows, policy="COLLECT", inputs=["x"]).decide({"x": -1, "roll": list(range(10_000))})
    assert time.process_time() - begin < 10
