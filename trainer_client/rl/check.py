"""``reward-trainer check --config rl.yaml``: everything that can go wrong, before the GPU bill.

Takes the config of ``rl``. Asks whether the server answers, speaks this version and knows the verifiers; whether every
reference can be used and is right about itself; what the model gets right already (a task that it always or never
solves teaches nothing), whether it finishes, closes its thinking, and why it fails; and whether one real optimizer
step fits. Then says ``go``, or what is wrong.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from trainer_client.client import RewardClient
from trainer_client.data import SHOWN, Row, load_rows
from trainer_client.errors import ConfigError
from trainer_client.rl.evaluate import Sampled, SamplingArguments, sample
from trainer_client.rl.models import init_kwargs, load_tokenizer, merge_adapter
from trainer_client.rl.parsing import parse
from trainer_client.rl.run import KINDS, build
from trainer_client.server import check_references, greet
from trainer_client.shaping import why

BUCKETS = ("0", "(0, ¼)", "[¼, ½)", "[½, ¾)", "[¾, 1)", "1")
OPEN, CLOSE = "<think>", "</think>"


@dataclass
class CheckArguments:
    """How much to look at."""

    check_prompts: int = field(default=32, metadata={"help": "Prompts to sample."})
    check_samples: int = field(default=8, metadata={"help": "Completions of each."})
    check_step: bool = field(default=True, metadata={"help": "Take one real optimizer step."})


class Report:
    """Lines as they are found, and the troubles among them."""

    def __init__(self) -> None:
        self.troubles: list[str] = []

    def say(self, line: str) -> None:
        """Something that is so."""
        sys.stdout.write(f"  {line}\n")
        sys.stdout.flush()

    def trouble(self, line: str) -> None:
        """Something that must change first."""
        self.troubles.append(line)
        self.say(f"! {line}")


def main(argv: Sequence[str]) -> int:
    """0 for go, 1 for what is wrong. Raises ``RewardClientError`` for what does not even start."""
    data, reward, args, model, how = parse(argv, *KINDS, CheckArguments)
    if not reward.reward_url:
        raise ConfigError("reward_url is missing: where does the reward server listen?")
    report = Report()
    rows = load_rows(data)
    report.say(f"data        {len(rows)} rows: " + _counted(Counter(row["verifier"] for row in rows)))
    with RewardClient(reward.reward_url, run="check", deadline_s=600, detail="brief") as client:
        version = greet(client, sorted({row["verifier"] for row in rows}))
        report.say(f"server      version {version} at {reward.reward_url}")
        references(report, client, rows)
        merge_adapter(model)
        tokenizer = load_tokenizer(model)
        sampling = SamplingArguments(
            samples=how.check_samples,
            temperature=args.temperature,
            top_p=args.top_p,
            max_completion_length=args.max_completion_length,
            seed=args.seed,
        )
        chosen = rows[:: max(1, len(rows) // how.check_prompts)][: how.check_prompts]
        try:
            loaded = AutoModelForCausalLM.from_pretrained(
                model.model_name_or_path, **init_kwargs(model, args.model_init_kwargs)
            )
            loaded.to("cuda" if torch.cuda.is_available() and not args.use_cpu else "cpu").eval()
            samples(
                report, sample(loaded, tokenizer, chosen, sampling, client, thinking=reward.thinking), reward.thinking
            )
            del loaded
            if how.check_step:
                one_step(report, rows, reward, args, model)
        except torch.OutOfMemoryError as error:
            report.trouble(f"out of memory: {str(error).splitlines()[0]}")
    if report.troubles:
        sys.stdout.write(f"no: {len(report.troubles)} to mend first\n")
        return 1
    sys.stdout.write("go\n")
    return 0


def references(report: Report, client: RewardClient, rows: Sequence[Row]) -> None:
    """Can every reference be used, and is it right about itself?"""
    found = check_references(client, rows)
    report.say("references  right about themselves: " + (_counted(found.verified) or "none could be asked"))
    if found.invalid:
        first = next(iter(found.invalid.items()))
        report.trouble(f"{len(found.invalid)} references cannot be used, the first in row {first[0]}: {first[1]}")
    for verifier, numbers in found.unequal.items():
        where = ", ".join(map(str, numbers[:SHOWN])) + (" …" if len(numbers) > SHOWN else "")
        report.say(f"references  {len(numbers)} of {verifier} are not accepted as their own answer (rows {where})")


def samples(report: Report, sampled: Sequence[Sampled], thinking: str | None = None) -> None:
    """What the model makes of the prompts before any training."""
    rates = [each.pass_rate for each in sampled if each.pass_rate is not None]
    if not rates:
        report.trouble("no completion could be verified: " + _reasons(sampled))
        return
    report.say("pass rate   " + "   ".join(f"{name}: {count}" for name, count in _histogram(rates).items()))
    texts = [text for each in sampled for text in each.texts]
    truncated = sum(cut for each in sampled for cut in each.truncated) / len(texts)
    opened = int(thinking == "prefilled")  # by the template, in the prompt
    unclosed = sum(opened + text.count(OPEN) > text.count(CLOSE) for text in texts) / len(texts)
    nulls = sum(v.reward is None for each in sampled for v in each.verdicts) / len(texts)
    report.say(
        f"completions unfinished {truncated:.0%}, thinking never closed {unclosed:.0%}, without verdict {nulls:.0%}"
    )
    report.say("failures    " + (_reasons(sampled) or "none"))
    mixed = sum(0 < rate < 1 for rate in rates) / len(rates)
    if mixed == 0:
        always = "right" if min(rates) == 1 else "wrong"
        report.trouble(f"every group is all {always}: there is nothing to learn from; change the data or the model")
    elif mixed < 0.1:
        report.say(f"only {mixed:.0%} of the groups are mixed: most of what is generated will teach nothing")
    if truncated > 0.5:
        report.trouble(f"{truncated:.0%} of the completions do not finish: raise max_completion_length")
    if nulls > 0.2:
        report.trouble(f"{nulls:.0%} of the completions get no verdict: {_reasons(sampled)}")


def one_step(report: Report, rows: Sequence[Row], reward: Any, args: Any, model: Any) -> None:
    """Does one optimizer step fit and move something?"""
    with tempfile.TemporaryDirectory() as folder:
        args.output_dir, args.max_steps, args.save_strategy = folder, 1, "no"
        args.report_to, args.eval_strategy, args.keep_rollouts = [], "no", False
        args.warmup_steps = 0
        # One update of full size is what has to fit; a rollout for sixteen of them would take sixteen times as long.
        args.dynamic_sampling = False
        update = args.per_device_train_batch_size * args.gradient_accumulation_steps * args.world_size
        if update % args.num_generations == 0:
            args.steps_per_generation = args.gradient_accumulation_steps
            args.generation_batch_size = update
        trainer = build(rows, reward, args, model)
        trainer.train()
        norms = [entry["grad_norm"] for entry in trainer.state.log_history if "grad_norm" in entry]
    peak = f", peak {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB" if torch.cuda.is_available() else ""
    report.say(f"one step    gradient norm {norms[0] if norms else float('nan'):.3g}{peak}")
    if norms and not norms[0] < float("inf"):
        report.trouble("the gradient is not finite")


def _histogram(rates: Sequence[float]) -> dict[str, int]:
    places = Counter(0 if rate == 0 else 5 if rate == 1 else 1 + min(3, int(rate * 4)) for rate in rates)
    return {name: places[place] for place, name in enumerate(BUCKETS)}


def _reasons(sampled: Sequence[Sampled]) -> str:
    failed = Counter(
        f"{verdict.outcome} {why(verdict)}"[:60].strip()
        for each in sampled
        for verdict in each.verdicts
        if verdict.reward != 1.0
    )
    return _counted(dict(failed.most_common(4)))


def _counted(counts: Any) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
