"""What judging a trivial honest program with ten tests costs, in units of one bare interpreter start.

    python -m benchmarks.code [--programs 40] [--tag latest] [--setups docker/runc,namespaces]

The unit is ``/usr/bin/python3 -c pass``, spawned in the same image, median of 30 before and after each figure, so
that a noisy machine moves both. For each style: programs judged one after another (median wall, and processor time of
the container and of this process), and two at once, in two processes with sandboxes of their own as the children of a
worker have them, each taking the next as soon as it is free, as a gain that is set beside the gain of two bare starts
at once; one by one and two at once take turns, and what is told is the median.
Then a whole server, asked over HTTP for 64 programs at a time; and what others do: a fresh ``subprocess`` a test
without any jail, and ``docker run`` a program.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.servers import running
from reward_server.sandbox.base import Sandboxes
from reward_server.sandbox.docker import LABEL, DockerConfig
from reward_server.sandbox.docker import open_sandboxes as open_docker
from reward_server.sandbox.namespaces import NamespacesConfig
from reward_server.sandbox.namespaces import open_sandboxes as open_namespaces
from reward_server.sandbox.owner import me
from reward_server.sandbox.pool import PoolConfig
from reward_server.types import Completion, Json, Outcome
from reward_server.verifiers.base import Context
from reward_server.verifiers.code import CodeVerifier
from reward_server.verifiers.registry import Registry

console = Console(width=130)
HTTP_BATCH = 64
ROUNDS = 7
BARE = """
import os, statistics, subprocess, sys, threading, time
python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
def start(times, left):
    while left:
        left.pop()
        began = time.perf_counter()
        subprocess.run([python, "-c", "pass"])
        times.append(time.perf_counter() - began)
for line in sys.stdin:
    threads, times, left = int(line), [], [None] * 30
    workers = [threading.Thread(target=start, args=(times, left)) for _ in range(threads)]
    used, began = os.times(), time.perf_counter()
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    wall = statistics.median(times) if threads == 1 else (time.perf_counter() - began) / len(times)
    print(wall, (sum(os.times()[:4]) - sum(used[:4])) / len(times), flush=True)
"""
TESTS: dict[str, tuple[Json, str, float]] = {
    "function": (
        {"kind": "function", "entry": "f", "cases": [{"args": [n], "expected": 2 * n} for n in range(10)]},
        "def f(x):\n    return 2 * x\n",
        0.5,
    ),
    "asserts": (
        {"kind": "asserts", "entry": "f", "code": "".join(f"assert f({n}) == {2 * n}\n" for n in range(10))},
        "def f(x):\n    return 2 * x\n",
        0.75,
    ),
    "stdio": (
        {"kind": "stdio", "cases": [{"input": f"{n}\n", "output": f"{2 * n}\n"} for n in range(10)]},
        "print(2 * int(input()))\n",
        2.0,
    ),
}
"""Tests, program, and the bar: at most so many bare starts a program."""


@dataclass(frozen=True)
class Setup:
    """A way to have sandboxes."""

    name: str
    open: Callable[[str], Sandboxes]
    share: float = 1.0
    """Of the programs that are judged: slow ones get fewer."""


def _docker(runtime: str, policy: str, spare: int = 0, *, line: bool = True) -> Callable[[str], Sandboxes]:
    pool = PoolConfig(policy=policy, limit=3, spare=spare)  # type: ignore[arg-type] # one of two words
    return lambda tag: open_docker(DockerConfig(runtime=runtime, image_tag=tag, line=line, pool=pool))


SETUPS = (
    Setup("docker/runc", _docker("runc", "warm")),
    Setup("docker/runc relayed", _docker("runc", "warm", line=False)),
    Setup("namespaces", lambda tag: open_namespaces(NamespacesConfig(pool=PoolConfig(limit=3)))),
    Setup("docker/runc single_use", _docker("runc", "single_use", spare=1), 0.15),
    Setup("docker/runsc", _docker("runsc", "warm"), 0.15),
)


@dataclass(frozen=True)
class Start:
    """One bare interpreter start."""

    wall_s: float
    cpu_s: float


class Bare:
    """Bare interpreter starts in a container of the same image."""

    def __init__(self, image: str) -> None:
        command = ["docker", "run", "--rm", "-i", "--network", "none", image, "python3", "-c", BARE]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, at_once: int = 1) -> Start:
        """One start: the median of 30, or the share of one where several run at once."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{at_once}\n")
        self._process.stdin.flush()
        wall, cpu = self._process.stdout.readline().split()
        return Start(float(wall), float(cpu))

    def close(self) -> None:
        """End the container."""
        self._process.communicate()


class Judge:
    """The code verifier over one setup."""

    def __init__(self, sandboxes: Sandboxes) -> None:
        self._registry, self._context = Registry(), Context(sandboxes=sandboxes)
        self._registry.register(CodeVerifier())

    def __call__(self, style: str, number: int) -> None:
        """Judge a program that no cache has seen; it must be found right."""
        tests, program, _ = TESTS[style]
        completion = Completion(f"```python\n{program}# {number}\n```")
        verdict = self._registry.verify_once(
            "code", {"language": "python", "tests": tests}, {}, completion, self._context
        )
        if verdict.outcome is not Outcome.CORRECT:
            raise SystemExit(f"{style}: {verdict}")


def container_cpu_s() -> float:
    """Processor seconds of this process's containers so far."""
    import docker
    import docker.errors

    with closing(docker.APIClient(version="auto")) as api:
        mine = api.containers(filters={"label": f"{LABEL}={me()}"})
        used = 0.0
        for container in mine:
            with suppress(docker.errors.NotFound, ValueError):  # one that goes just now
                stats = api.stats(container["Id"], stream=False, one_shot=True)
                used += float(stats["cpu_stats"]["cpu_usage"]["total_usage"])
    return used / 1e9


@dataclass(frozen=True)
class Timing:
    """What some work took, and what a bare start took beside it."""

    wall_s: float
    cpu_s: float
    bare: Start


def timed(work: Callable[[], object], bare: Bare, at_once: int = 1, containers: bool = False) -> Timing:
    """Time ``work``: its seconds, processor seconds of this process and its containers, and the bare start."""
    before = bare.start(at_once)
    inside, own, began = container_cpu_s() if containers else 0.0, time.process_time(), time.perf_counter()
    work()
    wall, own = time.perf_counter() - began, time.process_time() - own
    cpu = own + (container_cpu_s() - inside if containers else 0.0)
    after = bare.start(at_once)
    return Timing(wall, cpu, Start((before.wall_s + after.wall_s) / 2, (before.cpu_s + after.cpu_s) / 2))


class Second:
    """Another process that judges, with sandboxes of its own, from the same stock of programs as this one."""

    def __init__(self, setup: Setup, tag: str) -> None:
        forks = get_context("fork")
        self._ours, theirs = forks.Pipe()
        self._left = forks.Value("i", 0)
        self._process = forks.Process(target=self._serve, args=(theirs, setup, tag))
        self._process.start()

    def begin(self, style: str, count: int) -> None:
        """Have it judge programs, until both together have taken so many."""
        self._left.value = count
        self._ours.send(style)

    def take(self) -> int:
        """The number of a program that is still to be judged; 0 for none."""
        with self._left.get_lock():
            self._left.value -= 1
            left: int = self._left.value
            return max(0, left + 1)

    def wait(self) -> None:
        """Until it has."""
        self._ours.recv()

    def close(self) -> None:
        """End it."""
        self._ours.send(None)
        self._process.join()

    def _serve(self, orders: Connection, setup: Setup, tag: str) -> None:
        with closing(setup.open(tag)) as sandboxes:
            judge = Judge(sandboxes)
            while (style := orders.recv()) is not None:
                while number := self.take():
                    judge(style, -number)
                orders.send(style)


def measure(setup: Setup, tag: str, programs: int, bare: Bare, table: Table) -> None:
    """One row for each style."""
    count, rounds = max(4, int(programs * setup.share)), max(1, int(ROUNDS * setup.share))
    docker = "docker" in setup.name and "single_use" not in setup.name  # whose containers have gone when asked
    with closing(Second(setup, tag)) as second, closing(setup.open(tag)) as sandboxes:
        judge = Judge(sandboxes)
        for style, (_, _, bar) in TESTS.items():
            taken: list[float] = []

            def one_by_one(style: str = style, taken: list[float] = taken) -> None:
                for number in range(count):
                    began = time.perf_counter()
                    judge(style, number)
                    taken.append(time.perf_counter() - began)

            def two_at_once(style: str = style) -> None:
                second.begin(style, count)
                while number := second.take():
                    judge(style, number)
                second.wait()

            two_at_once()  # so that both sandboxes are there and warm
            pairs = []
            for _ in range(rounds):
                single = timed(one_by_one, bare, containers=docker)
                pairs.append((single, timed(two_at_once, bare, at_once=2)))
            median = statistics.median
            bare_s, bare_cpu_s = median(one.bare.wall_s for one, _ in pairs), median(one.bare.cpu_s for one, _ in pairs)
            gain = median(one.wall_s / two.wall_s for one, two in pairs)
            table.add_row(
                setup.name,
                style,
                f"{count / median(one.wall_s for one, _ in pairs):.1f}",
                f"{median(taken) / bare_s:.2f}",
                f"{bar:.2f}" if setup.name == "docker/runc" else "",
                f"{median(one.cpu_s for one, _ in pairs) / count / bare_cpu_s:.2f}" if docker else "-",
                f"{count / median(two.wall_s for _, two in pairs):.1f}",
                f"{gain:.2f} / {median(one.bare.wall_s / two.bare.wall_s for one, two in pairs):.2f}",
                f"{bare_s * 1e3:.1f} / {bare_cpu_s * 1e3:.1f}",
            )


def over_http(tag: str, bare: Bare, table: Table) -> None:
    """A server of its own, asked for 64 programs at a time."""
    settings = {
        "REWARD_REGISTRY": "reward_server.verifiers.defaults:default_registry",
        "REWARD_SANDBOX_DRIVER": "docker",
        "REWARD_SANDBOX_IMAGE_TAG": tag,
        "REWARD_SANDBOX_SELF_TEST": "false",
    }
    with running(cache=False, **settings) as server, httpx.Client(timeout=300) as client:
        for style, (tests, program, bar) in TESTS.items():

            def ask(style: str = style, tests: Json = tests, program: str = program) -> None:
                completions = [f"```python\n{program}# {time.perf_counter_ns()}\n```" for _ in range(HTTP_BATCH)]
                reference = {"language": "python", "tests": tests}
                item = {"verifier": "code", "reference": reference, "completions": completions}
                answer = client.post(f"{server.url}/v1/rewards", json={"items": [item], "deadline_s": 120}).json()
                if answer["summary"]["correct"] != HTTP_BATCH:
                    raise SystemExit(f"{style} over HTTP: {answer['summary']}")

            ask()  # so that sandboxes are there and warm
            each = []
            for _ in range(3):
                once = timed(ask, bare)
                each.append((once.wall_s / HTTP_BATCH / once.bare.wall_s, HTTP_BATCH / once.wall_s))
            ratio, rate = sorted(each)[1]
            row = ("HTTP, 64 at a time", style, f"{rate:.1f}", f"{ratio:.2f}", f"{1.3 * bar:.2f}")
            table.add_row(*row, "", "", "", "")


def others(tag: str, bare: Bare, table: Table) -> None:
    """What a program with ten tests costs elsewhere."""
    _, program, _ = TESTS["stdio"]
    loop = "import subprocess as s, sys\nfor n in range(10): s.run([sys.executable, '-c', sys.argv[1]], input=b'1')"
    image = f"reward-sandbox-python:{tag}"

    def fresh() -> None:
        for n in range(10):
            subprocess.run([sys.executable, "-c", program], input=f"{n}\n", text=True, capture_output=True, check=True)

    def container() -> None:
        command = ["docker", "run", "--rm", "-i", "--network", "none", image, "python3", "-c", loop, program]
        subprocess.run(command, capture_output=True, check=True)

    for name, work in (("subprocess a test, no jail", fresh), ("docker run a program", container)):
        each = [timed(work, bare) for _ in range(5)]
        ratio = statistics.median(taken.wall_s / taken.bare.wall_s for taken in each)
        rate = 1 / statistics.median(taken.wall_s for taken in each)
        table.add_row(name, "stdio", f"{rate:.1f}", f"{ratio:.2f}", "", "", "", "", "")


@contextmanager
def bare_starts(tag: str) -> Iterator[Bare]:
    """A container for bare starts."""
    bare = Bare(f"reward-sandbox-python:{tag}")
    try:
        bare.start()
        yield bare
    finally:
        bare.close()


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=40)
    parser.add_argument("--tag", default="latest", help="of the sandbox images")
    parser.add_argument("--setups", default=",".join(setup.name for setup in SETUPS))
    options = parser.parse_args()
    table = Table("setup", "style", "programs/s", "x bare", "bar", "CPU x", "two: /s", "gain / bare", "bare ms / CPU")
    with bare_starts(options.tag) as bare:
        for setup in SETUPS:
            if setup.name in options.setups.split(","):
                measure(setup, options.tag, options.programs, bare, table)
        over_http(options.tag, bare, table)
        others(options.tag, bare, table)
    console.print(table)


if __name__ == "__main__":
    main()
