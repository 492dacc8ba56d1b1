"""A model and a tokenizer small enough to learn in a minute on a laptop, and two tasks for them.

The tokenizer knows one token a character. The model is Qwen2 with 0.6 million parameters. ``s:4021=`` asks for the
digits in ascending order, ``m:4021=`` for the smallest. The base model is warmed up on a mixture of behaviours
(ascending, descending or copied; smallest, largest or first), so that a verifier has something to choose from.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyz:=+-*/,. "
Row = dict[str, Any]


def tokenizer() -> PreTrainedTokenizerFast:
    """One token a character, padded on the left, as generation needs it."""
    vocabulary = {symbol: number for number, symbol in enumerate(["<pad>", "<eos>", "<unk>", *SYMBOLS])}
    core = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), behavior="isolated")
    core.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>", padding_side="left"
    )


def model(tokenizer: PreTrainedTokenizerFast, *, seed: int = 0, hidden: int = 128, layers: int = 4) -> Qwen2ForCausalLM:
    """A random Qwen2 for ``tokenizer``."""
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=False,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        use_cache=True,
    )
    return Qwen2ForCausalLM(config)


def rows(count: int, *, seed: int) -> list[Row]:
    """Prompts with their references: half to sort, half to find the smallest digit; each row names its verifier."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        digits = [draw.choice("0123456789") for _ in range(draw.randrange(2, 5))]
        if number % 2:
            asked = {"prompt": f"m:{''.join(digits)}=", "answer": min(digits)}
            made.append({**asked, "verifier": "math", "params": None, "source": "smallest"})
        else:
            asked = {"prompt": f"s:{''.join(digits)}=", "answer": "".join(sorted(digits))}
            made.append({**asked, "verifier": "match", "params": None, "source": "sort"})
    return made


def behaviours(row: Row) -> Sequence[str]:
    """What the base model may do with the prompt of ``row``; the first is right."""
    asked = row["prompt"][2:-1]
    if row["source"] == "smallest":
        return row["answer"], max(asked), asked[0]
    return row["answer"], row["answer"][::-1], asked


def warm_up_rows(count: int, *, seed: int) -> list[Row]:
    """Prompts with a completion each, drawn from the behaviours in equal parts."""
    draw = random.Random(seed + 1)
    return [{"prompt": row["prompt"], "completion": draw.choice(behaviours(row))} for row in rows(count, seed=seed)]
