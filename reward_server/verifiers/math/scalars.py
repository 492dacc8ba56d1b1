"""Whether two trees have the same value: exact rationals, decimals as stated, then evaluation with balls."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from typing import Final

from reward_server.verifiers.math import modular, symbolic
from reward_server.verifiers.math.balls import Evaluation, Undefined, precision
from reward_server.verifiers.math.canonical import canonical
from reward_server.verifiers.math.exact import Exact, exact
from reward_server.verifiers.math.judgement import Budget, Judgement, different, same, undecided
from reward_server.verifiers.math.limits import MAX_PRECISION
from reward_server.verifiers.math.nodes import Apply, Node, Num, Sym, operations_of, symbols_of
from reward_server.verifiers.math.numerals import digits
from reward_server.verifiers.math.points import point
from reward_server.verifiers.math.symbols import CONSTANTS

MIN_DIGITS: Final = 4
"""Significant digits from which on a decimal may stand for a number that it rounds."""
_SLACK: Final = 2
"""A number that terminates within so many digits more than the decimal has must be met exactly."""
_SMOOTH, _INTEGER, _PIECEWISE, _STEPPING = 4, 12, 16, 32
"""Points at which two functions must agree: more where they may agree on one side of something only."""
_OPAQUE: Final = "something could not be evaluated"
"""The sides are apart where a part of them was taken for a letter of its own: they may be equal, but not by points."""
_QUICK, _RAISED = 128, 512


def unevaluated(node: Node) -> frozenset[str]:
    """Operations that a question asks to carry out, and that SymPy may."""
    operations = operations_of(node)
    found = operations & _TO_CARRY_OUT
    return found | {"infinite"} if operations & _REPEATED and _is_infinite(node) else found


def _is_infinite(node: Node) -> bool:
    if not isinstance(node, Apply):
        return False
    if node.op in _REPEATED and (infinity(node.args[1]) or infinity(node.args[2])):
        return True
    return any(_is_infinite(arg) for arg in node.args)


_REPEATED: Final = frozenset({"sum", "product"})
_TO_CARRY_OUT: Final = frozenset({"integral", "limit", "derivative"})


def compare_scalars(a: Node, b: Node, budget: Budget) -> Judgement:
    r"""Whether two trees are the same number or function. Symmetric. Raises ``Spent``.

    >>> from reward_server.verifiers.math.reading import read
    >>> compare_scalars(read(r"\sqrt{12}"), read(r"2\sqrt{3}"), Budget())
    Judgement(equal=True, tier='balls', why='')
    >>> compare_scalars(read(r"\sqrt{2}"), read("1.4142"), Budget()).tier
    'decimal'
    """
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Apply) and one.op == "integral" and len(one.args) == 2 and not unevaluated(other):
            return _antiderivative(one, other, budget)
    found = _compare(a, b, budget)
    if found.equal is None and (unevaluated(a) or unevaluated(b)):
        for one, other in ((a, b), (b, a)):
            decimal = stated(one)
            if decimal is not None and _digits(*decimal) >= MIN_DIGITS:
                near = Apply("near", (Num(decimal[0]), Num(decimal[1] / 2)))
                answer = symbolic.ask("rounds", other, near, budget)
                if answer is not None:
                    return same("sympy") if answer else different("sympy", "the decimal is not its value")
        one, other = sorted((a, b), key=canonical)
        answer = symbolic.ask("value", one, other, budget)
        if answer is not None:
            return same("sympy") if answer else different("sympy", "the difference is not zero")
    return found


def _antiderivative(integral: Apply, other: Node, budget: Budget) -> Judgement:
    """Whether a function with a constant of its own is what an integral without bounds leaves to find."""
    variable, body = integral.args
    own = symbols_of(other) - symbols_of(body) - CONSTANTS - symbols_of(variable)
    if len(own) != 1:
        return different("structure", "an integral without bounds has one constant of its own")
    answer = symbolic.ask("value", Apply("derivative", (variable, other)), body, budget)
    if answer is None:
        return undecided("the derivative is not known")
    return same("sympy") if answer else different("sympy", "its derivative is another")


def _compare(a: Node, b: Node, budget: Budget) -> Judgement:
    tolerance = budget.tolerance
    if a == b:
        return same("identical")
    left, right = exact(a), exact(b)
    if left is not None and right is not None:
        if left == right:
            return same("exact")
        if _rounds_to(a, b, left, right):
            return same("decimal")
        if tolerance and abs(Fraction(left - right)) <= Fraction(tolerance) * max(
            abs(Fraction(left)), abs(Fraction(right))
        ):
            return same("tolerance")
        return different("exact", f"{canonical(a)} is not {canonical(b)}")
    infinite = infinity(a), infinity(b)
    if any(infinite) and not all(infinite) and unevaluated(a if infinite[1] else b):
        return undecided("SymPy may know whether it is infinite")
    if any(infinite):
        return same("exact") if infinite[0] == infinite[1] else different("exact", "one is infinite")
    if canonical(a) == canonical(b):
        return same("canonical")
    names = symbols_of(a) | symbols_of(b)
    if left is None and right is None or names - CONSTANTS:
        return _by_points(a, b, names - CONSTANTS, budget)
    found = _by_points(a, b, names - CONSTANTS, budget)
    if found.equal is False and (_ball_rounds(a, b, right, budget) or _ball_rounds(b, a, left, budget)):
        return same("decimal")
    if found.equal is False and tolerance and _close(a, b, budget):
        return same("tolerance")
    return found


def infinity(node: Node) -> int:
    """1 or -1 for an infinite value, else 0."""
    if isinstance(node, Sym):
        return 1 if node.name == "oo" else 0
    if isinstance(node, Apply) and node.op == "neg":
        return -infinity(node.args[0])
    return 0


# Decimals.


def stated(node: Node) -> tuple[Exact, Fraction] | None:
    """Value and unit of the last place where a whole answer is one decimal: ``3.14``, ``-2.5%``, ``1.6*10^-19``."""
    if isinstance(node, Num):
        return None if node.ulp is None else (node.value, node.ulp)
    if not isinstance(node, Apply):
        return None
    if node.op in ("neg", "percent"):
        inner = stated(node.args[0])
        if inner is None:
            return None
        return (-inner[0], inner[1]) if node.op == "neg" else (Fraction(inner[0]) / 100, inner[1] / 100)
    if node.op == "mul" and len(node.args) == 2:
        inner, scale = stated(node.args[0]), exact(node.args[1])
        power = isinstance(node.args[1], Apply) and node.args[1].op == "pow" and node.args[1].args[0] == Num(10)
        if inner is not None and scale and power:
            return inner[0] * scale, inner[1] * Fraction(scale)
    return None


def _digits(value: Exact, ulp: Fraction) -> int:
    return digits(int(value / ulp))


def _rounds_to(a: Node, b: Node, left: Exact, right: Exact) -> bool:
    """Whether one of two rationals is the other, rounded to the decimals it states."""
    for node, value, other in ((a, left, right), (b, right, left)):
        decimal = stated(node)
        if other.denominator == 1:
            continue  # integers are exact at any size
        if decimal is None or _digits(*decimal) < MIN_DIGITS:
            continue
        if abs(Fraction(other - value)) <= decimal[1] / 2 and not _terminates(other, _digits(*decimal) + _SLACK):
            return True
    return False


def _terminates(value: Exact, limit: int) -> bool:
    """Whether a rational has a decimal expansion of at most so many significant digits."""
    rest = value.denominator
    twos = (rest & -rest).bit_length() - 1
    rest >>= twos
    fives = 0
    while rest % 5 == 0 and fives < 400:
        rest //= 5
        fives += 1
    if rest != 1:
        return False
    return digits(value.numerator * 10 ** max(twos, fives) // value.denominator) <= limit


def _ball_rounds(decimal: Node, other: Node, known: Exact | None, budget: Budget) -> bool:
    """Whether ``other``, an irrational constant, rounds to the decimal."""
    if known is not None:
        return False
    parts = stated(decimal)
    if parts is None or _digits(*parts) < MIN_DIGITS:
        return False
    return _within(other, parts[0], parts[1] / 2, budget)


def rounds(node: Node, decimal: Node, budget: Budget) -> bool:
    """Whether a constant rounds to a decimal, however few places that has."""
    parts = (decimal.value, Fraction(1)) if isinstance(decimal, Num) and decimal.ulp is None else stated(decimal)
    return parts is not None and not symbols_of(node) - CONSTANTS and _within(node, parts[0], parts[1] / 2, budget)


def _within(node: Node, center: Exact, radius: Fraction, budget: Budget) -> bool:
    with precision(_RAISED):
        for base in (0, 10):
            run = Evaluation({}, budget, base)
            try:
                distance = abs(run.value(node) - run.value(Num(center)))
            except Undefined:
                return False
            if distance < run.value(Num(radius)).real:
                return True
    return False


def _close(a: Node, b: Node, budget: Budget) -> bool:
    with precision(_QUICK):
        run = Evaluation({}, budget)
        try:
            left, right = run.value(a), run.value(b)
        except Undefined:
            return False
        return bool(abs(left - right) <= run.value(Num(Fraction(budget.tolerance))).real * abs(left).max(abs(right)))


# Evaluation.


def seed(a: Node, b: Node) -> bytes:
    """Where the points come from: the same for (a, b) and (b, a)."""
    return hashlib.blake2b("\0".join(sorted((canonical(a), canonical(b)))).encode(), digest_size=32).digest()


def _by_points(a: Node, b: Node, names: frozenset[str], budget: Budget) -> Judgement:
    """Rational functions modulo primes; the rest with balls, where a logarithm may have either base."""
    a, b = sorted((a, b), key=canonical)  # both ways round the same steps are taken, and the same budget is spent
    key = seed(a, b)
    equal = modular.equal(a, b, key, budget)
    if equal is not None:
        return (
            same("modular") if equal else different("modular", "they differ as functions" if names else "they differ")
        )
    readings = (0, 10) if _has_log(a) or _has_log(b) else (0,)
    found = undecided("no reading")
    for log_base in readings:
        found = _evaluated(a, b, names, log_base, budget)
        if found.equal:
            return found
    return found


def _has_log(node: Node) -> bool:
    """Whether a logarithm without a base occurs, which some write for base ten."""
    if not isinstance(node, Apply) or "log" not in operations_of(node):
        return False
    return (node.op == "log" and len(node.args) == 1) or any(_has_log(arg) for arg in node.args)


def _evaluated(a: Node, b: Node, names: frozenset[str], log_base: int, budget: Budget) -> Judgement:
    """Balls at points. Where letters are free, points count at which both sides are real, if there are any."""
    key = seed(a, b)
    whole = integer_names(a) | integer_names(b)
    wanted = points_wanted(a, b, whole)
    barred = _has_bars(a) - _has_bars(b) if operations_of(a) & _LOGS and operations_of(b) & _LOGS else 0
    real = complex_ = complex_apart = 0
    for index in range(2 * wanted if names else 1):
        at = point(names, key, index, names if wanted == _STEPPING and index % 4 == 2 else whole)
        apart, is_real, reason = _at(a, b, at, log_base, budget)
        if apart is None:
            if not names or reason == _OPAQUE:
                return undecided(reason)
            continue
        if barred and is_real == (barred > 0, barred < 0):
            return different("balls", "only the logarithm with bars is real at " + _show(at))
        if not names or is_real == (True, True):
            if apart:
                return different("balls", "the values differ" + (" at " + _show(at) if names else ""))
            real += 1
        elif is_real == (False, False):
            complex_ += not apart
            complex_apart += apart
        if real >= wanted:
            break
    if real >= (2 if names else 1):
        return same("balls")
    if not real and complex_apart:
        return different("balls", "the values differ")
    return same("balls") if not real and complex_ >= 3 else undecided("too few points could be evaluated")


def _has_bars(node: Node) -> bool:
    return "abs" in operations_of(node)


def _at(
    a: Node, b: Node, at: dict[str, int | Fraction], log_base: int, budget: Budget
) -> tuple[bool | None, tuple[bool, bool], str]:
    """Whether the sides are apart at a point (None: no value), and which side is real there."""
    bits = _RAISED
    while True:
        with precision(bits):
            run = Evaluation(at, budget, log_base)
            try:
                left = run.value(a)
                left_reals, run.left_reals = run.left_reals, False
                right = run.value(b)
            except Undefined as error:
                return None, (False, False), str(error)
            is_real = left.imag.contains(0) and not left_reals, right.imag.contains(0) and not run.left_reals
            if not left.overlaps(right):
                if run.opaque:
                    return None, is_real, _OPAQUE
                return True, is_real, ""
            tight = max(abs(left).rad(), abs(right).rad()) * 2 ** (bits // 4) <= max(abs(left), abs(right), key=float)
            needed = run.needed
        if bits >= needed and (tight or bits >= 4 * _RAISED):
            return False, is_real, ""
        if bits >= MAX_PRECISION:
            return None, (False, False), "more precision than the limit"
        bits = min(max(2 * bits, needed), MAX_PRECISION)


def points_wanted(a: Node, b: Node, whole: frozenset[str]) -> int:
    """How many points it takes to tell two trees apart."""
    operations = operations_of(a) | operations_of(b)
    if operations & _STEPS:
        return _STEPPING
    if operations & _PIECES:
        return _PIECEWISE
    return _INTEGER if whole and not operations & _REPEATED else _SMOOTH


def _show(at: dict[str, int | Fraction]) -> str:
    return ", ".join(f"{name} = {float(value):.4g}" for name, value in sorted(at.items()))


_LOGS: Final = frozenset({"ln", "log", "lg", "log2"})
_STEPS: Final = frozenset({"floor", "ceil", "mod", "gcd", "lcm"})
_PIECES: Final = frozenset({"abs", "max", "min", "sgn", "root", "asin", "acos", "atan", "acot", "asec", "acsc", "arg"})
_OF_INTEGERS: Final = frozenset({"factorial", "double_factorial", "binom", "gcd", "lcm", "mod"})
_MAY_WANT_INTEGERS: Final = _OF_INTEGERS | _REPEATED | {"pow"}


def integer_names(node: Node) -> frozenset[str]:
    """Letters that only make sense as integers: in factorials, in bounds of sums, in powers of negative numbers."""
    if not isinstance(node, Apply) or not operations_of(node) & _MAY_WANT_INTEGERS:
        return frozenset()
    found: set[str] = set()
    for arg in node.args:
        found |= integer_names(arg)
    if node.op in _OF_INTEGERS:
        found |= symbols_of(node)
    elif node.op in _REPEATED:
        found |= symbols_of(node.args[1]) | symbols_of(node.args[2])
    elif node.op == "pow":
        base = exact(node.args[0])
        if node.args[0] == Sym("i") or (base is not None and base < 0):
            found |= symbols_of(node.args[1])
    return frozenset(found) - CONSTANTS
