"""Builds the guarded Python tree of an expression, and compiles it.

Every piece is built here from names that we choose, the modeller's words enter as constants only, and
`compile_tree` checks the finished tree once more against a list of allowed nodes before Python sees it.
"""

import ast
from collections.abc import Callable, Sequence
from typing import Any

from workflows.expressions import comparing, runtime
from workflows.expressions.functions import FUNCTIONS

DATA, RUN, ABOUT, LOOP = "_data", "_run", "_about", "_item"

GUARDS: dict[str, Any] = {
    "__builtins__": {},
    **{
        f"op_{operator.__name__}": operator
        for operator in (
            runtime.add,
            runtime.subtract,
            runtime.multiply,
            runtime.divide,
            runtime.floor_divide,
            runtime.remainder,
            runtime.negative,
            runtime.positive,
            comparing.equal,
            comparing.unequal,
            comparing.less,
            comparing.less_or_equal,
            comparing.greater,
            comparing.greater_or_equal,
            comparing.chained,
            comparing.between,
            comparing.within,
            comparing.not_within,
            runtime.attribute,
            runtime.item,
            runtime.each,
            runtime.empty,
            comparing.ordered,
            comparing.meets,
            comparing.holds,
        )
    },
    **{f"fn_{name}": function.compute for name, function in FUNCTIONS.items()},
}
_NEEDS_RUN = frozenset(
    {"add", "equal", "unequal", "less", "less_or_equal", "greater", "greater_or_equal", "chained", "between"}
    | {"within", "not_within", "each", "ordered", "meets", "holds"}
)
_ALLOWED = (
    ast.Expression, ast.Lambda, ast.arguments, ast.arg, ast.Call, ast.Name, ast.Load, ast.Store, ast.Constant,
    ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.IfExp, ast.List, ast.Tuple, ast.Dict, ast.ListComp,
    ast.comprehension, ast.Subscript, ast.Compare, ast.In,
)  # fmt: skip

Compiled = Callable[[Any, runtime.Run, Any], Any]
_LOAD = ast.Load()
TRUE, FALSE = ast.Constant(value=True), ast.Constant(value=False)


def constant(value: str | float | bool | None) -> ast.expr:  # noqa: FBT001
    return ast.Constant(value)


def data(name: str) -> ast.expr:
    """The value of a data name; the only plain subscript in a tree, so a KeyError means this one."""
    return ast.Subscript(ast.Name(DATA, _LOAD), ast.Constant(name), _LOAD)


def has_data(name: str) -> ast.expr:
    return ast.Compare(ast.Constant(name), [ast.In()], [ast.Name(DATA, _LOAD)])


def loop_item() -> ast.expr:
    return ast.Name(LOOP, _LOAD)


def about() -> ast.expr:
    return ast.Name(ABOUT, _LOAD)


def operation(name: str, *arguments: ast.expr) -> ast.expr:
    """A call of the guarded operator `name`."""
    run = [ast.Name(RUN, _LOAD)] if name in _NEEDS_RUN else []
    return ast.Call(ast.Name(f"op_{name}", _LOAD), [*run, *arguments], [])


def function(name: str, arguments: Sequence[ast.expr]) -> ast.expr:
    return ast.Call(ast.Name(f"fn_{name}", _LOAD), [ast.Name(RUN, _LOAD), *arguments], [])


def is_constant(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Constant)


def called(tree: ast.expr) -> str:
    """The name of the function that `tree` calls, "" where it is no such call."""
    target = tree.func if isinstance(tree, ast.Call) else None
    return (
        target.id.removeprefix("fn_") if isinstance(target, ast.Name) and target.id.startswith("fn_") else ""
    )


def both(operands: list[ast.expr], *, either: bool = False) -> ast.expr:
    return operands[0] if len(operands) == 1 else ast.BoolOp(ast.Or() if either else ast.And(), operands)


def negated(operand: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), operand)


def choice(condition: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.expr:
    return ast.IfExp(condition, then, otherwise)


def listed(items: list[ast.expr]) -> ast.expr:
    return ast.List(items, _LOAD)


def mapped(entries: list[tuple[str, ast.expr]]) -> ast.expr:
    return ast.Dict([ast.Constant(key) for key, _ in entries], [value for _, value in entries])


def loop(element: ast.expr, items: ast.expr, condition: ast.expr | None, *, weight: int) -> ast.expr:
    """A list of `element` for each of `items`; `weight` is what one round costs."""
    source = operation("each", items, ast.Constant(weight))
    rounds = ast.comprehension(ast.Name(LOOP, ast.Store()), source, [condition] if condition else [], 0)
    return ast.ListComp(element, [rounds])


def signs(names: Sequence[str]) -> ast.expr:
    return ast.Tuple([ast.Constant(name) for name in names], _LOAD)


def compile_tree(body: ast.expr) -> Compiled:
    """The tree as a function of the data, the run and the decision input."""
    parameters = ast.arguments([], [ast.arg(name) for name in (DATA, RUN, ABOUT)], None, [], [], None, [])
    tree = ast.fix_missing_locations(ast.Expression(ast.Lambda(parameters, body)))
    _check(tree)
    code = compile(tree, "<expression>", "eval", dont_inherit=True, optimize=0)
    compiled: Compiled = eval(code, GUARDS.copy())  # noqa: S307 - only nodes and names of ours, checked above
    return compiled


def _check(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise AssertionError(f"{type(node).__name__} has no business in an expression")
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in GUARDS):
            raise AssertionError("only guards may be called")
        if isinstance(node, ast.Subscript) and not (
            isinstance(node.value, ast.Name) and node.value.id == DATA
        ):
            raise AssertionError("only the data may be looked into")
        if isinstance(node, ast.Name) and node.id not in GUARDS and node.id not in (DATA, RUN, ABOUT, LOOP):
            raise AssertionError(f"{node.id} is no name of ours")
