"""``reward-trainer pipeline``: SFT → RL with verifiable rewards → pairs → DPO, from one YAML with a section for each.

::

    output_dir: runs/first          # each stage writes to a folder of its name in here
    model_name_or_path: Qwen/Qwen3-0.6B-Base
    launch: accelerate launch --num_processes 8   # optional, put before the stages that train
    sft: {dataset: warm_up.jsonl, …}
    rl: {preset: dapo, dataset: train.jsonl, reward_url: http://…, …}
    pairs: {per_prompt: 2}
    dpo: {beta: 0.1, …}

GRPO is the optimiser and verification the source of the reward, so RL and RLVR are one stage. Each stage is a process
of its own, which gives the memory of the GPU back, and starts from the model of the stage before. A finished stage is
not run again; a section that is left out is a stage that is left out.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer_client.errors import ConfigError
from trainer_client.yaml_file import read_mapping

STAGES = ("sft", "rl", "pairs", "dpo")
TRAINED = ("sft", "rl", "dpo")
DONE = "done"


def main(argv: Sequence[str]) -> int:
    """Run the stages that are not done yet; the exit code of the first that fails. Raises ``ConfigError``."""
    parser = argparse.ArgumentParser(prog="reward-trainer pipeline", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    stages = plan(read(parser.parse_args(argv).config))
    for folder, command, config in stages:
        if (folder / DONE).exists():
            sys.stdout.write(f"{folder.name}: done before\n")
            continue
        folder.mkdir(parents=True, exist_ok=True)
        _write_yaml(folder / "config.yaml", config)
        sys.stdout.write(f"{folder.name}: {shlex.join(command)}\n")
        sys.stdout.flush()
        code = subprocess.run(command, check=False).returncode
        if code:
            return code
        (folder / DONE).touch()
    return 0


def read(path: Path) -> dict[str, Any]:
    """The YAML. Raises ``ConfigError``."""
    held = read_mapping(path)
    unknown = sorted(set(held) - {*STAGES, "output_dir", "model_name_or_path", "launch"})
    if unknown:
        raise ConfigError(f"unknown key {unknown[0]!r}: a pipeline has {', '.join(STAGES)}")
    missing = [name for name in ("output_dir", "model_name_or_path") if not held.get(name)]
    if missing:
        raise ConfigError(f"{missing[0]} is missing")
    return held


def plan(config: dict[str, Any]) -> list[tuple[Path, list[str], dict[str, Any]]]:
    """For each stage its folder, its command and its config. Raises ``ConfigError``."""
    root = Path(config["output_dir"])
    model = config["model_name_or_path"]
    launch = shlex.split(config.get("launch") or sys.executable)
    planned = []
    for stage in STAGES:
        if stage not in config:
            continue
        folder = root / stage
        own: dict[str, Any] = {"output_dir": str(folder), **(config[stage] or {})}
        if stage == "pairs":
            own.setdefault("rollouts", str(root / "rl" / "rollouts"))
        else:
            own.setdefault("model_name_or_path", model)
        if stage == "dpo":
            own.setdefault("dataset", str(root / "pairs" / "dpo.jsonl"))
        if stage == "dpo" and "pairs" not in config and "dataset" not in (config[stage] or {}):
            raise ConfigError("dpo needs pairs: add that section, or a dataset")
        runner = launch if stage in TRAINED else [sys.executable]
        planned.append(
            (folder, [*runner, "-m", "trainer_client.cli", stage, "--config", str(folder / "config.yaml")], own)
        )
        if stage in TRAINED:
            model = own["output_dir"]
    return planned


def _write_yaml(path: Path, config: dict[str, Any]) -> None:
    import yaml  # lazily: it comes with the trainer extra

    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
