"""``reward-server score``: a file of items in, a table and a file of verdicts out."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from reward_server.errors import ConfigurationError, RewardServerError
from reward_server.settings import Settings
from reward_server.types import Json

BATCH_ITEMS = 256
BATCH_BYTES = 8 * 2**20
READY_S = 30.0
_COLOURS = {"correct": "green", "incorrect": "red", "no_answer": "yellow", "limit_exceeded": "magenta"}


class ScoringFailed(RewardServerError):
    """The server refused the file or went away."""


def score_file(
    settings: Settings, file: Path, *, out: Path | None, url: str | None, table: bool, deadline_s: float
) -> int:
    """Score every line, show progress and a summary; returns the number of null rewards.

    Raises ``ConfigurationError`` for a file that cannot be read and ``ScoringFailed`` when the server refuses.
    """
    items = list(_read(file))
    console = Console()
    summary: Counter[str] = Counter()
    rows: list[tuple[dict[str, Any], dict[str, Any]]] = []
    partial = out.with_name(out.name + ".partial") if out else None
    with _server(settings, url) as (address, headers), _progress(console) as progress:
        total = sum(len(item.get("completions") or []) for item in items)
        bar = progress.add_task("scoring", total=total)
        with open(partial or os.devnull, "w") as sink, httpx.Client(base_url=address, headers=headers) as client:
            for item, result in _scored(client, items, deadline_s):
                sink.write(json.dumps({"id": result["id"], "verifier": item.get("verifier"), **result}) + "\n")
                for verdict in result["verdicts"]:
                    summary[verdict["outcome"]] += 1
                    rows.append((item | {"id": result["id"]}, verdict)) if table else None
                progress.advance(bar, len(result["verdicts"]))
    if partial is not None and out is not None:
        partial.replace(out)  # whoever finds the file finds it whole
    if table:
        console.print(_verdict_table(rows))
    console.print(_summary_table(summary))
    return summary["invalid_task"] + summary["unavailable"]


def _read(file: Path) -> Iterator[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    item = json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise ConfigurationError(f"{file}:{number} is not JSON: {error}") from None
                if not isinstance(item, dict):
                    raise ConfigurationError(f"{file}:{number} is not an object")
                yield item
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {file}: {error}") from None


def _scored(
    client: httpx.Client, items: list[dict[str, Any]], deadline_s: float
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Items with their results, batch by batch, as they finish."""
    for batch in _batches(items):
        body = {"items": batch, "deadline_s": deadline_s, "run": "score"}
        headers = {"Accept": "application/x-ndjson"}
        try:
            with client.stream("POST", "/v1/rewards", json=body, headers=headers, timeout=deadline_s + 30) as response:
                if response.status_code != 200:
                    raise ScoringFailed(_refusal(response.read()))
                yield from _results(batch, response.iter_lines())
        except httpx.HTTPError as error:
            raise ScoringFailed(f"the server went away: {error}") from None


def _results(batch: list[dict[str, Any]], lines: Iterator[str]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    waiting: dict[int, dict[str, Any]] = {}
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


def _batches(items: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
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
def _server(settings: Settings, url: str | None) -> Iterator[tuple[str, dict[str, str]]]:
    """A server: the one that was named, or one of our own for as long as this takes."""
    headers = {}
    if settings.api_key is not None:
        headers["Authorization"] = f"Bearer {settings.api_key.get_secret_value()}"
    if url is not None:
        yield url, headers
        return
    command = [sys.executable, "-m", "reward_server", "serve", "--host", "127.0.0.1", "--port", "0"]
    environment = {**os.environ, "REWARD_LOG_LEVEL": os.environ.get("REWARD_LOG_LEVEL", "error")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            if found is None:
                raise ScoringFailed("the server did not start; `reward-server doctor` says why")
            _wait_until_ready(found[0])
            yield found[0], headers
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


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def _verdict_table(rows: list[tuple[dict[str, Any], dict[str, Any]]]) -> Table:
    table = Table(title="Verdicts", title_justify="left")
    for column in ("item", "verifier", "reward", "outcome", "why"):
        table.add_column(column, overflow="fold")
    for item, verdict in rows:
        outcome = verdict["outcome"]
        reward = "null" if verdict["reward"] is None else f"{verdict['reward']:.0f}"
        styled = Text(outcome, style=_COLOURS.get(outcome, "cyan"))
        table.add_row(item["id"], verdict["verifier"], reward, styled, Text(_why(verdict)))
    return table


def _why(verdict: dict[str, Any]) -> str:
    """One line of the detail: the message if there is one, else its short values."""
    detail = verdict["detail"]
    parts = [verdict["reason"]] if verdict["reason"] else []
    if message := detail.get("message"):
        parts.append(str(message))
    else:
        short = {key: value for key, value in detail.items() if isinstance(value, (str, int, float, list))}
        parts += [f"{key}={_cut(value)}" for key, value in list(short.items())[:4]]
    return "; ".join([*parts, *verdict["flags"]])


def _cut(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _summary_table(summary: Counter[str]) -> Table:
    table = Table(title="Summary", title_justify="left")
    table.add_column("outcome")
    table.add_column("reward")
    table.add_column("completions", justify="right")
    rewards = {"correct": "1", "invalid_task": "null", "unavailable": "null"}
    for outcome in ("correct", "incorrect", "no_answer", "limit_exceeded", "invalid_task", "unavailable"):
        table.add_row(outcome, rewards.get(outcome, "0"), str(summary[outcome]))
    return table
