"""Text against text, in each mode."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reward_server.errors import LimitExceeded
from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.match import Match
from reward_server.verifiers.registry import Registry

REGISTRY = Registry()
REGISTRY.register(Match())
NUMERIC = {"mode": "numeric"}
words = st.text(st.sampled_from("abcdefgh ,.'-"), min_size=1, max_size=40).filter(lambda s: bool(s.strip(" ,.'-")))


def judge(reference: str | list[str], text: str, params: Mapping[str, Any] | None = None) -> Verdict:
    return REGISTRY.verify_once("match", reference, params or {}, Completion(text))


@given(words)
def test_a_text_equals_itself_in_exact_mode_and_differs_from_a_longer_one(text: str) -> None:
    assert judge(text, text).reward == 1.0
    assert judge(text, text + " x").reward == 0.0


def test_exact_mode_reads_the_stated_answer() -> None:
    assert judge("Paris", "It was long ago. The answer is **Paris**.").reward == 1.0
    assert judge("Paris", "<answer>Paris</answer>").reward == 1.0
    assert judge("Paris", "The answer is Paris.", {"where": "completion"}).reward == 0.0


def test_case_and_punctuation_count_unless_told_otherwise() -> None:
    assert judge("Paris", "paris").reward == 0.0
    assert judge("Paris", "paris", {"ignore_case": True}).reward == 1.0
    assert judge("The U.S.A.", "USA", {"ignore_punctuation": True, "ignore_case": True}).reward == 1.0


def test_listing_answers_in_adjacent_boxes_is_wrong() -> None:
    assert judge("5", "\\boxed{5} \\boxed{6}").reward == 0.0
    assert judge("5", "\\boxed{5} \\boxed{6}", NUMERIC).reward == 0.0


@given(st.fractions(max_denominator=10_000), st.fractions(max_denominator=10_000))
def test_numbers_are_equal_exactly_when_their_values_are(right: Fraction, said: Fraction) -> None:
    assert judge(str(right), f"Answer: {right}", NUMERIC).reward == 1.0
    assume(right != said)
    assert judge(str(right), f"Answer: {said}", NUMERIC).reward == 0.0


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("1,234.50", "1234.5"),
        ("0.5", "1/2"),
        ("0.5", "50%"),
        ("50%", "0.5"),
        ("-3", "\u22123"),
        ("1e3", "1,000"),
        ("12", "3*4 = 12 apples"),
        ("7", "We add 3 and 4 to get 7"),
        ("7", "The answer is $7."),
        (".5", "Answer: 0.5."),
        ("9" * 300, "9" * 300),
    ],
)
def test_ways_to_write_a_number_are_read(reference: str, text: str) -> None:
    assert judge(reference, text, NUMERIC).reward == 1.0


@pytest.mark.parametrize(
    ("reference", "text"),
    [("5", "Answer: 5 or 6"), ("5", "0.05"), ("123", "1234"), ("9" * 400, "9" * 500), ("5", "v1.5"), ("1", "1e400")],
)
def test_near_misses_of_a_number_are_wrong(reference: str, text: str) -> None:
    assert judge(reference, text, NUMERIC).reward == 0.0


def test_tolerances_are_absolute_or_a_share_of_the_reference() -> None:
    assert judge("100", "101", {**NUMERIC, "tolerance": 1}).reward == 1.0
    assert judge("100", "101.01", {**NUMERIC, "tolerance": 1}).reward == 0.0
    assert judge("100", "101", {**NUMERIC, "relative_tolerance": 0.01}).reward == 1.0
    assert judge("0", "1e-9", {**NUMERIC, "relative_tolerance": 0.5}).reward == 0.0


def test_a_pattern_searches_the_whole_completion_or_must_match_all_of_it() -> None:
    assert judge(r"\bcat\b", "a cat sat", {"mode": "regex"}).reward == 1.0
    assert judge(r"\bcat\b", "concatenate", {"mode": "regex"}).reward == 0.0
    assert judge("cat", "a cat", {"mode": "regex", "full_match": True}).reward == 0.0


def test_a_pattern_that_backtracks_without_end_costs_one_completion_its_limit() -> None:
    verdict = judge(r"^(\w+\s?)*\d$|(a|a)*b(?<=c)", "a" * 40 + "!", {"mode": "regex"})
    assert verdict.outcome in (Outcome.INCORRECT, Outcome.LIMIT_EXCEEDED)
    verdict = judge(r"(x+x+)+y(z)\2", "x" * 5_000, {"mode": "regex"})
    assert verdict.outcome is Outcome.LIMIT_EXCEEDED


@pytest.mark.parametrize("pattern", ["(", "", "a{5,2}", "(?P<n>a)(?P<n", "x" * 5_000, "[[:wrong:]", "\\"])
def test_a_pattern_that_does_not_compile_is_an_invalid_task(pattern: str) -> None:
    assert judge(pattern, "x", {"mode": "regex"}).outcome is Outcome.INVALID_TASK


def test_f1_is_the_score_and_decides_at_the_threshold() -> None:
    verdict = judge("the quick brown fox", "quick brown dog", {"mode": "f1"})
    assert verdict.score == pytest.approx(2 / 3)
    assert verdict.reward == 0.0
    assert judge("the quick brown fox", "quick brown dog", {"mode": "f1", "threshold": 0.6}).reward == 1.0


def test_repeating_words_does_not_raise_f1() -> None:
    assert judge("red blue", "red red red red", {"mode": "f1"}).score == pytest.approx(1 / 3)


@pytest.mark.parametrize("reference", ["", "  ", [], ["a", ""]])
def test_an_empty_reference_is_an_invalid_task(reference: str | list[str]) -> None:
    assert judge(reference, "").outcome is Outcome.INVALID_TASK


@pytest.mark.parametrize("reference", ["", "many", "1 or 2"])
def test_a_numeric_reference_is_one_number(reference: str) -> None:
    assert judge(reference, "1", NUMERIC).outcome is Outcome.INVALID_TASK


def test_the_limit_is_named() -> None:
    registry_free = Match()
    task = registry_free.prepare("(x+x+)+y(z)\\2", Match.Params.model_validate({"mode": "regex"}), REGISTRY.context)
    with pytest.raises(LimitExceeded) as raised:
        registry_free.verify(task, Completion("x" * 5_000), REGISTRY.context)
    assert raised.value.limit == "time"
