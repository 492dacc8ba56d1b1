"""``RemoteReward`` in TRL's own trainers, of which nothing is changed."""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path
from typing import Any

import pytest

from tests.trainer_client.extra import QUIET, need_trainer

need_trainer()
pytestmark = QUIET

import pyarrow.parquet as pq  # noqa: E402 - after the skip
import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from trl import GRPOConfig, GRPOTrainer  # noqa: E402

from tests.trainer_client.faulty_server import FaultyServer  # noqa: E402
from tests.trainer_client.rl.build import by_first_symbol, null, settings  # noqa: E402
from tests.trainer_client.rl.test_configs import TEMPLATE  # noqa: E402
from trainer_client.adapters.trl import RemoteReward  # noqa: E402
from trainer_client.rl import tiny  # noqa: E402


def trainer(reward: RemoteReward, folder: Path, rows: list[dict[str, Any]], **changes: Any) -> GRPOTrainer:
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = TEMPLATE
    return GRPOTrainer(
        tiny.model(tokenizer, hidden=32, layers=1),
        reward_funcs=reward,
        args=GRPOConfig(**settings(folder, **changes)),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )


def disconnect(made: GRPOTrainer) -> None:
    """TRL knows nothing of connections; without this they end with the process."""
    asyncio.run_coroutine_threadsafe(made.reward_funcs[0].aclose(), made.async_loop).result()


def columns(folder: Path) -> dict[str, list[Any]]:
    """The table of completions that TRL keeps."""
    files = sorted((folder / "completions").glob("*.parquet"))
    tables = [pq.read_table(file).to_pydict() for file in files]
    return {name: [value for table in tables for value in table[name]] for name in tables[0]}


@pytest.mark.parametrize("chat", [False, True], ids=["text", "chat"])
def test_every_completion_gets_its_own_reward_and_the_columns_of_its_verdict(
    server: FaultyServer, tmp_path: Path, chat: bool
) -> None:
    rows = tiny.rows(16, seed=0)
    if chat:
        rows = [{**row, "prompt": [{"role": "user", "content": row["prompt"]}]} for row in rows]
    reward = RemoteReward(server.url, verifier_column="verifier", params_column="params")
    made = trainer(pickle.loads(pickle.dumps(reward)), tmp_path, rows, log_completions=True)
    made.train()
    disconnect(made)
    table = columns(tmp_path)
    assert len(table["verified"]) == 32
    texts = [c[-1]["content"] if isinstance(c, list) else c for c in table["completion"]]
    assert table["verified"] == [by_first_symbol({}, text)["reward"] for text in texts]
    assert {"outcome", "extracted", "why"} <= set(table)
    logged = made.state.log_history[0]
    assert logged["outcome/correct"] + logged["outcome/incorrect"] == 1
    assert logged["reward/wait_s"] > 0


def test_a_null_is_no_zero(server: FaultyServer, tmp_path: Path) -> None:
    server.judge = lambda item, completion: (
        null() if item["verifier"] == "math" else {"reward": 1.0, "outcome": "correct"}
    )
    made = trainer(RemoteReward(server.url, verifier_column="verifier"), tmp_path, tiny.rows(16, seed=0))
    made.model.train()
    batch = made._generate_and_score_completions([dict(made.train_dataset[i]) for i in range(4) for _ in range(4)])
    disconnect(made)
    assert torch.all(batch["advantages"] == 0)  # a null counted as wrong would make the right ones stand out
