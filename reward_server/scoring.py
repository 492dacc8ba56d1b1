"""``reward-server score``: a file of items in, a table and a file of verdicts out."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from reward_server.errors import ConfigurationError
from reward_server.remote import scored, server
from reward_server.settings import Settings
from reward_server.types import Json

WIDTH = 160
"""Columns of a log or a pipe."""
_COLOURS = {"correct": "green", "incorrect": "red", "no_answer": "yellow", "limit_exceeded": "magenta"}


def score_file(
    settings: Settings, file: Path, *, out: Path | None, url: str | None, table: bool, deadline_s: float
) -> int:
    """Score every line, show progress and a summary; returns the number of null rewards.

    Raises ``ConfigurationError`` for a file that cannot be read and ``ScoringFailed`` when the server refuses.
    """
    items = list(_read(file))
    console = Console()
    if not console.is_terminal and console.width == 80:  # nobody has said how wide it is
        console.width = WIDTH
    summary: Counter[str] = Counter()
    rows: list[tuple[dict[str, Any], dict[str, Any]]] = []
    partial = out.with_name(out.name + ".partial") if out else None
    with server(settings, url) as client, progress_bar(console) as progress:
        total = sum(len(item.get("completions") or []) for item in items)
        bar = progress.add_task("scoring", total=total)
        with open(partial or os.devnull, "w") as sink:
            for item, result in scored(client, items, deadline_s, "score"):
                sink.write(json.dumps(item | result) + "\n")
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


def progress_bar(console: Console) -> Progress:
    """Items done, items in all, seconds."""
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
