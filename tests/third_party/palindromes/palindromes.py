"""A palindrome that holds a given word."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, StrictModel
from reward_server.verifiers.final_answer import final_answer


class PalindromeParams(StrictModel):
    min_letters: int = Field(3, ge=1, description="Shortest palindrome that counts")


class PalindromeDetail(TypedDict, total=False):
    extracted: str
    problem: str


class Palindrome:
    """Right if the stated answer reads the same backwards and holds the reference; only letters count."""

    name, version, lane = "palindrome", "1", Lane.CPU
    limits, cost_s = Limits(time_s=1.0), 1e-5
    Reference, Params, Detail = str, PalindromeParams, PalindromeDetail
    examples = (
        Example("one", "canal", "Answer: A man, a plan, a canal: Panama", Outcome.CORRECT),
        Example("none", "canal", "Answer: a canal", Outcome.INCORRECT),
        Example("nothing said", "canal", "I give up.", Outcome.NO_ANSWER),
    )

    def prepare(self, reference: str, params: PalindromeParams, context: Context) -> tuple[str, int]:
        word = _letters(reference)
        if not word:
            raise InvalidTask("the reference has no letter")
        return word, params.min_letters

    def verify(self, task: tuple[str, int], completion: Completion, context: Context) -> Verdict:
        word, min_letters = task
        stated = final_answer(completion.text)
        if stated is None:
            return no_answer()
        letters = _letters(stated.text)
        detail: PalindromeDetail = {"extracted": stated.text[:200]}
        if letters != letters[::-1] or len(letters) < min_letters:
            return incorrect({**detail, "problem": "it does not read the same backwards"})
        if word not in letters:
            return incorrect({**detail, "problem": f"it does not hold {word}"})
        return correct({**detail})


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalpha())
