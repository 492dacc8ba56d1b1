"""Sums, multiples and transposes of matrices and vectors, carried out so that they compare as what they come to."""

from __future__ import annotations

from collections.abc import Callable

from reward_server.verifiers.math.nodes import Apply, Node, Sym, operations_of

_TENSORS = frozenset({"matrix", "tuple"})
_TRANSPOSE = (Sym("T"), Sym("top"))
_ROWS = _TENSORS | {"row"}


def folded(node: Node) -> Node:
    """The tree with its outer sums, multiples and transposes of matrices and tuples carried out; another as it is."""
    return _folded(node) if operations_of(node) & _TENSORS else node


def _folded(node: Node) -> Node:
    if not isinstance(node, Apply) or node.op not in ("add", "mul", "neg", "div", "pow"):
        return node
    if node.op == "pow":
        return _transposed(node.args[0]) if node.args[1] in _TRANSPOSE else node
    args = tuple(_folded(arg) for arg in node.args)
    tensors = [arg for arg in args if isinstance(arg, Apply) and arg.op in _TENSORS]
    if not tensors:
        return node
    if node.op == "neg":
        return _each(args[0], lambda entry: Apply("neg", (entry,)))
    if node.op == "div" and len(tensors) == 1 and tensors[0] is args[0]:
        return _each(args[0], lambda entry: Apply("div", (entry, args[1])))
    if node.op == "mul" and len(tensors) == 1:
        factors = tuple(arg for arg in args if arg is not tensors[0])
        if len(factors) == 1 and isinstance(factors[0], Sym) and factors[0].name.isupper() and tensors[0].op == "tuple":
            return node  # a point and its name
        return _each(tensors[0], lambda entry: Apply("mul", (*factors, entry)))
    if node.op == "add" and len(tensors) == len(args):
        total: Node | None = args[0]
        for arg in args[1:]:
            total = None if total is None else _sum(total, arg)
        return node if total is None else total
    return node


def _transposed(node: Node) -> Node:
    """A matrix with its rows for columns; a row of numbers in brackets becomes a column."""
    if not isinstance(node, Apply) or node.op not in _TENSORS:
        return node
    rows = [row.args for row in node.args if isinstance(row, Apply)] if node.op == "matrix" else [node.args]
    if len({len(row) for row in rows}) != 1:
        return node
    return Apply("matrix", tuple(Apply("row", column) for column in zip(*rows, strict=True)))


def _each(node: Node, change: Callable[[Node], Node]) -> Node:
    if isinstance(node, Apply) and node.op in _ROWS:
        return Apply(node.op, tuple(_each(arg, change) for arg in node.args))
    return change(node)


def _sum(a: Node, b: Node) -> Node | None:
    """Entry by entry; None where the shapes differ."""
    if isinstance(a, Apply) and a.op in _ROWS:
        if not isinstance(b, Apply) or b.op != a.op or len(a.args) != len(b.args):
            return None
        entries = [_sum(one, other) for one, other in zip(a.args, b.args, strict=True)]
        return None if None in entries else Apply(a.op, tuple(entry for entry in entries if entry is not None))
    return Apply("add", (a, b))
