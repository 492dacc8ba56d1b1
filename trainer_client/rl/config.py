"""What ``reward-trainer rl`` can be told beyond TRL's own arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from trl import GRPOConfig

from trainer_client.adapters.trl import RemoteReward
from trainer_client.shaping import Shaping


def _option(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass
class VerifiedGRPOConfig(GRPOConfig):  # type: ignore[misc]  # TRL carries no type information
    """``GRPOConfig`` and what ``VerifiedGRPOTrainer`` adds to it."""

    preset: str | None = _option(None, "Algorithm: grpo, dapo, dr_grpo, gspo or cispo. Its values are defaults.")
    updates_per_rollout: int = _option(
        1, "Optimizer steps taken on one batch of rollouts; clipping acts from 2 on. Sets steps_per_generation."
    )
    steps_per_generation: int | None = _option(
        None, "Micro-batches in one batch of rollouts. Default: updates_per_rollout * gradient_accumulation_steps."
    )
    dynamic_sampling: bool = _option(
        False, "Replace groups whose verdicts are all equal by fresh prompts, as DAPO does."
    )
    max_rounds: int = _option(10, "Rounds of sampling for one batch, the first included; then it is topped up.")
    keep_rollouts: bool = _option(True, "Keep every rollout with its verdict under OUTPUT_DIR/rollouts.")
    source_column: str = _option("source", "Column that names where a row comes from; pass rates are given by it.")
    resume: str = _option("auto", "auto: go on from the last checkpoint in OUTPUT_DIR; never; or a checkpoint's path.")

    def __post_init__(self) -> None:
        """Derive ``steps_per_generation``. Raises ``ValueError``."""
        if self.updates_per_rollout < 1 or self.max_rounds < 1:
            raise ValueError("updates_per_rollout and max_rounds start at 1")
        if self.steps_per_generation is None and self.generation_batch_size is None:
            self.steps_per_generation = self.updates_per_rollout * self.gradient_accumulation_steps
        super().__post_init__()


@dataclass
class RewardArguments:
    """Where rewards come from, and how verdicts become numbers."""

    reward_url: str | None = _option(None, "URL of the reward server. Its key is read from REWARD_API_KEY.")
    use: Literal["reward", "score"] = _option("reward", "reward: 0 or 1; score: the share that was right.")
    signed: bool = _option(False, "Map 0..1 to -1..1.")
    overlong_cache: int | None = _option(None, "Tokens before the longest completion over which punishment grows.")
    overlong_share: float | None = _option(None, "The same as a share of max_completion_length.")
    format_markers: list[str] | None = _option(None, "Texts that a completion holds once each, in this order.")
    format_weight: float | None = _option(None, "Reward for the markers; without it they gate the reward.")
    thinking: Literal["auto", "prefilled", "none"] | None = _option(None, "How the completion opens its thinking.")
    deadline_s: float = _option(120.0, "Seconds for one asking, retries included.")
    outage_s: float = _option(600.0, "Seconds to wait for a server that is down before saving and leaving.")
    run: str | None = _option(None, "Label of this experiment on the server. Default: the name of OUTPUT_DIR.")

    def shaping(self, longest: int | None) -> Shaping:
        """How verdicts become rewards when completions may have ``longest`` tokens."""
        cache = self.overlong_cache
        if cache is None and self.overlong_share is not None and longest is not None:
            cache = max(1, round(self.overlong_share * longest))
        return Shaping(
            use=self.use,
            signed=self.signed,
            overlong=(longest, cache) if cache is not None and longest is not None else None,
            format_markers=tuple(self.format_markers or ()),
            format="gate" if self.format_weight is None else self.format_weight,
        )

    def build(self, longest: int | None, run: str) -> RemoteReward:
        """The reward function for rows as ``trainer_client.data`` makes them. Raises ``ValueError``."""
        if not self.reward_url:
            raise ValueError("reward_url is missing: where does the reward server listen?")
        return RemoteReward(
            self.reward_url,
            verifier_column="verifier",
            reference="answer",
            params_column="params",
            shaping=self.shaping(longest),
            thinking=self.thinking,
            deadline_s=self.deadline_s,
            outage_s=self.outage_s,
            client={"run": self.run or run},
        )
