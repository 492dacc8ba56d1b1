"""``reward-trainer demo``: a tiny model learns through a real reward server, on two processor cores, in two minutes.

Starts a server unless ``--url`` names one; makes a model of 0.6 million parameters; warms it up (SFT) on a mixture of
behaviours of which a third is right; trains it on rows whose verifiers differ (``math`` and ``match``); shows pass@1 on
held-out prompts as it rises; makes pairs of the kept rollouts, and runs DPO from the warmed-up model for comparison.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datasets
import torch
import transformers
from transformers import AutoModelForCausalLM, TrainerCallback
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from trl import DPOConfig, ModelConfig, SFTConfig

from trainer_client import dpo, pairs, sft
from trainer_client.client import RewardClient
from trainer_client.rl import tiny
from trainer_client.rl.config import RewardArguments, VerifiedGRPOConfig
from trainer_client.rl.curve import draw, png
from trainer_client.rl.evaluate import SamplingArguments, sample, summarise
from trainer_client.rl.local_server import local_server
from trainer_client.rl.presets import PRESETS
from trainer_client.rl.rollouts import read_rollouts
from trainer_client.rl.run import build, look_before
from trainer_client.server import greet
from trainer_client.supervised import TableArguments

LONGEST = 8
ON_CPU: dict[str, Any] = {
    "use_cpu": True,
    "bf16": False,
    "gradient_checkpointing": False,
    "save_strategy": "no",
    "report_to": [],
    "disable_tqdm": True,
    "logging_strategy": "no",
    "dataloader_pin_memory": False,
}
REWARD_ARGUMENTS = ("signed", "overlong_share")


@dataclass
class Learned:
    """What a run of the demo came to."""

    curve: list[tuple[int, float]] = field(default_factory=list)
    """(RL step, pass@1 on held-out prompts)."""
    greedy: list[float] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    """The trainer's log."""
    after_dpo: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)


def main(argv: Sequence[str]) -> int:
    """Run the demo and say what came of it."""
    parser = argparse.ArgumentParser(prog="reward-trainer demo", description=__doc__)
    parser.add_argument("--url", help="a running reward server; one is started otherwise")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="dapo")
    parser.add_argument("--steps", type=int, default=30, help="RL steps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--warm_up", type=int, default=300, help="SFT steps before")
    parser.add_argument("--output_dir", type=Path, default=Path("runs/demo"))
    parser.add_argument("--no-dpo", dest="dpo", action="store_false")
    given = parser.parse_args(argv)
    torch.set_num_threads(1)  # more threads only wait for each other on a model of this size; the server has the rest
    with quiet(), contextlib.ExitStack() as held:
        url = given.url or held.enter_context(local_server())
        say(f"reward server   {url}")
        learned = run(
            url, given.output_dir, preset=given.preset, steps=given.steps, seed=given.seed, warm_up_steps=given.warm_up,
            do_dpo=given.dpo,
        )  # fmt: skip
    say(draw(learned.curve))
    picture = png(learned.curve, given.output_dir / "curve.png", f"{given.preset}: pass@1 on held-out prompts")
    first, last = learned.curve[0][1], learned.curve[-1][1]
    say(f"pass@1 {first:.2f} -> {last:.2f} in {learned.curve[-1][0]} RL steps; curve: {picture}")
    if learned.after_dpo is not None:
        say(f"DPO on pairs of its rollouts, from the warmed-up model: {first:.2f} -> {learned.after_dpo:.2f}")
    say("seconds: " + ", ".join(f"{name} {seconds:.0f}" for name, seconds in learned.seconds.items()))
    return 0


def run(
    url: str,
    folder: Path,
    *,
    preset: str = "dapo",
    steps: int = 30,
    seed: int = 0,
    warm_up_steps: int = 300,
    do_dpo: bool = False,
    **changes: Any,
) -> Learned:
    """The demo without its prints at the end; ``changes`` go to ``VerifiedGRPOConfig``.

    With no ``warm_up_steps``, ``folder`` holds the warmed-up model already.
    """
    learned = Learned()
    held_out = tiny.rows(128, seed=1000 + seed)
    base = folder / "sft"
    with RewardClient(url, run="demo-eval") as client, _timed(learned, "sft"):
        greet(client, ["math", "match"])
        if warm_up_steps:
            warm_up(base, seed, warm_up_steps)
    with RewardClient(url, run="demo-eval") as client, _timed(learned, "rl"):
        trainer = _trainer(url, folder / "rl", base, preset=preset, steps=steps, seed=seed, changes=changes)
        trainer.add_callback(Watch(learned, held_out, client, trainer))
        trainer.train()
        trainer.save_model()
    learned.history = trainer.state.log_history
    if do_dpo:
        with RewardClient(url, run="demo-eval") as client, _timed(learned, "pairs and dpo"):
            learned.after_dpo = _prefer(folder, base, held_out, client, seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "curve.json").write_text(json.dumps(learned.curve) + "\n")
    return learned


def warm_up(folder: Path, seed: int, steps: int) -> None:
    """A tiny model that does the right thing about one time in three, saved to ``folder``."""
    tokenizer = tiny.tokenizer()
    raw = folder.with_name("random")
    tiny.model(tokenizer, seed=seed).save_pretrained(raw)
    tokenizer.save_pretrained(raw)
    args = SFTConfig(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=64,
        learning_rate=8e-4,
        lr_scheduler_type="cosine",
        max_length=32,
        completion_only_loss=True,
        seed=seed,
        **ON_CPU,
    )
    rows = tiny.warm_up_rows(32 * steps, seed=seed)
    sft.train(rows, args, ModelConfig(model_name_or_path=str(raw), dtype="float32"), quiet=True)


def _trainer(url: str, folder: Path, base: Path, *, preset: str, steps: int, seed: int, changes: dict[str, Any]) -> Any:
    chosen = {"beta": 0.0, **PRESETS[preset], **_DEMO_PRESETS.get(preset, {})}
    shaping = {name: chosen.pop(name) for name in REWARD_ARGUMENTS if name in chosen}
    settings: dict[str, Any] = {
        "output_dir": str(folder),
        "max_steps": steps,
        "per_device_train_batch_size": 256 // chosen["updates_per_rollout"],
        "num_generations": 8,
        "max_completion_length": LONGEST,
        "learning_rate": 1e-4,
        "lr_scheduler_type": "constant_with_warmup",
        "warmup_steps": 3,
        "adam_beta2": 0.95,
        "seed": seed,
        "preset": preset,
        "resume": "never",
        **ON_CPU,
        "logging_strategy": "steps",
        "logging_steps": 1,
    }
    args = VerifiedGRPOConfig(**{**settings, **chosen, **changes})
    reward = RewardArguments(reward_url=url, run=f"demo-{preset}-{seed}", **shaping)
    rows = tiny.rows(2000, seed=seed)
    look_before(reward, rows[:64])
    trainer = build(rows, reward, args, ModelConfig(model_name_or_path=str(base), dtype="float32"))
    for printer in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(printer)
    return trainer


_DEMO_PRESETS: dict[str, dict[str, Any]] = {
    # A rollout here is 256 completions and not 8192: sixteen updates would be of 16 completions each.
    "grpo": {"beta": 0.0},
    "dapo": {"updates_per_rollout": 2, "max_rounds": 4, "overlong_share": 0.125, "learning_rate": 2e-4},
    "gspo": {"updates_per_rollout": 2},
    "cispo": {"updates_per_rollout": 2},
}


def _prefer(folder: Path, base: Path, held_out: Sequence[tiny.Row], client: RewardClient, seed: int) -> float:
    counts = pairs.write(pairs.make(read_rollouts(folder / "rl" / "rollouts"), pairs.PairRules()), folder / "pairs")
    say("pairs           " + ", ".join(f"{count} {name} rows" for name, count in counts.items()))
    args = DPOConfig(
        output_dir=str(folder / "dpo"),
        max_steps=40,
        per_device_train_batch_size=64,
        learning_rate=5e-5,
        beta=0.1,
        max_length=32,
        seed=seed,
        **ON_CPU,
    )
    rows = dpo.load(TableArguments(dataset=str(folder / "pairs" / "dpo.jsonl")))
    dpo.train(rows, args, ModelConfig(model_name_or_path=str(base), dtype="float32"), quiet=True)
    model = AutoModelForCausalLM.from_pretrained(folder / "dpo").eval()
    return pass_at_1(model, held_out, client)


def pass_at_1(model: Any, rows: Sequence[tiny.Row], client: RewardClient, *, temperature: float = 1.0) -> float:
    """Share of right completions, by the server."""
    how = SamplingArguments(samples=4 if temperature else 1, temperature=temperature, max_completion_length=LONGEST)
    how.batch_size = 512
    return summarise(sample(model, tiny.tokenizer(), rows, how, client))["pass@1"]


class Watch(TrainerCallback):  # type: ignore[misc]  # transformers counts as Any
    """Evaluates every ten steps, and prints a line a step."""

    def __init__(self, learned: Learned, rows: Sequence[tiny.Row], client: RewardClient, trainer: Any) -> None:
        self.learned, self.rows, self.client, self.trainer = learned, rows, client, trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Where it starts from."""
        self._evaluate(0, kwargs["model"])

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **kwargs: Any) -> None:
        """One line of what is known of the step; and pass@1 every ten."""
        if "rollouts/pass_rate" in logs:
            say(
                f"step {state.global_step:>3}        pass rate {logs['rollouts/pass_rate']:.2f}   "
                f"mixed groups {logs['groups/mixed']:.0%}   generated {logs['rollouts/generated']:.0f}   "
                f"nulls {logs['outcome/unavailable']:.0%}   reward wait {1000 * logs['rollouts/reward_wait_s']:.0f} ms"
            )
        if state.global_step and (state.global_step % 10 == 0 or state.global_step == state.max_steps):
            self._evaluate(state.global_step, kwargs["model"])

    def _evaluate(self, step: int, model: Any) -> None:
        if self.learned.curve and self.learned.curve[-1][0] == step:
            return
        model.eval()
        rate = pass_at_1(model, self.rows, self.client)
        greedy = pass_at_1(model, self.rows, self.client, temperature=0.0)
        model.train()
        self.learned.curve.append((step, rate))
        self.learned.greedy.append(greedy)
        say(f"step {step:>3}        pass@1 {rate:.2f}   greedy {greedy:.2f}   (held-out prompts)")


@contextlib.contextmanager
def _timed(learned: Learned, name: str) -> Iterator[None]:
    say(f"{name} …")
    began = time.monotonic()
    yield
    learned.seconds[name] = time.monotonic() - began


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no warnings of other libraries."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    logging.getLogger("trl").setLevel(logging.ERROR)
    yield


def say(line: str) -> None:
    """One line for whoever watches."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
