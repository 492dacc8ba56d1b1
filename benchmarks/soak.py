"""Whether memory stays where it is: ``python -m benchmarks.soak --minutes 10``.

A mixture of right, wrong, broken and hostile completions, all different, at a steady rate; the memory that is
every process's own is sampled, and its slope over the second half is what matters. (The proportional set size
would not do: it rises when some other program that shares a library ends.)
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from benchmarks.servers import Running, running

console = Console()


def request(seed: int) -> dict[str, Any]:
    """512 completions that were never seen before."""
    dice = random.Random(seed)
    items: list[dict[str, Any]] = []
    for index in range(32):
        answer = dice.randrange(10**6)
        right, wrong = f"\\boxed{{{answer}}} {dice.random()}", f"\\boxed{{{answer + 1}}} {dice.random()}"
        hard = f"\\boxed{{\\sqrt{{{answer}+\\sqrt{{2}}}}}} {dice.random()}"
        completions = [right, wrong, hard, "x" * dice.randrange(4000), f"<think>{dice.random()}"]
        items.append({"verifier": "math", "reference": str(answer), "completions": completions * 3})
        items.append({"verifier": "match", "reference": str(index), "completions": [str(dice.random())]})
    items.append({"verifier": "nope", "reference": 1, "completions": ["x"]})
    return {"items": items, "deadline_s": 60, "run": f"soak-{seed % 7}"}


def memory_mb(pids: list[int]) -> float:
    """Pages that no other process shares; what grows is among them."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
    return total / 1024


def slope(samples: list[tuple[float, float]]) -> float:
    """Megabytes per minute, by least squares."""
    count = len(samples)
    mean_t, mean_m = sum(t for t, _ in samples) / count, sum(m for _, m in samples) / count
    spread = sum((t - mean_t) ** 2 for t, _ in samples)
    return 60 * sum((t - mean_t) * (m - mean_m) for t, m in samples) / spread if spread else 0.0


def soak(server: Running, minutes: float, per_second: float) -> dict[str, list[tuple[float, float]]]:
    """Load for some minutes; samples of (seconds, MB) by part."""
    samples: dict[str, list[tuple[float, float]]] = defaultdict(list)
    started = time.monotonic()
    with httpx.Client(base_url=server.url, timeout=120) as client:
        for turn in itertools.count():
            now = time.monotonic() - started
            if now > minutes * 60:
                return samples
            response = client.post("/v1/rewards", content=json.dumps(request(turn)).encode())
            assert response.status_code == 200, response.text
            if turn % 5 == 0:
                for part, pids in server.parts().items():
                    samples[part].append((now, memory_mb(pids)))
            time.sleep(max(0.0, (turn + 1) / per_second - (time.monotonic() - started)))
    return samples


def main() -> None:
    """Load, sample, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--per-second", type=float, default=2)
    options = parser.parse_args()
    with running(cache=True, REWARD_CACHE_TTL_S="30") as server:
        samples = soak(server, options.minutes, options.per_second)
    console.print(f"[bold]{options.minutes:g} minutes, {options.per_second:g} requests of 513 completions a second[/]")
    for part, points in samples.items():
        half = points[len(points) // 2 :]
        console.print(
            f"{part:<10} first {points[0][1]:7.1f} MB   middle {half[0][1]:7.1f} MB   last {half[-1][1]:7.1f} MB   "
            f"slope of the second half {slope(half):+.2f} MB/min"
        )


if __name__ == "__main__":
    main()
