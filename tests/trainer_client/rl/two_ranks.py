"""One rank of a distributed run: ``python two_ranks.py FOLDER URL KEY=VALUE…`` under torchrun's environment."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.trainer_client.rl.build import trainer
from trainer_client.errors import RewardOutage


def main(folder: Path, urls: list[str], reward: dict[str, Any], changes: dict[str, Any]) -> None:
    """Train, and write down how it ended."""
    rank = int(os.environ["RANK"])
    made = trainer(SimpleNamespace(url=urls[rank]), folder, reward=reward, **changes)  # type: ignore[arg-type]  # a URL is all it uses
    end = "done"
    try:
        made.train()
    except RewardOutage:
        end = "outage"
    history = [{k: v for k, v in entry.items() if "/" in k} for entry in made.state.log_history if "loss" in entry]
    weights = sum(float(p.detach().abs().sum()) for p in made.model.parameters())
    told = {"end": end, "step": made.state.global_step, "history": history, "weights": weights}
    (folder / f"rank-{rank}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(json.loads, sys.argv[2:]))
