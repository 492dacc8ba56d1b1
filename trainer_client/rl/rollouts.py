"""Every rollout, kept with its verdict: one zstd parquet file for each batch and rank, complete or not there at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from trainer_client.adapters.trl import is_plain, text_of
from trainer_client.rl.groups import Place
from trainer_client.shaping import extracted, why

if TYPE_CHECKING:
    from trainer_client.rl.trainer import Rollout


_SCHEMA = pa.schema(
    [
        ("step", pa.int64()),
        ("rank", pa.int64()),
        ("round", pa.int64()),
        ("group", pa.string()),
        ("kept", pa.bool_()),
        ("prompt", pa.string()),
        ("completion", pa.string()),
        ("reward", pa.float64()),
        ("value", pa.float64()),
        ("outcome", pa.string()),
        ("score", pa.float64()),
        ("reason", pa.string()),
        ("verifier", pa.string()),
        ("version", pa.string()),
        ("extracted", pa.string()),
        ("why", pa.string()),
        ("tokens", pa.int64()),
        ("truncated", pa.bool_()),
        ("advantage", pa.float64()),
        ("source", pa.string()),
    ]
)
"""The same for every file, also where a column holds nothing but nulls, so that all can be read as one table."""


class RolloutLog:
    """Writes ``OUTPUT_DIR/rollouts/step-N-rank-R.parquet``; a step that is run again replaces its file."""

    def __init__(self, output_dir: str, rank: int) -> None:
        self.folder = Path(output_dir) / "rollouts"
        self.rank = rank
        self._part: tuple[int, int] = (-1, 0)

    def write(self, rounds: Sequence[Rollout], chosen: Sequence[Sequence[Place]] | None, size: int, step: int) -> Path:
        """Keep ``rounds``, saying of each completion whether it was trained on: all, or those of ``chosen``."""
        self._part = (step, self._part[1] + 1) if self._part[0] == step else (step, 0)
        part = f"-{self._part[1]}" if self._part[1] else ""
        trained = None if chosen is None else {place for places in chosen for place in places}
        rows = []
        for number, each in enumerate(rounds):
            for place in range(len(each.judged)):
                kept = trained is None or Place(self.rank, number, place // size) in trained
                row = _record(each, place, kept)
                # Groups may be spread over ranks, so they are numbered over all rows of a round.
                group = f"{step}{part}-{number}-{(self.rank * len(each.judged) + place) // size}"
                rows.append({"step": step, "rank": self.rank, "round": number, "group": group, **row})
        path = self.folder / f"step-{step:06d}-rank-{self.rank}{part}.parquet"
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), unfinished, compression="zstd")
        unfinished.replace(path)
        return path


def read_rollouts(folder: str | Path) -> list[dict[str, Any]]:
    """All rows kept under ``folder``, by step. Raises ``FileNotFoundError`` where there are none."""
    files = sorted(Path(folder).glob("*.parquet"))
    if not files:
        raise FileNotFoundError(f"no rollouts under {folder}")
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def _record(rollout: Rollout, place: int, kept: bool) -> dict[str, Any]:
    row, judged = rollout.inputs[place], rollout.judged[place]
    verdict = judged.verdict
    prompt = row.get("prompt")
    return {
        "kept": kept and judged.value is not None,
        "prompt": json.dumps(prompt, ensure_ascii=False) if is_plain(prompt) else None,
        "completion": text_of(rollout.completions[place]),
        "reward": judged.reward,
        "value": judged.value,
        "outcome": str(verdict.outcome),
        "score": verdict.score,
        "reason": verdict.reason,
        "verifier": verdict.verifier,
        "version": verdict.version,
        "extracted": extracted(verdict),
        "why": why(verdict),
        "tokens": judged.tokens,
        "truncated": judged.truncated,
        "advantage": float(rollout.batch["advantages"][place]),
        "source": str(row.get("source", "")),
    }
