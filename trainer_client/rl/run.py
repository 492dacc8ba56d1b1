"""``reward-trainer rl``: GRPO and its relatives on verifiable rewards, from one YAML.

The stage that others call RLVR: GRPO is the optimiser, verification the source of the reward.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers.trainer_utils import get_last_checkpoint
from trl import ModelConfig

from trainer_client.client import RewardClient
from trainer_client.data import DataArguments, Row, load_rows
from trainer_client.errors import ConfigError
from trainer_client.rl.config import RewardArguments, VerifiedGRPOConfig
from trainer_client.rl.models import init_kwargs, load_tokenizer, merge_adapter, peft_config
from trainer_client.rl.parsing import parse
from trainer_client.rl.trainer import VerifiedGRPOTrainer
from trainer_client.server import check_references, greet, refuse_invalid

KINDS = (DataArguments, RewardArguments, VerifiedGRPOConfig, ModelConfig)


def main(argv: Sequence[str]) -> int:
    """Train. Raises ``RewardClientError`` for what cannot be run, ``RewardOutage`` where the server stays away."""
    data, reward, args, model = parse(argv, *KINDS)
    rows = load_rows(data)
    if args.process_index == 0:
        look_before(reward, rows)
    trainer = build(rows, reward, args, model)
    checkpoint = resume_from(args)
    if checkpoint is not None:
        trainer.accelerator.print(f"resuming from {checkpoint}")
    trainer.train(resume_from_checkpoint=checkpoint)
    trainer.save_model(args.output_dir)
    if trainer.accelerator.is_main_process:
        state = {"steps": trainer.state.global_step, "preset": args.preset, "rows": len(rows)}
        (Path(args.output_dir) / "rl.json").write_text(json.dumps(state) + "\n")
    return 0


def look_before(reward: RewardArguments, rows: Sequence[Row]) -> None:
    """Refuse what would fail after the model is loaded. Raises ``RewardClientError``."""
    if not reward.reward_url:
        raise ConfigError("reward_url is missing: where does the reward server listen?")
    with RewardClient(reward.reward_url, run=reward.run, deadline_s=600, detail="brief") as client:
        greet(client, sorted({row["verifier"] for row in rows}))
        refuse_invalid(check_references(client, rows))


def build(rows: Sequence[Row], reward: RewardArguments, args: Any, model: Any) -> VerifiedGRPOTrainer:
    """The trainer that the arguments describe. Raises ``ConfigError``."""
    merge_adapter(model)
    tokenizer = load_tokenizer(model)
    args.model_init_kwargs = init_kwargs(model, args.model_init_kwargs)
    run = Path(args.output_dir or "run").name
    try:
        return VerifiedGRPOTrainer(
            model.model_name_or_path,
            reward.build(args.max_completion_length, run),
            args,
            train_dataset=Dataset.from_list(list(rows)),
            processing_class=tokenizer,
            peft_config=peft_config(model),
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error


def resume_from(args: Any) -> str | None:
    """The checkpoint to go on from, if any. Raises ``ConfigError`` for one that is not there."""
    if args.resume == "never":
        return None
    if args.resume != "auto":
        if not Path(args.resume).is_dir():
            raise ConfigError(f"there is no checkpoint {args.resume}")
        return str(args.resume)
    last = get_last_checkpoint(args.output_dir) if Path(args.output_dir).is_dir() else None
    return None if last is None else str(last)
