"""A tiny trainer on a server that decides by what the test says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from datasets import Dataset
from torch import distributed

from tests.trainer_client.faulty_server import FaultyServer, text_of
from trainer_client.adapters.trl import RemoteReward
from trainer_client.rl import tiny
from trainer_client.rl.config import VerifiedGRPOConfig
from trainer_client.rl.presets import PRESETS
from trainer_client.rl.trainer import VerifiedGRPOTrainer

REWARD_KEYS = ("signed", "overlong_share")

Judge = Callable[[dict[str, Any], Any], dict[str, Any]]


def settings(folder: Path, **changes: Any) -> dict[str, Any]:
    """Arguments for four groups of four on a processor, one optimizer step a rollout."""
    return {
        "output_dir": str(folder),
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "per_device_train_batch_size": 16,
        "num_generations": 4,
        "max_completion_length": 6,
        "max_steps": 2,
        "logging_steps": 1,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
        "learning_rate": 1e-3,
        "beta": 0.0,
        **changes,
    }


def preset(name: str) -> dict[str, Any]:
    """The part of a preset that is for the trainer."""
    return {key: value for key, value in PRESETS[name].items() if key not in REWARD_KEYS}


def trainer(
    server: FaultyServer, folder: Path, *, reward: dict[str, Any] | None = None, **changes: Any
) -> VerifiedGRPOTrainer:
    """A trainer with a random one-layer model, asking ``server``."""
    asked = RemoteReward(
        server.url, **{"verifier_column": "verifier", "deadline_s": 10, "outage_s": 20, **(reward or {})}
    )
    tokenizer = tiny.tokenizer()
    base = folder / "base"
    tiny.model(tokenizer, hidden=32, layers=1).save_pretrained(base)
    if distributed.is_initialized():  # rank 0 alone has written, and the others read
        distributed.barrier()
    return VerifiedGRPOTrainer(
        str(base),  # by path, as the reference model of a KL term is loaded from there too
        asked,
        VerifiedGRPOConfig(**settings(folder, **changes)),
        train_dataset=Dataset.from_list(tiny.rows(64, seed=0)),
        processing_class=tokenizer,
    )


def verdict(right: bool) -> dict[str, Any]:
    """A verdict with a reward."""
    return {"reward": float(right), "outcome": "correct" if right else "incorrect", "score": float(right)}


def null(reason: str = "verifier_crashed", *, retryable: bool = False, outcome: str = "unavailable") -> dict[str, Any]:
    """A verdict without one."""
    return {"reward": None, "outcome": outcome, "reason": reason, "retryable": retryable}


def by_first_symbol(item: dict[str, Any], completion: Any) -> dict[str, Any]:
    """Right for about half of what a random model writes."""
    text = text_of(completion)
    return verdict(bool(text) and ord(text[0]) % 2 == 0)
