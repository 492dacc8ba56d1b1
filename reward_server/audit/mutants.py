"""Wrong programs: stubs that do nothing, one answer whatever is asked, and a right program with one small change."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from reward_server.types import Json

_SWAPPED: Mapping[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
MAX_SOURCE = 50_000
_FIRST = "the first argument"
_STUB_VALUES = ("None", "0", "True", "False", "''", "[]", _FIRST)


def stubs(source: str) -> Iterator[str]:
    """The program with every function of its top level returning the same at once, or its first argument."""
    tree = _parsed(source)
    if tree is None:
        return
    for value in _STUB_VALUES:
        stub = copy.deepcopy(tree)
        functions = [node for node in stub.body if isinstance(node, ast.FunctionDef)]
        for function in functions:
            argument = next(iter((*function.args.posonlyargs, *function.args.args)), None)
            returned = ast.Name(argument.arg) if value == _FIRST and argument else ast.Constant(None)
            function.body = [ast.Return(returned if value == _FIRST else ast.parse(value, mode="eval").body)]
        if functions:
            yield ast.unparse(ast.fix_missing_locations(stub))


def constants(reference: Json) -> Iterator[str]:
    """Python programs that print (or return) the answer of the first test, and the commonest, whatever is asked."""
    match reference:
        case {"language": language, **rest} if language != "python" or not rest:
            return
        case {"tests": {"kind": "stdio", "cases": [{"output": _}, _, *_] as cases}}:
            outputs = [case.get("output") for case in cases if isinstance(case, dict)]
            yield from (f"print({output!r}, end='')" for output in _first_and_commonest(outputs))
        case {"tests": {"kind": "function", "entry": str(entry), "cases": [_, _, *_] as cases}} if entry.isidentifier():
            results = [repr(case.get("expected")) for case in cases if isinstance(case, dict)]
            for result in _first_and_commonest(results):
                yield f"def {entry}(*args, **kwargs):\n    return {result}"


def _first_and_commonest(values: list[Any]) -> list[str]:
    texts = [value for value in values if isinstance(value, str) and len(value) < MAX_SOURCE]
    return list(dict.fromkeys([*texts[:1], *(text for text, _ in Counter(texts).most_common(1))]))


def mutants(source: str, most: int) -> Iterator[tuple[str, str]]:
    """Up to ``most`` programs with one operator, comparison or number changed, over all of the source; each change."""
    tree = _parsed(source)
    if tree is None or most <= 0:
        return
    places = [place for place, node in enumerate(ast.walk(tree)) if _changeable(node)]
    step = max(1, len(places) // most)
    for place in places[::step][:most]:
        mutant = copy.deepcopy(tree)
        node = next(node for number, node in enumerate(ast.walk(mutant)) if number == place)
        before = ast.unparse(node)
        _change(node)
        yield ast.unparse(mutant), f"{before[:60]} changed to {ast.unparse(node)[:60]}"


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
