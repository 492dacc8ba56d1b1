"""Which letter a completion chooses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.choice import Choice
from reward_server.verifiers.registry import Registry

REGISTRY = Registry()
REGISTRY.register(Choice())
TEMPLATES = (
    "{0}",
    "({0})",
    "{0}.",
    "**{0}**",
    "Answer: {0}",
    "Answer: ({0})",
    "The answer is {0}.",
    "**Answer:** {0}",
    "Final answer: **{0}**",
    "\\boxed{{{0}}}",
    "$\\boxed{{\\text{{({0})}}}}$",
    "<answer>{0}</answer>",
    "#### {0}",
    "The correct option is {0}, because the others contradict the text.",
    "I choose option {0}.",
    "So we get ({0}).",
    "That leaves two. So {0}.",
    "Therefore, it is option {0}",
    "### Answer\n\n{0}",
    '{{"answer": "{0}"}}',
    "Answer: {0}) of the list",
    "Answer: {0}: of the list",
)
CITIES = {"options": ["Paris", "Rome", "a dog"]}


def judge(reference: str | list[str], text: str, params: Mapping[str, Any] | None = None) -> Verdict:
    return REGISTRY.verify_once("choice", reference, params or {}, Completion(text))


@given(st.sampled_from("ABCDEFGHIJ"), st.sampled_from("ABCDEFGHIJ"), st.sampled_from(TEMPLATES))
def test_a_stated_letter_is_right_exactly_when_it_is_the_reference(right: str, said: str, template: str) -> None:
    verdict = judge(right, "Some thought about A and (C) first.\n" + template.format(said))
    assert verdict.outcome is (Outcome.CORRECT if said == right else Outcome.INCORRECT), dict(verdict.detail)


@pytest.mark.parametrize(
    "text",
    [
        "Answer: A or B",
        "Answer: A, B, C, D",
        "\\boxed{A} \\boxed{B}",
        "\\boxed{A, B}",
        "\\boxed{A}, or \\boxed{B}",
        "(A) (B)",
        "Answer: (A)(B)(C)",
        "Answer: A\nAnswer: B",
        "The answer is A. Or maybe B.",
        "A and B",
        "A/B",
        "The answer is B. The answer is A.",
        "<answer>A</answer><answer>B</answer>",
        "Answer: A|B",
        "either (A) or (B)",
        "\\boxed{A}\\boxed{B}\\boxed{C}\\boxed{D}",
        "Answer: B (or A)",
        "I choose A. I choose B.",
    ],
)
def test_listing_several_letters_is_never_right(text: str) -> None:
    for letter in "ABCD":
        assert judge(letter, text).outcome is not Outcome.CORRECT


def test_the_last_of_separate_statements_counts() -> None:
    text = "At first the answer is A. But on a second look that fails, so we go on.\nAnswer: B"
    assert judge("B", text).reward == 1.0
    assert judge("A", text).reward == 0.0


def test_an_article_or_a_pronoun_is_no_choice() -> None:
    assert judge("A", "The answer is a dog").outcome is Outcome.NO_ANSWER
    assert judge("I", "I think it is blue.").outcome is Outcome.NO_ANSWER
    assert judge("A", "A dog barks.").outcome is Outcome.NO_ANSWER


def test_a_list_of_the_options_at_the_end_is_no_choice() -> None:
    assert judge("D", "The options:\nA) one\nB) two\nC) three\nD) four").outcome is Outcome.NO_ANSWER


def test_the_text_of_an_option_counts_as_its_letter() -> None:
    for text in ("Rome", "The answer is Rome.", "\\boxed{\\text{Rome}}", "Answer: B. Rome", "answer: rome"):
        assert judge("B", text, CITIES).reward == 1.0
    assert judge("C", "Answer: a dog", CITIES).reward == 1.0
    assert judge("Paris", "Answer: A", CITIES).reward == 1.0
    assert judge("A", "Answer: Rome", CITIES).reward == 0.0


def test_several_letters_are_right_where_several_are_asked_for() -> None:
    assert judge(["A", "C"], "Answer: C, A").reward == 1.0
    assert judge(["A", "C"], "Answer: A").reward == 0.0
    assert judge(["A", "C"], "Answer: A, B, C").reward == 0.0


@pytest.mark.parametrize("reference", ["", "Z", "AB", "7", "Vienna", []])
def test_a_reference_that_is_no_option_is_an_invalid_task(reference: str | list[str]) -> None:
    assert judge(reference, "Answer: A", CITIES).outcome is Outcome.INVALID_TASK


def test_two_options_of_the_same_text_are_an_invalid_task() -> None:
    assert judge("A", "A", {"options": ["x", "x "]}).outcome is Outcome.INVALID_TASK
