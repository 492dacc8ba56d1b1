"""Whether code rewards stay what they are: memory over gradings with floods, and the same verdict again under load.

    python -m benchmarks.code_soak [--gradings 10000] [--verdicts 1000] [--busy 4] [--tag latest]

First ``--gradings`` programs are judged, every tenth of them one that floods its output, two at once; the resident
memory of this process must not grow. Then a few programs, right, wrong and close to their time limit on either side,
are judged ``--verdicts`` times in all while ``--busy`` processes keep the processors busy; each must get one verdict.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from benchmarks.code import SETUPS, TESTS, console
from reward_server.sandbox.base import Sandboxes
from reward_server.types import Completion, Json, Verdict
from reward_server.verifiers.base import Context
from reward_server.verifiers.code import CodeVerifier
from reward_server.verifiers.registry import Registry

FLOOD = "while True: print('x' * 100_000)"
BURN = (
    "import time\nend = time.process_time() + {seconds}\nwhile time.process_time() < end: pass\nprint(2 * int(input()))"
)
STEADY: dict[str, tuple[str, str]] = {
    "right function": ("function", "def f(x): return 2 * x"),
    "wrong function": ("function", "def f(x): return 2 * x if x < 9 else 0"),
    "right asserts": ("asserts", "def f(x): return 2 * x"),
    "right stdio": ("stdio", "print(2 * int(input()))"),
    "wrong stdio": ("stdio", "print(3 * int(input()))"),
    "a crash": ("stdio", "print(1 // (int(input()) - 5))"),
    "uses 0.7 of its time": ("one", BURN.format(seconds=0.7)),
    "uses 1.5 of its time": ("one", BURN.format(seconds=1.5)),
    "sleeps within its time": ("one", "import time\ntime.sleep(1.5)\nprint(2 * int(input()))"),
    "sleeps for ever": ("one", "import time\ntime.sleep(100)"),
}
"""Kind of tests and program; each with a time limit of one second a test."""


class Grader:
    """The code verifier."""

    def __init__(self, sandboxes: Sandboxes) -> None:
        self._registry, self._context = Registry(), Context(sandboxes=sandboxes)
        self._registry.register(CodeVerifier())

    def __call__(self, kind: str, program: str, params: dict[str, Json]) -> Verdict:
        """The verdict on a program; ``one`` is the first of the stdio tests alone."""
        tests = TESTS["stdio" if kind == "one" else kind][0]
        if kind == "one":
            tests = {"kind": "stdio", "cases": [{"input": "1\n", "output": "2\n"}]}
        completion = Completion(f"```python\n{program}\n```")
        return self._registry.verify_once(
            "code", {"language": "python", "tests": tests}, params, completion, self._context
        )


def growth(grade: Grader, gradings: int) -> None:
    """Print the resident memory of this process along the gradings."""
    sizes, began, outcomes = [], time.monotonic(), Counter[str]()

    def one(number: int) -> None:
        if number % 10 == 9:
            verdict = grade("stdio", FLOOD, {"time_s": 1})
        else:
            kind = ("function", "asserts", "stdio")[number % 3]
            verdict = grade(kind, f"{STEADY['right ' + kind][1]}  # {number}", {})
        outcomes[verdict.outcome.value] += 1

    with ThreadPoolExecutor(2) as threads:
        for start in range(0, gradings, max(10, gradings // 10)):
            list(threads.map(one, range(start, min(gradings, start + max(10, gradings // 10)))))
            sizes.append(resident_mb())
    console.print(f"{gradings} gradings in {time.monotonic() - began:.0f} s: {dict(outcomes)}")
    console.print(f"resident MiB after each tenth: {', '.join(f'{size:.1f}' for size in sizes)}")
    console.print(f"grown by {sizes[-1] - sizes[0]:.1f} MiB after the first tenth")


def steadiness(grade: Grader, verdicts: int, busy: int) -> None:
    """Print which verdicts each program got."""
    jobs = [list(STEADY)[number % len(STEADY)] for number in range(verdicts)]
    with loaded(busy), ThreadPoolExecutor(2) as threads:
        told = list(threads.map(lambda name: grade(*STEADY[name], {"time_s": 1}), jobs))
    for name in STEADY:
        got = Counter(
            f"{verdict.outcome.value} {verdict.detail.get('limit', '')}".strip()
            for job, verdict in zip(jobs, told, strict=True)
            if job == name
        )
        console.print(f"{name:24} {dict(got)}{'' if len(got) == 1 else '  <- not one verdict'}")


@contextmanager
def loaded(busy: int) -> Iterator[None]:
    """Processes that do nothing but keep processors busy."""
    processes = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(busy)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def _spin() -> None:
    while True:
        pass


def resident_mb() -> float:
    """Of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / (1 << 20)


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gradings", type=int, default=10_000)
    parser.add_argument("--verdicts", type=int, default=1000)
    parser.add_argument("--busy", type=int, default=4)
    parser.add_argument("--tag", default="latest", help="of the sandbox images")
    options = parser.parse_args()
    with closing(SETUPS[0].open(options.tag)) as sandboxes:
        grade = Grader(sandboxes)
        growth(grade, options.gradings)
        steadiness(grade, options.verdicts, options.busy)


if __name__ == "__main__":
    main()
