"""``reward-trainer dpo``: train on preference pairs, as ``pairs`` makes them from verified rollouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trl import DPOConfig, DPOTrainer, ModelConfig

from trainer_client import supervised
from trainer_client.errors import DataError
from trainer_client.rl.parsing import parse

COLUMNS = ("prompt", "chosen", "rejected")


def main(argv: Sequence[str]) -> int:
    """Train. Raises ``RewardClientError``."""
    data, args, model = parse(argv, supervised.TableArguments, DPOConfig, ModelConfig)
    train(load(data), args, model)
    return 0


def load(data: supervised.TableArguments) -> list[dict[str, Any]]:
    """Rows of ``prompt``, ``chosen`` and ``rejected``. Raises ``DataError``."""
    rows = [dict(zip(COLUMNS, texts, strict=True)) for texts in supervised.columns(data, COLUMNS)]
    if not rows:
        raise DataError(f"{data.dataset} has no pairs: were all groups of one kind?")
    return rows


def train(rows: Sequence[dict[str, Any]], args: Any, model: Any, *, quiet: bool = False) -> None:
    """Train on pairs, and save. ``model`` is a ``ModelConfig``. Raises ``ConfigError``."""
    supervised.train(DPOTrainer, rows, args, model, quiet=quiet)
