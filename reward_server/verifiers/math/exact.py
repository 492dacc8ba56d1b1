"""The second tier: exact rational arithmetic, every size checked before the operation that would exceed it."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Final

from reward_server.verifiers.math.limits import MAX_BITS, MAX_FACTORIAL
from reward_server.verifiers.math.nodes import UNKNOWN, Apply, Node, Num
from reward_server.verifiers.math.numerals import tidy

Exact = int | Fraction
_SMALL: Final = 1 << 62


def exact(node: Node) -> Exact | None:
    """The rational value of a tree, or None where it has none, or none that fits ``MAX_BITS``.

    >>> from reward_server.verifiers.math.reading import read
    >>> exact(read("3!/4 + 25%"))
    Fraction(7, 4)
    """
    if type(node) is Num:  # the most frequent question of all; exact types are quicker to ask for
        return node.value
    if type(node) is not Apply:
        return None
    known = node.exact_memo
    if known is UNKNOWN:
        known = _evaluated(node)
        node.exact_memo = known
    return known  # type: ignore[return-value]  # the slot holds what _evaluated returned


def _evaluated(node: Apply) -> Exact | None:
    operation = _OPERATIONS.get(node.op)
    if operation is None:
        return None
    values: list[Exact] = []
    for arg in node.args:
        value = exact(arg)
        if value is None:
            return None
        values.append(value)
    result = operation(*values)
    if result is None or (type(result) is int and -_SMALL < result < _SMALL):
        return result
    return None if bits(result) > MAX_BITS else tidy(result)


def bits(value: Exact) -> int:
    """The size of a rational number."""
    return value.numerator.bit_length() + value.denominator.bit_length()


def _sum(*values: Exact) -> Exact | None:
    if len(values) < 8 or all(isinstance(value, int) for value in values):
        return sum(values)
    from flint import fmpq

    total = fmpq(0)
    for value in values:
        total += fmpq(value.numerator, value.denominator)
        if total.height_bits() > MAX_BITS:
            return None
    return Fraction(int(total.p), int(total.q))


def _product(*values: Exact) -> Exact | None:
    if sum(bits(value) for value in values) > 2 * MAX_BITS:
        return None
    if all(type(value) is int for value in values):
        return math.prod(values)
    return Fraction(math.prod(value.numerator for value in values), math.prod(value.denominator for value in values))


def _divide(numerator: Exact, denominator: Exact) -> Exact | None:
    if denominator == 0:
        return None
    if type(numerator) is int and type(denominator) is int:
        return Fraction(numerator, denominator)
    return Fraction(numerator) / denominator


def power(base: Exact, exponent: Exact) -> Exact | None:
    """``base ** exponent`` where that is rational and fits."""
    if exponent.denominator == 1:
        n = exponent.numerator
        if base == 0:
            return None if n <= 0 else 0
        if base in (1, -1):
            return base if n % 2 else 1
        if abs(n) > MAX_BITS or abs(n) * bits(base) > 2 * MAX_BITS:
            return None
        return base**n if n >= 0 else 1 / Fraction(base) ** -n
    if exponent.denominator > 64 or abs(exponent.numerator) > MAX_BITS:
        return None
    rooted = root(base, exponent.denominator)
    return None if rooted is None else power(rooted, exponent.numerator)


def root(base: Exact, degree: Exact) -> Exact | None:
    """The real root where it is rational: of a negative number only for an odd degree."""
    if degree.denominator != 1 or not 2 <= degree.numerator <= 64:
        return base if degree == 1 else None
    n = degree.numerator
    if base < 0:
        positive = root(-base, n) if n % 2 else None
        return None if positive is None else -positive
    top, bottom = _integer_root(base.numerator, n), _integer_root(base.denominator, n)
    return None if top is None or bottom is None else Fraction(top, bottom)


def _integer_root(value: int, n: int) -> int | None:
    if n == 2:
        found = math.isqrt(value)
    else:
        found = 1 << -(-value.bit_length() // n) if value else 0
        while found**n > value:
            found = ((n - 1) * found + value // found ** (n - 1)) // n
    return found if found**n == value else None


def _factorial(n: Exact) -> Exact | None:
    if n.denominator != 1 or not 0 <= n <= MAX_FACTORIAL:
        return None
    return math.factorial(n.numerator)


def _double_factorial(n: Exact) -> Exact | None:
    if n.denominator != 1 or not -1 <= n <= MAX_FACTORIAL:
        return None
    return math.prod(range(n.numerator, 0, -2))


def _binomial(n: Exact, k: Exact) -> Exact | None:
    if (
        n.denominator != 1
        or k.denominator != 1
        or n < 0
        or min(k, n - k) > MAX_FACTORIAL
        or n.numerator.bit_length() > 64
    ):
        return None
    if k < 0 or k > n:
        return 0
    if min(k, n - k) * n.numerator.bit_length() > 2 * MAX_BITS:
        return None
    return math.comb(n.numerator, k.numerator)


def _modulo(value: Exact, modulus: Exact) -> Exact | None:
    return None if modulus == 0 else value % modulus


def _integers(combine: Callable[..., int]) -> Callable[..., Exact | None]:
    def operation(*values: Exact) -> Exact | None:
        if not values or any(value.denominator != 1 for value in values):
            return None
        return combine(*(value.numerator for value in values))

    return operation


def _log(value: Exact, base: Exact | None = None) -> Exact | None:
    """Exact logarithms of powers; the rest is left to ball arithmetic."""
    if base is None:  # natural or common
        return 0 if value == 1 else None
    if value <= 0 or base <= 0 or base == 1 or bits(value) > 4096:
        return None
    guess = round(
        (math.log(value.numerator) - math.log(value.denominator))
        / (math.log(base.numerator) - math.log(base.denominator))
    )
    return guess if power(base, guess) == value else None


_OPERATIONS: Final[dict[str, Callable[..., Exact | None]]] = {
    "add": _sum,
    "mul": _product,
    "neg": lambda a: -a,
    "div": _divide,
    "pow": power,
    "root": root,
    "percent": lambda a: Fraction(a) / 100,
    "based": lambda value, base: value,
    "factorial": _factorial,
    "double_factorial": _double_factorial,
    "binom": _binomial,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "mod": _modulo,
    "gcd": _integers(math.gcd),
    "lcm": _integers(math.lcm),
    "max": lambda *values: max(values),
    "min": lambda *values: min(values),
    "log": _log,
    "lg": lambda value: _log(value, 10),
    "log2": lambda value: _log(value, 2),
    "sgn": lambda a: (a > 0) - (a < 0),
}  # fmt: skip
