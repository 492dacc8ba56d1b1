"""Two gloo ranks on a processor: what they decide, they decide together."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.trainer_client.extra import need_trainer
from tests.trainer_client.faulty_server import FaultyServer

need_trainer()

from tests.trainer_client.rl.build import by_first_symbol, null, verdict  # noqa: E402 - after the skip
from trainer_client.rl.rollouts import read_rollouts  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        server.judge = by_first_symbol
        yield server


def run(folder: Path, urls: list[str], reward: dict[str, Any] | None = None, **changes: Any) -> list[dict[str, Any]]:
    """Train on two ranks; what each wrote down."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = [json.dumps(each) for each in (urls, reward or {}, {"per_device_train_batch_size": 8, **changes})]
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    ranks = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.trainer_client.rl.two_ranks", str(folder), *told],
            cwd=ROOT,
            env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    outputs = [rank.communicate(timeout=240)[0] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], outputs
    return [json.loads((folder / f"rank-{rank}.json").read_text()) for rank in range(2)]


def test_a_group_spread_over_two_ranks_is_scored_and_normalised_as_one(server: FaultyServer, tmp_path: Path) -> None:
    ranks = run(tmp_path, [server.url] * 2, per_device_train_batch_size=6, num_generations=4, max_steps=2)
    assert ranks[0]["weights"] == ranks[1]["weights"]
    rows = read_rollouts(tmp_path / "rollouts")
    assert len(rows) == 24
    assert all(row["reward"] == by_first_symbol({}, row["completion"])["reward"] for row in rows)
    groups = defaultdict(list)
    for step in (0, 1):
        ordered = [row for rank in (0, 1) for row in rows if (row["step"], row["rank"]) == (step, rank)]
        for place, row in enumerate(ordered):
            groups[step, place // 4].append(row)
    assert {len({row["prompt"] for row in group}) for group in groups.values()} == {1}
    for group in groups.values():
        mean = sum(row["reward"] for row in group) / 4
        assert all((row["advantage"] > 0) == (row["reward"] > mean) for row in group)


def test_a_failing_server_of_one_rank_does_not_deadlock_the_other(server: FaultyServer, tmp_path: Path) -> None:
    with FaultyServer() as gone:
        dead = gone.url
    ranks = run(tmp_path, [server.url, dead], {"deadline_s": 0.5, "outage_s": 1.0}, max_steps=2)
    assert [rank["end"] for rank in ranks] == ["done", "done"]
    assert ranks[0]["weights"] == ranks[1]["weights"]
    assert [entry["outcome/unavailable"] for entry in ranks[0]["history"]] == [0.5, 0.5]
    assert {row["reward"] for row in read_rollouts(tmp_path / "rollouts") if row["rank"] == 1} == {None}


def test_an_outage_ends_both_ranks_alike(server: FaultyServer, tmp_path: Path) -> None:
    server.judge = lambda item, completion: (
        null(retryable=True) if item["meta"]["step"] == 1 else by_first_symbol(item, completion)
    )
    ranks = run(tmp_path, [server.url] * 2, {"deadline_s": 0.5, "outage_s": 0.5}, max_steps=3)
    assert [(rank["end"], rank["step"]) for rank in ranks] == [("outage", 1)] * 2
    assert (tmp_path / "checkpoint-1").is_dir()


def test_dynamic_sampling_agrees_across_ranks(server: FaultyServer, tmp_path: Path) -> None:
    server.judge = lambda item, completion: (
        verdict(True) if item["verifier"] == "math" else by_first_symbol(item, completion)
    )
    ranks = run(tmp_path, [server.url] * 2, dynamic_sampling=True, max_steps=3)
    assert [rank["end"] for rank in ranks] == ["done", "done"]
    assert ranks[0]["weights"] == ranks[1]["weights"]
    rows = [row for row in read_rollouts(tmp_path / "rollouts") if row["kept"]]
    groups = defaultdict(set)
    for row in rows:
        groups[row["group"]].add(row["value"])
    mixed = sum(len(values) == 2 for values in groups.values())
    assert len(rows) == 3 * 16 and {row["rank"] for row in rows} == {0, 1}
    assert mixed == sum(entry["groups/trained_mixed"] for entry in ranks[0]["history"]) >= 11
    assert max(entry["rollouts/rounds"] for entry in ranks[0]["history"]) > 1
