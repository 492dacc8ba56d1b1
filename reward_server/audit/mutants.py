"""Wrong programs made from a right one: stubs that do nothing, and one small change each."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping

_SWAPPED: Mapping[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
MAX_SOURCE = 50_000


def stubs(source: str) -> Iterator[str]:
    """The program with every function of its top level returning nothing, or 0, at once; none for other languages."""
    tree = _parsed(source)
    if tree is None:
        return
    for value in (None, 0, True):
        stub = copy.deepcopy(tree)
        functions = [node for node in stub.body if isinstance(node, ast.FunctionDef)]
        for function in functions:
            function.body = [ast.Return(ast.Constant(value))]
        if functions:
            yield ast.unparse(ast.fix_missing_locations(stub))


def mutants(source: str, most: int) -> Iterator[str]:
    """Up to ``most`` programs with one operator, comparison or number changed, spread over the source."""
    tree = _parsed(source)
    if tree is None or most <= 0:
        return
    places = [place for place, node in enumerate(ast.walk(tree)) if _changeable(node)]
    step = max(1, len(places) // most)
    for place in places[::step][:most]:
        mutant = copy.deepcopy(tree)
        _change(next(node for number, node in enumerate(ast.walk(mutant)) if number == place))
        yield ast.unparse(mutant)


def _parsed(source: str) -> ast.Module | None:
    """The syntax tree; nothing of it is ever run here."""
    try:
        return ast.parse(source) if len(source) <= MAX_SOURCE else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _changeable(node: ast.AST) -> bool:
    match node:
        case ast.BinOp() | ast.BoolOp():
            return type(node.op) in _SWAPPED
        case ast.Compare():
            return type(node.ops[0]) in _SWAPPED
        case ast.Constant():
            return isinstance(node.value, int) and not isinstance(node.value, bool)
    return False


def _change(node: ast.AST) -> None:
    match node:
        case ast.BinOp() | ast.BoolOp():
            node.op = _SWAPPED[type(node.op)]()  # type: ignore[assignment]  # swapped for one of its kind
        case ast.Compare():
            node.ops[0] = _SWAPPED[type(node.ops[0])]()  # type: ignore[call-overload]  # swapped for one of its kind
        case ast.Constant(value=int(value)):
            node.value = value + 1
