"""The tree of an answer: four immutable nodes, plain data, no behaviour.

Their fields are ``Final``, which the type checker keeps; keeping it at run time would double the cost of a node.

``Num`` is an exact number that may remember how precisely it was written, ``Sym`` a letter or a name, ``Words``
text that is no mathematics, ``Apply`` an operation of ``OPERATIONS`` (or a function of ``symbols.FUNCTIONS``) on
other nodes. Nothing in a tree can be called or looked up: it is what model text becomes, and all it becomes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, NamedTuple, TypeAlias

UNKNOWN: Final = object()
"""In a slot that nothing has been put into."""


@dataclass(slots=True, unsafe_hash=True)
class Num:
    """A number: ``value`` exactly as written, ``ulp`` the unit of its last decimal where it was a decimal."""

    value: Final[int | Fraction]
    ulp: Final[Fraction | None] = None


@dataclass(slots=True, unsafe_hash=True)
class Sym:
    """A variable, a constant or a named point: ``x``, ``pi``, ``x_1``, ``f'``."""

    name: Final[str]


@dataclass(slots=True, unsafe_hash=True)
class Words:
    """Words that stand for themselves: ``even``, ``two lines``, a unit."""

    text: Final[str]


@dataclass(slots=True, unsafe_hash=True)
class Apply:
    """An operation on other nodes.

    Three slots keep what ``exact``, ``canonical`` and the survey below found, which depends on nothing but the tree:
    whoever fills them first, they say the same.
    """

    op: Final[str]
    args: Final[tuple[Node, ...]]
    exact_memo: int | Fraction | None | object = field(default=UNKNOWN, init=False, repr=False, compare=False)
    canonical_memo: str | None = field(default=None, init=False, repr=False, compare=False)
    survey_memo: Survey | None = field(default=None, init=False, repr=False, compare=False)


class Survey(NamedTuple):
    """What occurs in a tree."""

    symbols: frozenset[str]
    operations: frozenset[str]
    words: bool


Node: TypeAlias = Num | Sym | Words | Apply

OPERATIONS = {
    "add": "a sum of any length",
    "mul": "a product of any length",
    "neg": "minus a",
    "div": "a over b",
    "pow": "a to the b",
    "root": "the b-th root of a",
    "pm": "a plus or minus b",
    "mp": "a minus or plus b",
    "percent": "a hundredths",
    "degree": "a degrees of arc",
    "based": "the number a, written in base b",
    "tuple": "( a, b, … ): a point, a vector, or an open interval when there are two",
    "closed": "[ a, b, … ]",
    "open_closed": "( a, b ]",
    "closed_open": "[ a, b )",
    "set": "{ a, b, … }",
    "builder": "{ a : b }",
    "union": "sets joined",
    "intersection": "sets met",
    "difference": "a without b",
    "list": "a, b, … without brackets: answers that all hold",
    "or": "a or b: the same as a list for values, a union for inequalities",
    "and": "a and b: the same as a list for values, an intersection for inequalities",
    "ratio": "a : b : …",
    "matrix": "rows, each a row",
    "row": "cells",
    "det": "determinant of a matrix",
    "cases": "rows, each a row of a value and its condition; or equations of a system",
    "quantity": "a of the unit b",
    "compound": "a quantity and a smaller one: 2 hours 30 minutes",
    "call": "the function a of b, …: a name that is not known",
    "sum": "sum over a from b to c of d",
    "product": "product over a from b to c of d",
    "integral": "integral over a from b to c of d; without bounds, of two",
    "limit": "limit for a to b of c",
    "derivative": "derivative by a of b",
    "eq": "a = b", "ne": "a ≠ b", "lt": "a < b", "le": "a ≤ b", "gt": "a > b", "ge": "a ≥ b",
    "given": "a under the condition b", "approx": "a ≈ b", "in": "a ∈ b", "cong": "a ≡ b", "mod": "a modulo b",
    "residue": "(mod b) after a: all numbers that leave the same remainder",
    "same": "members of a chain of equations: each must be what the other side is",
    "chain": "relations that share operands: a < b ≤ c as (a < b, b ≤ c)",
}  # fmt: skip

RELATIONS = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "approx", "in", "cong"})
"""Operations of two sides that are true or false."""

GROUPS = frozenset({"tuple", "closed", "open_closed", "closed_open"})
"""Bracketed sequences; with two entries each may be an interval."""


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly under a node."""
    return node.args if isinstance(node, Apply) else ()


def depth_of(node: Node) -> int:
    """Operations inside one another, counted without recursion."""
    deepest = 0
    stack: list[tuple[Node, int]] = [(node, 1)]
    while stack:
        here, depth = stack.pop()
        deepest = max(deepest, depth)
        if isinstance(here, Apply):
            stack.extend((arg, depth + 1) for arg in here.args)
    return deepest


def symbols_of(node: Node) -> frozenset[str]:
    """Names of the free letters of a tree; constants such as ``pi`` are letters too here."""
    if isinstance(node, Apply):
        return _survey(node).symbols
    return frozenset((node.name,)) if isinstance(node, Sym) else _NOTHING


def operations_of(node: Node) -> frozenset[str]:
    """The operations that occur in a tree."""
    return _survey(node).operations if isinstance(node, Apply) else _NOTHING


def has_words(node: Node) -> bool:
    """Whether there are words anywhere in a tree."""
    return _survey(node).words if isinstance(node, Apply) else isinstance(node, Words)


def _survey(node: Apply) -> Survey:
    known = node.survey_memo
    if known is None:
        symbols: set[str] = set()
        operations: set[str] = set()
        words = False
        stack: list[Node] = [node]
        while stack:
            here = stack.pop()
            if type(here) is Apply:
                operations.add(here.op)
                stack += here.args
            elif type(here) is Sym:
                symbols.add(here.name)
            elif type(here) is Words:
                words = True
        known = Survey(frozenset(symbols), frozenset(operations), words)
        node.survey_memo = known
    return known


_NOTHING: Final[frozenset[str]] = frozenset()
