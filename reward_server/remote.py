"""Scoring through a server over HTTP: the one that was named, or one of our own for as long as it takes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from reward_server.errors import RewardServerError
from reward_server.queue.embedded import die_with_parent
from reward_server.settings import Settings
from reward_server.types import Json

BATCH_ITEMS = 256
BATCH_BYTES = 8 * 2**20
READY_S = 30.0
Item = dict[str, Any]
Result = dict[str, Any]


class ScoringFailed(RewardServerError):
    """The server refused the file or went away."""


def scored(client: httpx.Client, items: Sequence[Item], deadline_s: float, run: str) -> Iterator[tuple[Item, Result]]:
    """Items with their results, in order, batch by batch, as they finish. Raises ``ScoringFailed``."""
    for batch in _batches(items):
        body = {"items": batch, "deadline_s": deadline_s, "run": run}
        headers = {"Accept": "application/x-ndjson"}
        try:
            with client.stream("POST", "/v1/rewards", json=body, headers=headers, timeout=deadline_s + 30) as response:
                if response.status_code != 200:
                    raise ScoringFailed(_refusal(response.read()))
                yield from _results(batch, response.iter_lines())
        except httpx.HTTPError as error:
            raise ScoringFailed(f"the server went away: {error}") from None


def _results(batch: Sequence[Item], lines: Iterator[str]) -> Iterator[tuple[Item, Result]]:
    waiting: dict[int, Result] = {}
    next_index = 0
    for line in lines:
        result = json.loads(line)
        if "error" in result:
            raise ScoringFailed(result["error"]["detail"])
        if "index" in result:
            waiting[result.pop("index")] = result
        while next_index in waiting:  # the file of verdicts keeps the order of the file of items
            yield batch[next_index], waiting.pop(next_index)
            next_index += 1
    if next_index != len(batch):
        raise ScoringFailed("the server closed the stream before the last item")


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        weight = len(json.dumps(item))
        if batch and (len(batch) >= BATCH_ITEMS or size + weight > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += weight
    if batch:
        yield batch


def _refusal(body: bytes) -> str:
    try:
        problem: Json = json.loads(body)
        return f"{problem['title']}: {problem['detail']}"
    except (ValueError, KeyError, TypeError):
        return body[:200].decode(errors="replace")


@contextmanager
def server(settings: Settings, url: str | None) -> Iterator[httpx.Client]:
    """A client of the server at ``url``, or of one of our own. Raises ``ScoringFailed``."""
    headers = {}
    if settings.api_key is not None:
        headers["Authorization"] = f"Bearer {settings.api_key.get_secret_value()}"
    if url is not None:
        with httpx.Client(base_url=url, headers=headers) as client:
            yield client
        return
    command = [sys.executable, "-m", "reward_server", "serve", "--host", "127.0.0.1", "--port", "0"]
    environment = {**os.environ, "REWARD_LOG_LEVEL": os.environ.get("REWARD_LOG_LEVEL", "error")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, preexec_fn=die_with_parent
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            if found is None:
                raise ScoringFailed("the server did not start; `reward-server doctor` says why")
            _wait_until_ready(found[0])
            with httpx.Client(base_url=found[0], headers=headers) as client:
                yield client
        finally:
            process.send_signal(signal.SIGINT)


def _wait_until_ready(address: str) -> None:
    transport = httpx.HTTPTransport(retries=5)
    with httpx.Client(base_url=address, transport=transport, timeout=READY_S) as client:
        # A request that finds no worker yet waits for one, so it is enough that the API answers.
        try:
            client.get("/healthz").raise_for_status()
        except httpx.HTTPError as error:
            raise ScoringFailed(f"the server did not start: {error}") from None
