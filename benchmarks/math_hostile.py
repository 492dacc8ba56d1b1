r"""Answers made to cost time or memory, by kind, and what each costs.

    python -m benchmarks.math_hostile

Each is judged against a reference of every kind, and every such reference, as the answer, against it. It prints the
slowest by processor time, SymPy's process apart, and the memory that the process came to; the tests judge the same
table.
"""

from __future__ import annotations

import resource
import sys
import time

from reward_server.errors import InvalidTask, LimitExceeded
from reward_server.types import Completion
from reward_server.verifiers.base import Context
from reward_server.verifiers.math import MathVerifier, symbolic
from reward_server.verifiers.math.params import MathParams

_BRACKETS = [
    ("(", ")"), ("[", "]"), (r"\{", r"\}"), ("{", "}"), (r"\left(", r"\right)"), (r"\langle ", r"\rangle "),
    (r"\lfloor ", r"\rfloor "), ("|", "|"), (r"\lvert ", r"\rvert "), ("$", "$"), (r"\text{", "}"), (r"\mathbf{", "}"),
    (r"\overline{", "}"), (r"\vec{", "}"), (r"\frac{1}{", "}"), ("x_{", "}"), ("x^{", "}"), (r"\sin(", ")"),
    (r"\log_{2}(", ")"), (r"\sum_{k=1}^{3}(", ")"), (r"\int_0^1(", ")dx"), (r"\max(1,", ")"), ("f(", ")"),
    (r"\sqrt[3]{", "}"), (r"\binom{3}{", "}"),
]  # fmt: skip
HOSTILE = {
    "a tower of powers": r"10^{10^{10}}",
    "a higher tower": r"10^{10^{10^{10}}}",
    "nested factorials": "((9!)!)!",
    "a large factorial": "99999999!",
    "a large binomial": r"\binom{10^6}{5\cdot10^5}",
    "a large power of a sum": "(1+x)^{100000}",
    "twenty thousand terms": "+".join(f"x_{{{i}}}" for i in range(20_000)),
    "two hundred kilobytes": r"\frac{1}{2}+" * 17_000 + "1",
    "a hundred kilobytes of digits": "1" * 100_000,
    "nine thousand digits": "1" * 9_000,
    "two hundred nested roots": r"\sqrt{" * 200 + "2" + "}" * 200,
    "fifty nested roots": r"\sqrt{1+" * 50 + "2" + "}" * 50,
    "a symbolic determinant": r"\begin{vmatrix}"
    + r"\\".join("&".join(f"a_{{{i}{j}}}" for j in range(12)) for i in range(12))
    + r"\end{vmatrix}",
    "a sum to a billion": r"\sum_{k=1}^{10^9} k^2",
    "nested sums": r"\sum_{i=1}^{300}\sum_{j=1}^{300} ij x",
    "a continued fraction": "1+1/(" * 25 + "x" + ")" * 25,
    "a large matrix": r"\begin{pmatrix}" + r"\\".join(["1" + "&1" * 99] * 100) + r"\end{pmatrix}",
    "many signs": "-" * 5_000 + "1",
    "many factorials": "3" + "!" * 3_000,
    "many strokes": "/".join(["2"] * 1_900),
    "many brackets": "(" * 3_000 + "1" + ")" * 3_000,
    "many text commands": r"\text{" * 2_000 + "a" + "}" * 2_000,
    "many plus-or-minus": "1" + "".join(rf"\pm\sqrt{{{i}}}" for i in range(30)),
    "many intervals": r"\cup".join(rf"(\sqrt{{{2 * i}}},\sqrt{{{2 * i + 1}}})" for i in range(60)),
    "many elements": r"\{" + ",".join(rf"\sqrt{{{i}}}+x" for i in range(58)) + r"\}",
    "a long chain": "<".join(["x"] * 1_500),
    "a sum of large powers": "+".join(f"2^{{{16_000 - i}}}" for i in range(150)),
    "sums of fractions": "+".join(rf"\frac{{1}}{{{10**9 + i}}}" for i in range(200)),
    "an exponential tower": r"e^{e^{e^{e^{e^{10}}}}}",
    "a gamma function": "(x+10000000)!",
    "a huge exponent": "1e99999",
    "a huge root": r"\sqrt[9999999]{2}",
    "a modular tower": r"7^{7^{7^{7^7}}} \bmod 10",
    "a divergent limit": r"\lim_{x\to\infty} \frac{x!}{x^x}",
    "unknown functions": r"f(x)+g(f(h(x)))^{1000}",
    "a tower of other bases": r"2^{3^{4^{5^{6}}}}",
    "a tower of letters": "x" + "^{x" * 4 + "}" * 4,
    "nested binomials": r"\binom{\binom{\binom{40}{20}}{10}}{5}",
    "twenty binomials in one another": r"\binom{" * 20 + "9" + "}{3}" * 20,
    "a product of identities": r"\cdot".join(rf"(\sin^2({k}x)+\cos^2({k}x))" for k in range(1, 30)),
    "a product sign of identities": r"\prod_{k=1}^{29}(\sin^2(kx)+\cos^2(kx))",
    "a telescoping sum to a billion": r"\sum_{k=1}^{1000000000}\frac{1}{k^2+k}",
    "sums three deep": r"\sum_{i=1}^{300}\sum_{j=1}^{300}\sum_{k=1}^{300} ijk x",
    "products two deep": r"\prod_{i=1}^{300}\prod_{j=1}^{300} (x+i+j)",
    "a product of towers": r"\prod_{i=1}^{300} (x+i)^{i^{100}}",
    "a long period": r"0.\overline{" + "1234567890" * 1_100 + "}",
    "a decimal that goes on": "0." + "123456789" * 1_100 + r"\ldots",
    "nine thousand decimals": "0." + "3" * 9_000,
    "nine thousand digits in base eight": "1" * 9_000 + "_8",
    "a base of three thousand digits": "12_{" + "9" * 3_000 + "}",
    "a unit to a huge power": r"5\text{ m}^{" + "9" * 5_000 + "}",
    "nested bars": "|" * 150 + "x" + "|" * 150,
    "nested absolute values": r"\left|1-" * 45 + "x" + r"\right|" * 45,
    "nested floors": r"\lfloor 1.5+" * 45 + "x" + r"\rfloor" * 45,
    "ceilings of nested roots": r"\lceil \sqrt{" * 20 + "2" + r"}\rceil" * 20,
    "a matrix of 200 kB": r"\begin{pmatrix}" + r"\\".join(["1" + "&1" * 300] * 300) + r"\end{pmatrix}",
    "a determinant of roots": r"\begin{vmatrix}"
    + r"\\".join("&".join(rf"\sqrt{{x+{i * j}}}" for j in range(12)) for i in range(12))
    + r"\end{vmatrix}",
    "a system of many unknowns": r"\begin{cases}"
    + r"\\".join("+".join(f"x_{{{j}}}" for j in range(30)) + f"={i}" for i in range(40))
    + r"\end{cases}",
    "an equation of sixty letters": "+".join(f"{k}x_{{{k}}}" for k in range(2, 62)) + "=1",
    "an equation of large powers": "(x+y+z+w+a+b+c)^{20}=1",
    "an equation of large fractions": r"\frac{(x+y+z)^{7}+1}{(x-y+z)^{9}+x}=y+z",
    "two thousand intervals": r"\cup".join(f"({2 * i},{2 * i + 1})" for i in range(2_000)),
    "three thousand elements": r"\{" + ",".join(map(str, range(3_000))) + r"\}",
    "six hundred elements": r"\{" + ",".join(map(str, range(600))) + r"\}",
    "sixty sines": r"\{" + ",".join(rf"\sin {k}" for k in range(60)) + r"\}",
    "forty signs in a sum": "+".join(["x", *(rf"(\pm {k})" for k in range(40))]),
    "forty signs in a tuple": "(" + ",".join([r"\pm 1"] * 40) + ")",
    "four hundred signs in a matrix": r"\begin{pmatrix}"
    + r"\\".join([r"\pm 1" + r"&\pm 1" * 19] * 20)
    + r"\end{pmatrix}",
    "nested signs": r"1\pm\sqrt{" * 40 + "2" + "}" * 40,
    "a hundred cases": r"\begin{cases}"
    + r"\\".join(rf"x^{{{k}}}+\sin {k}x & x<{k}" for k in range(100))
    + r"\end{cases}",
    "nested cases": r"\begin{cases}" * 40 + "x" + r"\end{cases}" * 40,
    "letters of many scripts": "хуᎪΑАα１２３𝟙𝟚²³⅓⁄√∛" * 200,
    "five thousand accents": "x" + "\u0301" * 5_000,
    "marks without width": "1\u200d" * 2_000 + "2",
    "dates": "/".join(["1"] * 900),
    "a flood of times": ":".join(["1"] * 1_200),
    "forty roots said to be equal": "=".join(rf"\sqrt{{{k}}}" for k in range(2, 40)),
    "three hundred solutions": r" \text{ or } ".join(f"x={k}" for k in range(300)),
    "two hundred inequalities": r" \text{ or } ".join(rf"{2 * k}<x<{2 * k + 1}" for k in range(200)),
    "nested set-builders": r"\{x: " * 40 + "x>1" + r"\}" * 40,
    "intersections of unions": r"\cap".join(rf"((0,{k})\cup({k + 1},{k + 1000}))" for k in range(1, 30)),
    "reals without fifty roots": r"\mathbb{R}" + "".join(rf"\setminus\{{\sqrt{{{k}}}\}}" for k in range(50)),
    "three hundred roots in a maximum": r"\max(" + ",".join(rf"\sqrt{{{k}}}" for k in range(2, 300)) + ")",
    "a hundred factorials": "".join(f"({k}!)" for k in range(1_900, 2_000)),
    "a fraction of six thousand digits": r"\frac{" + "7" * 5_900 + "}{" + "3" * 5_900 + "}",
    "an integral without an end": r"\int_0^1 e^{x^2}\sin(x^3)\,dx",
    "a thousand units": "5 " + "m " * 1_000,
    "five thousand commas": "," * 5_000,
    "a thousand groups of digits": "1" + ",000" * 1_000,
    **{
        f"{depth} times {left} {right}": left * depth + "1" + right * depth
        for depth in (49, 400)
        for left, right in _BRACKETS
    },
}
"""What an answer is made of, and the answer."""
REFERENCES = (
    "7", "x+1", r"\{1, 2\}", "y=2x+3", r"(1,2)\cup(3,4)", r"x^2+y^2=\sin(xy)", r"\int_0^1 x\,dx", r"\pm\sqrt{2}",
    r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\sqrt{2}+x", r"5\text{ m}",
)  # fmt: skip


def cost_ms(reference: str, answer: str) -> float:
    """Processor time of preparing one and judging the other."""
    verifier, start = MathVerifier(), time.process_time()
    try:
        task = verifier.prepare(reference, MathParams(), Context())
        verifier.verify(task, Completion(rf"\boxed{{{answer}}}"), Context())
    except (InvalidTask, LimitExceeded):
        pass
    return (time.process_time() - start) * 1e3


def main() -> None:
    """Print what the slowest cost."""
    symbolic.ready()
    worst = {}
    for name, answer in HOSTILE.items():
        pairs = [pair for reference in REFERENCES for pair in ((reference, answer), (answer, reference))]
        worst[name] = max(min(cost_ms(*pair), cost_ms(*pair)) for pair in [*pairs, (answer, answer)])
    for name in sorted(worst, key=lambda name: -worst[name])[:12]:
        sys.stdout.write(f"{worst[name]:6.1f} ms  {name}\n")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(f"{len(worst)} answers against {len(REFERENCES)} references; {memory} MB at most\n")


if __name__ == "__main__":
    main()
