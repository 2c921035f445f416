"""Any text at all, and any expression at all, against any data: only our refusals, quickly, and no trace."""

import copy
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflows.errors import ExpressionFailed, ExpressionRefused, Refusal
from workflows.expressions import FUNCTION_NAMES, compile_expression, compile_script, compile_unary_tests
from workflows.timers import due, timer_expression

SECONDS = 1.5  # of processor time: bounded, also on a crowded core; 0.2 on a quiet one
FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PIECES = [
    *"+-*/%<>=!?:,.()[]{}$#;|&@^~\\\"'“，（＝_ \n",
    *[
        "==",
        "!=",
        "<=",
        ">=",
        "&&",
        "||",
        "..",
        "**",
        "${",
        "#{",
        "}",
        "and",
        "or",
        "not",
        "in",
        "is",
        "if",
        "then",
    ],
    *[
        "else",
        "for",
        "return",
        "some",
        "every",
        "satisfies",
        "between",
        "true",
        "false",
        "null",
        "None",
        "empty",
    ],
    *[
        "lambda",
        "a",
        "b",
        "x",
        "kind",
        "xs",
        "who",
        ".role",
        "0",
        "1",
        "3.5",
        "1e9",
        '"a"',
        "'b'",
        "__class__",
    ],
    *["date", "time", "string", "div", "mod", "starts with", "P1D", "R3/", "2026-12-01", "T10:00:00", "金额"],
    *sorted(FUNCTION_NAMES),
]
soup = st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join) | st.lists(
    st.sampled_from(PIECES), max_size=60
).map("".join)
texts = st.text(max_size=300) | soup

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.just("2026-12-01T00:00:00Z")
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
data = st.fixed_dictionaries(dict.fromkeys(("a", "b", "x", "xs", "who", "kind"), values))


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = ["+", "-", "*", "/", "//", "%", "<", ">=", "=", "!=", "and", "or", "in", "not in", "is", "is not"]
    return (
        st.tuples(inner, st.sampled_from(signs), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | st.tuples(st.sampled_from(sorted(FUNCTION_NAMES - {"defined"})), st.lists(inner, max_size=3)).map(
            lambda t: f"{t[0]}({', '.join(t[1])})"
        )
        | st.tuples(inner, inner, inner).map(lambda t: f"if {t[0]} then {t[1]} else {t[2]}")
        | st.tuples(inner, inner).map(lambda t: f"{t[0]}[{t[1]}]")
        | inner.map(lambda text: f"({text}).role")
        | inner.map(lambda text: f"not ({text})")
        | st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.tuples(inner, inner).map(lambda t: f"{{k: {t[0]}, 'l': {t[1]}}}")
        | st.tuples(inner, inner, inner).map(lambda t: f"{t[0]} in [{t[1]}..{t[2]}]")
        | st.tuples(inner, inner, inner).map(lambda t: f"[{t[0]} for v in {t[1]} if {t[2]}]")
    )


well_formed = st.recursive(
    st.sampled_from(
        ["a", "b", "x", "xs", "who", "kind", "v", "0", "2", "1.5", '"a"', "null", "true", "[]", "{}"]
    ),
    _grow,
    max_leaves=12,
)


def _only_refusals(compute: Callable[[], Any]) -> Any:
    begin = time.process_time()
    try:
        return compute()
    except (ExpressionRefused, ExpressionFailed):
        return None
    finally:
        assert time.process_time() - begin < SECONDS


@FUZZ
@given(texts | well_formed, data)
def test_an_expression_gives_data_or_a_refusal(text: str, known: dict[str, Any]) -> None:
    before = copy.deepcopy(known)
    found = _only_refusals(lambda: compile_expression(text).evaluate(known))
    assert repr(known) == repr(before)
    json.dumps(found, allow_nan=False)


@FUZZ
@given(texts, data, values)
def test_a_cell_gives_data_or_a_refusal(text: str, known: dict[str, Any], about: Any) -> None:
    before = copy.deepcopy((known, about))
    json.dumps(
        _only_refusals(lambda: compile_unary_tests(text).evaluate(known, about=about)), allow_nan=False
    )
    assert repr((known, about)) == repr(before)


@FUZZ
@given(
    st.lists(st.tuples(st.sampled_from(["a", "who.role", "n", "xs.k.l"]), texts | well_formed), max_size=4),
    data,
)
def test_a_script_gives_data_or_a_refusal(lines: list[tuple[str, str]], known: dict[str, Any]) -> None:
    before = copy.deepcopy(known)
    text = "\n".join(f"{target} = {value}" for target, value in lines)
    found = _only_refusals(lambda: compile_script(text).run(known))
    assert repr(known) == repr(before)
    json.dumps(found, allow_nan=False)


@FUZZ
@given(well_formed)
def test_a_well_formed_expression_names_only_what_it_holds(text: str) -> None:
    try:
        names = compile_expression(text).names
    except ExpressionRefused:
        return  # a function with too few arguments, a loop in a loop
    assert all(name in text for name in names)


@FUZZ
@given(texts, st.sampled_from(["date", "duration", "cycle"]))
def test_a_timer_text_is_an_expression_or_refused(text: str, kind: Any) -> None:
    try:
        expression = timer_expression(text, kind)
    except ExpressionRefused:
        return
    assert expression.literal is None or isinstance(expression.literal, str)


@FUZZ
@given(
    st.sampled_from(["date", "duration", "cycle"]),
    st.text(max_size=40) | st.text(alphabet="PTYMWDHSRZ0123456789/.,:+-", max_size=40) | values,
)
def test_a_timer_value_is_due_or_refused(kind: Any, value: Any) -> None:
    begin = time.process_time()
    try:
        assert due(kind, value, datetime(2026, 1, 31, tzinfo=UTC)).at.tzinfo is UTC
    except Refusal:
        pass
    finally:
        assert time.process_time() - begin < SECONDS
