"""Stored rollouts against today's verifiers: what would be rewarded otherwise now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reward_server.audit.findings import message_of
from reward_server.audit.journal import answered, appending, key_of
from reward_server.audit.rows import Row
from reward_server.audit.run import Progress, Score
from reward_server.types import Json

_ITEM = ("id", "verifier", "reference", "params", "prompt", "thinking", "meta")
_EARNED = (0.0, 1.0, None)


@dataclass(frozen=True, slots=True)
class Change:
    """One completion whose reward is another today."""

    row: int
    completion: int
    id: str
    before: float | None
    after: float | None
    outcome: str
    """Of today."""
    version: str
    """Of the verifier that says so today."""
    why: str


@dataclass(frozen=True, slots=True)
class Reverified:
    """What came of the rows."""

    changes: tuple[Change, ...]
    compared: int
    """Completions whose reward of then and of today are both known."""
    undecided: int
    """Completions of which the service could not tell today: ask again."""
    unreadable: Mapping[int, str]
    """Rows that are no rollouts, and why."""


def reverify(
    rollouts: Sequence[Row],
    score: Score,
    *,
    batch_rows: int = 256,
    journal: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> Reverified:
    """Score stored rollouts again and list the rewards that changed, a null that became known among them.

    A rollout is an item as ``POST /v1/rewards`` takes it with what it earned then beside it: ``rewards``, or
    ``verdicts`` with a reward each. With a ``journal`` answers are kept there, and rows in it are not asked again.
    """
    problems = {index: problem for index, row in enumerate(rollouts) if (problem := _problem(row))}
    items = {index: _item(row, index) for index, row in enumerate(rollouts) if index not in problems}
    keys = {index: key_of([item, _rewards(rollouts[index])]) for index, item in items.items()}
    answers = {index: one for index, one in answered(journal, keys).items() if not one["undecided"]}
    progress(len(answers) + len(problems), len(rollouts))
    waiting = [index for index in items if index not in answers]
    with appending(journal) as keep:
        for start in range(0, len(waiting), batch_rows):
            batch = waiting[start : start + batch_rows]
            for index, verdicts in zip(batch, score([items[one] for one in batch]), strict=True):
                answers[index] = {"row": index, "key": keys[index], **_compared(rollouts[index], index, verdicts)}
                keep(answers[index])
                progress(len(answers) + len(problems), len(rollouts))
    ordered = [answers[index] for index in sorted(answers)]
    return Reverified(
        tuple(Change(**change) for one in ordered for change in one["changes"]),
        sum(one["compared"] for one in ordered),
        sum(one["undecided"] for one in ordered),
        problems,
    )


def _compared(row: Row, index: int, verdicts: Sequence[Mapping[str, Any]]) -> dict[str, Json]:
    changes: list[Json] = []
    undecided = compared = 0
    for number, (before, verdict) in enumerate(zip(_rewards(row), verdicts, strict=True)):
        after, outcome = verdict["reward"], str(verdict["outcome"])
        undecided += outcome == "unavailable"
        compared += before is not None and after is not None
        if after != before and outcome != "unavailable":
            version, why = str(verdict.get("version", "")), message_of(verdict)
            name = str(row.get("id", index))
            changes.append(asdict(Change(index, number, name, before, after, outcome, version, why)))
    return {"changes": changes, "compared": compared, "undecided": undecided}


def _problem(row: Row) -> str:
    """Why a row is no rollout; empty where it is one."""
    completions, rewards = row.get("completions"), _rewards(row)
    if not isinstance(completions, list) or not completions or "verifier" not in row:
        return "it has no completions or no verifier"
    if not rewards:
        return "it has neither rewards nor verdicts to compare with"
    if len(rewards) != len(completions):
        return f"it has {len(completions)} completions but {len(rewards)} rewards"
    odd = [one for one in rewards if one not in _EARNED or isinstance(one, bool)]
    return f"{odd[0]!r:.40} is no reward: 0, 1 and null are" if odd else ""


def _rewards(row: Row) -> list[Any]:
    if isinstance(row.get("rewards"), list):
        return list(row["rewards"])
    verdicts = row.get("verdicts")
    return [one.get("reward") for one in verdicts if isinstance(one, dict)] if isinstance(verdicts, list) else []


def _item(row: Row, index: int) -> dict[str, Json]:
    item = {key: row[key] for key in _ITEM if row.get(key) is not None}
    return {"id": str(index), **item, "completions": row["completions"]}
