"""Algorithms by name: the arguments that a paper states, as defaults (preset < YAML < flag).

Each entry says what differs from its paper. Sizes (group, batch, lengths) are the machine's and not the algorithm's, so
they are left to the config; learning rates too, but for the clip they were tuned with.

Clipping needs several updates per rollout: with one, TRL takes the ratio as exactly 1 and no ``epsilon`` does anything.
``updates_per_rollout`` is therefore part of a preset.
"""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # DeepSeekMath, arXiv 2402.03300: loss averaged over each answer and then over answers, advantages divided by the
    # group's deviation, KL 0.04 to the start in the loss, one update per rollout. Its group size is 64. The paper
    # names no epsilon; 0.2 is PPO's, and with one update it never acts. Many leave the KL out today (beta: 0.0), which
    # also saves the reference model.
    "grpo": {
        "loss_type": "grpo",
        "scale_rewards": "group",
        "epsilon": 0.2,
        "beta": 0.04,
        "updates_per_rollout": 1,
    },
    # DAPO, arXiv 2503.14476: clip-higher, token-level loss, no KL, dynamic sampling, rewards of -1 and 1 with soft
    # overlong punishment (its 4096 of 20480 tokens are a fifth of the longest completion), 16 updates per rollout.
    # Differs: a batch still short after max_rounds is topped up. Overlong filtering is not on, as in the best run.
    "dapo": {
        "loss_type": "dapo",
        "scale_rewards": "group",
        "epsilon": 0.2,
        "epsilon_high": 0.28,
        "beta": 0.0,
        "updates_per_rollout": 16,
        "dynamic_sampling": True,
        "max_rounds": 10,
        "signed": True,
        "overlong_share": 0.2,
    },
    # Dr. GRPO, arXiv 2503.20783: no division by the deviation nor by the answer's length (TRL divides by the longest
    # completion, a constant), no KL.
    "dr_grpo": {
        "loss_type": "dr_grpo",
        "scale_rewards": "none",
        "epsilon": 0.2,
        "beta": 0.0,
        "updates_per_rollout": 1,
    },
    # GSPO, arXiv 2507.18071: the ratio of the whole answer (its geometric mean over tokens), clipped at 3e-4 and 4e-4,
    # four updates per rollout, no KL. In TRL it is not a loss type but a level of importance sampling.
    "gspo": {
        "loss_type": "grpo",
        "importance_sampling_level": "sequence",
        "scale_rewards": "group",
        "epsilon": 3e-4,
        "epsilon_high": 4e-4,
        "beta": 0.0,
        "updates_per_rollout": 4,
    },
    # CISPO (MiniMax-M1), arXiv 2506.13585: the ratio itself is cut from above and every token keeps its gradient; no
    # KL, 16 updates per rollout. TRL takes epsilon_high as the largest ratio; the paper gives no number, and 5.0 is
    # that of ScaleRL (arXiv 2510.13786). Differs: the paper also samples dynamically and punishes length, both as DAPO;
    # here that is left to dynamic_sampling, signed and overlong_share.
    "cispo": {
        "loss_type": "cispo",
        "scale_rewards": "group",
        "epsilon_high": 5.0,
        "beta": 0.0,
        "updates_per_rollout": 16,
    },
}
