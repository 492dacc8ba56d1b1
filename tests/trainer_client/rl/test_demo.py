"""The demo through a real reward server: it runs, it learns, and faults cost it nothing but time."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trainer_client.extra import QUIET, need_trainer

need_trainer()
pytestmark = QUIET

import torch  # noqa: E402 - after the skip

from tests.trainer_client.faulty_server import COMMON_FAULTS, FaultyServer  # noqa: E402
from trainer_client.cli import main  # noqa: E402
from trainer_client.rl import demo  # noqa: E402
from trainer_client.rl.local_server import local_server  # noqa: E402
from trainer_client.rl.rollouts import read_rollouts  # noqa: E402


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    torch.set_num_threads(1)
    with local_server() as url:
        yield url


def right(prompt: str) -> str:
    """The answer to a prompt of the demo."""
    digits = sorted(prompt[2:-1])
    return digits[0] if prompt[0] == "m" else "".join(digits)


def test_the_demo_runs_from_the_command_line_and_starts_its_own_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--steps", "2", "--warm_up", "30", "--output_dir", str(tmp_path), "--seed", "3"]) == 0
    said = capsys.readouterr().out
    for words in ("reward server   http://127.0.0.1:", "pass@1", "mixed groups", "dpo rows", "DPO on pairs", "seconds"):
        assert words in said
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    rows = read_rollouts(tmp_path / "rl" / "rollouts")
    assert {row["verifier"] for row in rows} == {"math", "match"}
    exact = [row for row in rows if row["completion"] == right(json.loads(row["prompt"]))]
    assert exact and {row["outcome"] for row in exact} == {"correct"}
    assert {row["reward"] for row in rows if row["outcome"] == "incorrect" and row["tokens"] < 7} == {-1.0}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_pass_at_one_rises_by_thirty_points_in_thirty_steps(url: str, tmp_path: Path, seed: int) -> None:
    learned = demo.run(url, tmp_path, seed=seed)
    assert learned.curve[-1][0] == 30
    assert learned.curve[-1][1] - learned.curve[0][1] >= 0.30


@pytest.mark.slow
def test_with_one_request_in_twenty_failing_the_model_learns_the_same(url: str, tmp_path: Path) -> None:
    clean = demo.run(url, tmp_path / "clean", seed=0)
    (tmp_path / "faulty").mkdir()
    shutil.copytree(tmp_path / "clean" / "sft", tmp_path / "faulty" / "sft")
    with FaultyServer(upstream=url, fault_share=0.05, seed=1) as proxy:
        proxy.body_limit = 700  # a step is then some twenty requests, of which one fails
        faulty = demo.run(proxy.url, tmp_path / "faulty", seed=0, warm_up_steps=0)
        injected = Counter(word for word in proxy.faults.elements() if word != "ok")
    rows = read_rollouts(tmp_path / "faulty" / "rl" / "rollouts")
    false_zeros = [
        row for row in rows if row["outcome"] != "correct" and row["completion"] == right(json.loads(row["prompt"]))
    ]
    assert set(injected) == set(COMMON_FAULTS)  # every kind of them
    assert false_zeros == []
    assert sum(entry.get("outcome/unavailable", 0) for entry in faulty.history) == 0
    assert abs(faulty.curve[-1][1] - clean.curve[-1][1]) <= 0.05
