"""One rank of a distributed run, under torchrun's environment: a run for each line of its input.

A line is ``[folder, [url of each rank], arguments of RemoteReward, arguments of the trainer]``. Importing torch takes
longer than such a run, so one pair of processes makes them all.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from accelerate import PartialState

from tests.trainer_client.rl.build import trainer
from trainer_client.errors import RewardClientError, RewardOutage


def main(folder: Path, urls: list[str], reward: dict[str, Any], changes: dict[str, Any]) -> None:
    """Train, and write down how it ended."""
    rank = int(os.environ["RANK"])
    made = trainer(SimpleNamespace(url=urls[rank]), folder, reward=reward, **changes)  # type: ignore[arg-type]  # a URL is all it uses
    assembled: list[str] = []
    assemble = made._assemble

    def remembered(*given: Any) -> Any:
        batch = assemble(*given)
        rows = zip(batch["completion_ids"], batch["completion_mask"].bool(), strict=True)
        assembled.extend(made.processing_class.decode(ids[mask], skip_special_tokens=True) for ids, mask in rows)
        return batch

    made._assemble = remembered  # type: ignore[method-assign,assignment]  # to see what it makes
    end = "done"
    try:
        made.train()
    except RewardOutage:
        end = "outage"
    except RewardClientError as error:
        end = str(error)
    history = [{k: v for k, v in entry.items() if "/" in k} for entry in made.state.log_history if "loss" in entry]
    weights = sum(float(p.detach().abs().sum()) for p in made.model.parameters())
    told = {"end": end, "step": made.state.global_step, "history": history, "weights": weights, "assembled": assembled}
    (folder / f"rank-{rank}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    PartialState(cpu=True)  # joins the two before either makes anything
    for line in sys.stdin:
        folder, *told = json.loads(line)
        main(Path(folder), *told)
        print("finished", flush=True)  # noqa: T201 - to whoever wrote the line
