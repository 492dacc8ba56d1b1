"""``reward-trainer sft``: fine-tune on prompts with completions, before RL or on verified rollouts after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from datasets import Dataset
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from trl import ModelConfig, SFTConfig, SFTTrainer

from trainer_client.data import DataArguments, look_up, read
from trainer_client.errors import DataError
from trainer_client.rl.models import init_kwargs, load_tokenizer, peft_config
from trainer_client.rl.parsing import parse


@dataclass
class PromptCompletion:
    """Where prompts and completions stand."""

    dataset: str | None = field(default=None, metadata={"help": "A .jsonl, .json or .parquet file, or a hub id."})
    dataset_config: str | None = field(default=None, metadata={"help": "Configuration of a hub dataset."})
    dataset_split: str = field(default="train", metadata={"help": "Split of a hub dataset."})
    prompt: str = field(default="prompt", metadata={"help": "Path of the prompt."})
    completion: str = field(default="completion", metadata={"help": "Path of the completion."})


def main(argv: Sequence[str]) -> int:
    """Train. Raises ``RewardClientError``."""
    data, args, model = parse(argv, PromptCompletion, SFTConfig, ModelConfig)
    train(load(data), args, model)
    return 0


def load(data: PromptCompletion) -> list[dict[str, Any]]:
    """Rows of ``prompt`` and ``completion``, both text or both messages. Raises ``DataError``."""
    where = DataArguments(dataset=data.dataset, dataset_config=data.dataset_config, dataset_split=data.dataset_split)
    rows = []
    for number, record in enumerate(read(where)):
        try:
            prompt, completion = look_up(record, data.prompt), look_up(record, data.completion)
        except LookupError as error:
            raise DataError(f"{error.args[0]} (row {number})") from error
        if isinstance(prompt, list) and isinstance(completion, str):
            completion = [{"role": "assistant", "content": completion}]
        rows.append({"prompt": prompt, "completion": completion})
    if not rows:
        raise DataError(f"{data.dataset or 'the dataset'} has no rows")
    return rows


def train(rows: Sequence[dict[str, Any]], args: Any, model: Any, *, quiet: bool = False) -> None:
    """Fine-tune on the completions alone, and save. ``model`` is a ``ModelConfig``."""
    tokenizer = load_tokenizer(model)
    args.model_init_kwargs = init_kwargs(model, args.model_init_kwargs)
    trainer = SFTTrainer(
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
