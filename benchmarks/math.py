r"""This verifier against math-verify, interleaved in one process, on a made load and on rewritten real references.

    python -m benchmarks.math [--load 2000] [--golds 600] [--seed 1]

Blocks of 250 cases go through math-verify, through ours with every reference read afresh, and through ours with the
references read before, in turn, so that the machine's mood is shared; only ratios mean anything. The first cases of a
block find the processor's caches full of what the one before used, and cost ours two or three times as much: with
blocks of 25 that is all the 99th percentile shows. Times are processor time, as other processes may run beside.
math-verify comes from PyPI (``pip install math-verify``) into the environment of the benchmark; without it only
ours is measured. It is given every advantage that it asks for: the reference between dollars, the main thread.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.math_load import Case, load
from benchmarks.math_rewrites import rewritten
from reward_server.errors import LimitExceeded
from reward_server.types import Completion, Outcome
from reward_server.verifiers.base import Context
from reward_server.verifiers.math import MathVerifier
from reward_server.verifiers.math.params import MathParams
from reward_server.verifiers.math.verifier import Task

_GOLDS = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "math_train.json"
_BLOCK = 250
Judge = Callable[[Case], bool]


class Tally:
    """Times and mistakes of one contender."""

    def __init__(self, name: str, judge: Judge) -> None:
        self.name = name
        self.judge = judge
        self.seconds: list[float] = []
        self.missed: list[Case] = []
        self.passed: list[Case] = []

    def run(self, case: Case) -> None:
        """Judge one case, on the clock."""
        start = time.process_time()
        verdict = self.judge(case)
        self.seconds.append(time.process_time() - start)
        if verdict != case.right:
            (self.missed if case.right else self.passed).append(case)

    def row(self, reference: Tally) -> str:
        """One line of the table: mistakes, verifications per second and core, median and 99th percentile."""
        times = sorted(self.seconds)
        p99 = times[int(len(times) * 0.99)]
        rate, other = len(times) / sum(times), len(reference.seconds) / sum(reference.seconds)
        return (
            f"| {self.name} | {len(self.missed)} | {len(self.passed)} | {rate:,.0f} "
            f"| {statistics.median(times) * 1e3:.3f} | {p99 * 1e3:.2f} | {rate / other:.0f}x |"
        )


def _cold(case: Case) -> bool:
    verifier = MathVerifier()
    task = verifier.prepare(case.reference, MathParams(), Context())
    return _verdict(verifier, task, case)


def _verdict(verifier: MathVerifier, task: Task, case: Case) -> bool:
    try:
        return verifier.verify(task, Completion(case.text), Context()).outcome is Outcome.CORRECT
    except LimitExceeded:
        return False


def _math_verify() -> Judge | None:
    try:
        from math_verify import parse, verify
    except ImportError:
        return None
    logging.disable(logging.CRITICAL)

    def judge(case: Case) -> bool:
        return bool(verify(parse(f"${case.reference}$"), parse(case.text)))

    return judge


def compare(title: str, cases: list[Case]) -> list[Tally]:
    """Run all contenders over the cases, interleaved, and print a table."""
    verifier = MathVerifier()
    cached = Tally("ours, reference read before", lambda case: _verdict(verifier, tasks[case.reference], case))
    tasks = {case.reference: verifier.prepare(case.reference, MathParams(), Context()) for case in cases}
    theirs = _math_verify()
    contenders = [Tally("ours", _cold), cached]
    if theirs is not None:
        contenders.insert(0, Tally("math-verify", theirs))
    gc.disable()  # nobody pays for the garbage of another; collected off the clock
    for start in range(0, len(cases), _BLOCK):
        for contender in contenders:
            for case in cases[start : start + _BLOCK]:
                contender.run(case)
        gc.collect()
    gc.enable()
    right = sum(case.right for case in cases)
    size = statistics.mean(len(case.text) for case in cases)
    _say(f"\n{title}: {len(cases)} cases, {right} right, mean {size:,.0f} characters")
    _say("| verifier | right ones refused | wrong ones passed | per second and core | p50 ms | p99 ms | throughput |")
    _say("|---|---|---|---|---|---|---|")
    for contender in contenders:
        _say(contender.row(contenders[0]))
    for case in contenders[-1].missed + contenders[-1].passed:
        _say(f"  ours is wrong: reference {case.reference!r}, text …{case.text[-120:]!r}, right: {case.right}")
    return contenders


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    """Run both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--load", type=int, default=2_000, help="completions of the made load")
    parser.add_argument("--golds", type=int, default=600, help="real references that are rewritten; 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    warm_up = load(50, options.seed + 1)
    for judge in filter(None, (_math_verify(), _cold)):
        for case in warm_up:
            judge(case)
    compare("Made load", load(options.load, options.seed))
    if _GOLDS.exists():
        golds = sorted({row["answer"] for row in json.loads(_GOLDS.read_text()) if row["answer"]})
        chosen = rng.sample(golds, options.golds) if options.golds else golds
        cases = [case for gold in chosen for case in rewritten(gold, rng)]
        compare("Rewritten references", [case._replace(text=f"So it is $\\boxed{{{case.text}}}$.") for case in cases])
    else:
        _say(f"\nno rewritten references: {_GOLDS.name} is not in the shared data folder beside the checkout")


if __name__ == "__main__":
    main()
