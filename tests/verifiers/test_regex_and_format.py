"""Patterns that must and must not match, and the outer form of a completion."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.format import Format
from reward_server.verifiers.regex import Regex
from reward_server.verifiers.registry import Registry

REGISTRY = Registry()
REGISTRY.register(Regex())
REGISTRY.register(Format())


def judge(verifier: str, reference: Any, text: str, **params: Any) -> Verdict:
    return REGISTRY.verify_once(verifier, reference, params, Completion(text))


@pytest.mark.parametrize(
    ("reference", "text", "right"),
    [
        ("b+", "abbc", True),
        ("b+", "ac", False),
        ({"all_of": ["a", "b"]}, "ba", True),
        ({"all_of": ["a", "b"]}, "a", False),
        ({"any_of": ["a", "b"]}, "xb", True),
        ({"any_of": ["a", "b"]}, "x", False),
        ({"none_of": ["a"]}, "b", True),
        ({"none_of": ["a"]}, "ba", False),
        ({"all_of": ["a"], "any_of": ["b", "c"], "none_of": ["d"]}, "ac", True),
    ],
)
def test_patterns(reference: Any, text: str, right: bool) -> None:
    assert (judge("regex", reference, text).reward == 1.0) is right


@given(st.text("ab.*+?()[]\\^$|", min_size=1, max_size=20), st.text("ab", max_size=20))
def test_any_pattern_is_a_verdict_or_an_invalid_task(pattern: str, text: str) -> None:
    verdict = judge("regex", pattern, text)
    assert verdict.outcome in (Outcome.CORRECT, Outcome.INCORRECT, Outcome.NO_ANSWER, Outcome.INVALID_TASK)


def test_flags_full_match_and_where() -> None:
    assert judge("regex", "YES", "yes").reward == 0.0
    assert judge("regex", "YES", "yes", flags="i").reward == 1.0
    assert judge("regex", "yes", "oh yes", full_match=True).reward == 0.0
    assert judge("regex", "no", "no way. \\boxed{yes}", where="answer").reward == 0.0
    assert judge("regex", "yes", "yes yes", where="answer").outcome is Outcome.NO_ANSWER
    assert judge("regex", "x", "x", flags="q").outcome is Outcome.INVALID_TASK


def test_what_is_broken_is_listed_and_scored() -> None:
    verdict = judge("regex", {"all_of": ["a", "b"], "none_of": ["c", "d"]}, "ac")
    assert verdict.detail["missing"] == ["b"]
    assert verdict.detail["forbidden"] == ["c"]
    assert verdict.score == 0.5


@pytest.mark.parametrize("reference", [{}, "", "(", {"all_of": ["a"] * 101}, {"all_of": "a"}, {"most_of": ["a"]}])
def test_a_reference_without_a_usable_pattern_is_an_invalid_task(reference: Any) -> None:
    assert judge("regex", reference, "a").outcome is Outcome.INVALID_TASK


@pytest.mark.parametrize(
    ("reference", "right", "wrong"),
    [
        (
            "think_answer",
            ["<think>a</think><answer>b</answer>", " <think>a\n</think>\n<answer>b</answer>\n"],
            [
                "<answer>b</answer><think>a</think>",
                "<think>a</think>",
                "<think></think><answer>b</answer>",
                "x <think>a</think><answer>b</answer>",
                "<think>a<answer>b</answer></think>",
                "<think>a</think><answer>b</answer><answer>c</answer>",
                "<think>a</think><answer>b",
                "<think>a</think><think>a</think><answer>b</answer>",
                "</think>a<think><answer>b</answer>",
            ],
        ),
        ("answer", ["so <answer>b</answer>."], ["b", "<answer> </answer>", "<answer>a</answer><answer>b</answer>"]),
        ("boxed", ["\\boxed{1}"], ["\\boxed{}", "\\boxed{1", "1"]),
        ("json", ['{"a": 1}', "see\n```json\n[1]\n```"], ["{a: 1}", "1"]),
        ("code_block", ["```python\nx = 1\n```"], ["x = 1", "```\n\n```", "```\nx"]),
        ({"max_characters": 5, "min_characters": 2}, ["abc", "  ab  "], ["a", "abcdef"]),
    ],
)
def test_forms(reference: Any, right: list[str], wrong: list[str]) -> None:
    for text in right:
        assert judge("format", reference, text).outcome is Outcome.CORRECT, text
    for text in wrong:
        assert judge("format", reference, text).outcome is Outcome.INCORRECT, text


@pytest.mark.parametrize(
    "reference", [{}, "no_such_preset", {"tags": ["a b"]}, {"tags": ["a", "a"]}, {"tags": ["a"] * 30}]
)
def test_a_form_that_asks_for_nothing_or_nonsense_is_an_invalid_task(reference: Any) -> None:
    assert judge("format", reference, "a").outcome is Outcome.INVALID_TASK
