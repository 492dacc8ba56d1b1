"""``math`` through the service against ``math`` called directly: ``python -m benchmarks.throughput``.

Direct means as many processes as the server has children, each verifying its share in a loop, with nothing in
between. Both run the same completions in the same run, one after the other, several times.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import time
from typing import Any

import httpx
from rich.console import Console

from benchmarks.servers import running
from reward_server.types import Completion
from reward_server.verifiers.defaults import default_registry

GROUPS, GROUP, ROUNDS = 256, 16, 3
console = Console()


def load() -> list[dict[str, Any]]:
    """Groups whose answers need ball arithmetic: nested radicals and trigonometry, in 4 KB of text."""
    text = "We compute step by step, and find that $x = 3$ does not help, so we go on.\n" * 54
    items = []
    for index in range(GROUPS):
        a, b = index + 2, index % 7 + 3
        more = "".join(f"+\\sqrt[3]{{{a + k}+\\sqrt{{{b}}}}}\\cos\\left({a + k}\\right)" for k in range(4))
        reference = f"\\sqrt{{{a}+\\sqrt{{{b}}}}}+\\sin\\left(\\frac{{\\pi}}{{{b}}}\\right)\\ln({a}){more}"
        right = f"\\sin\\left(\\frac{{2\\pi}}{{{2 * b}}}\\right)\\ln({a})+\\sqrt{{{a}+\\sqrt{{{b}}}}}{more}"
        wrong = f"\\sin\\left(\\frac{{\\pi}}{{{b}}}\\right)\\ln({a + 1})+\\sqrt{{{a}+\\sqrt{{{b}}}}}{more}"
        completions = [f"{text}{k}\n\\boxed{{{right if k % 2 else wrong}}}" for k in range(GROUP)]
        items.append({"verifier": "math", "reference": reference, "completions": completions})
    return items


def verify(items: list[dict[str, Any]], times: Any) -> None:
    """Verify items in this process; reports the seconds it took."""
    registry = default_registry(third_party=False)
    verifier, context = registry["math"].verifier, registry.context
    started = time.perf_counter()
    for item in items:
        task = verifier.prepare(*registry["math"].parse(item["reference"], {}), context)
        for text in item["completions"]:
            verifier.verify(task, Completion(text), context)
    times.put(time.perf_counter() - started)


def direct(items: list[dict[str, Any]], processes: int) -> float:
    """Seconds for all items, spread over processes that are already warm."""
    times: Any = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=verify, args=(items[k::processes], times)) for k in range(processes)]
    for worker in workers:
        worker.start()
    taken = [times.get() for _ in workers]
    for worker in workers:
        worker.join()
    return float(max(taken))


def main() -> None:
    """Measure, print."""
    items, processes = load(), os.cpu_count() or 1
    body = json.dumps({"items": items, "detail": "brief", "deadline_s": 300}).encode()
    ratios = []
    with running(cache=False) as server:
        httpx.post(f"{server.url}/v1/rewards", content=body, timeout=300)
        for _ in range(ROUNDS):
            alone = direct(items, processes)
            started = time.perf_counter()
            summary = httpx.post(f"{server.url}/v1/rewards", content=body, timeout=300).json()["summary"]
            served = time.perf_counter() - started
            assert summary["correct"] == summary["incorrect"] == GROUPS * GROUP // 2, summary
            ratios.append(alone / served)
    average_ms = alone * processes / (GROUPS * GROUP) * 1e3
    console.print(f"[bold]math, {GROUPS * GROUP} completions of 4 KB, {processes} children[/]")
    console.print(f"direct verification averages {average_ms:.2f} ms")
    console.print(f"throughput of the service: {statistics.median(ratios) * 100:.0f} % of direct")


if __name__ == "__main__":
    main()
