"""Rational functions modulo primes, equations as polynomials: identities hold, near misses are proved different."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from reward_server.types import Completion, Outcome
from reward_server.verifiers.math import modular, polynomials
from reward_server.verifiers.math.judgement import Budget
from reward_server.verifiers.math.modular import _FIELDS, _field
from reward_server.verifiers.math.nodes import Apply, Node, Num, Sym
from reward_server.verifiers.math.reading import read
from reward_server.verifiers.math.scalars import seed
from reward_server.verifiers.registry import Registry

_SAME = [
    ("(1+x)^{100000}", "(x+1)^{50000}(1+x)^{50000}"),
    (r"\frac{1}{x-y}", r"\frac{x+y}{x^2-y^2}"),
    ("(1+i)^8 x", "16x"),
    (r"\frac{x^{40}-1}{x-1}", r"\sum_{k=0}^{39} x^k"),
    (r"\prod_{k=1}^{20}(x-k)(x+k)", r"\prod_{k=1}^{20}(x^2-k^2)"),
    (r"\begin{vmatrix}a&b\\c&d\end{vmatrix}", "ad - bc"),
    (r"\begin{vmatrix}1&1&1\\x&y&z\\x^2&y^2&z^2\end{vmatrix}", "(y-x)(z-x)(z-y)"),
    (r"180^\circ x", r"\pi x"),
    ("2^{3000000}x", "8^{1000000}x"),
    (r"\sum_{k=1}^{20} x^{2k-1}", r"x\sum_{k=0}^{19} x^{2k}"),
    (r"\sum_{j=0}^{3}\sum_{k=0}^{j} x^{j-k}y^k", r"\sum_{k=0}^{3}\sum_{j=k}^{3} x^{j-k}y^k"),
]
_APART = [
    ("(1+x)^{100000}", "(1+x)^{100000}+10^{-9}"),
    ("(1+x)^{100000}", "(1+x)^{100001}"),
    ("(1+x)^{100000}", "1+x^{100000}"),
    ("2^{3000000}x", "2^{3000000}x+1"),
    ("10^{10^{10}}", "10^{10^{10}}+1"),
    (r"\frac{x^{40}-1}{x-1}", r"\sum_{k=0}^{40} x^k"),
    ("x^{2025}-x", "x^{2025}+x"),
    (r"\pi x", "3.14159265358979x"),
]


@pytest.mark.parametrize(("a", "b"), _SAME)
def test_an_identity_of_rational_functions_holds(registry: Registry, a: str, b: str) -> None:
    for one, other in ((a, b), (b, a)):
        verdict = registry.verify_once("math", one, {}, Completion(rf"\boxed{{{other}}}"))
        assert (verdict.outcome, verdict.detail["tier"]) == (Outcome.CORRECT, "modular")


@pytest.mark.parametrize(("a", "b"), _APART)
def test_a_near_miss_is_proved_different_and_not_left_undecided(registry: Registry, a: str, b: str) -> None:
    for one, other in ((a, b), (b, a)):
        verdict = registry.verify_once("math", one, {}, Completion(rf"\boxed{{{other}}}"))
        assert (verdict.outcome, verdict.detail["tier"], verdict.flags) == (Outcome.INCORRECT, "modular", ())


def _made(rng: random.Random, depth: int) -> tuple[Node, Fraction]:
    """A rational function and its value where x = 3 and y = 5."""
    if depth == 0:
        number = rng.randint(-9, 9)
        leaves: list[tuple[Node, Fraction]] = [(Sym("x"), Fraction(3)), (Sym("y"), Fraction(5))]
        return rng.choice([*leaves, (Num(number), Fraction(number))])
    (a, left), (b, right) = _made(rng, depth - 1), _made(rng, depth - 1)
    match rng.choice(["add", "mul", "div" if right else "add", "pow"]):
        case "add":
            return Apply("add", (a, b)), left + right
        case "mul":
            return Apply("mul", (a, b)), left * right
        case "div":
            return Apply("div", (a, b)), left / right
    n = rng.randint(1, 4)
    return Apply("pow", (a, Num(n))), left**n


def test_functions_with_different_values_at_a_point_are_never_the_same() -> None:
    rng, seen = random.Random(7), 0
    for _ in range(600):
        (a, left), (b, right) = _made(rng, 3), _made(rng, 3)
        found = modular.equal(a, b, seed(a, b), Budget())
        if left != right:
            assert not found
        shifted = Apply("add", (a, Apply("neg", (b,)))), Apply("add", (Apply("neg", (b,)), a))
        again = modular.equal(*shifted, seed(*shifted), Budget())
        assert again is not False
        seen += again is True
    assert seen > 500


def test_a_multiple_of_the_primes_in_use_is_not_zero() -> None:
    apart = 0
    for number in range(0, _FIELDS, 16):
        p, q = _field(number).primes
        a, b = read("x"), read(f"x+{p * q}")
        apart += modular.equal(a, b, seed(a, b), Budget()) is False
    assert apart >= _FIELDS // 16 - 1


def test_pi_and_e_are_not_taken_for_unrelated_letters() -> None:
    a, b = read(r"\pi + e"), read(r"\pi + e + 1")
    assert modular.equal(a, a, seed(a, a), Budget()) is True
    assert modular.equal(a, b, seed(a, b), Budget()) is None


@pytest.mark.parametrize(("a", "b"), [("1/(x-x)", "2/(x-x)"), (r"\sqrt{x}", "x"), ("x^y", "y^x"), ("2^{3^{x}}", "8^x")])
def test_what_is_no_rational_function_is_left_to_other_tiers(a: str, b: str) -> None:
    left, right = read(a), read(b)
    assert modular.equal(left, right, seed(left, right), Budget()) is None


_CURVES = [
    (r"y=\frac{2}{x}", "xy=2", True),
    (r"\frac{y}{x}+\frac{1}{x}=2", "y+1=2x", True),
    (r"x^2+y^2=25", r"2x^2+2y^2-50=0", True),
    (r"\frac{x^2}{4}+\frac{y^2}{9}=1", "9x^2+4y^2=36", True),
    (r"y\sqrt{x}=2", r"y=\frac{2}{\sqrt{x}}", True),
    ("x^2+y^2=25", "x^2+y^2=5", False),
    ("(x-y)^2=0", "x=y", False),
    ("x+y<1", "2x+2y<2", True),
    ("x+y<1", "2x+2y>2", False),
    ("x+y<1", "-x-y>-1", True),
]


@pytest.mark.parametrize(("a", "b", "same"), _CURVES)
def test_a_curve_is_its_polynomial(registry: Registry, a: str, b: str, same: bool) -> None:
    for one, other in ((a, b), (b, a)):
        verdict = registry.verify_once("math", one, {}, Completion(rf"\boxed{{{other}}}"))
        assert (verdict.outcome is Outcome.CORRECT) is same
        assert verdict.detail["tier"] == "polynomials"


@pytest.mark.parametrize(
    "large", ["(x+y+z)^{30}", "x^{1000}-y", r"\frac{1}{x-x}+y", "10^{900}x+y", "+".join("abcdefghk")]
)
def test_a_polynomial_past_the_caps_is_left_to_other_tiers(large: str) -> None:
    with pytest.raises(polynomials.Unsuited):
        polynomials.ratio(read(large), read("x+y"), Budget())
