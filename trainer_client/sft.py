"""``reward-trainer sft``: fine-tune on prompts with completions, before RL or on verified rollouts after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trl import ModelConfig, SFTConfig, SFTTrainer

from trainer_client import supervised
from trainer_client.errors import DataError
from trainer_client.rl.parsing import parse


@dataclass
class PromptCompletion(supervised.TableArguments):
    """Where prompts and completions stand."""

    prompt: str = field(default="prompt", metadata={"help": "Path of the prompt."})
    completion: str = field(default="completion", metadata={"help": "Path of the completion."})
    messages: str | None = field(
        default=None, metadata={"help": "Path of whole chats, whose last message is the completion; instead of both."}
    )


def main(argv: Sequence[str]) -> int:
    """Train. Raises ``RewardClientError``."""
    data, args, model = parse(argv, PromptCompletion, SFTConfig, ModelConfig)
    train(load(data), args, model)
    return 0


def load(data: PromptCompletion) -> list[dict[str, Any]]:
    """Rows of ``prompt`` and ``completion``, both text or both messages. Raises ``DataError``."""
    if data.messages is not None:
        chats = (chat for [chat] in supervised.columns(data, (data.messages,)))
        rows = [{"prompt": chat[:-1], "completion": chat[-1:]} for chat in chats]
    else:
        rows = [
            _row(prompt, completion) for prompt, completion in supervised.columns(data, (data.prompt, data.completion))
        ]
    if not rows:
        raise DataError(f"{data.dataset} has no rows")
    return rows


def _row(prompt: Any, completion: Any) -> dict[str, Any]:
    if isinstance(prompt, list) and isinstance(completion, str):
        completion = [{"role": "assistant", "content": completion}]
    return {"prompt": prompt, "completion": completion}


def train(rows: Sequence[dict[str, Any]], args: Any, model: Any, *, quiet: bool = False) -> None:
    """Fine-tune on the completions alone, and save. ``model`` is a ``ModelConfig``. Raises ``ConfigError``."""
    supervised.train(SFTTrainer, rows, args, model, quiet=quiet)
