"""Who may use the server, and on which addresses it listens."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import httpx

from reward_server.api.guard import Failsafe
from tests.processes import ROOT, serving


def refusal(*arguments: str, **environment: str) -> str:
    """Standard error of a ``serve`` that must refuse."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("REWARD_")}
    done = subprocess.run(
        [sys.executable, "-m", "reward_server", "serve", "--port", "0", *arguments],
        capture_output=True, text=True, timeout=60, env={**clean, **environment}, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    return " ".join(done.stderr.split())


def test_with_a_key_every_request_must_carry_it() -> None:
    with serving(environment={"REWARD_API_KEY": "s3cret\n"}) as server:  # as it comes out of a file
        item = {"verifier": "echo", "reference": "a", "completions": ["a"]}
        body = {"items": [item]}
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "s3cret"},
            {"Authorization": "Bearer"},
        ):
            response = server.client.post("/v1/rewards", json=body, headers=headers)
            assert response.status_code == 401
            assert response.json()["type"] == "urn:reward-server:problem:unauthorized"
        for path in ("/v1/verifiers", "/metrics", "/v1/batches/x"):
            assert server.client.get(path).status_code == 401
        for path in ("/healthz", "/readyz"):
            assert server.client.get(path).status_code == 200
        document = server.client.get("/openapi.json").json()
        assert document["security"] == [{"key": []}] and "key" in document["components"]["securitySchemes"]
        allowed = server.client.post("/v1/rewards", json=body, headers={"Authorization": "bearer s3cret"})
        assert allowed.json()["items"][0]["rewards"] == [1.0]


async def test_what_nobody_expected_is_a_problem_and_the_connection_stays() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("a bug of ours")

    transport = httpx.ASGITransport(Failsafe(broken))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        response = await client.get("/")
    assert (response.status_code, response.json()["type"]) == (500, "urn:reward-server:problem:internal")
    assert "a bug of ours" not in response.text


def test_another_address_is_refused_without_a_key() -> None:
    assert "refusing to listen on 0.0.0.0 without an API key" in refusal("--host", "0.0.0.0")


def test_an_empty_key_is_refused() -> None:
    assert "REWARD_API_KEY is set but empty" in refusal(REWARD_API_KEY=" ")


def test_a_nonsense_setting_is_one_clear_line() -> None:
    assert "slots" in refusal(REWARD_SLOTS="many")


def test_a_taken_port_is_one_clear_line() -> None:
    with serving() as server:
        port = server.url.rsplit(":", 1)[1]
        clean = {key: value for key, value in os.environ.items() if not key.startswith("REWARD_")}
        done = subprocess.run(
            [sys.executable, "-m", "reward_server", "serve", "--port", port],
            capture_output=True, text=True, timeout=60, env=clean, cwd=ROOT,
        )  # fmt: skip
        assert done.returncode == 2
        assert "cannot listen" in done.stderr


def test_a_data_directory_has_one_owner(tmp_path: object) -> None:
    with serving("--data-dir", str(tmp_path)):
        assert "is in use by another server" in refusal("--data-dir", str(tmp_path))
