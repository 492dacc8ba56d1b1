"""What the service costs beside the verifying: ``python -m benchmarks.overhead``.

One run measures everything against ``json.loads`` of the same body in this process, because machines differ
and are shared. The server is a real one (``reward-server serve``) with the cache off.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import http.client
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from benchmarks.servers import Running, running

COMPLETIONS, SIZE = 8192, 4096
console = Console()


def body_of(verifier: str, completions: int, per_item: int = 8) -> bytes:
    """A request of ``completions`` texts of 4 KB."""
    filler = "Let us see: the angle is \\(\\frac{\\pi}{3}\\), so we get\n x = 17 and then some more.\n"
    text = (filler * (SIZE // len(filler) + 1))[: SIZE - 12]
    items = [
        {
            "id": f"p{index}",
            "verifier": verifier,
            "reference": str(index),
            "completions": [f"{text}\nA: {index + k:08d}" for k in range(per_item)],
        }
        for index in range(completions // per_item)
    ]
    return json.dumps({"items": items, "deadline_s": 300}).encode()


def seconds(action: Any, repeats: int) -> float:
    """Median seconds of an action."""
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def cpu_s(pids: list[int]) -> float:
    """Processor seconds that the processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def two_in_flight(client: Callable[[], None], rounds: int) -> float:
    """Seconds of a request."""
    started = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: client(), range(2 * rounds)))
    return (time.perf_counter() - started) / (2 * rounds)


def throughput(server: Running, rounds: int) -> None:
    """Large requests, two in flight, in units of json.loads of one body.

    The client shares the processors, so what it costs is in the wall time: measured with the plainest one there is
    (the standard library's), which is nearest to what the service costs, and with httpx, which Python programs use.
    """
    body = body_of("nothing", COMPLETIONS)
    unit = seconds(lambda: json.loads(body), 5)

    def plain() -> None:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=300)
        connection.request("POST", "/v1/rewards", body)
        response = connection.getresponse()
        answer = response.read()
        assert response.status == 200, answer[:500]
        assert json.loads(answer[answer.rindex(b'"summary":') + 10 : -1])["correct"] == COMPLETIONS

    def with_httpx() -> None:
        response = httpx.post(f"{server.url}/v1/rewards", content=body, timeout=300)
        assert response.status_code == 200

    for client in (plain, with_httpx):
        client()
    parts = server.parts()
    before = {name: cpu_s(pids) for name, pids in parts.items()}
    wall = two_in_flight(plain, rounds)
    used = {name: cpu_s(pids) - before[name] for name, pids in parts.items()}
    heavier = two_in_flight(with_httpx, rounds)
    unit = (unit + seconds(lambda: json.loads(body), 5)) / 2
    console.print(f"[bold]{COMPLETIONS} completions of 4 KB, verifier that does nothing, two requests in flight[/]")
    console.print(f"json.loads of the body      {unit * 1e3:8.1f} ms")
    console.print(f"request, wall               {wall * 1e3:8.1f} ms  = {wall / unit:.2f} x json.loads")
    for name, seconds_used in [*used.items(), ("all", sum(used.values()))]:
        each = seconds_used / (2 * rounds) / COMPLETIONS
        console.print(f"  processor time, {name:<12}{each * 1e6:8.1f} us per completion")
    console.print(f"the same with httpx, wall   {heavier * 1e3:8.1f} ms  = {heavier / unit:.2f} x json.loads")


def latency(server: Running, requests: int) -> None:
    """One small request at a time on an idle server."""
    body = json.dumps(
        {"items": [{"verifier": "nothing", "reference": "1", "completions": ["A: 42"] * 8}], "detail": "brief"}
    ).encode()
    with httpx.Client(base_url=server.url) as client:
        for _ in range(50):
            client.post("/v1/rewards", content=body)
        taken = []
        for _ in range(requests):
            started = time.perf_counter()
            client.post("/v1/rewards", content=body)
            taken.append(time.perf_counter() - started)
    cuts = statistics.quantiles(taken, n=100)
    console.print("[bold]a single small request on an idle server[/]")
    console.print(f"p50 {cuts[49] * 1e3:.2f} ms   p99 {cuts[98] * 1e3:.2f} ms")


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--requests", type=int, default=1000)
    options = parser.parse_args()
    with running(cache=False) as server:
        throughput(server, options.rounds)
        latency(server, options.requests)


if __name__ == "__main__":
    main()
