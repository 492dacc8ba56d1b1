"""Kept rollouts into pairs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trainer_client.pairs import PairRules, make, write


def rollout(completion: str, outcome: str, **fields: Any) -> dict[str, Any]:
    return {
        "prompt": '"p"', "completion": completion, "outcome": outcome, "group": "0", "step": 0, "tokens": 10,
        "truncated": False, "verifier": "math", "version": "1", "source": "s", **fields,
    }  # fmt: skip


def test_a_pair_is_a_right_and_a_wrong_completion_of_one_group() -> None:
    made = make(
        [
            rollout("a", "correct"),
            rollout("b", "incorrect"),
            rollout("c", "correct", group="1", prompt='"q"'),
            rollout("d", "incorrect", group="2", prompt='"r"'),
        ],
        PairRules(),
    )
    [pair] = made.dpo
    assert (pair["prompt"], pair["chosen"], pair["rejected"], pair["verifier"]) == ("p", "a", "b", "math")
    assert {(row["completion"], row["label"]) for row in made.kto} == {
        ("a", True), ("b", False), ("c", True), ("d", False),
    }  # fmt: skip
    assert [row["completion"] for row in made.sft] == ["a", "c"]


def test_nulls_limits_missing_answers_and_truncated_completions_are_neither() -> None:
    unfit = [
        rollout("b", "unavailable"),
        rollout("c", "invalid_task"),
        rollout("d", "limit_exceeded"),
        rollout("e", "no_answer"),
        rollout("f", "incorrect", truncated=True),
        rollout("g", "correct", truncated=True),
    ]
    made = make([rollout("a", "correct"), *unfit], PairRules())
    assert made.dpo == []
    assert [row["completion"] for row in made.kto] == ["a"]


def test_the_same_text_counts_once_and_a_prompt_gives_only_so_many_pairs() -> None:
    rows = [rollout("a", "correct"), rollout("a", "correct", group="1")]
    rows += [rollout(f"right {n}", "correct") for n in range(5)] + [
        rollout(f"wrong {n}", "incorrect") for n in range(5)
    ]
    made = make(rows, PairRules(per_prompt=3))
    assert len(made.dpo) == len(made.sft) == 3
    assert len({(pair["chosen"], pair["rejected"]) for pair in made.dpo}) == 3
    assert len({pair["rejected"] for pair in made.dpo}) == 3


def test_pairs_are_matched_in_length() -> None:
    rows = [
        rollout("right", "correct", tokens=100),
        rollout("short", "incorrect", tokens=10),
        rollout("alike", "incorrect", tokens=110),
    ]
    assert [pair["rejected"] for pair in make(rows, PairRules()).dpo] == ["alike"]
    assert make(rows[:2], PairRules(length_ratio=4)).dpo == []


def test_chats_stay_chats() -> None:
    prompt = json.dumps([{"role": "user", "content": "?"}])
    made = make([rollout("a", "correct", prompt=prompt), rollout("b", "incorrect", prompt=prompt)], PairRules())
    assert made.dpo[0]["chosen"] == [{"role": "assistant", "content": "a"}]
    assert made.dpo[0]["prompt"] == [{"role": "user", "content": "?"}]


def test_early_policies_can_be_left_out() -> None:
    rows = [rollout("a", "correct", step=1), rollout("b", "incorrect", step=1)]
    assert make(rows, PairRules(first_step=2)).dpo == []


def test_rows_are_written_whole(tmp_path: Path) -> None:
    made = make([rollout("½", "correct"), rollout("b", "incorrect")], PairRules())
    assert write(made, tmp_path / "out") == {"dpo": 1, "kto": 2, "sft": 1}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["dpo.jsonl", "kto.jsonl", "sft.jsonl"]
    assert json.loads((tmp_path / "out" / "dpo.jsonl").read_text())["chosen"] == "½"
