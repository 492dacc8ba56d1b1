"""Stored rollouts against today's verifiers: what would be rewarded otherwise now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reward_server.audit.rows import Row
from reward_server.audit.run import Progress, Score
from reward_server.errors import ConfigurationError
from reward_server.types import Json

_ITEM = ("id", "verifier", "reference", "params", "prompt", "thinking", "meta")


@dataclass(frozen=True, slots=True)
class Change:
    """One completion whose reward is another today."""

    row: int
    completion: int
    id: str
    before: float | None
    after: float | None
    outcome: str
    version: str
    """Of the verifier that says so today."""


def reverify(
    rollouts: Sequence[Row], score: Score, *, batch_rows: int = 256, progress: Progress = lambda done, total: None
) -> list[Change]:
    """Score stored rollouts again and list the rewards that changed, a null that became known among them.

    A rollout is an item as ``POST /v1/rewards`` takes it with what it earned then beside it: ``rewards``, or
    ``verdicts`` with a reward each. Raises ``ConfigurationError`` for one that lacks either.
    """
    changes: list[Change] = []
    for start in range(0, len(rollouts), batch_rows):
        batch = rollouts[start : start + batch_rows]
        earned = [_rewards(row, start + place) for place, row in enumerate(batch)]
        results = score([_item(row, start + place) for place, row in enumerate(batch)])
        for place, (row, before, verdicts) in enumerate(zip(batch, earned, results, strict=True)):
            changes += _changes(row, start + place, before, verdicts)
        progress(min(start + batch_rows, len(rollouts)), len(rollouts))
    return changes


def _changes(
    row: Row, index: int, before: Sequence[float | None], verdicts: Sequence[Mapping[str, Any]]
) -> Iterator[Change]:
    if len(before) != len(verdicts):
        raise ConfigurationError(f"row {index} has {len(verdicts)} completions but {len(before)} rewards")
    for number, (old, verdict) in enumerate(zip(before, verdicts, strict=True)):
        if verdict["reward"] != old:
            yield Change(index, number, str(row.get("id", index)), old, verdict["reward"], verdict["outcome"],
                         str(verdict.get("version", "")))  # fmt: skip


def _rewards(row: Row, index: int) -> list[float | None]:
    if isinstance(row.get("rewards"), list):
        return list(row["rewards"])
    if isinstance(row.get("verdicts"), list):
        return [verdict.get("reward") for verdict in row["verdicts"]]
    raise ConfigurationError(f"row {index} has neither rewards nor verdicts to compare with")


def _item(row: Row, index: int) -> dict[str, Json]:
    if "completions" not in row or "verifier" not in row:
        raise ConfigurationError(f"row {index} has no completions or no verifier")
    item = {key: row[key] for key in _ITEM if row.get(key) is not None}
    return {"id": str(index), **item, "completions": row["completions"]}
