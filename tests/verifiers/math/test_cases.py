"""The language of answers: pairs that are the same and pairs that are not, in both directions."""

from __future__ import annotations

import pytest

from reward_server.types import Completion, Outcome
from reward_server.verifiers.registry import Registry
from tests.verifiers.math.cases import DIFFERENT, EQUAL
from tests.verifiers.math.kinds import OTHER, SAME


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
