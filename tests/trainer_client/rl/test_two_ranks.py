"""Two gloo ranks on a processor: what they decide, they decide together."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.trainer_client.extra import need_trainer
from tests.trainer_client.faulty_server import FaultyServer

need_trainer()

from tests.trainer_client.rl.build import by_first_symbol, null, verdict  # noqa: E402 - after the skip
from trainer_client.rl.rollouts import read_rollouts  # noqa: E402

Run = Callable[..., list[dict[str, Any]]]
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def pair() -> Iterator[list[subprocess.Popen[str]]]:
    """Two ranks that wait for work."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    ranks = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.trainer_client.rl.two_ranks"],
            cwd=ROOT,
            env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    yield ranks
    for rank in ranks:
        rank.kill()
        rank.communicate()


@pytest.fixture
def run(pair: list[subprocess.Popen[str]], tmp_path: Path) -> Iterator[Run]:
    """Train on two ranks, each with its URL; what each wrote down."""

    def run(urls: list[str], reward: dict[str, Any] | None = None, **changes: Any) -> list[dict[str, Any]]:
        line = json.dumps([str(tmp_path), urls, reward or {}, {"per_device_train_batch_size": 8, **changes}])
        for rank in pair:
            assert rank.stdin is not None
            rank.stdin.write(line + "\n")
            rank.stdin.flush()
        for rank in pair:
            said = []
            for answer in rank.stdout or ():
                said.append(answer)
                if answer == "finished\n":
                    break
            else:
                rest = "".join(other.stdout.read() for other in pair if other is not rank and other.stdout)
                pytest.fail("".join(said) + "\nthe other rank:\n" + rest)
        return [json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in range(2)]

    def kill() -> None:
        for rank in pair:
            rank.kill()

    deadlock = threading.Timer(200, kill)
    deadlock.start()
    yield run
    deadlock.cancel()


def test_a_group_spread_over_two_ranks_is_scored_and_normalised_as_one(
    server: FaultyServer, run: Run, tmp_path: Path
) -> None:
    ranks = run([server.url] * 2, per_device_train_batch_size=6, num_generations=4, max_steps=2)
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
    assert [len({row["group"] for row in group}) for group in groups.values()] == [1] * 6
    assert len({row["group"] for row in rows}) == 6
    for group in groups.values():
        mean = sum(row["reward"] for row in group) / 4
        assert all((row["advantage"] > 0) == (row["reward"] > mean) for row in group)


def test_a_failing_server_of_one_rank_does_not_deadlock_the_other(
    server: FaultyServer, run: Run, tmp_path: Path
) -> None:
    with FaultyServer() as gone:
        dead = gone.url
    ranks = run([server.url, dead], {"deadline_s": 0.5, "outage_s": 1.0}, max_steps=2)
    assert [rank["end"] for rank in ranks] == ["done", "done"]
    assert ranks[0]["weights"] == ranks[1]["weights"]
    assert [entry["outcome/unavailable"] for entry in ranks[0]["history"]] == [0.5, 0.5]
    assert {row["reward"] for row in read_rollouts(tmp_path / "rollouts") if row["rank"] == 1} == {None}


def test_an_outage_ends_both_ranks_alike(server: FaultyServer, run: Run, tmp_path: Path) -> None:
    server.judge = lambda item, completion: (
        null(retryable=True) if item["meta"]["step"] == 1 else by_first_symbol(item, completion)
    )
    ranks = run([server.url] * 2, {"deadline_s": 0.5, "outage_s": 0.5}, max_steps=3)
    assert [(rank["end"], rank["step"]) for rank in ranks] == [("outage", 1)] * 2
    assert (tmp_path / "checkpoint-1").is_dir()


def test_what_the_server_refuses_one_rank_ends_both(server: FaultyServer, run: Run, tmp_path: Path) -> None:
    with FaultyServer() as refusing:
        refusing.always = "422"
        ranks = run([server.url, refusing.url], max_steps=2)
    assert ["no verifier is called 'toyy'" in rank["end"] for rank in ranks] == [True, True]
    assert ranks[0]["end"].startswith("rank 1: ")


def test_dynamic_sampling_agrees_across_ranks_and_one_helps_the_other(
    server: FaultyServer, run: Run, tmp_path: Path
) -> None:
    server.judge = lambda item, completion: (
        verdict(True) if item["meta"]["rank"] == 1 else by_first_symbol(item, completion)
    )
    ranks = run([server.url] * 2, dynamic_sampling=True, max_steps=3)
    assert [rank["end"] for rank in ranks] == ["done", "done"]
    assert ranks[0]["weights"] == ranks[1]["weights"]
    rows = [row for row in read_rollouts(tmp_path / "rollouts") if row["kept"]]
    groups = defaultdict(set)
    for row in rows:
        groups[row["group"]].add(row["value"])
    mixed = sum(len(values) == 2 for values in groups.values())
    assert len(rows) == 3 * 16 and len(groups) == 12
    assert mixed == sum(entry["groups/trained_mixed"] for entry in ranks[0]["history"]) >= 11
    assert max(entry["rollouts/rounds"] for entry in ranks[0]["history"]) > 1
    # rank 1 never sees a mixed group of its own: what it trains on was generated on rank 0
    assert Counter(row["rank"] for row in rows if len(groups[row["group"]]) == 2) == {0: 4 * mixed}
    trained = [text for rank in ranks for text in rank["assembled"]]
    assert len(ranks[1]["assembled"]) == 24
    assert Counter(trained) == Counter(row["completion"] for row in rows)


def test_a_rank_that_is_cut_off_is_not_waited_for_round_after_round(
    server: FaultyServer, run: Run, tmp_path: Path
) -> None:
    with FaultyServer() as gone:
        dead = gone.url
    reward = {"deadline_s": 0.5, "outage_s": 1.0}
    ranks = run([server.url, dead], reward, dynamic_sampling=True, max_steps=1)
    assert [rank["end"] for rank in ranks] == ["done", "done"]
    assert ranks[0]["history"][0]["rollouts/rounds"] == 1
