"""``reward-trainer eval``: what a model gets right, by the reward server."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM
from trl import ModelConfig

from trainer_client.client import RewardClient
from trainer_client.data import DataArguments, Row, load_rows
from trainer_client.errors import ConfigError
from trainer_client.rl.config import RewardArguments
from trainer_client.rl.models import init_kwargs, load_tokenizer, merge_adapter
from trainer_client.rl.parsing import parse
from trainer_client.server import greet
from trainer_client.wire import Item, Outcome, Verdict


@dataclass
class SamplingArguments:
    """How to sample."""

    samples: int = field(default=4, metadata={"help": "Completions of each prompt."})
    temperature: float = field(default=1.0, metadata={"help": "0 is greedy."})
    top_p: float = field(default=1.0, metadata={"help": "Nucleus."})
    max_completion_length: int = field(default=256, metadata={"help": "Tokens."})
    batch_size: int = field(default=64, metadata={"help": "Completions generated at once."})
    seed: int = field(default=0, metadata={"help": "Of the sampling."})
    output: str | None = field(default=None, metadata={"help": "Write the figures here, as JSON."})


@dataclass(frozen=True)
class Sampled:
    """Completions of one prompt, with what became of them."""

    row: Row
    texts: list[str]
    truncated: list[bool]
    verdicts: Sequence[Verdict]

    @property
    def pass_rate(self) -> float | None:
        """Share of verified completions that are right; None where no verdict could be had."""
        known = [verdict.reward for verdict in self.verdicts if verdict.reward is not None]
        return sum(known) / len(known) if known else None


def main(argv: Sequence[str]) -> int:
    """Print pass@1, by source too. Raises ``RewardClientError``."""
    data, reward, model, how = parse(argv, DataArguments, RewardArguments, ModelConfig, SamplingArguments)
    if not reward.reward_url:
        raise ConfigError("reward_url is missing: where does the reward server listen?")
    rows = load_rows(data)
    merge_adapter(model)
    tokenizer = load_tokenizer(model)
    with RewardClient(reward.reward_url, run=reward.run, detail="brief") as client:
        greet(client, sorted({row["verifier"] for row in rows}))
        loaded = AutoModelForCausalLM.from_pretrained(model.model_name_or_path, **init_kwargs(model, None))
        loaded.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        sampled = sample(loaded, tokenizer, rows, how, client, thinking=reward.thinking)
    figures = summarise(sampled)
    sys.stdout.write("".join(f"{name:<32} {value:.4g}\n" for name, value in figures.items()))
    if how.output:
        Path(how.output).write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def sample(
    model: Any,
    tokenizer: Any,
    rows: Sequence[Row],
    how: SamplingArguments,
    client: RewardClient,
    *,
    thinking: Any = None,
) -> list[Sampled]:
    """``how.samples`` completions of each row, and their verdicts."""
    torch.manual_seed(how.seed)
    texts: list[list[str]] = []
    cut: list[list[bool]] = []
    step = max(1, how.batch_size // how.samples)
    for at in range(0, len(rows), step):
        _generate(model, tokenizer, [row["prompt"] for row in rows[at : at + step]], how, texts, cut)
    items = [
        Item(
            reference=row["answer"],
            completions=[
                {"content": text, "truncated": True} if was_cut else text
                for text, was_cut in zip(said, ends, strict=True)
            ],
            verifier=row["verifier"],
            params=json.loads(row["params"]) if row.get("params") else {},
            thinking=thinking,
        )
        for row, said, ends in zip(rows, texts, cut, strict=True)
    ]
    results = client.score(items)
    return [
        Sampled(row, said, ends, result.verdicts)
        for row, said, ends, result in zip(rows, texts, cut, results, strict=True)
    ]


def summarise(sampled: Sequence[Sampled]) -> dict[str, float]:
    """pass@1 over all prompts and by source, shares of the outcomes and of truncated completions."""
    rates = [each.pass_rate for each in sampled if each.pass_rate is not None]
    by_source: dict[str, list[float]] = defaultdict(list)
    outcomes: Counter[str] = Counter()
    truncated: list[bool] = []
    for each in sampled:
        outcomes.update(str(verdict.outcome) for verdict in each.verdicts)
        truncated.extend(each.truncated)
        if each.pass_rate is not None:
            by_source[str(each.row.get("source") or "all")].append(each.pass_rate)
    total = max(1, outcomes.total())
    return {
        "pass@1": sum(rates) / len(rates) if rates else float("nan"),
        **{f"pass@1/{source}": sum(held) / len(held) for source, held in sorted(by_source.items())},
        **{f"outcome/{outcome}": outcomes[outcome] / total for outcome in Outcome},
        "truncated": sum(truncated) / max(1, len(truncated)),
        "prompts": float(len(sampled)),
    }


def _generate(
    model: Any, tokenizer: Any, prompts: Sequence[Any], how: SamplingArguments, texts: list[Any], cut: list[Any]
) -> None:
    chats = [
        prompt
        if isinstance(prompt, str)
        else tokenizer.apply_chat_template(prompt, tokenize=False, add_generation_prompt=True)
        for prompt in prompts
    ]
    inputs = tokenizer(chats, return_tensors="pt", padding=True, padding_side="left", return_token_type_ids=False).to(
        model.device
    )
    chance = {"do_sample": True, "temperature": how.temperature, "top_p": how.top_p, "top_k": 0}
    with torch.no_grad():
        output = model.generate(
            **inputs,
            **(chance if how.temperature > 0 else {"do_sample": False}),
            max_new_tokens=how.max_completion_length,
            num_return_sequences=how.samples,
            pad_token_id=tokenizer.pad_token_id,
        )
    new = output[:, inputs["input_ids"].shape[1] :]
    ends = model.generation_config.eos_token_id
    stops = {*(ends if isinstance(ends, list) else [ends]), tokenizer.eos_token_id, tokenizer.pad_token_id}
    said = tokenizer.batch_decode(new, skip_special_tokens=True)
    long = [len(ids) >= how.max_completion_length and ids[-1] not in stops for ids in new.tolist()]
    for at in range(0, len(said), how.samples):
        texts.append(said[at : at + how.samples])
        cut.append(long[at : at + how.samples])
