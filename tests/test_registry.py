"""The registry takes in only verifiers that keep the contract."""

from __future__ import annotations

import pytest

from reward_server.errors import InvalidTask, RegistrationError
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect
from reward_server.verifiers.base import Context, Example, NoDetail, NoParams
from reward_server.verifiers.registry import Registry


class Echo:
    """Right if the completion is the reference."""

    name = "echo"
    version = "1"
    lane = Lane.CPU
    limits = Limits(time_s=1.0)
    cost_s = 1e-6
    Reference = str
    Params = NoParams
    Detail = NoDetail
    examples: tuple[Example, ...] = (
        Example("the same", "a", "a", Outcome.CORRECT),
        Example("another", "a", "b", Outcome.INCORRECT),
    )

    def prepare(self, reference: str, params: NoParams, context: Context) -> str:
        return reference

    def verify(self, task: str, completion: Completion, context: Context) -> Verdict:
        return correct() if completion.text == task else incorrect()


def test_a_registered_verifier_is_found_by_its_name() -> None:
    registry = Registry()
    registry.register(Echo())
    assert registry.verify_once("echo", "a", {}, Completion("a")).reward == 1.0


def test_an_unknown_name_is_an_invalid_task_that_lists_the_names_there_are() -> None:
    registry = Registry()
    registry.register(Echo())
    with pytest.raises(InvalidTask, match="there are: echo"):
        registry["ecko"]


def test_a_second_verifier_of_the_same_name_is_refused() -> None:
    registry = Registry()
    registry.register(Echo())
    with pytest.raises(RegistrationError, match="two verifiers"):
        registry.register(Echo())


def test_an_example_that_scores_otherwise_than_stated_is_refused_and_leaves_nothing_behind() -> None:
    class Lying(Echo):
        """An echo whose example is wrong."""

        examples = (*Echo.examples, Example("a lie", "a", "b", Outcome.CORRECT))

    registry = Registry()
    with pytest.raises(RegistrationError, match="a lie"):
        registry.register(Lying())
    assert "echo" not in registry


def test_a_reference_of_the_wrong_type_names_what_is_wrong() -> None:
    registry = Registry()
    registry.register(Echo())
    with pytest.raises(InvalidTask, match="reference: Input should be a valid string"):
        registry["echo"].parse({"x": 1}, {})
    with pytest.raises(InvalidTask, match="there is no reference: it is null"):
        registry["echo"].parse(None, {})
