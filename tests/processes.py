"""Real servers for tests, and the processes they are made of."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import httpx

ROOT = Path(__file__).resolve().parents[1]
START_S = 60.0


class Server:
    """A ``reward-server serve`` of its own."""

    def __init__(self, process: subprocess.Popen[str], url: str, log: IO[str]) -> None:
        self.process = process
        self.url = url
        self._log = log
        self.client = httpx.Client(base_url=url, timeout=120)

    def score(self, items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        """POST /v1/rewards, which must answer 200."""
        response = self.client.post("/v1/rewards", json={"items": items, **more})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def outcomes(self, verifier: str, reference: Any, completions: list[Any], **more: Any) -> list[str]:
        """Outcomes of the completions of one item."""
        item = {"verifier": verifier, "reference": reference, "completions": completions, **more}
        return [verdict["outcome"] for verdict in self.score([item])["items"][0]["verdicts"]]

    def pids(self, word: str) -> list[int]:
        """Processes of this server whose command line contains ``word``."""
        return [pid for pid in descendants(self.process.pid) if word in command_of(pid)]

    def log(self) -> str:
        """What it has logged."""
        self._log.seek(0)
        return self._log.read()

    def wait_ready(self) -> None:
        """Wait until the API answers and a worker is there."""
        wait_for(lambda: self._ready(), START_S)

    def _ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return self.client.get("/readyz", timeout=5).status_code == 200
        return False


@contextlib.contextmanager
def serving(*arguments: str, environment: Mapping[str, str] | None = None, ready: bool = True) -> Iterator[Server]:
    """A server with the misbehaving verifiers and no sandboxes; stopped by SIGINT at the end."""
    variables = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("REWARD_", "REDIS_"))},
        "REWARD_REGISTRY": "tests.misbehaving:registry",
        "REWARD_SANDBOX_IMAGE_TAG": os.environ.get("REWARD_SERVER_TEST_IMAGE_TAG", "latest"),
        "REWARD_SANDBOX_DRIVER": "none",  # a worker that attacks its own sandboxes is dear: who needs one asks for it
        "REWARD_LOG_FORMAT": "json",
        "PYTHONPATH": str(ROOT),
        **(environment or {}),
    }
    command = [sys.executable, "-m", "reward_server", "serve", "--port", "0", *arguments]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=variables, cwd=ROOT)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        log.seek(0)
        assert found, line + log.read()
        server = Server(process, found[0], log)
        try:
            if ready:
                server.wait_ready()
            yield server
        finally:
            server.client.close()
            stop(process)
            process.stdout.close()


def stop(process: subprocess.Popen[str], number: int = signal.SIGINT) -> int:
    """Send a signal and wait; kills what does not end within half a minute, which is a failure."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
    return process.returncode


def descendants(pid: int) -> list[int]:
    """Process ids of all children, their children, and so on."""
    found, todo = [], [pid]
    while todo:
        for child in _children(todo.pop()):
            found.append(child)
            todo.append(child)
    return found


def forks(pid: int) -> list[int]:
    """Those of its descendants that run its own program: of a zygote its children, not what verifiers start."""
    return [found for found in descendants(pid) if command_of(found) == command_of(pid)]


def command_of(pid: int) -> str:
    """Command line, empty where there is no such process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def alive(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition: Any, timeout_s: float = 20.0) -> None:
    """Wait until a condition holds; fails when it does not."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def _children(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


@contextlib.contextmanager
def engine_standing_still(container_pids: list[int]) -> Iterator[None]:
    """Stops what the engine has between it and these containers, and lets it go on afterwards. Needs root."""
    relays = set()
    for pid in container_pids:
        status = Path(f"/proc/{pid}/status").read_text()
        relays.add(int(re.findall(r"^PPid:\s*(\d+)$", status, re.MULTILINE)[0]))
    assert relays
    for relay in relays:
        os.kill(relay, signal.SIGSTOP)
    try:
        yield
    finally:
        for relay in relays:
            os.kill(relay, signal.SIGCONT)
