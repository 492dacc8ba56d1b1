"""The evaluation tier: trees in ball arithmetic (Arb, through python-flint), at points fixed by the pair compared.

A ball holds the true value for certain, so two balls that do not touch are a proof of difference. Two that touch at
a precision well beyond every size that came up are taken as equal. The points come from a hash over both answers:
they are the same for every run and order, and no answer can be written to fit them.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from reward_server.verifiers.math.canonical import canonical
from reward_server.verifiers.math.exact import exact
from reward_server.verifiers.math.judgement import Budget
from reward_server.verifiers.math.limits import MAX_PRECISION, MAX_TERMS
from reward_server.verifiers.math.nodes import Apply, Node, Num, Sym

if TYPE_CHECKING:
    from flint import acb

_MAX_DEGREE: Final = 10_000
_PRECISION_LOCK = threading.Lock()
"""flint keeps one working precision per process."""


class Undefined(Exception):
    """The tree has no value here: a pole, an unknown name, a cap of this tier."""


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Work at ``bits`` of precision; one caller at a time."""
    import flint

    with _PRECISION_LOCK:
        before, flint.ctx.prec = flint.ctx.prec, min(bits, MAX_PRECISION)
        try:
            yield
        finally:
            flint.ctx.prec = before


class Evaluation:
    """The value of trees at one point. Spends the budget and notes the range of magnitudes that it met.

    >>> from reward_server.verifiers.math.reading import read
    >>> with precision(128):
    ...     print(Evaluation({"x": 3}, Budget()).value(read("x^2 - 1")))
    8.0000000000000000000000000000000000000
    """

    def __init__(self, point: Mapping[str, int | Fraction], budget: Budget, log_base: int = 0, salt: int = 0) -> None:
        self.point: dict[str, Any] = dict(point)
        self.budget = budget
        self.log_base = log_base
        """What ``log`` without a base means: 10, or 0 for the natural logarithm."""
        self.salt = salt
        """Which point this is: what is not known has another value at each."""
        self.opaque = False
        """Whether something was taken for a letter of its own: then a difference proves nothing."""
        self.left_reals = False
        """Whether an even root or a logarithm of a negative number was taken: real analysis has no value there."""
        self.cost = 2 + _working_bits() // 128
        self.smallest = self.largest = 0

    @property
    def needed(self) -> int:
        """Bits that it takes to tell the magnitudes met from one another, and 64 more."""
        return self.largest - self.smallest + 64

    def value(self, node: Node) -> acb:
        """The ball of a tree; raises ``Undefined``. The caller has set the precision."""
        self.budget.spend(self.cost)
        if isinstance(node, Num):
            result = _rational(node.value)
        elif isinstance(node, Sym):
            result = self.symbol(node.name)
        elif isinstance(node, Apply):
            rule = _RULES.get(node.op)
            if rule is not None:
                result = rule(self, node.args)
            else:
                function = _FUNCTIONS.get(node.op)
                if function is None:
                    return self.unknown(node)
                result = function(*[self.value(arg) for arg in node.args])
        else:
            return self.unknown(node)
        if not result.is_finite():
            raise Undefined("not finite")
        self.measure(result)
        return result

    def unknown(self, node: Node) -> acb:
        """A value for what this tier cannot evaluate, the same for the same canonical text."""
        self.opaque = True
        digest = hashlib.blake2b(f"{self.salt}:{canonical(node)}".encode(), digest_size=8).digest()
        return _rational(Fraction(int.from_bytes(digest, "big") % 2**40 + 2**36, 2**39))

    def measure(self, value: acb) -> None:
        upper = value.abs_upper().mid()
        size = int(upper.man_exp()[1]) + upper.bits()
        if size > self.largest:
            self.largest = size
        elif size < self.smallest and not value.contains(0):
            self.smallest = size

    def symbol(self, name: str) -> acb:
        import flint

        value = self.point.get(name)
        if value is not None:
            return _rational(value)
        if name == "pi":
            return flint.acb.pi()
        if name == "e":
            return flint.acb(1).exp()
        if name == "i":
            return flint.acb(0, 1)
        raise Undefined(name)


def _working_bits() -> int:
    import flint

    return int(flint.ctx.prec)


def _rational(value: int | Fraction) -> acb:
    import flint

    if type(value) is int:
        return flint.acb(flint.fmpz(value))
    return flint.acb(flint.fmpq(value.numerator, value.denominator))


# Rules see the arguments as trees.


def _power(run: Evaluation, args: tuple[Node, ...]) -> acb:
    base, exponent = args
    n = exact(exponent)
    value = run.value(base)
    if n is None:
        power = run.value(exponent)
        if value == 0:
            raise Undefined("zero to a power")
        return value**power
    if n.denominator == 1:
        if n <= 0 and value.contains(0):
            raise Undefined("zero to a power that is not positive")
        if not -(10**12) < n < 10**12:
            raise Undefined("a power too large")
        from flint import fmpz

        return value ** fmpz(n.numerator)
    if n.denominator > _MAX_DEGREE or abs(n.numerator) > _MAX_DEGREE:
        if value.contains(0):
            raise Undefined("zero to a power")
        return value ** _rational(n)
    return _rooted(run, value, n.denominator) ** n.numerator


def _root(run: Evaluation, args: tuple[Node, ...]) -> acb:
    degree = exact(args[1])
    value = run.value(args[0])
    if degree is None:
        return value ** (1 / run.value(args[1]))
    if degree.denominator != 1 or not 0 < degree <= _MAX_DEGREE:
        raise Undefined("no degree of a root")
    return _rooted(run, value, degree.numerator)


def _rooted(run: Evaluation, value: acb, degree: int) -> acb:
    """The root, real where it can be: of a negative number for an odd degree."""
    if value == 0:
        return value
    negative = value.imag == 0 and value.real < 0
    run.left_reals |= negative and degree % 2 == 0
    if degree == 2:
        return value.sqrt()
    if negative and degree % 2:
        return -_rooted(run, -value, degree)
    return value.root(degree)


def _log(run: Evaluation, args: tuple[Node, ...]) -> acb:
    value = run.value(args[0])
    if value.contains(0):
        raise Undefined("logarithm of zero")
    run.left_reals |= bool(value.imag == 0 and value.real < 0)
    if len(args) == 2:
        return value.log() / run.value(args[1]).log()
    return value.log() / _rational(run.log_base).log() if run.log_base else value.log()


def _natural_log(run: Evaluation, args: tuple[Node, ...]) -> acb:
    return _log(run, (args[0], Sym("e")))


def _repeated(product: bool) -> Callable[[Evaluation, tuple[Node, ...]], acb]:
    def rule(run: Evaluation, args: tuple[Node, ...]) -> acb:
        variable, start, stop, body = args
        if not isinstance(variable, Sym):
            raise Undefined("no variable")
        low, high = _integer(run, start), _integer(run, stop)
        if high - low > MAX_TERMS:
            raise Undefined("too many terms")
        total = _rational(1 if product else 0)
        before = run.point.get(variable.name)
        for k in range(low, high + 1):
            run.point[variable.name] = k
            term = run.value(body)
            total = total * term if product else total + term
        if before is None:
            run.point.pop(variable.name, None)
        else:
            run.point[variable.name] = before
        return total

    return rule


def _integer(run: Evaluation, node: Node) -> int:
    found = run.value(node).unique_fmpz()
    if found is None or abs(int(found)) > 10**9:
        raise Undefined("no integer")
    return int(found)


def _determinant(run: Evaluation, args: tuple[Node, ...]) -> acb:
    from flint import acb_mat

    matrix = args[0]
    if not isinstance(matrix, Apply):
        raise Undefined("no matrix")
    rows = [[run.value(cell) for cell in row.args] for row in matrix.args if isinstance(row, Apply)]
    if any(len(row) != len(rows) for row in rows) or len(rows) > 20:
        raise Undefined("no square matrix")
    return acb_mat(rows).det()


def _factorial(run: Evaluation, args: tuple[Node, ...]) -> acb:
    value = run.value(args[0])
    if value.abs_upper() > 10**7:
        raise Undefined("a factorial too large")
    return (value + 1).gamma()


def _binomial(run: Evaluation, args: tuple[Node, ...]) -> acb:
    n, k = run.value(args[0]), run.value(args[1])
    if n.abs_upper() > 10**7 or k.abs_upper() > 10**7:
        raise Undefined("a binomial too large")
    return (n + 1).gamma() / ((k + 1).gamma() * (n - k + 1).gamma())


def _of_integers(combine: Callable[..., int]) -> Callable[[Evaluation, tuple[Node, ...]], acb]:
    def rule(run: Evaluation, args: tuple[Node, ...]) -> acb:
        return _rational(combine(*(_integer(run, arg) for arg in args)))

    return rule


def _modulo(run: Evaluation, args: tuple[Node, ...]) -> acb:
    modulus = _integer(run, args[1])
    if modulus == 0:
        raise Undefined("modulo zero")
    return _rational(_integer(run, args[0]) % modulus)


def _extreme(largest: bool) -> Callable[[Evaluation, tuple[Node, ...]], acb]:
    def rule(run: Evaluation, args: tuple[Node, ...]) -> acb:
        from flint import acb

        found = run.value(args[0]).real
        for arg in args[1:]:
            value = run.value(arg).real
            found = found.max(value) if largest else found.min(value)
        return acb(found)

    return rule


_RULES: Final[dict[str, Callable[[Evaluation, tuple[Node, ...]], Any]]] = {
    "pow": _power, "root": _root, "log": _log, "sum": _repeated(False), "product": _repeated(True), "det": _determinant,
    "factorial": _factorial, "binom": _binomial, "ln": _natural_log, "gcd": _of_integers(math.gcd),
    "lcm": _of_integers(math.lcm), "mod": _modulo, "max": _extreme(True), "min": _extreme(False),
}  # fmt: skip


def _divide(a: acb, b: acb) -> acb:
    if b.contains(0):
        raise Undefined("division by zero")
    return a / b


def _product(*values: acb) -> acb:
    result = values[0]
    for value in values[1:]:
        result = result * value
    return result


def _total(*values: acb) -> acb:
    result = values[0]
    for value in values[1:]:
        result = result + value
    return result


def _whole(value: acb, up: bool) -> acb:
    from flint import acb

    if value.imag != 0:
        raise Undefined("floor of a complex number")
    rounded = (value.real.ceil() if up else value.real.floor()).unique_fmpz()
    if rounded is None:
        raise Undefined("floor next to a step")
    return acb(rounded)


def _degree(value: acb) -> acb:
    return value * value.pi() / 180


def _real_part(value: acb) -> acb:
    from flint import acb

    return acb(value.real)


def _imaginary_part(value: acb) -> acb:
    from flint import acb

    return acb(value.imag)


def _modulus(value: acb) -> acb:
    from flint import acb

    return acb(abs(value))


def _arccot(value: acb) -> acb:
    return value.pi() / 2 - value.atan()


def _of_inverse(name: str) -> Callable[[acb], acb]:
    def function(value: acb) -> acb:
        if value.contains(0):
            raise Undefined("division by zero")
        result: acb = getattr(1 / value, name)()
        return result

    return function


def _named(name: str) -> Callable[[acb], acb]:
    def function(value: acb) -> acb:
        result: acb = getattr(value, name)()  # a name of the table below, never of an answer
        return result

    return function


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "add": _total, "mul": _product, "neg": lambda a: -a, "div": _divide, "percent": lambda a: a / 100,
    "degree": _degree, "cis": lambda a: (a * a.__class__(0, 1)).exp(),
    "based": lambda value, base: value, "abs": _modulus, "floor": lambda a: _whole(a, False),
    "ceil": lambda a: _whole(a, True),
    "re": _real_part, "im": _imaginary_part, "conj": lambda a: a.conjugate(),
    "arg": lambda a: _real_part(a.__class__(a.arg())),
    "lg": lambda a: a.log() / _rational(10).log(), "log2": lambda a: a.log() / _rational(2).log(),
    **{name: _named(name) for name in "exp sin cos tan cot sec csc sinh cosh tanh coth sech csch".split()},
    **{name: _named(name) for name in "asin acos atan asinh acosh atanh erf".split()},
    "acot": _arccot, "asec": _of_inverse("acos"), "acsc": _of_inverse("asin"),
}  # fmt: skip
