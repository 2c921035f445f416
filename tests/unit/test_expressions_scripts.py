"""Script tasks: assignments, and nothing written into the data they read."""

import copy
from typing import Any

import pytest

from workflows.errors import ExpressionFailed, ExpressionRefused
from workflows.expressions import compile_script


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1", {"a": 1}),
        ("a = 1\nb = a + 1", {"a": 1, "b": 2}),
        ("# why\n\n a = 1 ; b = 2\n", {"a": 1, "b": 2}),
        ("a = [\n 1,\n 2\n]", {"a": [1, 2]}),
        ("a = n = 1", {"a": True}),
        ("who.role = 'head'", {"who": {"role": "head", "home": {"no": 3}}}),
        ("who.home.no = 4", {"who": {"role": "clerk", "home": {"no": 4}}}),
        ("who['full name'] = 'x'", {"who": {"role": "clerk", "home": {"no": 3}, "full name": "x"}}),
        ("n = n + 1\nn = n + 1", {"n": 3}),
        ("sums = {}\nsums.total = sum(list)", {"sums": {"total": 6}}),
        ("len = len(list)\nlen2 = len", {"len": 3, "len2": 3}),
        ("text = 'a # b; c'", {"text": "a # b; c"}),
        ("list = append(list, 4)", {"list": [1, 2, 3, 4]}),
        ("金额 = n * 2", {"金额": 2}),
        ("var a = 1;\nlet b = a + 1;\n  const c = b", {"a": 1, "b": 2, "c": 2}),
        ("var = 2\nlet = var", {"var": 2, "let": 2}),
    ],
)
def test_a_script_gives_what_it_wrote(text: str, expected: dict[str, Any]) -> None:
    data = {"n": 1, "list": [1, 2, 3], "who": {"role": "clerk", "home": {"no": 3}}}
    before = copy.deepcopy(data)
    found = compile_script(text).run(data)
    assert found == expected
    assert data == before


def test_what_a_script_wrote_shares_nothing_with_the_data() -> None:
    data: dict[str, Any] = {"who": {"home": {"no": 3}, "tags": ["a"]}}
    found = compile_script("who.role = 'x'\ncopy = who").run(data)
    found["who"]["tags"].append("b")
    found["who"]["home"]["no"] = 9
    assert data == {"who": {"home": {"no": 3}, "tags": ["a"]}}
    assert found["copy"]["tags"] == ["a"]


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("", "empty"),
        ("# only a comment", "empty"),
        ("print(1)", "name = value"),
        ("a", "name = value"),
        ("a += 1", "+="),
        ("a = 1 b = 2", "“b”"),
        ("a, b = 1", "“,”"),
        ("import os", "“os”"),
        ("_a = 1", "_a"),
        ("a.__class__ = 1", "__class__"),
        ("true = 1", "“true”"),
        ("if = 1", "“if”"),
        ("a[0] = 1", "“0”"),
        ("a() = 1", "“(”"),
        ("for x in list: y = x", "“for”"),
        ("def f(): pass", "name = value"),
        ("a = 1\n" * 201, "200"),
        ("a = '" + "x" * 20_000 + "'", "20000"),
    ],
)
def test_a_line_that_is_no_assignment_is_refused(text: str, piece: str) -> None:
    with pytest.raises(ExpressionRefused) as caught:
        compile_script(text)
    assert piece in str(caught.value.params["reason"])


@pytest.mark.parametrize("text", ["a.b = 1", "n.b = 1", "who.home2.no = 1", "a = missing"])
def test_a_path_that_is_not_there_fails_and_names_its_line(text: str) -> None:
    with pytest.raises(ExpressionFailed):
        compile_script("ok = 1\n" + text).run({"n": 1, "who": {}})


def test_a_failure_names_the_line_not_the_script() -> None:
    with pytest.raises(ExpressionFailed) as caught:
        compile_script("ok = 1\nbad = missing + 1\nlast = 2").run({})
    assert caught.value.params["expression"] == "bad = missing + 1"


def test_names_are_those_read_before_they_are_written() -> None:
    script = compile_script("a = x\nb = a + y\nc.d = 1\nx = 1")
    assert script.names == {"x", "y", "c"}
    assert script.assigned == {"a", "b", "c", "x"}


def test_lists_that_double_every_line_are_stopped() -> None:
    lines = ["x = ['a']"] + ["x = [x, x]"] * 150
    with pytest.raises(ExpressionFailed):
        compile_script("\n".join(lines)).run({})


def test_texts_that_double_every_line_are_stopped() -> None:
    with pytest.raises(ExpressionFailed, match="100000"):
        compile_script("x = 'ab'\n" + "x = x + x\n" * 60).run({})
