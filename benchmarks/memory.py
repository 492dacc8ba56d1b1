"""Peak memory of one GRPO update on one GPU, by phase: no download, no generation.

``python -m benchmarks.memory [--shape 8b|tiny] [--tokens 4096 8192 20480] [--cells …] [--minutes 12] [--output FILE]``

A randomly initialised model of the shape of Llama-3.1-8B; a group of eight completions of a fixed prompt, handed in
through ``rollout_func``, so that what is measured is the memory of the update and not that of generation. Figures are
``torch.cuda.max_memory_allocated`` and ``…_reserved``, reset before each phase:

- *lora*, *qlora*: micro-batch 1 with adapters on all linear layers; 4-bit weights where bitsandbytes is installed;
- *micro 1*: all weights, checkpointing, fused head, micro-batch 1 and eight accumulation steps;
- *default*: the same with micro-batch 8, as TRL does it without being told;
- *full logits*: no checkpointing, the logits of all eight sequences at once, as a loss written by hand has it; where
  that does not fit, the lengths are halved until it does;
- *vllm*: lora with vLLM beside it, asleep during the update, where vLLM is installed.

It needs no one to watch it. Each cell is a process of its own, so that running out of memory, or over its share of the
time, is one line of the table; cells that begin after ``--minutes`` are left out, and the longest come last.

PPO would add a reward model and a value model of the same shape: with bf16 weights 2 x 15.0 GiB, and for the value
model as much again for gradients and twice as much for Adam. That line is arithmetic.

``--shape tiny`` on a processor checks that the script runs; its figures say nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

SHAPES: dict[str, dict[str, int]] = {
    "8b": {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
           "num_key_value_heads": 8, "vocab_size": 128256},
    "tiny": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
             "num_key_value_heads": 2, "vocab_size": 1024},
}  # fmt: skip
CELLS = ("lora", "qlora", "micro 1", "default", "full logits", "vllm")
NEEDS = {"qlora": "bitsandbytes", "vllm": "vllm"}
GROUP, PROMPT, GIB = 8, 512, 2**30
STEPS = 2
"""The second has what Adam keeps."""
SHORTEST = 1024
CELL_S = 300
PARAMETERS_8B = 8.03e9


def main() -> None:
    """Run the grid, or with ``--cell`` one cell of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=sorted(SHAPES), default="8b")
    parser.add_argument("--tokens", type=int, nargs="+", default=[4096, 8192, 20480])
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--minutes", type=float, default=12.0, help="begin no cell after so many")
    parser.add_argument("--output", help="write the table there too, after each line")
    parser.add_argument("--cell", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cell:
        _say(json.dumps(measure(given.cell, given.shape, given.tokens[0])))
        return
    table = _Table(given.output)
    table.add(_machine())
    table.add(f"{'cell':<12} {'tokens':>7} {'score GiB':>12} {'update GiB':>12} {'reserved':>10} {'seconds':>8}")
    stop = time.monotonic() + 60 * given.minutes
    for tokens in sorted(given.tokens):
        for cell in given.cells:
            line, fits = _line(cell, given.shape, tokens, stop)
            table.add(f"{cell:<12} {tokens:>7} {line}")
            shorter = tokens // 2
            while cell == "full logits" and tokens == min(given.tokens) and not fits and shorter >= SHORTEST:
                line, fits = _line(cell, given.shape, shorter, stop)
                table.add(f"{cell:<12} {shorter:>7} {line}")
                shorter //= 2
    weights = 2 * PARAMETERS_8B / GIB
    table.add(
        f"PPO (arithmetic): reward model {weights:.1f} GiB and value model {4 * weights:.1f} GiB on top, bf16 and Adam"
    )


class _Table:
    """Lines on the terminal, and in a file from the first one on."""

    def __init__(self, output: str | None) -> None:
        self.output = output
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """One line more."""
        _say(line)
        self.lines.append(line)
        if self.output:
            Path(self.output).write_text("\n".join(self.lines) + "\n")


def _machine() -> str:
    import torch

    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "processor: the figures say nothing"
    versions = ", ".join(f"{package} {version(package)}" for package in ("torch", "trl", "transformers", "peft"))
    return f"{name}; {versions}"


def _line(cell: str, shape: str, tokens: int, stop: float) -> tuple[str, bool]:
    """What came of a cell, and whether there are figures."""
    missing = NEEDS.get(cell)
    if missing and importlib.util.find_spec(missing) is None:
        return f"not measured: {missing} is not installed", False
    if time.monotonic() > stop:
        return "not measured: no time left", False
    command = [sys.executable, "-m", "benchmarks.memory", "--cell", cell, "--shape", shape, "--tokens", str(tokens)]
    began = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=CELL_S)
    except subprocess.TimeoutExpired:
        return f"not measured: over {CELL_S} s", False
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        no_memory = "OutOfMemoryError" in done.stderr or "CUDA out of memory" in done.stderr
        return "out of memory" if no_memory else f"failed: {last[:90]}", False
    told = json.loads(done.stdout.splitlines()[-1])
    figures = f"{told['score']:>12.1f} {told['update']:>12.1f} {told['reserved']:>10.1f}"
    return f"{figures} {time.monotonic() - began:>8.0f}", True


def measure(cell: str, shape: str, tokens: int) -> dict[str, float]:
    """Peaks of one cell in GiB."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if cell == "full logits":
        return _full_logits(SHAPES[shape], tokens, device)
    with tempfile.TemporaryDirectory() as folder:
        return _grpo(cell, SHAPES[shape], tokens, device, folder)


def _model(shape: dict[str, int], device: str) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(**shape, max_position_embeddings=131072, pad_token_id=0, eos_token_id=1, bos_token_id=None)
    torch.manual_seed(0)
    with torch.device(device):
        return LlamaForCausalLM._from_config(config, dtype=torch.bfloat16)


def _full_logits(shape: dict[str, int], tokens: int, device: str) -> dict[str, float]:
    import torch

    model = _model(shape, device)
    optimizer = torch.optim.AdamW(model.parameters())
    ids = torch.randint(2, shape["vocab_size"], (GROUP, tokens), device=device)
    _reset(device)
    for _ in range(STEPS):
        logits = model(input_ids=ids).logits[:, PROMPT - 1 : -1].float()
        loss = -logits.log_softmax(-1).gather(-1, ids[:, PROMPT:, None]).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    update, reserved = _peak(device)
    return {"score": 0.0, "update": update, "reserved": reserved}


def _grpo(cell: str, shape: dict[str, int], tokens: int, device: str, folder: str) -> dict[str, float]:
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import BitsAndBytesConfig
    from trl import GRPOConfig, GRPOTrainer

    from trainer_client.rl import tiny

    peaks = {"score": 0.0, "update": 0.0, "reserved": 0.0}

    class Measured(GRPOTrainer):  # type: ignore[misc]  # TRL counts as Any
        def _generate_and_score_completions(self, inputs: Any) -> Any:
            _note(peaks, "update", device)
            batch = super()._generate_and_score_completions(inputs)
            _note(peaks, "score", device)
            return batch

    prompt = [2 + number % 40 for number in range(PROMPT)]
    answer = [2 + number % 40 for number in range(tokens - PROMPT)]

    def rollout(prompts: list[Any], trainer: Any) -> dict[str, Any]:
        count = len(prompts)
        return {
            "prompt_ids": [prompt] * count, "completion_ids": [answer] * count,
            "logprobs": [[-1.0] * len(answer)] * count,
        }  # fmt: skip

    micro = GROUP if cell == "default" else 1
    kwargs: dict[str, Any] = {}
    if cell in ("lora", "qlora", "vllm"):
        kwargs["peft_config"] = LoraConfig(r=32, lora_alpha=64, target_modules="all-linear", task_type="CAUSAL_LM")
    source: Any = _model(shape, device)
    init: dict[str, Any] | None = None
    if cell in ("qlora", "vllm"):
        source.save_pretrained(f"{folder}/base")
        tiny.tokenizer().save_pretrained(f"{folder}/base")
        source = f"{folder}/base"
        init = {"dtype": torch.bfloat16}
    if cell == "qlora":
        kwargs["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_compute_dtype=torch.bfloat16, bnb_4bit_quant_type="nf4"
        )
    vllm = {"use_vllm": True, "vllm_mode": "colocate", "vllm_enable_sleep_mode": True} if cell == "vllm" else {}
    trainer = Measured(
        source,
        reward_funcs=lambda completions, **_: [float(place % 2) for place in range(len(completions))],
        rollout_func=rollout,
        train_dataset=Dataset.from_list([{"prompt": "a"}] * 64),
        processing_class=tiny.tokenizer(),
        args=GRPOConfig(
            output_dir=folder, per_device_train_batch_size=micro, gradient_accumulation_steps=GROUP // micro,
            num_generations=GROUP, max_completion_length=tokens, max_steps=STEPS, report_to=[], save_strategy="no",
            use_cpu=device == "cpu", bf16=device == "cuda", disable_tqdm=True, logging_strategy="no",
            model_init_kwargs=init, **vllm,
        ),
        **kwargs,
    )  # fmt: skip
    _reset(device)
    trainer.train()
    _note(peaks, "update", device)
    return peaks


def _note(peaks: dict[str, float], phase: str, device: str) -> None:
    allocated, reserved = _peak(device)
    peaks[phase] = max(peaks[phase], allocated)
    peaks["reserved"] = max(peaks["reserved"], reserved)
    _reset(device)


def _peak(device: str) -> tuple[float, float]:
    import torch

    if device == "cpu":
        return 0.0, 0.0
    return torch.cuda.max_memory_allocated() / GIB, torch.cuda.max_memory_reserved() / GIB


def _reset(device: str) -> None:
    import torch

    if device == "cuda":
        torch.cuda.empty_cache()  # or what was reserved before counts again
        torch.cuda.reset_peak_memory_stats()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
