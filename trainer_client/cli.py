"""``reward-trainer``: SFT, reinforcement learning with verifiable rewards, preference pairs, DPO.

Each command takes one YAML (``--config``) and flags, which win over it; the names are TRL's. Exit codes: 0 done,
1 ``check`` says no, 2 what was asked cannot be run, 75 the reward server stayed away (run the same command again).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence

from trainer_client.errors import RewardClientError, RewardOutage

COMMANDS: dict[str, tuple[str, str]] = {
    "sft": ("trainer_client.sft", "fine-tune on prompts with completions"),
    "rl": ("trainer_client.rl.run", "train on verifiable rewards: GRPO, DAPO, Dr. GRPO, GSPO, CISPO"),
    "pairs": ("trainer_client.pairs", "make DPO pairs, KTO rows and SFT rows from kept rollouts"),
    "dpo": ("trainer_client.dpo", "train on preference pairs"),
    "pipeline": ("trainer_client.pipeline", "sft, rl, pairs and dpo from one YAML, each stage on the one before"),
    "eval": ("trainer_client.rl.evaluate", "pass@1 of a model on a dataset, by the reward server"),
    "check": ("trainer_client.rl.check", "everything that can go wrong, before the GPU bill"),
    "demo": ("trainer_client.rl.demo", "a tiny model learns through a real reward server, in two minutes"),
}
EXIT_CANNOT = 2
EXIT_OUTAGE = 75
"""EX_TEMPFAIL of sysexits.h."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit code. What is raised on purpose becomes one line."""
    given = list(sys.argv[1:] if argv is None else argv)
    if not given or given[0] in ("-h", "--help"):
        _say(_usage())
        return 0 if given else EXIT_CANNOT
    if given[0] not in COMMANDS:
        return _fail(f"unknown command {given[0]!r}: {', '.join(COMMANDS)}")
    try:
        command: Callable[[Sequence[str]], int] = importlib.import_module(COMMANDS[given[0]][0]).main
    except ModuleNotFoundError as error:
        return _fail(
            f"{given[0]} needs the trainer extra ({error.name} is missing): pip install 'reward-server[trainer]'"
        )
    try:
        return command(given[1:])
    except RewardOutage as error:
        return _fail(f"{error}. The same command resumes from the checkpoint just written.", EXIT_OUTAGE)
    except RewardClientError as error:
        return _fail(str(error))


def _fail(message: str, code: int = EXIT_CANNOT) -> int:
    sys.stderr.write(f"reward-trainer: {message}\n")
    return code


def _say(text: str) -> None:
    sys.stdout.write(text)


def _usage() -> str:
    lines = [f"  {name:<9} {what}\n" for name, (_, what) in COMMANDS.items()]
    return "usage: reward-trainer COMMAND [--config FILE.yaml] [--flag VALUE …]\n\n" + "".join(lines)


if __name__ == "__main__":
    sys.exit(main())
