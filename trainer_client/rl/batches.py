"""Editing the dictionary of tensors that ``GRPOTrainer._generate_and_score_completions`` returns (TRL 1.16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

Batch = dict[str, torch.Tensor]
"""Rows first: (B, …) tensors, and the 0-dimensional ``num_items_in_batch``."""

LEFT, RIGHT = "left", "right"

_PADDING: dict[str, tuple[str, float]] = {
    "prompt_ids": (LEFT, 0),  # what stands in masked places is never looked at
    "prompt_mask": (LEFT, 0),
    "completion_ids": (RIGHT, 0),
    "completion_mask": (RIGHT, 0),
    "tool_mask": (RIGHT, 1),
    "old_per_token_logps": (RIGHT, 0),
    "ref_per_token_logps": (RIGHT, 0),
    "sampling_per_token_logps": (RIGHT, 0),
    "importance_sampling_ratio": (RIGHT, 1),
}
"""Key → the side that TRL pads it on, and with what. ``advantages`` has no second dimension."""

_COUNT = "num_items_in_batch"

ROW_NORMALISED = frozenset({"grpo", "sapo", "dr_grpo", "luspo"})
"""Loss types that divide by rows, so that rows without a verdict must be taken out of the divisor by hand."""


def take(batch: Mapping[str, torch.Tensor], rows: Sequence[int]) -> Batch:
    """The given rows of ``batch``. Raises ``ValueError`` for keys of images, whose rows are not rows."""
    unknown = sorted(set(batch) - set(_PADDING) - {"advantages", _COUNT})
    if unknown:
        raise ValueError(f"dynamic sampling does not know how to choose rows of {', '.join(unknown)}")
    index = torch.tensor(rows, dtype=torch.long, device=batch["advantages"].device)
    return {key: value if key == _COUNT else value[index] for key, value in batch.items()}


def concatenate(batches: Sequence[Batch]) -> Batch:
    """All rows of ``batches``, each key padded on its own side to the longest."""
    joined = {}
    for key, first in batches[0].items():
        parts = [batch[key] for batch in batches]
        if key == _COUNT:
            joined[key] = first
        elif first.dim() == 1:
            joined[key] = torch.cat(parts)
        else:
            width = max(part.shape[1] for part in parts)
            joined[key] = torch.cat([_widen(part, width, *_PADDING[key]) for part in parts])
    return joined


def silence(batch: Batch, nulls: Sequence[bool]) -> None:
    """Take rows without a verdict out of the loss: no advantage, and no token that counts. In place."""
    index = torch.tensor(nulls, dtype=torch.bool, device=batch["advantages"].device)
    batch["advantages"] = batch["advantages"].masked_fill(index, 0.0)
    batch["completion_mask"] = batch["completion_mask"].masked_fill(index.unsqueeze(1), 0)


def loss_tokens(batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """How many tokens the loss of these rows is taken over; 0-dimensional."""
    mask = batch["completion_mask"]
    return (mask * batch["tool_mask"] if "tool_mask" in batch else mask).sum()


def _widen(part: torch.Tensor, width: int, side: str, fill: float) -> torch.Tensor:
    missing = width - part.shape[1]
    padding = part.new_full((part.shape[0], missing), fill)
    return torch.cat([padding, part] if side == LEFT else [part, padding], dim=1)
