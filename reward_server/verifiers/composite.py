"""Several verifiers in one: all, any, at least k, or a gate and then a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask, LimitExceeded, Unavailable
from reward_server.types import Completion, Json, Lane, Limits, Outcome, Verdict, correct
from reward_server.verifiers.base import Context, Example, StrictModel

MAX_PARTS = 32


class Part(StrictModel):
    """One verifier and what it needs."""

    verifier: str
    reference: JsonValue = None
    params: dict[str, JsonValue] = Field(default_factory=dict)
    name: str = Field("", max_length=64, description="What the detail calls it; by default the verifier's name")
    weight: float = Field(1.0, gt=0, description="Its share of the score")


class CompositeReference(StrictModel):
    """The parts and the rule that joins them."""

    parts: list[Part] = Field(min_length=1, max_length=MAX_PARTS)
    rule: Literal["all", "any", "at_least"] = "all"
    k: int | None = Field(None, ge=1, description="For at_least: how many parts must be right")
    gates: list[Part] = Field(
        default_factory=list, max_length=MAX_PARTS, description="All must be right before the parts are looked at"
    )


class CompositeParams(StrictModel):
    """None so far: the rule is part of what right means, so it stands in the reference."""


class PartDetail(TypedDict):
    """What one part said."""

    name: str
    verifier: str
    outcome: str
    score: float | None
    detail: dict[str, Json]


class CompositeDetail(TypedDict, total=False):
    """What every part said that was asked."""

    gates: list[PartDetail]
    parts: list[PartDetail]
    needed: int


@dataclass(frozen=True, slots=True)
class Task:
    """The parts, and how many of them must be right."""

    gates: tuple[Part, ...]
    parts: tuple[Part, ...]
    needed: int


class Composite:
    """Right if enough of its parts are right: all, any, or at least k; with gates that must hold first.

    ``score`` is the weighted mean of the parts' scores, and 0 where a gate is closed. A part that cannot tell makes the
    whole ``unavailable`` only where the answer depends on it; a part that is an invalid task makes the whole one.
    ``composite`` runs in the ``cpu`` lane; ``composite_sandbox`` is the same where a part runs programs.
    """

    version = "1"
    Reference = CompositeReference
    Params = CompositeParams
    Detail = CompositeDetail

    def __init__(self, lane: Lane = Lane.CPU) -> None:
        self.lane = lane
        self.wants_thinking = True
        self.name = "composite" if lane is Lane.CPU else "composite_sandbox"
        self.limits = Limits(time_s=20.0)
        self.cost_s = 1e-3 if lane is Lane.CPU else 1.0
        self.examples = _EXAMPLES

    def prepare(self, reference: CompositeReference, params: CompositeParams, context: Context) -> Task:
        """Check the rule against the parts; raises ``InvalidTask``."""
        if (reference.rule == "at_least") != (reference.k is not None):
            raise InvalidTask("k goes with the rule at_least, and only with it")
        count = len(reference.parts)
        needed = {"all": count, "any": 1, "at_least": reference.k or 0}[reference.rule]
        if needed > count:
            raise InvalidTask(f"at least {needed} of {count} parts can never be right")
        return Task(tuple(reference.gates), tuple(reference.parts), needed)

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Ask the gates, then every part, and join."""
        gates = [_ask(part, completion, context) for part in task.gates]
        detail: CompositeDetail = {"gates": _details(task.gates, gates), "needed": task.needed}
        closed = [verdict for verdict in gates if verdict.reward == 0.0]
        if closed:
            return Verdict(_failure(closed), 0.0, {**detail, "parts": []})
        _refuse_unknown(gates, "a gate")
        verdicts = [_ask(part, completion, context) for part in task.parts]
        detail["parts"] = _details(task.parts, verdicts)
        right = sum(verdict.reward == 1.0 for verdict in verdicts)
        unknown = sum(verdict.reward is None for verdict in verdicts)
        if right < task.needed <= right + unknown:
            _refuse_unknown(verdicts, "a part that decides")
        score = None if unknown else _score(task.parts, verdicts)
        if right >= task.needed:
            verdict = correct({**detail})
            return Verdict(verdict.outcome, score, verdict.detail)
        wrong = [verdict for verdict in verdicts if verdict.reward == 0.0]
        outcome = _failure(wrong)
        return Verdict(outcome, score, {**detail})


def _ask(part: Part, completion: Completion, context: Context) -> Verdict:
    """The part's verdict; its ``unavailable`` becomes a verdict, so that other parts may still decide."""
    if context.verify_with is None:
        raise Unavailable("no other verifier can be reached from here", reason="no_verifiers", retryable=False)
    try:
        verdict = context.verify_with(part.verifier, part.reference, part.params, completion)
    except LimitExceeded as error:
        return Verdict(Outcome.LIMIT_EXCEEDED, detail={"message": str(error), "limit": error.limit})
    except Unavailable as error:
        return Verdict(
            Outcome.UNAVAILABLE, detail={"message": str(error)}, reason=error.reason, retryable=error.retryable
        )
    if verdict.outcome is Outcome.INVALID_TASK:
        raise InvalidTask(f"part {part.name or part.verifier!r}: {verdict.detail.get('message', '')}")
    return verdict


def _refuse_unknown(verdicts: Sequence[Verdict], what: str) -> None:
    for verdict in verdicts:
        if verdict.reward is None:
            message = f"{what} could not tell: {verdict.detail.get('message', '')}"
            raise Unavailable(message, reason=verdict.reason or "part_unavailable", retryable=verdict.retryable)


def _failure(wrong: Sequence[Verdict]) -> Outcome:
    """One word for several failures: their common one, else ``incorrect``."""
    outcomes = {verdict.outcome for verdict in wrong}
    return outcomes.pop() if len(outcomes) == 1 else Outcome.INCORRECT


def _score(parts: Sequence[Part], verdicts: Sequence[Verdict]) -> float:
    scores = [verdict.score if verdict.score is not None else verdict.reward or 0.0 for verdict in verdicts]
    total = sum(part.weight for part in parts)
    return sum(part.weight * score for part, score in zip(parts, scores, strict=True)) / total


def _details(parts: Sequence[Part], verdicts: Sequence[Verdict]) -> list[PartDetail]:
    return [
        {
            "name": part.name or part.verifier,
            "verifier": part.verifier,
            "outcome": verdict.outcome.value,
            "score": verdict.score,
            "detail": dict(verdict.detail),
        }
        for part, verdict in zip(parts, verdicts, strict=True)
    ]


def _part(verifier: str, reference: Json, **params: Json) -> Mapping[str, Json]:
    return {"verifier": verifier, "reference": reference, "params": params}


_SHORT = _part("format", {"max_characters": 40})
_EXAMPLES = (
    Example("both", {"parts": [_part("match", "4"), _SHORT]}, "Answer: 4", Outcome.CORRECT),
    Example("one of two", {"parts": [_part("match", "4"), _SHORT]}, "Answer: 5", Outcome.INCORRECT),
    Example("any", {"parts": [_part("match", "4"), _part("match", "5")], "rule": "any"}, "5", Outcome.CORRECT),
    Example(
        "a closed gate", {"gates": [_part("format", "answer")], "parts": [_part("match", "4")]}, "4", Outcome.INCORRECT
    ),
    Example("an unknown part", {"parts": [_part("no_such_verifier", "4")]}, "4", Outcome.INVALID_TASK),
)
