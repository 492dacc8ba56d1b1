"""``docker compose up``, for real: mathematics and code are scored, pieces are restarted, nothing is left."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from reward_server.sandbox.docker import LABEL
from tests.conftest import lacking
from tests.processes import ROOT, engine_standing_still, wait_for

PROJECT = "reward-e2e"
ITEMS: list[dict[str, Any]] = [
    {"id": "m", "verifier": "math", "reference": "\\frac{1}{2}", "completions": ["\\boxed{0.5}", "\\boxed{2}"]},
    {
        "id": "c",
        "verifier": "code",
        "reference": {
            "language": "python",
            "tests": {"kind": "function", "entry": "double", "cases": [{"args": [2], "expected": 4}]},
        },
        "completions": [
            "```python\ndef double(x):\n    return 2 * x\n```",
            "```python\ndef double(x):\n    return x\n```",
        ],
    },
]


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack."""

    command: list[str]
    environment: dict[str, str]
    url: str

    def compose(self, *arguments: str) -> str:
        """A compose command, which must succeed."""
        done = subprocess.run(
            [*self.command, "-p", PROJECT, *arguments], capture_output=True, text=True, env=self.environment, cwd=ROOT
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout

    def ready(self) -> bool:
        """Whether both lanes have a worker."""
        try:
            workers = httpx.get(f"{self.url}/readyz", timeout=5).json().get("workers", {})
        except httpx.HTTPError:
            return False
        return bool(workers.get("cpu") and workers.get("sandbox"))

    def rewards(self, salt: str = "") -> list[list[float | None]]:
        """Rewards of both items; with a ``salt``, of texts that have not been asked for before."""
        items = [{**item, "completions": [f"{salt}\n{text}" for text in item["completions"]]} for item in ITEMS]
        answer: dict[str, Any] = httpx.post(f"{self.url}/v1/rewards", json={"items": items}, timeout=120).json()
        return [item["rewards"] for item in answer["items"]]


def compose_command() -> list[str]:
    """``docker compose`` (version 2), else ``docker-compose`` (version 1)."""
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode:
        lacking("a Docker engine")
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose") is None:
        lacking("docker compose")
    return ["docker-compose"]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The stack of docker-compose.yml, built and up; down again at the end."""
    command = compose_command()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("REWARD_")}
    # Version 1 knows the network of a build only without BuildKit.
    environment = {**clean, "REWARD_PORT": str(port), "DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "0"}
    made = Stack(command, environment, f"http://127.0.0.1:{port}")
    try:
        made.compose("up", "--build", "-d")
        wait_for(made.ready, 240)
        yield made
    finally:
        made.compose("down", "-v", "--remove-orphans")


def test_the_stack_scores_mathematics_and_code(stack: Stack) -> None:
    assert stack.rewards() == [[1.0, 0.0], [1.0, 0.0]]


def test_the_stack_runs_a_program(stack: Stack) -> None:
    body = {"language": "python", "source": "print(int(input()) * 2)", "stdin": "21"}
    answer = httpx.post(f"{stack.url}/v1/execute", json=body, timeout=60).json()
    assert answer["run"]["stdout"] == "42\n"


def test_a_batch_outlives_restarts_of_the_api_and_the_workers(stack: Stack) -> None:
    slow: list[dict[str, Any]] = [{**item, "id": f"{item['id']}{n}"} for n in range(40) for item in ITEMS]
    for number, item in enumerate(slow):
        if item["verifier"] == "math":
            item["completions"] = [f"{text}\n{number}" for text in item["completions"]]
    batch = httpx.post(f"{stack.url}/v1/batches", json={"items": slow}, timeout=60).json()["id"]
    stack.compose("restart", "-t", "5", "api", "worker-cpu", "worker-sandbox")
    wait_for(stack.ready, 120)
    found: dict[str, Any] = {}

    def finished() -> bool:
        found.update(httpx.get(f"{stack.url}/v1/batches/{batch}", timeout=30).json())
        return bool(found["status"] == "finished")

    wait_for(finished, 120)
    assert all(item["rewards"] == [1.0, 0.0] for item in found["items"]), json.dumps(found["summary"])


def test_a_restarted_redis_keeps_its_data_and_the_stack_goes_on(stack: Stack) -> None:
    batch = httpx.post(f"{stack.url}/v1/batches", json={"items": ITEMS}, timeout=60).json()["id"]
    stack.compose("restart", "-t", "5", "redis")

    def finished() -> bool:
        try:
            answer = httpx.get(f"{stack.url}/v1/batches/{batch}", timeout=30)
        except httpx.HTTPError:
            return False
        return bool(answer.status_code == 200 and answer.json()["status"] == "finished")

    wait_for(finished, 120)
    wait_for(stack.ready, 60)
    assert stack.rewards() == [[1.0, 0.0], [1.0, 0.0]]


def test_only_the_sandbox_worker_has_the_docker_socket(stack: Stack) -> None:
    for service in ("api", "worker-cpu", "redis"):
        container = stack.compose("ps", "-q", service).strip()
        binds = subprocess.run(
            ["docker", "inspect", "-f", "{{json .HostConfig.Binds}}", container], capture_output=True, text=True
        ).stdout
        assert "docker.sock" not in binds


def test_the_sandbox_worker_speaks_to_its_containers_past_the_engine(stack: Stack) -> None:
    assert stack.rewards(salt="not known yet") == [[1.0, 0.0], [1.0, 0.0]]
    named = subprocess.run(["docker", "ps", "-q", "--filter", f"label={LABEL}"], capture_output=True, text=True).stdout
    inspected = subprocess.run(
        ["docker", "inspect", "-f", "{{.State.Pid}}", *named.split()], capture_output=True, text=True, check=True
    ).stdout
    with engine_standing_still([int(pid) for pid in inspected.split()]):
        assert stack.rewards(salt="again") == [[1.0, 0.0], [1.0, 0.0]]


def test_when_it_is_down_no_container_is_left(stack: Stack) -> None:
    """Runs last: takes the stack down."""
    stack.compose("down", "-v", "--remove-orphans")
    left = subprocess.run(
        ["docker", "ps", "-aq", "--filter", f"label=com.docker.compose.project={PROJECT}"],
        capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert left.split() == []
