"""Relations as statements: equations up to a constant factor, inequalities up to a positive one."""

from __future__ import annotations

from typing import Final

from reward_server.verifiers.math import polynomials, symbolic
from reward_server.verifiers.math.balls import Evaluation, Undefined, precision
from reward_server.verifiers.math.canonical import canonical
from reward_server.verifiers.math.judgement import Budget, Judgement, different, same, undecided
from reward_server.verifiers.math.limits import MAX_PRECISION
from reward_server.verifiers.math.nodes import Apply, Node, Sym, symbols_of
from reward_server.verifiers.math.points import point
from reward_server.verifiers.math.scalars import compare_scalars, integer_names, points_wanted, seed, unevaluated
from reward_server.verifiers.math.symbols import CONSTANTS

_BITS: Final = 256
_FLIPPED: Final = {"gt": "lt", "ge": "le"}
_FACTORED: Final = frozenset({"eq", "ne", "lt", "le"})


def is_equality(node: Node) -> bool:
    """``a = b``, or a chain of nothing but ``=``."""
    if not isinstance(node, Apply):
        return False
    if node.op == "chain":
        return all(isinstance(link, Apply) and link.op in ("eq", "approx") for link in node.args)
    return node.op in ("eq", "approx")


def same_label(a: Node, b: Node) -> bool:
    """Whether two labels name the same thing; ``y`` and ``f(x)`` do."""
    a, b = _unmarked(a), _unmarked(b)
    if canonical(a) == canonical(b):
        return True
    return any(left == Sym("y") and _is_f(right) for left, right in ((a, b), (b, a)))


def _unmarked(label: Node) -> Node:
    """``\\angle A`` as ``A``."""
    marked = isinstance(label, Apply) and label.op == "call" and label.args[0] in (Sym("angle"), Sym("triangle"))
    return label.args[1] if marked else label  # type: ignore[union-attr]  # what is marked is an Apply


_MARKS: Final = frozenset({Sym("angle"), Sym("triangle")})
"""Signs before a name, which are no functions of it."""


def same_function(a: Node, b: Node) -> dict[Node, Node]:
    """How the letters of ``f(t)`` become those of ``f(x)``; empty where these are not one function of letters."""
    if not (isinstance(a, Apply) and isinstance(b, Apply) and a.op == b.op == "call" and len(a.args) == len(b.args)):
        return {}
    if a.args[0] in _MARKS or a.args[0] != b.args[0] or not all(isinstance(arg, Sym) for arg in (*a.args, *b.args)):
        return {}
    return dict(zip(b.args[1:], a.args[1:], strict=True))


def _is_f(node: Node) -> bool:
    return isinstance(node, Apply) and node.op == "call" and node.args[0] == Sym("f")


def same_structure(a: Node, b: Node, budget: Budget) -> Judgement:
    """Trees of one operation with equal arguments."""
    if isinstance(a, Apply) and isinstance(b, Apply) and a.op == b.op and len(a.args) == len(b.args):
        if all(_same(one, other, budget) for one, other in zip(a.args, b.args, strict=True)):
            return same("structure")
    return different("structure", f"{canonical(a)} is not {canonical(b)}")


def _same(a: Node, b: Node, budget: Budget) -> bool:
    if (
        isinstance(a, Apply)
        and isinstance(b, Apply)
        and a.op == b.op
        and len(a.args) == len(b.args)
        and a.op not in ("add", "mul")
    ):
        return all(_same(one, other, budget) for one, other in zip(a.args, b.args, strict=True))
    return bool(compare_scalars(a, b, budget).equal)


def compare(a: Node, b: Node, budget: Budget) -> Judgement:
    """Whether two relations say the same.

    >>> from reward_server.verifiers.math.reading import read
    >>> compare(read("y = 2/x"), read("xy = 2"), Budget()).tier
    'polynomials'
    >>> compare(read("x + y < 1"), read("2x + 2y > 2"), Budget()).why
    'the sign is the other way round'
    """
    left, right = _oriented(a), _oriented(b)
    if not isinstance(left, Apply) or not isinstance(right, Apply) or left.op != right.op:
        return different("structure", "the relations differ")
    if left.op == "chain":
        return _chains(left, right, budget)
    if left.op not in _FACTORED:
        return same_structure(left, right, budget)
    if is_solved(left) != is_solved(right):
        return different("structure", "one is solved, the other is not")
    found = _proportional(left, right, budget)
    if found.equal is not True and found.tier == "balls" and may_need_sympy(left) and may_need_sympy(right):
        if symbolic.ask("equation", _difference(left), _difference(right), budget):
            return same("sympy")
    return found


def may_need_sympy(node: Node) -> bool:
    """Whether SymPy may be asked about a tree: an operation not carried out, a curve that is not of polynomials."""
    if unevaluated(node):
        return True
    names = symbols_of(node) - CONSTANTS
    return isinstance(node, Apply) and node.op == "eq" and len(names) > 1 and not polynomials.is_rational(node)


def _as_polynomials(a: Apply, b: Apply, budget: Budget) -> Judgement | None:
    """The judgement on two relations whose sides are rational functions; None where another tier must tell."""
    ordered = a.op in ("lt", "le")
    try:
        ratio = polynomials.ratio(_difference(a), _difference(b), budget, whole=ordered)
    except polynomials.Unsuited:
        return None
    if ratio == 0:
        return different("polynomials", "no constant multiple of one another")
    if ordered and ratio < 0:
        return different("polynomials", "the sign is the other way round")
    return same("polynomials")


def is_solved(node: Apply) -> bool:
    """Whether a relation in one letter has it alone on one side: any other repeats the question."""
    names = symbols_of(node) - CONSTANTS
    return len(names) == 1 and any(
        isinstance(side, Sym) and side.name in names and not symbols_of(other) & names
        for side, other in (node.args[:2], node.args[1::-1])
    )


def _difference(node: Apply) -> Node:
    return Apply("add", (node.args[0], Apply("neg", (node.args[1],))))


def _chains(a: Apply, b: Apply, budget: Budget) -> Judgement:
    if len(a.args) != len(b.args):
        return different("structure", "chains of different length")
    found = [compare(one, other, budget) for one, other in zip(a.args, b.args, strict=True)]
    if all(judgement.equal for judgement in found):
        return same("structure")
    turned = [compare(one, other, budget) for one, other in zip(a.args, reversed(b.args), strict=True)]
    if all(judgement.equal for judgement in turned):
        return same("structure")
    return next(judgement for judgement in found if not judgement.equal)


def _oriented(node: Node) -> Node:
    if isinstance(node, Apply) and node.op in _FLIPPED:
        return Apply(_FLIPPED[node.op], (node.args[1], node.args[0]))
    if isinstance(node, Apply) and node.op == "approx":
        return Apply("eq", node.args)
    return node


def _proportional(a: Apply, b: Apply, budget: Budget) -> Judgement:
    """Whether the differences of the sides are multiples: by any constant for ``=``, a positive one for ``<``."""
    names = (symbols_of(a) | symbols_of(b)) - CONSTANTS
    if symbols_of(a) - CONSTANTS != symbols_of(b) - CONSTANTS:
        return different("structure", "the letters differ")
    a, b = sorted((a, b), key=canonical)  # both ways round the same steps are taken, and the same budget is spent
    found = _as_polynomials(a, b, budget)
    if found is not None:
        return found
    bits = _BITS
    while True:
        found, needed = _ratio(a, b, names, bits, budget)
        if needed <= bits or not found.equal:
            return found
        if bits >= MAX_PRECISION:
            return undecided("more precision than the limit")
        bits = min(needed, MAX_PRECISION)


def _ratio(a: Apply, b: Apply, names: frozenset[str], bits: int, budget: Budget) -> tuple[Judgement, int]:
    """Whether the ratio of the differences is one constant, at this precision; and the bits that it takes to say so."""
    key, whole = seed(a, b), integer_names(a) | integer_names(b)
    first = None
    met = needed = 0
    with precision(bits):
        for index in range(points_wanted(a, b, whole)):
            run = Evaluation(point(names, key, index, whole), budget, salt=index)
            try:
                left, right = (run.value(side.args[0]) - run.value(side.args[1]) for side in (a, b))
            except Undefined:
                continue
            needed = max(needed, run.needed)
            if left.contains(0) and right.contains(0):
                continue
            if left.contains(0) or right.contains(0):
                return different("balls", "one holds where the other does not"), needed
            ratio = left / right
            if first is None:
                first = ratio
            elif not ratio.overlaps(first):
                return different("balls", "no constant multiple of one another"), needed
            met += 1
    if first is None or met < (3 if names else 1):
        return (_trivial(a, b, budget) if not met else undecided("too few points could be evaluated")), 0
    if a.op in ("lt", "le") and not first.real > 0:
        return different("balls", "the sign is the other way round"), needed
    return (same("balls") if names else _trivial(a, b, budget)), needed


def _trivial(a: Apply, b: Apply, budget: Budget) -> Judgement:
    """Relations without letters, or that always hold: side by side."""
    straight = all(compare_scalars(one, other, budget).equal for one, other in zip(a.args, b.args, strict=True))
    turned = a.op in ("eq", "ne") and all(
        compare_scalars(one, other, budget).equal for one, other in zip(a.args, reversed(b.args), strict=True)
    )
    return same("structure") if straight or turned else different("structure", f"{canonical(a)} is not {canonical(b)}")
