"""A fuzzer of the mathematics verifier: answers spliced and broken at random, judged against one another.

    python -m benchmarks.math_fuzz [--minutes 10] [--seed 1]

It looks for what must never be: an exception that the contract does not name, an answer that takes more than
``--slow-ms`` of processor time, and a verdict that changes when the two sides are exchanged (but for an answer that
leaves something to carry out which the reference does not). Each find is printed; the
exit status is 1 when there was any. Finds that were mended are kept in ``tests/verifiers/math/corpus.txt``.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from reward_server.errors import InvalidTask, LimitExceeded
from reward_server.types import Completion, Outcome
from reward_server.verifiers.base import Context
from reward_server.verifiers.math import MathVerifier
from reward_server.verifiers.math.params import MathParams

_CORPUS = Path(__file__).resolve().parents[1] / "tests" / "verifiers" / "math" / "corpus.txt"
_PIECES = [
    "\\frac{", "\\sqrt[", "\\sqrt{", "}{", "}", "{", "(", ")", "[", "]", "\\left(", "\\right]", "|", "\\{", "\\}",
    "^", "^{", "_",
    "_{", "\\pi", "e", "i", "x", "y", "n", "\\infty", "\\cup", "\\in", "\\pm", "\\mp", "=", "<", "\\le", ">", "\\ne",
    ",", ";", ":",
    " and ", " or ", "\\text{", "\\text{ cm}", "\\%", "^\\circ", "$", "\\$", "!", "1", "2", "10", "0", "0.5",
    "1,234", "99999999",
    "-", "+", "*", "/", "\\cdot", "\\times", "\\sin", "\\log_", "\\ln", "\\binom{", "\\sum_{k=1}^{", "\\int_0^1",
    "dx", "\\lim_{x\\to0}",
    "\\begin{pmatrix}", "&", "\\\\", "\\end{pmatrix}", "\\begin{cases}", "\\end{cases}", "\\mathbb{R}", "\\setminus",
    "\\emptyset", "f(",
    "'", "...", "\\ldots", "\\overline{", "\\vec{", "²", "½", "√", "π", "∞", "≤", "°", "\u00a0", "\x00", "\\boxed{",
    "\\(", "\\)", "`",
    "\\bmod", "\\pmod{", "\\lfloor", "\\rfloor", "\\max(", "\\gcd(", "C", "(A)", "\\%%", "e5", "E-7", "_8",
    "\\angle", "\\to", "\\choose",
]  # fmt: skip


def answers(rng: random.Random, seeds: list[str]) -> Iterator[str]:
    """Random answers without end: spliced seeds, inserted pieces, repeated and dropped parts."""
    while True:
        text = rng.choice(seeds)
        for _ in range(rng.randint(0, 6)):
            at = rng.randint(0, len(text))
            match rng.randrange(6):
                case 0:
                    text = text[:at] + rng.choice(_PIECES) + text[at:]
                case 1:
                    text = text[:at] + text[at + rng.randint(1, 6) :]
                case 2:
                    other = rng.choice(seeds)
                    text = text[:at] + other[rng.randint(0, len(other)) :]
                case 3:
                    part = text[at : at + rng.randint(1, 8)]
                    text = text[:at] + part * rng.choice([2, 2, 3, 40, 400]) + text[at:]
                case 4:
                    text = "".join(rng.choice(_PIECES) for _ in range(rng.randint(1, 12)))
                case _:
                    text = rng.choice(["(", "\\sqrt{", "-", "\\frac{1}{", "|", "2^{", "x+"]) * rng.randint(1, 30) + text
        yield text[:4_000]


class Fuzzer:
    """Judges pairs and collects what must not be."""

    def __init__(self, slow_ms: float) -> None:
        self.verifier = MathVerifier()
        self.slow_s = slow_ms / 1e3
        self.finds: list[str] = []
        self.slowest = 0.0

    def outcome(self, reference: str, answer: str) -> Outcome:
        """The verdict on a pair; whatever the contract does not name is a find."""
        start = time.process_time()
        try:
            task = self.verifier.prepare(reference, MathParams(), Context())
            verdict = self.verifier.verify(task, Completion(f"\\boxed{{{answer}}}"), Context())
            unfinished = str(verdict.detail.get("difference", "")).endswith("not carried out")
            outcome = Outcome.NO_ANSWER if unfinished else verdict.outcome  # says nothing of sameness
        except InvalidTask:
            outcome = Outcome.INVALID_TASK
        except LimitExceeded:
            outcome = Outcome.LIMIT_EXCEEDED
        except Exception as error:  # noqa: BLE001  # finding these is what this program is for
            self.finds.append(f"{type(error).__name__}: {error!s:.200}: {reference!r} against {answer!r}")
            return Outcome.UNAVAILABLE
        took = time.process_time() - start
        self.slowest = max(self.slowest, took)
        if took > self.slow_s:
            self.finds.append(f"{took * 1e3:.0f} ms: {reference!r} against {answer!r}")
        return outcome

    def pair(self, a: str, b: str) -> None:
        """Judge both ways."""
        there, back = self.outcome(a, b), self.outcome(b, a)
        if any(_breaks_out(text) for text in (a, b)):
            return  # in a box it is another text
        decided = {Outcome.CORRECT, Outcome.INCORRECT}
        if there in decided and back in decided and there is not back:
            self.finds.append(f"not symmetric, {there} and {back}: {a!r} against {b!r}")


def _breaks_out(text: str) -> bool:
    """Whether a text ends its box early or late."""
    depth = 0
    for sign in re.findall(r"\\.|[{}]|\\$", text, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0 or sign == "\\":
            return True
    return depth != 0 or "boxed" in text or text.strip() != text


def seeds() -> list[str]:
    """The kept corpus and a few answers of each kind."""
    return [line for line in _CORPUS.read_text().splitlines() if line]


def main() -> None:
    """Fuzz for the time asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slow-ms", type=float, default=100.0)
    options = parser.parse_args()
    fuzzer, rng = Fuzzer(options.slow_ms), random.Random(options.seed)
    made = answers(rng, seeds())
    end = time.monotonic() + options.minutes * 60
    count = 0
    while time.monotonic() < end:
        a = next(made)
        fuzzer.pair(a, rng.choice([next(made), a + rng.choice(_PIECES), a.replace(" ", ""), a[::-1]]))
        count += 1
        while fuzzer.finds:
            sys.stdout.write(f"FOUND {fuzzer.finds.pop():.2000}\n")
            sys.stdout.flush()
            options.found = True
    sys.stdout.write(f"{count:,} pairs, slowest {fuzzer.slowest * 1e3:.0f} ms of processor time\n")
    sys.exit(1 if getattr(options, "found", False) else 0)


if __name__ == "__main__":
    main()
