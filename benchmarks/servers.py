"""A real server for benchmarks."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass(frozen=True, slots=True)
class Running:
    """A running ``reward-server serve``."""

    url: str
    pid: int

    def parts(self) -> dict[str, list[int]]:
        """Process ids by what they do."""
        found: dict[str, list[int]] = {"api": [], "valkey": [], "worker": [], "children": []}
        for pid in _descendants(self.pid):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            words = {"api --fd": "api", "valkey-server": "valkey", "worker --lane": "worker", "zygote": "children"}
            for word, part in words.items():
                if word in command:
                    found[part].append(pid)
                    break
        return found


@contextlib.contextmanager
def running(*, cache: bool, **environment: str) -> Iterator[Running]:
    """A server with the plumbing verifiers."""
    variables = {
        **os.environ,
        "REWARD_REGISTRY": "benchmarks.plumbing_verifiers:registry",
        "REWARD_CACHE_ENABLED": str(cache),
        "REWARD_LOG_LEVEL": "error",
        "REWARD_SANDBOX_DRIVER": "none",
        **environment,
    }
    command = [sys.executable, "-m", "reward_server", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found, "the server did not start"
            for _ in range(600):
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"{found[0]}/readyz").status_code == 200:
                        break
                time.sleep(0.05)
            yield Running(found[0], process.pid)
        finally:
            process.send_signal(signal.SIGINT)


def _descendants(pid: int) -> list[int]:
    found, todo = [], [pid]
    while todo:
        for task in Path(f"/proc/{todo.pop()}/task").iterdir():
            children = [int(child) for child in (task / "children").read_text().split()]
            found += children
            todo += children
    return found
