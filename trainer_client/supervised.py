"""What ``sft`` and ``dpo`` share: a table of texts in, a model out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from datasets import Dataset
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from trainer_client.data import look_up
from trainer_client.errors import ConfigError, DataError
from trainer_client.reading import read
from trainer_client.rl.models import init_kwargs, load_tokenizer, merge_adapter, peft_config


@dataclass
class TableArguments:
    """Where a table is."""

    dataset: str | None = field(default=None, metadata={"help": "A .jsonl, .json or .parquet file, or a hub id."})
    dataset_config: str | None = field(default=None, metadata={"help": "Configuration of a hub dataset."})
    dataset_split: str = field(default="train", metadata={"help": "Split of a hub dataset."})


def columns(table: TableArguments, paths: Sequence[str]) -> Iterator[list[Any]]:
    """What stands at ``paths`` in each row. Raises ``DataError``."""
    if not table.dataset:
        raise DataError("dataset is missing: name a file, a folder or a hub id")
    for number, record in enumerate(read(table.dataset, table.dataset_config, table.dataset_split)):
        try:
            yield [look_up(record, path) for path in paths]
        except LookupError as error:
            raise DataError(f"{error.args[0]} (row {number})") from error


def train(kind: type[Any], rows: Sequence[dict[str, Any]], args: Any, model: Any, *, quiet: bool = False) -> None:
    """Train ``model``, a ``ModelConfig``, on ``rows`` by TRL's trainer ``kind``, and save. Raises ``ConfigError``."""
    merge_adapter(model)
    tokenizer = load_tokenizer(model)
    args.model_init_kwargs = init_kwargs(model, args.model_init_kwargs)
    try:
        trainer = kind(
            model.model_name_or_path,
            args=args,
            train_dataset=Dataset.from_list(list(rows)),
            processing_class=tokenizer,
            peft_config=peft_config(model),
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if quiet:
        for printer in (PrinterCallback, ProgressCallback):
            trainer.remove_callback(printer)
    trainer.train(resume_from_checkpoint=args.resume_from_checkpoint)
    trainer.save_model(args.output_dir)
