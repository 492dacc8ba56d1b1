"""What was answered so far, a line for each row as soon as it is there: a run that was cut off goes on behind it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reward_server.types import Json


def key_of(asked: Json) -> str:
    """Changes whenever what is asked about a row does."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:32]


def answered(journal: Path | None, keys: dict[int, str]) -> dict[int, dict[str, Any]]:
    """The last answer of each row that was asked as ``keys`` say; a line cut short by a crash is none."""
    found: dict[int, dict[str, Any]] = {}
    if journal is None or not journal.exists():
        return found
    with journal.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                kept = json.loads(line)
                if keys.get(kept["row"]) == kept["key"]:
                    found[kept["row"]] = kept
            except (ValueError, KeyError, TypeError):
                continue
    return found


@contextmanager
def appending(journal: Path | None) -> Iterator[Callable[[Json], object]]:
    """A function that keeps an answer: an object with ``row`` and ``key``."""
    if journal is None:
        yield lambda _: None
        return
    with journal.open("a", encoding="utf-8", buffering=1) as sink:
        sink.write("\n")  # after a line that a crash cut short
        yield lambda line: sink.writelines((json.dumps(line), "\n"))
