"""``reward-trainer dpo``: train on preference pairs, as ``pairs`` makes them from verified rollouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from datasets import Dataset
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from trl import DPOConfig, DPOTrainer, ModelConfig

from trainer_client.data import DataArguments, read
from trainer_client.errors import DataError
from trainer_client.rl.models import init_kwargs, load_tokenizer, peft_config
from trainer_client.rl.parsing import parse


@dataclass
class Preferences:
    """Where the pairs are."""

    dataset: str | None = field(default=None, metadata={"help": "A file with prompt, chosen and rejected."})
    dataset_config: str | None = field(default=None, metadata={"help": "Configuration of a hub dataset."})
    dataset_split: str = field(default="train", metadata={"help": "Split of a hub dataset."})


def main(argv: Sequence[str]) -> int:
    """Train. Raises ``RewardClientError``."""
    data, args, model = parse(argv, Preferences, DPOConfig, ModelConfig)
    train(load(data), args, model)
    return 0


def load(data: Preferences) -> list[dict[str, Any]]:
    """Rows of ``prompt``, ``chosen`` and ``rejected``. Raises ``DataError``."""
    where = DataArguments(dataset=data.dataset, dataset_config=data.dataset_config, dataset_split=data.dataset_split)
    columns = ("prompt", "chosen", "rejected")
    rows = []
    for number, record in enumerate(read(where)):
        missing = [name for name in columns if name not in record]
        if missing:
            raise DataError(f"no column {missing[0]!r}; it has {', '.join(sorted(record))} (row {number})")
        rows.append({name: record[name] for name in columns})
    if not rows:
        raise DataError(f"{data.dataset or 'the dataset'} has no pairs: were all groups of one kind?")
    return rows


def train(rows: Sequence[dict[str, Any]], args: Any, model: Any, *, quiet: bool = False) -> None:
    """Train on pairs, and save. ``model`` is a ``ModelConfig``."""
    tokenizer = load_tokenizer(model)
    args.model_init_kwargs = init_kwargs(model, args.model_init_kwargs)
    trainer = DPOTrainer(
        model.model_name_or_path,
        args=args,
        train_dataset=Dataset.from_list(list(rows)),
        processing_class=tokenizer,
        peft_config=peft_config(model),
    )
    if quiet:
        for printer in (PrinterCallback, ProgressCallback):
            trainer.remove_callback(printer)
    trainer.train(resume_from_checkpoint=args.resume_from_checkpoint)
    trainer.save_model(args.output_dir)
