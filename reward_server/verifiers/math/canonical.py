"""The first tier: one text for trees that differ only in order, brackets and the spelling of numbers."""

from __future__ import annotations

import hashlib

from reward_server.verifiers.math.exact import Exact, exact
from reward_server.verifiers.math.nodes import Apply, Node, Num, Sym

_SHOWN_BITS = 2_000
_SMALL = 1 << 62
_SIGNS = {"add": "+", "mul": "*"}


def canonical(node: Node) -> str:
    """The canonical text of a tree: sums and products sorted, rational parts folded, everything else as it is.

    >>> from reward_server.verifiers.math.reading import read
    >>> canonical(read("b + 2/4 + a")), canonical(read(r"\\left(1.5, \\sqrt 3\\right)"))
    ('(1/2+a+b)', 'tuple(3/2,root(3,2))')
    """
    if isinstance(node, Apply):
        known = node.canonical_memo
        if known is None:
            known = _text(node)
            node.canonical_memo = known
        return known
    if isinstance(node, Num):
        return number(node.value)
    return node.name if isinstance(node, Sym) else f"'{node.text}'"


def _text(node: Apply) -> str:
    value = exact(node)
    if value is not None:
        return number(value)
    op = node.op
    sign = _SIGNS.get(op)
    if sign is not None:
        return f"({sign.join(sorted(_flat(node, op)))})"
    if op == "neg":
        return f"-{canonical(node.args[0])}"
    return f"{op}({','.join([canonical(arg) for arg in node.args])})"


def _flat(node: Apply, op: str) -> list[str]:
    parts: list[str] = []
    stack = [node]
    while stack:
        for arg in stack.pop().args:
            if type(arg) is Apply and arg.op == op:
                stack.append(arg)
            else:
                parts.append(canonical(arg))
    return parts


def number(value: Exact) -> str:
    """A rational as text; a large one by its size and a digest, since it is only compared and shown."""
    if type(value) is int and -_SMALL < value < _SMALL:
        return str(value)
    if value.numerator.bit_length() + value.denominator.bit_length() > _SHOWN_BITS:
        digest = hashlib.blake2b(b"%x/%x" % (value.numerator, value.denominator), digest_size=16).hexdigest()
        return f"<{value.numerator.bit_length()} bits:{digest}>"
    return str(value)
