"""What the cache costs when it knows nothing, and what it gains when it knows all: ``python -m benchmarks.cache``.

The verifier does nothing, so that a look-up can only lose: the figures are what a completion pays for the cache.
"""

from __future__ import annotations

import time

import httpx
from rich.console import Console

from benchmarks.overhead import COMPLETIONS, body_of
from benchmarks.servers import running

console = Console()


def timed(url: str, body: bytes) -> tuple[float, int]:
    """Seconds of one request, and how many of its verdicts were cached."""
    started = time.perf_counter()
    response = httpx.post(f"{url}/v1/rewards", content=body, timeout=300)
    taken = time.perf_counter() - started
    return taken, response.json()["summary"]["cached"]


def main() -> None:
    """Measure, print."""
    bodies = [body_of("nothing", COMPLETIONS).replace(b"we get", b"we have %d" % turn) for turn in range(3)]
    with running(cache=False) as server:
        timed(server.url, bodies[0])
        off = min(timed(server.url, body)[0] for body in bodies)
    with running(cache=True, REWARD_CACHE_MIN_COST_S="0") as server:
        cold = min(timed(server.url, body)[0] for body in bodies)
        results = [timed(server.url, body) for body in bodies]
        warm = min(taken for taken, _ in results)
        assert all(cached == COMPLETIONS for _, cached in results)
    per = 1e6 / COMPLETIONS
    console.print(f"[bold]{COMPLETIONS} completions of 4 KB, verifier that does nothing[/]")
    console.print(f"cache off    {off * 1e3:8.1f} ms   {off * per:6.1f} us per completion")
    console.print(f"cache cold   {cold * 1e3:8.1f} ms   {cold * per:6.1f} us per completion  ({cold / off:.2f} x)")
    console.print(f"cache warm   {warm * 1e3:8.1f} ms   {warm * per:6.1f} us per completion  ({warm / off:.2f} x)")


if __name__ == "__main__":
    main()
