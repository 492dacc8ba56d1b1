"""What stands in for a GPU: the bytes that the loss keeps for its backward pass, counted on a processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.trainer_client.extra import QUIET, need_trainer

need_trainer()
pytestmark = QUIET

import torch  # noqa: E402 - after the skip
from datasets import Dataset  # noqa: E402
from transformers import Qwen2Config, Qwen2ForCausalLM  # noqa: E402

from tests.trainer_client.rl.build import settings  # noqa: E402
from trainer_client.adapters.trl import RemoteReward  # noqa: E402
from trainer_client.rl import tiny  # noqa: E402
from trainer_client.rl.config import VerifiedGRPOConfig  # noqa: E402
from trainer_client.rl.trainer import VerifiedGRPOTrainer  # noqa: E402

VOCABULARY, TOKENS = 32768, 256


def saved_bytes(loss: Any) -> int:
    """Bytes of distinct storage that the graph of ``loss()`` keeps."""
    held: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        held[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss()
    return sum(held.values())


@pytest.fixture
def model() -> Qwen2ForCausalLM:
    torch.manual_seed(0)
    return Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=VOCABULARY, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, pad_token_id=0, eos_token_id=1, bos_token_id=None,
        )
    )  # fmt: skip


@pytest.mark.parametrize(("rows", "times"), [(2, 3), (8, 5)])
def test_the_logits_of_a_batch_are_never_kept_whole(
    model: Qwen2ForCausalLM, tmp_path: Path, rows: int, times: int
) -> None:
    trainer = VerifiedGRPOTrainer(
        model,
        RemoteReward("http://127.0.0.1:9", verifier="math"),
        VerifiedGRPOConfig(**settings(tmp_path, per_device_train_batch_size=8, max_completion_length=TOKENS)),
        train_dataset=Dataset.from_list(tiny.rows(8, seed=0)),
        processing_class=tiny.tokenizer(),
    )
    trainer.model.train()
    trainer.current_gradient_accumulation_steps = 1
    ids = torch.randint(2, VOCABULARY, (rows, TOKENS))
    mask = torch.ones_like(ids)
    batch = {
        "prompt_ids": ids[:, :4], "prompt_mask": mask[:, :4], "completion_ids": ids[:, 4:],
        "completion_mask": mask[:, 4:], "advantages": torch.ones(rows), "num_items_in_batch": mask.sum(),
    }  # fmt: skip
    fused = saved_bytes(lambda: trainer._compute_loss(trainer.model, batch))

    def naive() -> torch.Tensor:
        logits = model(input_ids=ids, attention_mask=mask).logits[:, 3:-1]
        chosen: torch.Tensor = logits.log_softmax(-1).gather(-1, ids[:, 4:, None])
        return -chosen.mean()

    assert saved_bytes(naive) >= times * fused
    assert saved_bytes(naive) > rows * TOKENS * VOCABULARY * 4
