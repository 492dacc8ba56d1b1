"""Sets of real numbers: intervals, unions, solved inequalities and set-builders, as one normal form.

A region is a sorted list of disjoint pieces with ends that can be put in order. Two regions are equal when their
pieces are. Anything else is None here and is compared by its structure instead. Nothing is solved: an inequality
that repeats the question is no answer to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cmp_to_key
from typing import Final, NamedTuple

from reward_server.verifiers.math.balls import Evaluation, Undefined, precision
from reward_server.verifiers.math.exact import exact
from reward_server.verifiers.math.judgement import Budget
from reward_server.verifiers.math.nodes import GROUPS, Apply, Node, Num, Sym, symbols_of
from reward_server.verifiers.math.scalars import compare_scalars, infinity
from reward_server.verifiers.math.shapes import signs
from reward_server.verifiers.math.symbols import CONSTANTS

_MAX_PIECES: Final = 64
_LOW, _HIGH = Apply("neg", (Sym("oo"),)), Sym("oo")
_FLIPPED: Final = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "ne": "ne"}


class Piece(NamedTuple):
    """From ``low`` to ``high``; whether each end belongs to it."""

    low: Node
    low_closed: bool
    high: Node
    high_closed: bool


@dataclass(frozen=True, slots=True)
class Region:
    """A set of reals, and the letter it was said of, if any."""

    pieces: tuple[Piece, ...]
    variable: str = ""


class Unordered(Exception):
    """Two ends could not be put in order."""


REALS: Final = Region((Piece(_LOW, False, _HIGH, False),))
_NAMED: Final = {
    **dict.fromkeys(("RR", "R"), REALS),
    "emptyset": Region(()),
    **dict.fromkeys(("RR^+", "RR_+", "RR_>0", "RR_gt0"), Region((Piece(Num(0), False, _HIGH, False),))),
    **dict.fromkeys(("RR^-", "RR_-", "RR_<0", "RR_lt0"), Region((Piece(_LOW, False, Num(0), False),))),
    "RR_ge0": Region((Piece(Num(0), True, _HIGH, False),)),
    "RR_le0": Region((Piece(_LOW, False, Num(0), True),)),
}


def region(node: Node, budget: Budget) -> Region | None:
    r"""The set of reals a tree stands for, or None. Raises ``Spent``.

    >>> from reward_server.verifiers.math.reading import read
    >>> region(read("0 < x <= 2"), Budget()).pieces == region(read(r"(0, 1] \cup (1, 2]"), Budget()).pieces
    True
    """
    try:
        return _Reader(budget).region(node)
    except Unordered:
        return None


class _Reader:
    """Reads regions out of trees, on one budget."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget

    def region(self, node: Node) -> Region | None:
        if isinstance(node, Sym):
            return _NAMED.get(node.name)
        if not isinstance(node, Apply):
            return None
        if node.op in GROUPS and len(node.args) == 2:
            return self.interval(node)
        if node.op == "set":
            finite = all(not infinity(arg) and self.real(arg) for arg in node.args)
            return Region(self.tidy([Piece(arg, True, arg, True) for arg in node.args])) if finite else None
        if node.op in ("union", "intersection", "difference"):
            return self.combined(node.op, node.args)
        if node.op == "builder":
            return self.built(node)
        if node.op == "add" and len(node.args) == 2 and isinstance(node.args[0], Sym) and node.args[0].name in _NAMED:
            removed = node.args[1]  # ℝ - {0}
            if isinstance(removed, Apply) and removed.op == "neg":
                return self.combined("difference", (node.args[0], removed.args[0]))
        return self.solved(node)

    def interval(self, node: Apply) -> Region | None:
        low, high = node.args
        if not self.real(low) or not self.real(high) or self.order(low, high) > 0:
            return None
        piece = Piece(low, node.op in ("closed", "closed_open"), high, node.op in ("closed", "open_closed"))
        return Region(self.tidy([piece]))

    def combined(self, op: str, args: tuple[Node, ...]) -> Region | None:
        result: Region | None = None
        variables: set[str] = set()
        for arg in args:
            part = self.region(arg)
            if part is None:
                return None
            variables |= {part.variable} - {""}
            result = part if result is None else self.joined(op, result, part)
        if result is None or len(variables) > 1:
            return None
        return Region(result.pieces, next(iter(variables), ""))

    def built(self, node: Apply) -> Region | None:
        """``{x : condition}`` and ``{x ∈ R : condition}``."""
        head, condition = node.args
        variable = head.args[0] if isinstance(head, Apply) and head.op == "in" else head
        found = self.region(condition)
        if found is None or not isinstance(variable, Sym) or found.variable != variable.name:
            return None
        if isinstance(head, Apply):
            domain = self.region(head.args[1])
            return None if domain is None else Region(self.joined("intersection", domain, found).pieces)
        return Region(found.pieces)

    def solved(self, node: Apply) -> Region | None:
        """Inequalities that have their letter alone on one side, and what joins them."""
        if node.op == "chain":
            return self.combined("intersection", node.args)
        if node.op in ("or", "and", "list"):
            first = node.args[0]
            if isinstance(first, Apply) and first.op == "ne" and all(self.real(arg) for arg in node.args[1:]):
                others = tuple(Apply("ne", (first.args[0], arg)) for arg in node.args[1:])
                return self.combined("intersection", (first, *others))
            joinable = _JOINABLE | GROUPS | {"union"} if node.op == "or" else _JOINABLE
            if not all(isinstance(arg, Apply) and arg.op in joinable for arg in node.args):
                return None
            met = self.combined("intersection", node.args) if node.op != "or" else None
            if node.op == "and" or (met is not None and met.pieces):
                return met
            return self.combined("union", node.args)
        if node.op == "in" and isinstance(node.args[0], Sym):
            found = self.region(node.args[1])
            return None if found is None else Region(found.pieces, node.args[0].name)
        if node.op == "ne" and len(values := signs(node.args[1])) > 1:  # x ≠ ±3
            return self.combined("intersection", tuple(Apply("ne", (node.args[0], value)) for value in values))
        return self.bounded(node) if node.op in _FLIPPED or node.op == "eq" else None

    def bounded(self, node: Apply) -> Region | None:
        """``x < 2`` and ``2 > x``."""
        op, (left, right) = node.op, node.args
        if isinstance(right, Sym) and right.name not in CONSTANTS:
            left, right, op = right, left, _FLIPPED.get(op, op)
        if not isinstance(left, Sym) or left.name in CONSTANTS or not self.real(right):
            return None
        if op == "eq":
            return Region((Piece(right, True, right, True),), left.name)
        closed = op in ("le", "ge")
        below, above = Piece(_LOW, False, right, closed), Piece(right, closed, _HIGH, False)
        pieces = {"ne": (below, above), "lt": (below,), "le": (below,)}.get(op, (above,))
        return Region(pieces, left.name)

    # Order and set operations.

    def real(self, node: Node) -> bool:
        """Whether a node is a real constant or an infinity."""
        if infinity(node) or exact(node) is not None:
            return True
        if symbols_of(node) - CONSTANTS:
            return False
        with precision(128):
            run = Evaluation({}, self.budget)
            try:
                return bool(run.value(node).imag.contains(0)) and not run.opaque
            except Undefined:
                return False

    def order(self, a: Node, b: Node) -> int:
        """-1, 0 or 1; raises ``Unordered``."""
        self.budget.spend()
        infinite = infinity(a), infinity(b)
        if any(infinite):
            return (infinite[0] > infinite[1]) - (infinite[0] < infinite[1])
        left, right = exact(a), exact(b)
        if left is not None and right is not None:
            return (left > right) - (left < right)
        with precision(256):
            run = Evaluation({}, self.budget)
            try:
                distance = (run.value(a) - run.value(b)).real
            except Undefined as error:
                raise Unordered from error
            if distance > 0:
                return 1
            if distance < 0:
                return -1
        if compare_scalars(a, b, self.budget).equal:
            return 0
        raise Unordered

    def tidy(self, pieces: list[Piece]) -> tuple[Piece, ...]:
        """Sorted, the empty ones dropped, those that touch joined."""
        if len(pieces) > _MAX_PIECES:
            raise Unordered
        kept: list[Piece] = []
        for piece in pieces:
            order = self.order(piece.low, piece.high)
            if order < 0 or (order == 0 and piece.low_closed and piece.high_closed):
                kept.append(piece)
        kept.sort(key=cmp_to_key(self.by_low_end))
        joined: list[Piece] = []
        for piece in kept:
            last = joined[-1] if joined else None
            touch = 1 if last is None else self.order(piece.low, last.high)
            if last is None or touch > 0 or (touch == 0 and not (piece.low_closed or last.high_closed)):
                joined.append(piece)
                continue
            end = self.order(piece.high, last.high)
            if end > 0:
                joined[-1] = Piece(last.low, last.low_closed, piece.high, piece.high_closed)
            elif end == 0:
                joined[-1] = last._replace(high_closed=last.high_closed or piece.high_closed)
        return tuple(joined)

    def by_low_end(self, a: Piece, b: Piece) -> int:
        return self.order(a.low, b.low) or b.low_closed - a.low_closed

    def joined(self, op: str, a: Region, b: Region) -> Region:
        """The union, intersection or difference of two regions."""
        if op == "union":
            return Region(self.tidy([*a.pieces, *b.pieces]))
        if op == "difference":
            b = Region(self.tidy(_complement(b)))
        return Region(self.tidy([self.met(one, other) for one in a.pieces for other in b.pieces]))

    def met(self, one: Piece, other: Piece) -> Piece:
        """What two pieces have in common; its ends may be out of order when that is nothing."""
        low, high = self.order(one.low, other.low), self.order(one.high, other.high)
        lower, upper = (one if low > 0 else other), (one if high < 0 else other)
        return Piece(
            lower.low,
            lower.low_closed if low else one.low_closed and other.low_closed,
            upper.high,
            upper.high_closed if high else one.high_closed and other.high_closed,
        )


_JOINABLE: Final = frozenset({*_FLIPPED, "chain", "in", "eq"})


def _complement(region: Region) -> list[Piece]:
    holes: list[Piece] = []
    low: Node = _LOW
    low_closed = False
    for piece in region.pieces:
        holes.append(Piece(low, low_closed, piece.low, not piece.low_closed and not infinity(piece.low)))
        low, low_closed = piece.high, not piece.high_closed and not infinity(piece.high)
    return [*holes, Piece(low, low_closed, _HIGH, False)]
