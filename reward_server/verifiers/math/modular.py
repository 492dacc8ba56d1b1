r"""The modular tier: rational functions over the rationals, at a random point modulo a product of two random primes.

A rational function is sums, products, quotients and integer powers of numbers and letters; π, e and what no tier
looks into count as letters, *i* is a root of -1. Modulo a prime such a function costs one multiplication for each
sign in it and two for each bit of an exponent, whatever the size of its value: ``2^{2025}`` and ``(1+x)^{100000}``
cost nothing to speak of.

**Different is a proof.** Reduction is a homomorphism, so two functions that are the same have the same residue
wherever no denominator vanishes. Only where letters stand for numbers that may be related (π and e) it proves nothing.

**Equal is nearly one.** The difference of two functions that are not the same is a fraction whose numerator has a
degree below the ``weight`` *w* counted here, and integer coefficients of fewer than 60 *w* bits. It vanishes for one
prime if that divides all coefficients (fewer than *w* primes do, of the 10^16 with 61 bits) or if the point is a root
(*w* of at least 2^60 points): less than w/10^16, and below 10^-17 for both primes with w up to ``_MAX_WEIGHT``. The
point, and which of ``_FIELDS`` pairs of primes, come from a hash over both answers: no answer can be written to fit
them, and every run sees the same.

>>> from reward_server.verifiers.math.judgement import Budget
>>> from reward_server.verifiers.math.reading import read
>>> equal(read("(1+x)^{100000}"), read("(1+x)^{99999}(x+1)"), b"seed", Budget())
True
>>> equal(read("(1+x)^{100000}"), read("(1+x)^{100000} + 10^{-9}"), b"seed", Budget())
False
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reward_server.verifiers.math.exact import Exact, bits, exact
from reward_server.verifiers.math.judgement import Budget
from reward_server.verifiers.math.limits import MAX_TERMS
from reward_server.verifiers.math.nodes import Apply, Node, Sym, children, operations_of, symbols_of

if TYPE_CHECKING:
    from flint import fmpz_mod, fmpz_mod_ctx

_MAX_WEIGHT: Final = 10**7
_MAX_EXPONENT_BITS: Final = 2_048
_UNRELATED: Final = frozenset({"pi", "e"})
_TRIES: Final = 3
_FIELDS: Final = 1_024


class Field(NamedTuple):
    """Two primes of 61 bits, and the ring modulo their product."""

    primes: tuple[int, int]
    ring: fmpz_mod_ctx


@cache
def _field(number: int) -> Field:
    from flint import fmpz, fmpz_mod_ctx

    found: list[int] = []
    for which in ("p", "q"):
        prime = _drawn(b"field", f"{number} {which}") % 2**60 & ~3 | 2**60 | 1  # of the form 4k + 1: -1 has a root
        while not fmpz(prime).is_probable_prime():
            prime += 4
        found.append(prime)
    return Field((found[0], found[1]), fmpz_mod_ctx(found[0] * found[1]))


@cache
def _imaginary(primes: tuple[int, int]) -> int:
    """A root of -1 modulo both primes."""
    return _joined([pow(_nonresidue(p), (p - 1) // 4, p) for p in primes], primes)


def _joined(residues: list[int], primes: tuple[int, int]) -> int:
    """What has these residues modulo the two primes."""
    (a, b), (p, q) = residues, primes
    return a + p * ((b - a) * pow(p, -1, q) % q)


def _nonresidue(p: int) -> int:
    return next(g for g in range(2, 1000) if pow(g, (p - 1) // 2, p) == p - 1)


def _drawn(key: bytes, name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), key=key, digest_size=24).digest(), "big")


class Unsuited(Exception):
    """The tree is no rational function, or has a pole at the point."""


def equal(a: Node, b: Node, seed: bytes, budget: Budget) -> bool | None:
    """Whether two trees are the same rational function; None where they are none, or it takes another tier to tell.

    ``seed`` is a hash over both. Raises ``Spent``.
    """
    names = symbols_of(a) | symbols_of(b)
    if "oo" in names or not (operations_of(a) | operations_of(b)) <= _MAY_BE_RATIONAL:
        return None
    for index in range(_TRIES):
        run = Residues(seed, index, budget)
        try:
            same = run.value(a) == run.value(b)
        except ZeroDivisionError:
            continue  # a pole: another point
        except Unsuited:
            return None
        if not same:
            return None if names >= _UNRELATED else False
        return True if run.weight <= _MAX_WEIGHT else None
    return None


class Residues:
    """The residues of trees at one point. Spends the budget and adds up the weight of what it saw."""

    def __init__(self, seed: bytes, index: int, budget: Budget) -> None:
        self.seed = seed
        self.index = index
        self.budget = budget
        self.field = _field(int.from_bytes(seed[:2], "big") % _FIELDS)
        self.residue = self.field.ring
        self.point: dict[str, fmpz_mod] = {}
        self.bound: dict[str, int] = {}
        """The variables of the sums around what is looked at, and what they are."""
        self.weight = 0
        self.power = 1
        """The product of the exponents around what is looked at."""

    def value(self, node: Node) -> fmpz_mod:
        """The residue of a tree; raises ``Unsuited``, or ``ZeroDivisionError`` at a pole."""
        self.budget.spend()
        if type(node) is Sym:
            return self.symbol(node.name)
        known = exact(node)
        if known is not None:
            return self.number(known)
        rule = _RULES.get(node.op) if type(node) is Apply else None
        if rule is None:
            raise Unsuited
        result: fmpz_mod = rule(self, node.args)  # type: ignore[union-attr]  # only an Apply has a rule
        return result

    def number(self, value: Exact) -> fmpz_mod:
        self.weight += self.power * (1 + bits(value) // 60)
        if type(value) is int:
            return self.residue(value)
        return self.residue(value.numerator) / self.residue(value.denominator)

    def integer(self, node: Node) -> int:
        """The value of an exponent, which may be made of the variables of sums; raises ``Unsuited``."""
        if isinstance(node, Sym) and node.name in self.bound:
            return self.bound[node.name]
        if isinstance(node, Apply) and node.op in _OF_INTEGERS and self.bound:
            return _OF_INTEGERS[node.op](self.integer(arg) for arg in node.args)
        known = exact(node)
        if known is None or known.denominator != 1:
            raise Unsuited
        return known.numerator

    def symbol(self, name: str) -> fmpz_mod:
        if name in self.bound:
            return self.number(self.bound[name])
        self.weight += self.power
        found = self.point.get(name)
        if found is None:
            drawn = _imaginary(self.field.primes) if name == "i" else _drawn(self.seed, f"{self.index} {name}")
            found = self.point[name] = self.residue(drawn)
        return found


def _sum(run: Residues, args: tuple[Node, ...]) -> fmpz_mod:
    total = run.value(args[0])
    for arg in args[1:]:
        total = total + run.value(arg)
    return total


def _product(run: Residues, args: tuple[Node, ...]) -> fmpz_mod:
    total = run.value(args[0])
    for arg in args[1:]:
        total = total * run.value(arg)
    return total


def _quotient(run: Residues, args: tuple[Node, ...]) -> fmpz_mod:
    top, bottom = run.value(args[0]), run.value(args[1])
    if bottom == 0:  # python-flint takes 0/0 for 0
        raise ZeroDivisionError
    return top / bottom


def _power(run: Residues, args: tuple[Node, ...]) -> fmpz_mod:
    n = run.integer(args[1])
    if n.bit_length() > _MAX_EXPONENT_BITS:
        raise Unsuited
    run.budget.spend(n.bit_length() // 16)
    before, run.power = run.power, run.power * max(abs(n), 1)
    base = run.value(args[0])
    run.power = before
    if n <= 0 and base == 0:
        raise ZeroDivisionError
    return base**n


def _repeated(product: bool) -> Callable[[Residues, tuple[Node, ...]], Any]:
    def rule(run: Residues, args: tuple[Node, ...]) -> fmpz_mod:
        variable, low, high, body = args[0], run.integer(args[1]), run.integer(args[2]), args[3]
        if not isinstance(variable, Sym) or variable.name in run.bound or high - low > MAX_TERMS:
            raise Unsuited
        total = run.residue(1 if product else 0)
        for k in range(low, high + 1):
            run.bound[variable.name] = k
            term = run.value(body)
            total = total * term if product else total + term
        run.bound.pop(variable.name, None)
        return total

    return rule


def _determinant(run: Residues, args: tuple[Node, ...]) -> fmpz_mod:
    from flint import nmod_mat

    rows = [children(row) for row in children(args[0])]
    if any(len(row) != len(rows) for row in rows):
        raise Unsuited
    run.budget.spend(len(rows) ** 3 // 16)
    entries = [int(run.value(cell)) for row in rows for cell in row]
    size, primes = len(rows), run.field.primes
    determinants = [int(nmod_mat(size, size, [entry % p for entry in entries], p).det()) for p in primes]
    return run.residue(_joined(determinants, primes))


_OF_INTEGERS: Final[dict[str, Callable[[Iterator[int]], int]]] = {
    "add": sum,
    "mul": math.prod,
    "neg": lambda parts: -next(parts),
}
_RULES: Final[dict[str, Callable[[Residues, tuple[Node, ...]], Any]]] = {
    "add": _sum,
    "mul": _product,
    "neg": lambda run, args: -run.value(args[0]),
    "div": _quotient,
    "percent": lambda run, args: run.value(args[0]) / run.residue(100),
    "degree": lambda run, args: run.value(args[0]) * run.symbol("pi") / run.residue(180),
    "based": lambda run, args: run.value(args[0]),
    "pow": _power,
    "sum": _repeated(False),
    "product": _repeated(True),
    "det": _determinant,
}
"""Operations that rational functions are made of; a tree with any other belongs to another tier."""
_MAY_BE_RATIONAL: Final = frozenset(_RULES) | frozenset(
    "matrix row factorial double_factorial binom abs floor ceil mod gcd lcm max min sgn".split()
)
"""Those, what stands inside them, and what comes to a number where its arguments are numbers."""
