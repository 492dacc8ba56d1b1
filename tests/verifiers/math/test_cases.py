"""The language of answers: pairs that are the same and pairs that are not, in both directions."""

from __future__ import annotations

import pytest

from reward_server.types import Completion, Outcome
from reward_server.verifiers.registry import Registry
from tests.verifiers.math.attacks import WRONG_BY_KIND
from tests.verifiers.math.cases import DIFFERENT, EQUAL, UNDONE
from tests.verifiers.math.endings import WRONG_ENDINGS
from tests.verifiers.math.kinds import OTHER, SAME
from tests.verifiers.math.natural import AFTER_REASONING, REASONING, RIGHT_BY_KIND, RIGHT_ENDINGS
from tests.verifiers.math.near_misses import WRONG, WRONG_COMPLETIONS
from tests.verifiers.math.spellings import RIGHT, RIGHT_COMPLETIONS


def _directed(table: dict[str, list[tuple[str, str]]]) -> list[tuple[str, str]]:
    pairs = [pair for kind in table.values() for pair in kind]
    return [pair for a, b in pairs for pair in ((a, b), (b, a)) if pair[0]]


@pytest.mark.parametrize(("reference", "answer"), _directed(EQUAL) + _directed(SAME))
def test_two_spellings_of_one_answer_are_the_same(registry: Registry, reference: str, answer: str) -> None:
    verdict = registry.verify_once("math", reference, {}, Completion(f"Thus the result is $\\boxed{{{answer}}}$."))
    assert verdict.outcome is Outcome.CORRECT, verdict.detail


@pytest.mark.parametrize(("reference", "answer"), _directed(DIFFERENT) + _directed(OTHER))
def test_two_different_answers_are_not_the_same(registry: Registry, reference: str, answer: str) -> None:
    verdict = registry.verify_once("math", reference, {}, Completion(f"Thus the result is $\\boxed{{{answer}}}$."))
    assert verdict.outcome in (Outcome.INCORRECT, Outcome.NO_ANSWER), verdict.detail


def _boxed(table: dict[str, list[tuple[str, str]]]) -> list[tuple[str, str]]:
    return [(reference, f"Thus it is $\\boxed{{{answer}}}$.") for kind in table.values() for reference, answer in kind]


_REASONED = [(reference, REASONING + ending) for reference, ending in AFTER_REASONING]


@pytest.mark.parametrize(
    ("reference", "completion"),
    _boxed(RIGHT) + _boxed(RIGHT_BY_KIND) + RIGHT_COMPLETIONS + RIGHT_ENDINGS + _REASONED,
)
def test_an_answer_in_another_spelling_is_right(registry: Registry, reference: str, completion: str) -> None:
    verdict = registry.verify_once("math", reference, {}, Completion(completion))
    assert verdict.outcome is Outcome.CORRECT, verdict.detail


@pytest.mark.parametrize(
    ("reference", "completion"), _boxed(WRONG) + _boxed(WRONG_BY_KIND) + WRONG_COMPLETIONS + WRONG_ENDINGS
)
def test_an_answer_that_comes_close_is_wrong(registry: Registry, reference: str, completion: str) -> None:
    verdict = registry.verify_once("math", reference, {}, Completion(completion))
    assert verdict.outcome in (Outcome.INCORRECT, Outcome.NO_ANSWER), verdict.detail


@pytest.mark.parametrize(("question", "value"), UNDONE)
def test_what_a_reference_leaves_to_carry_out_an_answer_may_not(registry: Registry, question: str, value: str) -> None:
    done, repeated = (
        registry.verify_once("math", reference, {}, Completion(f"\\boxed{{{answer}}}"))
        for reference, answer in ((question, value), (value, question))
    )
    assert (done.outcome, repeated.outcome) == (Outcome.CORRECT, Outcome.INCORRECT)
