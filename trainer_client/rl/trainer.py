"""``VerifiedGRPOTrainer``: TRL's GRPO, trained on verdicts and never on failures.

What it adds, all by calling ``super()`` and editing what comes back (TRL 1.16; nothing of it is copied):

- *prefetch*: rewards are asked for when generation ends (``prefetch`` says when that gains anything);
- *dynamic sampling*: groups that teach nothing are replaced by fresh prompts (``groups.Sampling``), decided on
  verdicts and not on shaped rewards, so that a length penalty does not make an all-right group look mixed. Fresh
  prompts are drawn at random from the whole dataset, seeded by the step, and not from the coming batches. Ranks with
  more mixed groups than they need hand some to ranks with fewer;
- *faults*: a completion without a verdict has no advantage, no token in the loss, and no place in the group's
  baseline or in the normaliser. Micro-batches that hold nothing else make no optimizer step, for Adam would move the
  weights on a zero gradient. Losses that divide by rows are scaled to the rows that are left; their KL term,
  where there is one, is scaled too little by the same share;
- *outage*: when most of a batch is lost even after waiting, every rank raises ``RewardOutage`` at once, a checkpoint
  is written, and the same command resumes there.

Every decision is made from rows gathered over all ranks, so that all ranks make the same one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from accelerate.utils import gather_object
from torch.utils.data import IterableDataset
from trl import GRPOTrainer

from trainer_client.adapters.trl import OUTAGE_SHARE, Judged, RemoteReward
from trainer_client.errors import RewardClientError, RewardOutage
from trainer_client.rl import metrics
from trainer_client.rl.batches import ROW_NORMALISED, Batch, concatenate, loss_tokens, silence, take
from trainer_client.rl.config import VerifiedGRPOConfig
from trainer_client.rl.groups import Place, Row, Sampling
from trainer_client.rl.prefetch import Prefetch
from trainer_client.rl.rollouts import RolloutLog

Inputs = list[dict[str, Any]]


@dataclass
class Rollout:
    """One round: what this rank generated, and the rows of all ranks."""

    inputs: Inputs
    completions: list[Any]
    judged: list[Judged]
    batch: Batch
    rows: list[Row]
    wait_s: float


class VerifiedGRPOTrainer(GRPOTrainer):  # type: ignore[misc]  # TRL carries no type information
    """GRPO whose only reward function is a ``RemoteReward``. Takes ``GRPOTrainer``'s arguments but ``reward_funcs``."""

    def __init__(self, model: Any, reward: RemoteReward, args: VerifiedGRPOConfig, **kwargs: Any) -> None:
        """Raises ``ValueError`` for what cannot work."""
        if reward.deadline_s + reward.outage_s > args.ddp_timeout / 2:
            raise ValueError(
                f"deadline_s + outage_s is {reward.deadline_s + reward.outage_s:g} s, more than half of ddp_timeout "
                f"({args.ddp_timeout} s): one rank waiting for the server would end the others"
            )
        self._prefetch = Prefetch(reward)
        self._inputs: Inputs = []
        self._completions: list[Any] = []
        self._some_null = False
        self._window_live = False
        super().__init__(model=model, reward_funcs=[self._prefetch], args=args, **kwargs)
        if args.dynamic_sampling:
            self._check_dynamic_sampling()
        reward.max_completion_length = self.max_completion_length
        reward.eos_token_ids = frozenset({*self.eos_token_ids, self._tokenizer.pad_token_id})
        self._log_file = RolloutLog(args.output_dir, self.accelerator.process_index) if args.keep_rollouts else None

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """Like ``Trainer.train``; an outage is raised after a checkpoint of the last finished step was written."""
        try:
            return super().train(*args, **kwargs)
        except RewardOutage:
            self.accelerator.gradient_state._set_sync_gradients(True)
            self.optimizer.zero_grad()
            self._save_checkpoint(self.model, trial=None)
            raise
        finally:
            self.disconnect()

    def disconnect(self) -> None:
        """Close the connections to the reward server; they are opened again where needed."""
        asyncio.run_coroutine_threadsafe(self._prefetch.reward.aclose(), self.async_loop).result()

    def _generate_and_score_completions(self, inputs: Inputs) -> Batch:
        first = self._roll(inputs)
        rounds, size = [first], self.num_generations
        batch, mine, chosen = first.batch, self._of_rank(first), None
        training = self.model.training
        if training and self.args.dynamic_sampling:
            chosen = self._sample_mixed(rounds)
            mine = [row for place in chosen[self._rank] for row in self._of_place(rounds, place)]
            if len(rounds) > 1:
                batch = self._assemble(rounds, chosen)
        rows = [row for each in rounds for row in each.rows]
        self._note(metrics.summary(rows, size))
        self._note(
            {
                "rollouts/rounds": len(rounds),
                "rollouts/generated": len(rows),
                "rollouts/trained": len(first.rows),
                "rollouts/reward_wait_s": sum(each.wait_s for each in rounds),
            }
        )
        if training:
            self._leave_out_nulls(mine, batch, recount=len(rounds) > 1)
            if self._log_file is not None:
                self._log_file.write(rounds, chosen, size, self.state.global_step)
        return batch

    @property
    def _rank(self) -> int:
        return int(self.accelerator.process_index)

    def _of_rank(self, rollout: Rollout) -> list[Row]:
        """The rows of ``rollout`` that are this rank's own."""
        mine = len(rollout.judged)
        return rollout.rows[self._rank * mine : (self._rank + 1) * mine]

    def _of_place(self, rounds: Sequence[Rollout], place: Place) -> list[Row]:
        """The rows of one group, on whichever rank it was generated."""
        size, each = self.num_generations, rounds[place.round]
        at = place.rank * len(each.judged) + place.group * size
        return each.rows[at : at + size]

    def _roll(self, inputs: Inputs) -> Rollout:
        """Generate and score one round. Raises, on all ranks alike, when there are no verdicts to train on."""
        self._inputs = inputs
        batch = super()._generate_and_score_completions(inputs)
        judged = self._prefetch.judged
        source = self.args.source_column
        mine = [Row.of(each, str(row.get(source, ""))) for each, row in zip(judged, inputs, strict=True)]
        rows = gather_object(mine)
        self._raise_together(self._prefetch.error)
        lost = sum(row.lost for row in rows)
        if lost > OUTAGE_SHARE * len(rows):
            causes = ", ".join(sorted({row.reason for row in rows if row.lost}))
            raise RewardOutage(f"{lost} of {len(rows)} completions have no verdict ({causes})")
        return Rollout(inputs, self._completions, judged, batch, rows, self._prefetch.wait_s)

    def _raise_together(self, error: Exception | None) -> None:
        """Raise on every rank where one has an ``error``: its own, or else the words of another's."""
        said = gather_object([None if error is None else str(error)])  # words, for not every exception can be pickled
        if error is not None:
            raise error
        for rank, words in enumerate(said):
            if words is not None:
                raise RewardClientError(f"rank {rank}: {words}")

    def _generate(self, prompts: list[Any]) -> Any:
        generated = super()._generate(prompts)
        _, completion_ids, _, self._completions, _, extra, *_ = generated
        columns = {name: [row[name] for row in self._inputs] for name in self._inputs[0] if name != "prompt"}
        columns |= {name: values for name, values in extra.items() if isinstance(values, list)}
        self._prefetch.submit(
            self.async_loop, prompts, self._completions, completion_ids, columns, self.state.global_step
        )
        return generated

    def _sample_mixed(self, rounds: list[Rollout]) -> list[list[Place]]:
        """Add rounds until there is a batch of mixed groups for every rank; the groups that each rank trains on."""
        size = self.num_generations
        ranks = self.accelerator.num_processes
        sampling = Sampling(ranks=ranks, size=size, needed=len(rounds[0].inputs) // size)
        sampling.add(rounds[0].rows)
        while len(rounds) < self.args.max_rounds and (wanted := sampling.wanted()):
            if self._some_rank_is_cut_off(rounds[-1]):
                break
            rounds.append(self._roll(self._fresh(wanted, len(rounds))))
            sampling.add(rounds[-1].rows)
        chosen, topped_up = sampling.choose()
        total = sampling.needed * ranks
        self._note({"groups/trained_mixed": total - topped_up, "groups/topped_up": topped_up})
        return chosen

    def _some_rank_is_cut_off(self, rollout: Rollout) -> bool:
        """Whether a rank waited in vain for its server: a further round would wait as long again."""
        mine = len(rollout.judged)
        shares = [rollout.rows[at : at + mine] for at in range(0, len(rollout.rows), mine)]
        return any(sum(row.lost for row in share) > OUTAGE_SHARE * mine for share in shares)

    def _fresh(self, groups: int, round: int) -> Inputs:
        """Rows for ``groups`` further groups of this rank, the same on a resumed run as on the first."""
        ranks, rank = self.accelerator.num_processes, self._rank
        draw = random.Random(f"{self.args.seed}-{self.state.global_step}-{self._step}-{round}")
        total = len(self.train_dataset)
        drawn = draw.sample(range(total), groups * ranks) if groups * ranks <= total else None
        drawn = drawn or [draw.randrange(total) for _ in range(groups * ranks)]
        return [
            dict(self.train_dataset[index])
            for index in drawn[rank * groups : (rank + 1) * groups]
            for _ in range(self.num_generations)
        ]

    def _assemble(self, rounds: Sequence[Rollout], chosen: Sequence[Sequence[Place]]) -> Batch:
        """The rows of the groups that were chosen for this rank, those of other ranks among them."""
        size = self.num_generations

        def rows(place: Place) -> Batch:
            return take(rounds[place.round].batch, range(place.group * size, (place.group + 1) * size))

        given = {
            place: {key: value.cpu() for key, value in rows(place).items()}
            for rank, places in enumerate(chosen)
            for place in places
            if place.rank == self._rank != rank
        }
        taken = {place: batch for each in gather_object([given]) for place, batch in each.items()}
        device = self.accelerator.device
        return concatenate(
            [
                {key: value.to(device) for key, value in taken[place].items()} if place in taken else rows(place)
                for place in chosen[self._rank]
            ]
        )

    def _leave_out_nulls(self, mine: Sequence[Row], batch: Batch, *, recount: bool) -> None:
        """Silence the rows of ``batch`` that have no verdict, and count anew what the loss is divided by."""
        nulls = [row.value is None for row in mine]
        rewards = [row.reward for row in mine if row.reward is not None]
        told = torch.tensor(gather_object([len(rewards), len(mine), sum(rewards)]), dtype=torch.float64)
        live, total, reward = told.view(-1, 3).sum(dim=0).tolist()
        self._some_null = live < total
        if self._some_null:
            silence(batch, nulls)
            if self.args.loss_type in ROW_NORMALISED and live:
                batch["advantages"] = batch["advantages"] * (total / live)
        if self._some_null or recount:
            batch["num_items_in_batch"] = self.accelerator.gather(loss_tokens(batch)).sum()
        self._note({"rollouts/reward_kept": reward / live if live else float("nan")})

    def _compute_loss(self, model: Any, inputs: Batch) -> torch.Tensor:
        if self.model.training and not self._window_live:
            live = self.accelerator.reduce(loss_tokens(inputs), reduction="sum") if self._some_null else 1
            self._window_live = bool(live > 0)
        loss: torch.Tensor = super()._compute_loss(model, inputs)
        return loss

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """One micro-batch. Where a whole optimizer step has no verdict, its gradients are dropped, not zeroed."""
        loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)
        if self.accelerator.sync_gradients:
            if not self._window_live:
                model.zero_grad(set_to_none=True)
            self._note({"rollouts/step_skipped": float(not self._window_live)})
            self._window_live = False
        return loss

    def _note(self, measures: dict[str, float]) -> None:
        mode = "train" if self.model.training else "eval"
        for name, value in measures.items():
            self._metrics[mode][name].append(float(value))

    def _check_dynamic_sampling(self) -> None:
        rows = self.args.per_device_train_batch_size * self.args.steps_per_generation
        if rows % self.num_generations:
            raise ValueError(
                f"dynamic sampling needs whole groups on each rank: {rows} rows per rank are no multiple of "
                f"num_generations ({self.num_generations})"
            )
        if isinstance(self.train_dataset, IterableDataset) or not hasattr(self.train_dataset, "__len__"):
            raise ValueError("dynamic sampling draws rows by number, and this dataset is a stream")
