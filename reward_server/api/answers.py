"""Writing responses: answers become verdicts on the wire, and verdicts a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from reward_server.queue.base import Answer
from reward_server.service import ItemResult
from reward_server.types import Outcome

_REWARDS = {outcome.value: outcome.reward for outcome in Outcome}


class VerdictOut(msgspec.Struct):
    """One verdict."""

    reward: float | None
    outcome: str
    score: float | None
    detail: msgspec.Raw
    flags: tuple[str, ...]
    reason: str | None
    retryable: bool
    verifier: str
    version: str
    image: str | None
    queue_s: float
    run_s: float
    cached: bool


class ItemOut(msgspec.Struct):
    """One item's verdicts, its rewards once more as a flat list."""

    id: str
    rewards: list[float | None]
    verdicts: list[VerdictOut]


class ItemLine(ItemOut):
    """An item in a stream, where items come as they finish."""

    index: int = 0


encode = msgspec.json.Encoder().encode


def verdict_out(answer: Answer, verifier: str) -> VerdictOut:
    """An answer as it goes over the wire."""
    return VerdictOut(
        _REWARDS[answer.outcome], answer.outcome, answer.score, msgspec.Raw(answer.detail), answer.flags,
        answer.reason, answer.retryable, verifier, answer.version, answer.image, answer.queue_s, answer.run_s,
        answer.cached,
    )  # fmt: skip


def item_out(result: ItemResult) -> ItemOut:
    """An item as it goes over the wire."""
    verdicts = [verdict_out(answer, result.verifier) for answer in result.answers]
    return ItemOut(result.id, [verdict.reward for verdict in verdicts], verdicts)


def item_line(result: ItemResult) -> bytes:
    """An item as a line of NDJSON."""
    out = item_out(result)
    return encode(ItemLine(out.id, out.rewards, out.verdicts, result.index)) + b"\n"


class Summary:
    """Counts outcomes."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._cached = 0

    def add(self, answers: Iterable[Answer]) -> None:
        """Count the answers of one item."""
        for answer in answers:
            self._counts[answer.outcome] += 1
            self._cached += answer.cached

    def out(self) -> dict[str, int]:
        """Every outcome with its count."""
        outcomes = {outcome.value: self._counts[outcome.value] for outcome in Outcome}
        return {"completions": self._counts.total(), **outcomes, "cached": self._cached}
