"""Every starter config trains: two steps, on a tiny model of the same architecture, without its GPU and its data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.trainer_client.extra import QUIET, need_trainer

need_trainer()
pytestmark = QUIET

from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM  # noqa: E402 - after the skip

import trainer_client  # noqa: E402
from tests.trainer_client.faulty_server import FaultyServer  # noqa: E402
from trainer_client.cli import main  # noqa: E402
from trainer_client.rl import tiny  # noqa: E402
from trainer_client.rl.presets import PRESETS  # noqa: E402
from trainer_client.rl.rollouts import read_rollouts  # noqa: E402

CONFIGS = sorted((Path(trainer_client.__file__).parent / "configs").glob("*.yaml"))
TEMPLATE = (
    "{% for m in messages %}{{ m['role'][0] }}:{{ m['content'] }}.{% endfor %}"
    "{% if add_generation_prompt %}a:{% endif %}"
)


def tiny_of_the_same_kind(name: str, folder: Path) -> None:
    """A one-layer model of the architecture that ``name`` has."""
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = TEMPLATE
    sizes = {
        "vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None,
    }  # fmt: skip
    model = Qwen3ForCausalLM(Qwen3Config(**sizes)) if "Qwen3" in name else Qwen2ForCausalLM(Qwen2Config(**sizes))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def rows_like(config: dict[str, Any], file: Path) -> None:
    """A dataset with the columns that the config expects."""
    made = []
    for row in tiny.rows(80, seed=0):
        if config.get("layout") == "verl":
            chat = [{"role": "user", "content": row["prompt"]}]
            made.append({"data_source": "d", "prompt": chat, "reward_model": {"ground_truth": row["answer"]}})
        else:
            made.append({config["prompt"]: row["prompt"], config["reference"]: f"so it is\n#### {row['answer']}"})
    file.write_text("".join(json.dumps(row) + "\n" for row in made))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_starter_config_trains_two_steps(path: Path, server: FaultyServer, tmp_path: Path) -> None:
    config = yaml.safe_load(path.read_text())
    tiny_of_the_same_kind(config["model_name_or_path"], tmp_path / "base")
    rows_like(config, tmp_path / "data.jsonl")
    groups = config["num_generations"]
    smaller = {
        "dataset": tmp_path / "data.jsonl", "model_name_or_path": tmp_path / "base", "output_dir": tmp_path / "out",
        "reward_url": server.url, "max_steps": 2, "max_completion_length": 6, "per_device_train_batch_size": groups,
        "gradient_accumulation_steps": 1, "use_vllm": "false", "use_cpu": "true", "bf16": "false", "dtype": "float32",
        "report_to": "none", "save_strategy": "no", "gradient_checkpointing": "false",
        "vllm_enable_sleep_mode": "false", "warmup_steps": 0, "learning_rate": "1e-3",
    }  # fmt: skip
    if config["preset"] == "dapo":
        smaller |= {"updates_per_rollout": 2, "max_rounds": 2}
    flags = [word for name, value in smaller.items() for word in (f"--{name}", str(value))]
    assert main(["rl", "--config", str(path), *flags]) == 0
    assert json.loads((tmp_path / "out" / "rl.json").read_text())["steps"] == 2
    assert {row["reward"] is not None for row in read_rollouts(tmp_path / "out" / "rollouts")} == {True}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_starter_config_keeps_to_the_rules(path: Path) -> None:
    config = yaml.safe_load(path.read_text())
    lora = config.get("use_peft", False)
    assert config["preset"] in PRESETS
    assert float(config["learning_rate"]) == (1e-5 if lora else 1e-6)
    assert config["dtype"] == "bfloat16" and config["logging_steps"] == 1
    assert config["lr_scheduler_type"] == "constant_with_warmup"
    assert config["vllm_mode"] == "colocate" and config["vllm_enable_sleep_mode"]
    assert not lora or (config["lora_r"], config["lora_target_modules"]) == (32, "all-linear")
    ranks = 8 if path.stem.startswith("8x") else 1
    updates = config.get("updates_per_rollout", PRESETS[config["preset"]]["updates_per_rollout"])
    per_rank = config["per_device_train_batch_size"] * config["gradient_accumulation_steps"] * updates
    assert per_rank % config["num_generations"] == 0
    prompts = per_rank * ranks // config["num_generations"]
    assert f"{prompts} prompts x {config['num_generations']} completions" in path.read_text()
