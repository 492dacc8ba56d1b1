r"""Equations as polynomials: the numerator of ``left - right``, in lowest terms, with flint.

``y = 2/x`` and ``xy = 2`` both say that ``xy - 2`` vanishes. Letters, and whatever is no sum, product, quotient or
power (``\sqrt x``, ``f(x)``), are the unknowns. Sizes are capped before each multiplication, as nothing stops flint.

>>> from reward_server.verifiers.math.judgement import Budget
>>> from reward_server.verifiers.math.reading import read
>>> ratio(read("y - 2/x"), read("4 - 2 x y"), Budget())
Fraction(-1, 2)
>>> ratio(read("y - 2x"), read("y - 3x"), Budget())
Fraction(0, 1)
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Final

from reward_server.verifiers.math.canonical import canonical
from reward_server.verifiers.math.exact import Exact, bits, exact
from reward_server.verifiers.math.judgement import Budget
from reward_server.verifiers.math.nodes import Apply, Node, Sym
from reward_server.verifiers.math.symbols import CONSTANTS

if TYPE_CHECKING:
    from flint import fmpq_mpoly, fmpq_mpoly_ctx

_MAX_UNKNOWNS: Final = 8
_MAX_DEGREE: Final = 24
_MAX_PRODUCTS: Final = 400
_MAX_BITS: Final = 1_024
_PER_STEP: Final = 8
"""Products of terms that count as one step of the budget."""


class Unsuited(Exception):
    """No polynomial, or one past the caps."""


class Quotient:
    """A polynomial over another."""

    __slots__ = ("bottom", "top")

    def __init__(self, top: fmpq_mpoly, bottom: fmpq_mpoly) -> None:
        self.top = top
        self.bottom = bottom


def ratio(a: Node, b: Node, budget: Budget, *, whole: bool = False) -> Fraction:
    """The constant that the numerator of ``a`` is of that of ``b``; 0 where it is no constant multiple.

    ``whole``: denominators must be constant, so that the sign of the constant means something. Raises ``Unsuited``
    where a tree is too large, vanishes, or holds what a difference could not be told by; and ``Spent``.
    """
    ring = _Ring(budget)
    left, right = ring.quotient(a), ring.quotient(b)
    if whole and not (left.bottom.is_constant() and right.bottom.is_constant()):
        raise Unsuited
    one, other = _numerator(left), _numerator(right)
    if not one or not other:
        raise Unsuited
    found = one.leading_coefficient() / other.leading_coefficient()
    if one == other * found:
        return Fraction(int(found.p), int(found.q))
    if ring.opaque:
        raise Unsuited
    return Fraction(0)


def is_rational(node: Node) -> bool:
    """Whether a tree, or each side of an equation, is made of what polynomials and their quotients are made of."""
    if not isinstance(node, Apply) or exact(node) is not None:
        return True
    if node.op == "pow":
        return is_rational(node.args[0]) and isinstance(exact(node.args[1]), int)
    return (node.op in _RULES or node.op == "eq") and all(map(is_rational, node.args))


def _numerator(quotient: Quotient) -> fmpq_mpoly:
    top, bottom = quotient.top, quotient.bottom
    if bottom.is_constant():
        return top / bottom.leading_coefficient()
    return top / top.gcd(bottom)


@cache
def _context() -> fmpq_mpoly_ctx:
    from flint import Ordering, fmpq_mpoly_ctx

    return fmpq_mpoly_ctx.get([f"u{k}" for k in range(_MAX_UNKNOWNS)], Ordering.lex)


class _Ring:
    """Polynomials in the unknowns of two trees, as they come up."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.context = _context()
        self.one = self.context.constant(1)
        self.unknowns: dict[str, fmpq_mpoly] = {}
        self.opaque = False
        """Whether an unknown may be related to another: then a difference proves nothing."""

    def quotient(self, node: Node) -> Quotient:
        self.budget.spend()
        value = exact(node)
        if value is not None:
            return Quotient(self.number(value), self.one)
        if isinstance(node, Sym):
            self.opaque |= node.name in CONSTANTS
            return Quotient(self.unknown(node.name), self.one)
        if isinstance(node, Apply) and node.op in _RULES:
            return _RULES[node.op](self, node.args)
        self.opaque = True
        return Quotient(self.unknown(canonical(node)), self.one)

    def number(self, value: Exact) -> fmpq_mpoly:
        import flint

        if bits(value) > _MAX_BITS:
            raise Unsuited
        return self.context.constant(flint.fmpq(value.numerator, value.denominator))

    def unknown(self, name: str) -> fmpq_mpoly:
        found = self.unknowns.get(name)
        if found is None:
            if len(self.unknowns) == _MAX_UNKNOWNS:
                raise Unsuited
            found = self.unknowns[name] = self.context.gen(len(self.unknowns))
        return found

    def times(self, a: fmpq_mpoly, b: fmpq_mpoly) -> fmpq_mpoly:
        """The product, if it stays within the caps."""
        if a.is_one() or b.is_one():
            return b if a.is_one() else a
        products = len(a) * len(b)
        if products > _MAX_PRODUCTS or a.total_degree() + b.total_degree() > _MAX_DEGREE:
            raise Unsuited
        self.budget.spend(products // _PER_STEP)
        found = a * b
        if any(int(c.p).bit_length() + int(c.q).bit_length() > _MAX_BITS for c in found.coeffs()):
            raise Unsuited
        return found


def _add(ring: _Ring, args: tuple[Node, ...]) -> Quotient:
    total = ring.quotient(args[0])
    for arg in args[1:]:
        term = ring.quotient(arg)
        if total.bottom == term.bottom:
            total = Quotient(total.top + term.top, total.bottom)
        else:
            tops = ring.times(total.top, term.bottom) + ring.times(term.top, total.bottom)
            total = Quotient(tops, ring.times(total.bottom, term.bottom))
    return total


def _mul(ring: _Ring, args: tuple[Node, ...]) -> Quotient:
    total = ring.quotient(args[0])
    for arg in args[1:]:
        factor = ring.quotient(arg)
        total = Quotient(ring.times(total.top, factor.top), ring.times(total.bottom, factor.bottom))
    return total


def _neg(ring: _Ring, args: tuple[Node, ...]) -> Quotient:
    value = ring.quotient(args[0])
    return Quotient(-value.top, value.bottom)


def _div(ring: _Ring, args: tuple[Node, ...]) -> Quotient:
    one, other = ring.quotient(args[0]), ring.quotient(args[1])
    if not other.top:
        raise Unsuited
    return Quotient(ring.times(one.top, other.bottom), ring.times(one.bottom, other.top))


def _pow(ring: _Ring, args: tuple[Node, ...]) -> Quotient:
    n = exact(args[1])
    if not isinstance(n, int) or not -_MAX_DEGREE <= n <= _MAX_DEGREE:
        ring.opaque = True
        return Quotient(ring.unknown(canonical(Apply("pow", args))), ring.one)
    base = ring.quotient(args[0])
    if n <= 0 and not base.top:
        raise Unsuited
    top, bottom = ring.one, ring.one
    for _ in range(abs(n)):
        top, bottom = ring.times(top, base.top), ring.times(bottom, base.bottom)
    return Quotient(top, bottom) if n >= 0 else Quotient(bottom, top)


_RULES: Final[dict[str, Callable[[_Ring, tuple[Node, ...]], Quotient]]] = {
    "add": _add,
    "mul": _mul,
    "neg": _neg,
    "div": _div,
    "pow": _pow,
    "based": lambda ring, args: ring.quotient(args[0]),
}
