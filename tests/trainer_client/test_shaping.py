"""Verdicts to numbers."""

from __future__ import annotations

import pytest

from trainer_client.shaping import Shaping, in_order
from trainer_client.wire import Outcome, Verdict, null

RIGHT = Verdict(outcome=Outcome.CORRECT, reward=1.0, score=1.0)
PARTLY = Verdict(outcome=Outcome.INCORRECT, reward=0.0, score=0.75)
LOST = null(Outcome.UNAVAILABLE, "deadline", "late")
THINK = ("<think>", "</think>")


@pytest.mark.parametrize(
    ("shaping", "verdict", "expected"),
    [
        (Shaping(), RIGHT, 1.0),
        (Shaping(), PARTLY, 0.0),
        (Shaping(use="score"), PARTLY, 0.75),
        (Shaping(signed=True), RIGHT, 1.0),
        (Shaping(signed=True), PARTLY, -1.0),
        (Shaping(use="score", signed=True), PARTLY, 0.5),
        (Shaping(use="score"), Verdict(outcome=Outcome.INCORRECT, reward=0.0), 0.0),
    ],
)
def test_a_verdict_becomes_a_number(shaping: Shaping, verdict: Verdict, expected: float) -> None:
    assert shaping.reward(verdict, "", 1) == expected


@pytest.mark.parametrize(
    "shaping",
    [
        Shaping(),
        Shaping(signed=True, overlong=(10, 5)),
        Shaping(format_markers=THINK, format=0.1),
        Shaping(use="score"),
    ],
)
def test_a_null_stays_a_null_whatever_is_asked_for(shaping: Shaping) -> None:
    assert shaping.reward(LOST, "<think></think>", 10) is None


@pytest.mark.parametrize(("tokens", "punishment"), [(1, 0), (16384, 0), (18432, -0.5), (20480, -1), (30000, -1)])
def test_overlong_punishment_is_that_of_dapo(tokens: int, punishment: float) -> None:
    shaping = Shaping(signed=True, overlong=(20480, 4096))
    assert shaping.reward(RIGHT, "", tokens) == 1.0 + punishment
    assert shaping.reward(PARTLY, "", tokens) == -1.0 + punishment


def test_overlong_punishment_of_unsigned_rewards_is_refused() -> None:
    with pytest.raises(ValueError, match="needs signed rewards"):
        Shaping(overlong=(100, 10))


def test_a_format_gate_makes_a_right_answer_without_it_wrong() -> None:
    gate = Shaping(format_markers=THINK, signed=True)
    assert gate.reward(RIGHT, "<think>so</think> 4", 5) == 1.0
    assert gate.reward(RIGHT, "4", 5) == -1.0
    assert gate.value(RIGHT) == 1.0


def test_a_format_weight_is_added_to_right_and_wrong_alike() -> None:
    weight = Shaping(format_markers=THINK, format=0.1)
    assert weight.reward(RIGHT, "<think></think>", 5) == pytest.approx(1.1)
    assert weight.reward(PARTLY, "<think></think>", 5) == pytest.approx(0.1)
    assert weight.reward(RIGHT, "", 5) == 1.0


@pytest.mark.parametrize(
    "text", ["</think><think>", "<think>", "<think></think></think>", "<think><think></think>", ""]
)
def test_markers_stand_once_each_and_in_order(text: str) -> None:
    assert not in_order(text, THINK)
    assert in_order("a <think> b </think> c", THINK)
