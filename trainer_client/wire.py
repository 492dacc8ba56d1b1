"""What travels between client and server: items out, verdicts in.

An answer that breaks the contract (a reward that is not the one its outcome stands for, NaN, a number
out of range, ``true`` for 1.0) does not become a ``Verdict``: it must not reach training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Completion = str | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""A string, ``{"content": …, "truncated": true}``, or a list of chat messages (the last assistant message counts)."""


class Outcome(StrEnum):
    """What came of verifying one completion; the last two carry no reward, for they are not about the completion."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    NO_ANSWER = "no_answer"
    LIMIT_EXCEEDED = "limit_exceeded"
    INVALID_TASK = "invalid_task"
    UNAVAILABLE = "unavailable"


_REWARDS: dict[Outcome, float | None] = {
    Outcome.CORRECT: 1.0,
    Outcome.INCORRECT: 0.0,
    Outcome.NO_ANSWER: 0.0,
    Outcome.LIMIT_EXCEEDED: 0.0,
    Outcome.INVALID_TASK: None,
    Outcome.UNAVAILABLE: None,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be right about, with the completions that tried.

    ``id`` defaults to the item's place in the call. ``verifier`` may be left out where the request or the
    server has a default. ``prompt`` and ``meta`` are for the log and the dashboard and change no verdict.
    """

    reference: Any
    completions: Sequence[Completion]
    verifier: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None
    prompt: Any = None
    meta: Mapping[str, Any] | None = None
    thinking: Literal["auto", "prefilled", "none"] | None = None


class Verdict(BaseModel):
    """The answer for one completion: ``reward`` is 1.0, 0.0, or None when no one can tell; ``detail`` says why."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="ignore")

    outcome: Outcome
    reward: float | None
    score: Annotated[float, Field(ge=0, le=1)] | None = None
    detail: dict[str, Any] | None = None
    flags: tuple[str, ...] = ()
    reason: str | None = None
    """For nulls: one stable word for the cause."""
    retryable: bool = False
    verifier: str = ""
    version: str = ""
    image: str | None = None
    queue_s: Annotated[float, Field(ge=0)] = 0.0
    run_s: Annotated[float, Field(ge=0)] = 0.0
    cached: bool = False

    @model_validator(mode="after")
    def _reward_is_that_of_the_outcome(self) -> Verdict:
        if self.reward != _REWARDS[self.outcome]:
            raise ValueError(f"reward {self.reward} does not go with outcome {self.outcome}")
        return self


def null(outcome: Outcome, reason: str, error: str, *, retryable: bool = False) -> Verdict:
    """A verdict that the client gives itself, where no answer of the server could be had."""
    return Verdict(
        outcome=outcome, reward=None, reason=reason, retryable=retryable, detail={"error": error}, flags=("client",)
    )


class ItemResult(BaseModel):
    """The verdicts of one item, one for each completion and in their order."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="ignore")

    id: str
    verdicts: tuple[Verdict, ...]
    rewards: tuple[float | None, ...] = ()

    @model_validator(mode="after")
    def _flat_rewards_repeat_the_verdicts(self) -> ItemResult:
        if self.rewards and self.rewards != tuple(verdict.reward for verdict in self.verdicts):
            raise ValueError(f"rewards of item {self.id!r} differ from its verdicts")
        return self


class Answer(BaseModel):
    """Body of a 200 of ``POST /v1/rewards``; the summary is left unread, since it can be counted."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    items: tuple[ItemResult, ...]


class Problem(BaseModel):
    """Body of an error, ``application/problem+json`` (RFC 9457); every field may be missing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str = "about:blank"
    title: str = ""
    detail: str = ""


def result(id: str, verdicts: Iterable[Verdict]) -> ItemResult:
    """An ``ItemResult`` whose flat rewards are those of its verdicts."""
    kept = tuple(verdicts)
    return ItemResult(id=id, verdicts=kept, rewards=tuple(verdict.reward for verdict in kept))
