"""What reaches TRL and the hub's libraries, as far as it shows without a GPU and without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.trainer_client.extra import QUIET, need_trainer

need_trainer()
pytestmark = QUIET

import torch  # noqa: E402 - after the skip
from accelerate.commands.config.config_args import load_config_from_file  # noqa: E402
from peft import LoraConfig, get_peft_model  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402
from trl import ModelConfig  # noqa: E402

import trainer_client  # noqa: E402
from trainer_client.errors import ConfigError  # noqa: E402
from trainer_client.rl import tiny  # noqa: E402
from trainer_client.rl.models import init_kwargs, load_tokenizer, merge_adapter, peft_config  # noqa: E402
from trainer_client.rl.parsing import parse  # noqa: E402
from trainer_client.rl.run import KINDS  # noqa: E402

CONFIGS = Path(trainer_client.__file__).parent / "configs"
FROM_THE_HUB = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
import datasets
from transformers import AutoModelForCausalLM
from trainer_client.data import DataArguments, load_rows
from trainer_client.rl import tiny
from trainer_client.rl.models import load_tokenizer

home, rows = Path(sys.argv[1]), Path(sys.argv[2])
datasets.load_dataset(str(rows))
(home / "datasets" / rows.name).rename(home / "datasets" / f"acme___{rows.name}")
model = home / "hub" / "models--acme--tiny"
(model / "refs").mkdir(parents=True)
(model / "refs" / "main").write_text("abc")
tokenizer = tiny.tokenizer()
tokenizer.save_pretrained(model / "snapshots" / "abc")
tiny.model(tokenizer, hidden=32, layers=1).save_pretrained(model / "snapshots" / "abc")
AutoModelForCausalLM.from_pretrained("acme/tiny")
named = SimpleNamespace(model_name_or_path="acme/tiny", model_revision="main")
told = {
    "rows": load_rows(DataArguments(dataset=f"acme/{rows.name}", prompt="q", reference="a.b", verifier="math")),
    "padding": load_tokenizer(named).padding_side,
}
print(json.dumps(told))
"""


def test_a_model_and_a_dataset_are_found_by_their_ids_on_the_hub(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "train.jsonl").write_text(json.dumps({"q": "2+2?", "a": {"b": "4"}}) + "\n")
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c", FROM_THE_HUB, str(home), str(tmp_path / "rows")],
        env={**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["padding"] == "left"
    assert [(row["prompt"], row["answer"]) for row in told["rows"]] == [("2+2?", "4")]


def test_qlora_loads_four_bits_that_compute_in_the_dtype_of_the_model() -> None:
    given = ModelConfig(model_name_or_path="m", load_in_4bit=True, dtype="bfloat16", use_peft=True, lora_r=32)
    made = init_kwargs(given, None)["quantization_config"]
    assert (made.load_in_4bit, made.bnb_4bit_quant_type, made.bnb_4bit_compute_dtype) == (True, "nf4", torch.bfloat16)
    assert peft_config(given).r == 32


def test_lora_on_the_head_is_refused() -> None:
    given = ModelConfig(model_name_or_path="m", use_peft=True, lora_target_modules=["q_proj", "lm_head"])
    with pytest.raises(ConfigError, match="lm_head"):
        peft_config(given)


@pytest.mark.parametrize(
    "flags",
    [
        {"vllm_mode": "colocate", "vllm_enable_sleep_mode": True, "vllm_gpu_memory_utilization": 0.35},
        {"vllm_mode": "server", "vllm_server_base_url": "http://10.0.0.1:8000"},
    ],
    ids=["colocate", "server"],
)
def test_what_a_config_says_of_vllm_reaches_trl(flags: dict[str, Any], tmp_path: Path) -> None:
    words = [word for name, value in {**flags, "use_vllm": True}.items() for word in (f"--{name}", str(value))]
    config = str(CONFIGS / "24gb-qwen3-0.6b-full.yaml")
    cpu = ["--use_cpu", "true", "--bf16", "false", "--output_dir", str(tmp_path)]
    args = parse(["--config", config, *words, *cpu], *KINDS)[2]
    assert args.use_vllm
    assert {name: getattr(args, name) for name in flags} == flags


@pytest.mark.parametrize("path", sorted((CONFIGS / "accelerate").glob("*.yaml")), ids=lambda path: path.stem)
def test_accelerate_understands_its_configs(path: Path) -> None:
    held = load_config_from_file(str(path))
    assert (held.num_processes, held.mixed_precision, held.use_cpu) == (8, "bf16", False)
    assert held.distributed_type.value == ("FSDP" if "fsdp" in path.stem else "DEEPSPEED")


def test_an_adapter_is_merged_once_and_a_whole_model_is_left_alone(tmp_path: Path) -> None:
    tokenizer = tiny.tokenizer()
    tiny.model(tokenizer, hidden=32, layers=1).save_pretrained(tmp_path / "base")
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    adapted = get_peft_model(base, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.fill_(0.1)
    ids = torch.tensor([[3, 4, 5]])
    wanted = adapted(input_ids=ids).logits
    adapted.save_pretrained(tmp_path / "adapter")
    tokenizer.save_pretrained(tmp_path / "adapter")
    given = ModelConfig(model_name_or_path=str(tmp_path / "adapter"), dtype="float32")
    merge_adapter(given)
    assert given.model_name_or_path == str(tmp_path / "adapter" / "merged")
    merged = AutoModelForCausalLM.from_pretrained(given.model_name_or_path)
    torch.testing.assert_close(merged(input_ids=ids).logits, wanted, rtol=1e-4, atol=1e-4)
    assert load_tokenizer(given).padding_side == "left"
    merge_adapter(given)
    assert given.model_name_or_path == str(tmp_path / "adapter" / "merged")
