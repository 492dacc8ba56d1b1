"""What one batch of rollouts is summed up to, under the names that appear in the trainer's log."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from trainer_client.rl.groups import Kind, Row, kinds
from trainer_client.wire import Outcome

_NAMES = {Kind.MIXED: "mixed", Kind.RIGHT: "all_right", Kind.WRONG: "all_wrong", Kind.NULL: "null"}


def summary(rows: Sequence[Row], size: int) -> dict[str, float]:
    """Shares and means over all completions that were generated, before anything was filtered."""
    total = max(1, len(rows))
    outcomes = Counter(row.outcome for row in rows)
    groups = Counter(kinds(rows, size))
    measures = {f"outcome/{outcome}": outcomes[outcome] / total for outcome in Outcome}
    measures |= {f"groups/{name}": groups[kind] * size / total for kind, name in _NAMES.items()}
    measures |= {
        "rollouts/pass_rate": _mean(float(row.right) for row in rows if row.value is not None),
        "rollouts/reward_raw": _mean(row.reward for row in rows if row.reward is not None),
        "rollouts/truncated": sum(row.truncated for row in rows) / total,
        "rollouts/tokens_right": _mean(row.tokens for row in rows if row.right),
        "rollouts/tokens_wrong": _mean(row.tokens for row in rows if row.value is not None and not row.right),
        "server/queue_p95_s": _p95([row.queue_s for row in rows]),
        "server/run_p95_s": _p95([row.run_s for row in rows]),
    }
    nulls = Counter(row.reason or "unknown" for row in rows if row.value is None)
    measures |= {f"nulls/{reason}": float(count) for reason, count in nulls.items()}
    by_source: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.value is not None and row.source:
            by_source[row.source].append(float(row.right))
    return measures | {f"pass_rate/{source}": _mean(right) for source, right in by_source.items()}


def _mean(values: Iterable[float]) -> float:
    """NaN where there is nothing to average, which TRL leaves out of its log."""
    held = list(values)
    return sum(held) / len(held) if held else float("nan")


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))] if values else float("nan")
