"""Sets of real numbers: intervals, unions, solved inequalities and set-builders, as one normal form.

A region is a sorted list of disjoint pieces with exact or ball-comparable ends. Two regions are equal when their
pieces are. Anything whose ends cannot be ordered is None here and is compared by its structure instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cmp_to_key
from typing import NamedTuple

from reward_server.verifiers.math.balls import Evaluation, Undefined, precision
from reward_server.verifiers.math.exact import exact
from reward_server.verifiers.math.nodes import GROUPS, Apply, Node, Sym, symbols_of
from reward_server.verifiers.math.scalars import compare_scalars, infinity
from reward_server.verifiers.math.symbols import CONSTANTS

_MAX_PIECES = 64
_LOW, _HIGH = Apply("neg", (Sym("oo"),)), Sym("oo")
_FLIPPED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "ne": "ne", "eq": "eq"}


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


REALS = Region((Piece(_LOW, False, _HIGH, False),))


def region(node: Node) -> Region | None:
    """The set of reals a tree stands for, or None."""
    try:
        return _region(node)
    except Unordered:
        return None


def _region(node: Node) -> Region | None:
    if isinstance(node, Sym):
        return {"RR": REALS, "emptyset": Region(())}.get(node.name)
    if not isinstance(node, Apply):
        return None
    if node.op in GROUPS and len(node.args) == 2:
        low, high = node.args
        if not _real(low) or not _real(high):
            return None
        return Region(
            _tidy([Piece(low, node.op in ("closed", "closed_open"), high, node.op in ("closed", "open_closed"))])
        )
    if node.op == "set":
        return (
            Region(_tidy([Piece(arg, True, arg, True) for arg in node.args])) if all(map(_finite, node.args)) else None
        )
    if node.op in _SET_OPERATIONS:
        return _combined(node)
    if node.op == "builder":
        return _built(node)
    return _solved(node)


def _combined(node: Apply) -> Region | None:
    parts = [_region(arg) for arg in node.args]
    if any(part is None for part in parts):
        return None
    known = [part for part in parts if part is not None]
    variables = {part.variable for part in known} - {""}
    if len(variables) > 1:
        return None
    result = known[0]
    for part in known[1:]:
        result = _SET_OPERATIONS[node.op](result, part)
    return Region(result.pieces, next(iter(variables), ""))


def _built(node: Apply) -> Region | None:
    """``{x : condition}`` and ``{x ∈ R : condition}``."""
    head, condition = node.args
    variable = head.args[0] if isinstance(head, Apply) and head.op == "in" else head
    found = _region(condition)
    if found is None or not isinstance(variable, Sym) or found.variable != variable.name:
        return None
    if isinstance(head, Apply):
        domain = _region(head.args[1])
        return None if domain is None else Region(_meet(domain, found).pieces)
    return Region(found.pieces)


def _solved(node: Apply) -> Region | None:
    """Inequalities that are solved for one letter, and what joins them."""
    if node.op == "chain":
        return _combined(Apply("intersection", node.args))
    if node.op in ("or", "and", "list") and all(
        isinstance(arg, Apply) and (arg.op in _FLIPPED or arg.op in ("chain", "in")) for arg in node.args
    ):
        if all(isinstance(arg, Apply) and arg.op == "eq" for arg in node.args):
            return None
        met = _combined(Apply("intersection", node.args)) if node.op != "or" else None
        if node.op == "and" or (met is not None and met.pieces):
            return met
        return _combined(Apply("union", node.args))
    if node.op == "in" and isinstance(node.args[0], Sym):
        found = _region(node.args[1])
        return None if found is None else Region(found.pieces, node.args[0].name)
    if node.op not in _FLIPPED or node.op == "eq":
        return None
    return _bounded(node)


def _bounded(node: Apply) -> Region | None:
    """``x < 2``. Nothing is solved here: an inequality that repeats the question is no answer to it."""
    left, right = node.args
    op = node.op
    names = symbols_of(node) - CONSTANTS
    if len(names) != 1:
        return None
    (name,) = names
    if isinstance(right, Sym) and right.name == name:
        left, right, op = right, left, _FLIPPED[op]
    if isinstance(left, Sym) and left.name == name and name not in symbols_of(right):
        bound = right
    else:
        return None
    if not _real(bound):
        return None
    return Region(_half(op, bound), name)


def _half(op: str, bound: Node) -> tuple[Piece, ...]:
    closed = op in ("le", "ge")
    below, above = Piece(_LOW, False, bound, closed), Piece(bound, closed, _HIGH, False)
    if op == "ne":
        return (below, above)
    return (below,) if op in ("lt", "le") else (above,)


# Order and set operations.


def _finite(node: Node) -> bool:
    return not infinity(node) and _real(node)


def _real(node: Node) -> bool:
    """Whether a node is a real constant or an infinity."""
    if infinity(node) or exact(node) is not None:
        return True
    if symbols_of(node) - CONSTANTS:
        return False
    with precision(128):
        try:
            return bool(Evaluation({}).value(node).imag.contains(0))
        except Undefined:
            return False


def _order(a: Node, b: Node) -> int:
    """-1, 0 or 1; raises ``Unordered``."""
    infinite = infinity(a), infinity(b)
    if any(infinite):
        return (infinite[0] > infinite[1]) - (infinite[0] < infinite[1])
    left, right = exact(a), exact(b)
    if left is not None and right is not None:
        return (left > right) - (left < right)
    if compare_scalars(a, b).equal:
        return 0
    with precision(256):
        try:
            distance = (Evaluation({}).value(a) - Evaluation({}).value(b)).real
        except Undefined as error:
            raise Unordered from error
        if distance > 0:
            return 1
        if distance < 0:
            return -1
    raise Unordered


def _tidy(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Sorted, the empty ones dropped, those that touch joined."""
    if len(pieces) > _MAX_PIECES:
        raise Unordered
    kept: list[Piece] = []
    for piece in pieces:
        order = _order(piece.low, piece.high)
        if order < 0 or (order == 0 and piece.low_closed and piece.high_closed):
            kept.append(piece)
    kept.sort(key=cmp_to_key(_by_low_end))
    joined: list[Piece] = []
    for piece in kept:
        if joined:
            last = joined[-1]
            touch = _order(piece.low, last.high)
            if touch < 0 or (touch == 0 and (piece.low_closed or last.high_closed)):
                end = _order(piece.high, last.high)
                if end > 0:
                    joined[-1] = Piece(last.low, last.low_closed, piece.high, piece.high_closed)
                elif end == 0:
                    joined[-1] = last._replace(high_closed=last.high_closed or piece.high_closed)
                continue
        joined.append(piece)
    return tuple(joined)


def _by_low_end(a: Piece, b: Piece) -> int:
    return _order(a.low, b.low) or b.low_closed - a.low_closed


def _join(a: Region, b: Region) -> Region:
    return Region(_tidy([*a.pieces, *b.pieces]))


def _meet(a: Region, b: Region) -> Region:
    pieces = []
    for one in a.pieces:
        for other in b.pieces:
            low, high = _order(one.low, other.low), _order(one.high, other.high)
            lower = one if low > 0 else other
            upper = one if high < 0 else other
            pieces.append(
                Piece(
                    lower.low, lower.low_closed if low else one.low_closed and other.low_closed,
                    upper.high, upper.high_closed if high else one.high_closed and other.high_closed,
                )
            )  # fmt: skip
    return Region(_tidy(pieces))


def _without(a: Region, b: Region) -> Region:
    holes: list[Piece] = []
    low: Node = _LOW
    low_closed = False
    for piece in b.pieces:
        holes.append(Piece(low, low_closed, piece.low, not piece.low_closed and not infinity(piece.low)))
        low, low_closed = piece.high, not piece.high_closed and not infinity(piece.high)
    holes.append(Piece(low, low_closed, _HIGH, False))
    return _meet(a, Region(_tidy(holes)))


_SET_OPERATIONS = {"union": _join, "intersection": _meet, "difference": _without}
