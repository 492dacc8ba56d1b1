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


class RolloutLog:
    """Writes ``OUTPUT_DIR/rollouts/step-N-rank-R.parquet``; a step that is run again replaces its file."""

    def __init__(self, output_dir: str, rank: int) -> None:
        self.folder = Path(output_dir) / "rollouts"
        self.rank = rank
        self._part: tuple[int, int] = (-1, 0)

    def write(self, rounds: Sequence[Rollout], chosen: Sequence[Place], size: int, step: int) -> Path:
        """Keep ``rounds``, saying of each completion whether it was trained on."""
        trained = {place: order for order, place in enumerate(chosen)}
        rows = [
            _record(
                each, number, place, size, step, self.rank, len(rounds) == 1 or _place(number, place, size) in trained
            )
            for number, each in enumerate(rounds)
            for place in range(len(each.judged))
        ]
        self._part = (step, self._part[1] + 1) if self._part[0] == step else (step, 0)
        part = f"-{self._part[1]}" if self._part[1] else ""
        path = self.folder / f"step-{step:06d}-rank-{self.rank}{part}.parquet"
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        pq.write_table(pa.Table.from_pylist(rows), unfinished, compression="zstd")
        unfinished.replace(path)
        return path


def read_rollouts(folder: str | Path) -> list[dict[str, Any]]:
    """All rows kept under ``folder``, by step. Raises ``FileNotFoundError`` where there are none."""
    files = sorted(Path(folder).glob("*.parquet"))
    if not files:
        raise FileNotFoundError(f"no rollouts under {folder}")
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def _place(round: int, row: int, size: int) -> Place:
    return Place(round, row // size)


def _record(rollout: Rollout, round: int, place: int, size: int, step: int, rank: int, kept: bool) -> dict[str, Any]:
    row, judged = rollout.inputs[place], rollout.judged[place]
    verdict = judged.verdict
    prompt = row.get("prompt")
    return {
        "step": step,
        "rank": rank,
        "round": round,
        "group": f"{step}-{rank}-{round}-{place // size}",
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
