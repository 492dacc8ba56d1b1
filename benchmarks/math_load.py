r"""A seeded load of completions with answers of known truth.

Truth comes from how a pair is made, never from a verifier: an answer is a structure of numbers, it is printed in
several spellings, and a wrong one is another structure.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

Rng = random.Random


class Case(NamedTuple):
    """A reference, a completion or bare answer, and whether it is right."""

    kind: str
    reference: str
    text: str
    right: bool


class Made(NamedTuple):
    """One answer of the load: spellings that are right, spellings of answers that are not."""

    reference: str
    right: list[str]
    wrong: list[str]


def _integer(rng: Rng) -> Made:
    n = rng.choice([rng.randint(1, 999), -rng.randint(1, 99), rng.randint(1000, 999_999), rng.randint(10**6, 10**9)])
    grouped = f"{n:,}"
    right = [
        str(n),
        grouped,
        grouped.replace(",", "{,}"),
        grouped.replace(",", r",\!"),
        f"{n}.0",
        f"x={n}",
        rf"\text{{{n}}}",
    ]
    return Made(str(n), right, [str(n + rng.choice([-10, -1, 1, 2, 10])), str(-n or 1), f"{n}0"])


def _fraction(rng: Rng) -> Made:
    value = Fraction(rng.randint(-60, 60) or 7, rng.randint(2, 40))
    if value.denominator == 1:
        value += Fraction(1, 2)
    p, q = value.numerator, value.denominator
    k = rng.randint(2, 5)
    sign = "-" if p < 0 else ""
    right = [
        rf"{sign}\frac{{{abs(p)}}}{{{q}}}", rf"\dfrac{{{p}}}{{{q}}}", f"{p}/{q}", rf"{sign}\tfrac{{{abs(p)}}}{{{q}}}",
        rf"\frac{{{p * k}}}{{{q * k}}}", rf"\frac{{{-p}}}{{{-q}}}",
    ]  # fmt: skip
    wrong = [f"{p + 1}/{q}", rf"\frac{{{p}}}{{{q + 1}}}", rf"\frac{{{-p}}}{{{q}}}", rf"\frac{{{q}}}{{{p}}}"]
    if value in (1, -1) or p * p == q * q:
        wrong.pop()
    return Made(rf"{sign}\frac{{{abs(p)}}}{{{q}}}", right, wrong)


def _polynomial(rng: Rng) -> tuple[list[int], str]:
    coefficients = [rng.randint(-9, 9) for _ in range(rng.randint(2, 4))] + [rng.choice([-3, -2, 1, 2, 3, 5])]
    return coefficients, rng.choice("xyzt")


def _printed(coefficients: list[int], x: str, order: list[int]) -> str:
    terms = []
    for k in order:
        c = coefficients[k]
        if c:
            body = {0: ""}.get(k, x if k == 1 else f"{x}^{k}" if k < 10 else f"{x}^{{{k}}}")
            size = str(abs(c)) if abs(c) != 1 or k == 0 else ""
            terms.append(("-" if c < 0 else "+", size + body))
    text = "".join(f"{sign}{term}" for sign, term in terms) or "0"
    return text.removeprefix("+")


def _expression(rng: Rng) -> Made:
    coefficients, x = _polynomial(rng)
    down, up = list(range(len(coefficients)))[::-1], list(range(len(coefficients)))
    shuffled = rng.sample(up, len(up))
    plain = _printed(coefficients, x, down)
    right = [
        plain,
        _printed(coefficients, x, up),
        _printed(coefficients, x, shuffled),
        plain.replace("+", " + ").replace("-", " - "),
    ]
    wrong = []
    for _ in range(3):
        other = list(coefficients)
        other[rng.randrange(len(other))] += rng.choice([-2, -1, 1, 2])
        wrong.append(_printed(other, x, down))
    wrong.append(plain.replace(x, "w"))
    return Made(plain, right, wrong)


def _surd(rng: Rng) -> Made:
    a, n, b = rng.randint(1, 12), rng.choice([2, 3, 5, 6, 7, 10, 11, 13]), rng.randint(-9, 9)
    tail = f"{b:+d}" if b else ""
    right = [
        rf"{a}\sqrt{{{n}}}{tail}",
        rf"\sqrt{{{a * a * n}}}{tail}",
        f"{b}+{a}\\sqrt{{{n}}}",
        rf"{a}\cdot\sqrt{{{n}}}{tail}",
    ]
    wrong = [
        rf"{a + 1}\sqrt{{{n}}}{tail}",
        rf"{a}\sqrt{{{n + 1}}}{tail}",
        rf"{a}\sqrt{{{n}}}{b + 1:+d}",
        rf"-{a}\sqrt{{{n}}}{tail}",
    ]
    return Made(rf"{a}\sqrt{{{n}}}{tail}", right, wrong)


def _interval(rng: Rng) -> Made:
    low = rng.randint(-20, 10)
    high = low + rng.randint(1, 15)
    opened, closed = rng.choice("(["), rng.choice(")]")
    less, upto = ("<" if opened == "(" else r"\le "), ("<" if closed == ")" else r"\leq ")
    plain = f"{opened}{low}, {high}{closed}"
    right = [
        plain,
        rf"\left{opened}{low},{high}\right{closed}",
        rf"x\in {opened}{low},{high}{closed}",
        f"{low}{less}x{upto}{high}",
    ]
    flipped = "[" if opened == "(" else "("
    wrong = [
        f"{flipped}{low}, {high}{closed}",
        f"{opened}{low}, {high + 1}{closed}",
        f"{opened}{low - 1}, {high}{closed}",
    ]
    return Made(plain, right, wrong)


def _set(rng: Rng) -> Made:
    values = rng.sample(range(-20, 40), rng.randint(2, 5))
    shuffled = rng.sample(values, len(values))

    def printed(items: list[int]) -> str:
        return r"\{" + ", ".join(map(str, items)) + r"\}"

    wrong = [printed([*values[:-1], values[-1] + 61]), printed(values[:-1]), printed([*values, 77])]
    return Made(printed(values), [printed(values), printed(shuffled), printed(shuffled).replace(", ", ",")], wrong)


def _tuple(rng: Rng) -> Made:
    values = [rng.randint(-20, 20) for _ in range(rng.randint(2, 4))]
    values[0] = values[-1] + 1
    inner = ", ".join(map(str, values))
    right = [f"({inner})", rf"\left({inner}\right)", f"({inner.replace(' ', '')})"]
    wrong = [
        f"({', '.join(map(str, values[::-1]))})",
        f"({', '.join(map(str, [values[0] + 1, *values[1:]]))})",
        f"({inner}, 0)",
    ]
    if values == values[::-1]:
        wrong.pop(0)
    return Made(f"({inner})", right, wrong)


def _matrix(rng: Rng) -> Made:
    rows = [[rng.randint(-9, 9) for _ in range(2)] for _ in range(2)]

    def printed(table: list[list[int]], name: str = "pmatrix") -> str:
        return rf"\begin{{{name}}} " + r" \\ ".join(" & ".join(map(str, row)) for row in table) + rf" \end{{{name}}}"

    other = [list(row) for row in rows]
    other[rng.randrange(2)][rng.randrange(2)] += 1
    right = [printed(rows), printed(rows, "bmatrix"), printed(rows).replace(" & ", "&")]
    wrong = [printed(other), printed([*rows, [1, 2]])]
    return Made(printed(rows), right, wrong)


def _equation(rng: Rng) -> Made:
    m, b = rng.choice([-5, -4, -3, -2, 2, 3, 4, 5]), rng.randint(1, 20)
    plain = f"y={m}x+{b}"
    right = [plain, f"y = {b}+{m}x", f"y-{b}={m}x", f"{m}x-y=-{b}"]
    return Made(plain, right, [f"y={m}x-{b}", f"y={m}x+{b + 1}", f"y={-m}x+{b}"])


def _quantity(rng: Rng) -> Made:
    n = rng.randint(2, 500)
    unit, same, other = rng.choice(
        [
            ("cm", "centimeters", "kg"),
            ("days", "day", "hours"),
            ("miles", "mile", "feet"),
            ("square units", "sq. units", "cm"),
        ]
    )
    right = [str(n), rf"{n}\text{{ {unit}}}", rf"{n}\ \text{{{same}}}", rf"{n}\,\mathrm{{{unit}}}"]
    wrong = [rf"{n + 1}\text{{ {unit}}}", str(n - 1), rf"{n * 10}\text{{ {unit}}}"]
    return Made(rf"{n}\text{{ {unit}}}", right, [*wrong, rf"{n}\text{{ {other}}}"])


def _percent(rng: Rng) -> Made:
    n = rng.choice([5, 12, 25, 30, 45, 60, 75, 80, 95])
    return Made(
        rf"{n}\%", [rf"{n}\%", f"{n}%", rf"{n}\ \%", f"{n} percent"], [rf"{n + 5}\%", rf"{n}0\%", rf"0.{n:02d}\%"]
    )


def _text(rng: Rng) -> Made:
    word, other = rng.sample(["even", "odd", "Monday", "isosceles", "yes", "no", "ellipse", "Sunday", "increasing"], 2)
    return Made(
        rf"\text{{{word}}}",
        [word, rf"\text{{{word}}}", rf"\text{{ {word.capitalize()} }}"],
        [other, rf"\text{{{other}}}"],
    )


KINDS: list[tuple[str, int, Callable[[Rng], Made]]] = [
    ("integers", 28, _integer), ("fractions", 16, _fraction), ("expressions", 11, _expression), ("surds", 9, _surd),
    ("intervals", 6, _interval), ("sets", 5, _set), ("tuples", 6, _tuple), ("matrices", 4, _matrix),
    ("equations", 4, _equation),
    ("units", 4, _quantity), ("percent", 3, _percent), ("text", 4, _text),
]  # fmt: skip

_SENTENCES = [
    "Let us denote the unknown by $x$ and write down what we know about it.",
    "First, note that $a^2 + b^2 = c^2$ holds here.",
    "Expanding both sides gives \\[ (x+1)^2 = x^2 + 2x + 1. \\]", "Wait, let me check that step again.",
    "Substituting $n = 3$ yields $2n + 1 = 7$, which is not yet what we need.",
    "By symmetry the other case is the same.",
    "We can simplify $\\frac{12}{18}$ to $\\frac{2}{3}$.",
    "Therefore the total number of ways is $\\binom{5}{2} = 10$ for this part.",
    "Now consider the remaining possibilities one by one.", "This costs \\$15 for each of the 4 people.",
]  # fmt: skip


def load(count: int, seed: int) -> list[Case]:
    """Completions of 0.3 to 6 kB, each ending in a box, three in five right."""
    rng = random.Random(seed)
    kinds = rng.choices(KINDS, weights=[weight for _, weight, _ in KINDS], k=count)
    cases = []
    for name, _, make in kinds:
        made = make(rng)
        right = rng.random() < 0.6
        answer = rng.choice(made.right if right else made.wrong)
        cases.append(Case(name, made.reference, _completion(rng, answer), right))
    return cases


def _completion(rng: Rng, answer: str) -> str:
    size = int(rng.choice([300, 800, 1500, 2500, 4000, 6000]) * rng.uniform(0.8, 1.0))
    parts: list[str] = []
    while sum(map(len, parts)) < size:
        parts.append(rng.choice(_SENTENCES))
    return "\n".join(parts) + f"\nTherefore, the answer is $\\boxed{{{answer}}}$."
