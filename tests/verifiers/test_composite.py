"""Parts joined by a rule: what is known decides, and what is not known is never a zero."""

from __future__ import annotations

from typing import Any

import pytest

from reward_server.errors import LimitExceeded, Unavailable
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect
from reward_server.verifiers.base import Context, Example, NoDetail, NoParams
from reward_server.verifiers.composite import Composite
from reward_server.verifiers.format import Format
from reward_server.verifiers.match import Match
from reward_server.verifiers.registry import Registry


class Saying:
    """Does what its reference says."""

    name = "saying"
    version = "1"
    lane = Lane.CPU
    limits = Limits()
    cost_s = 1e-6
    Reference = str
    Params = NoParams
    Detail = NoDetail
    examples = (Example("yes", "yes", "", Outcome.CORRECT), Example("no", "no", "", Outcome.INCORRECT))

    def prepare(self, reference: str, params: NoParams, context: Context) -> str:
        return reference

    def verify(self, task: str, completion: Completion, context: Context) -> Verdict:
        match task:
            case "yes":
                return correct()
            case "no":
                return incorrect()
            case "half":
                return incorrect(score=0.5)
            case "limit":
                raise LimitExceeded("too long", limit="time")
            case "away":
                raise Unavailable("not here", reason="no_sandbox", retryable=True)
        return Verdict(Outcome.INVALID_TASK, detail={"message": "what?"}, reason="bad_reference")


REGISTRY = Registry()
for verifier in (Match(), Format(), Saying(), Composite()):
    REGISTRY.register(verifier)


def judge(parts: list[str], gates: list[str] | None = None, **reference: Any) -> Verdict:
    named = {"parts": [{"verifier": "saying", "reference": one} for one in parts]}
    gated = {"gates": [{"verifier": "saying", "reference": one} for one in gates or []]}
    return REGISTRY.verify_once("composite", {**named, **gated, **reference}, {}, Completion("text"))


@pytest.mark.parametrize(
    ("parts", "reference", "outcome", "score"),
    [
        (["yes", "yes"], {}, Outcome.CORRECT, 1.0),
        (["yes", "no"], {}, Outcome.INCORRECT, 0.5),
        (["half", "yes"], {}, Outcome.INCORRECT, 0.75),
        (["no", "yes"], {"rule": "any"}, Outcome.CORRECT, 0.5),
        (["no", "no"], {"rule": "any"}, Outcome.INCORRECT, 0.0),
        (["limit", "yes"], {}, Outcome.LIMIT_EXCEEDED, 0.5),
        (["yes", "yes", "no"], {"rule": "at_least", "k": 2}, Outcome.CORRECT, 2 / 3),
        (["yes", "no", "no"], {"rule": "at_least", "k": 2}, Outcome.INCORRECT, 1 / 3),
        (["no", "away"], {}, Outcome.INCORRECT, None),
        (["yes", "away"], {"rule": "any"}, Outcome.CORRECT, None),
    ],
)
def test_what_is_known_decides(
    parts: list[str], reference: dict[str, Any], outcome: Outcome, score: float | None
) -> None:
    verdict = judge(parts, **reference)
    assert verdict.outcome is outcome
    assert verdict.score == (score if score is None else pytest.approx(score))


@pytest.mark.parametrize(
    ("parts", "gates", "reference"),
    [
        (["yes", "away"], [], {}),
        (["no", "away"], [], {"rule": "any"}),
        (["yes"], ["away"], {}),
        (["away"], ["yes"], {}),
    ],
)
def test_a_part_that_decides_and_cannot_tell_makes_the_whole_unavailable(
    parts: list[str], gates: list[str], reference: dict[str, Any]
) -> None:
    with pytest.raises(Unavailable) as raised:
        judge(parts, gates, **reference)
    assert raised.value.reason == "no_sandbox"
    assert raised.value.retryable


def test_a_closed_gate_scores_nothing_and_asks_no_part() -> None:
    verdict = judge(["away"], ["yes", "no"])
    assert verdict.outcome is Outcome.INCORRECT
    assert verdict.score == 0.0
    assert verdict.detail["parts"] == []
    assert [gate["outcome"] for gate in verdict.detail["gates"]] == ["correct", "incorrect"]


def test_weights_shape_the_score() -> None:
    parts = [{"verifier": "saying", "reference": "yes", "weight": 3}, {"verifier": "saying", "reference": "no"}]
    assert REGISTRY.verify_once("composite", {"parts": parts}, {}, Completion("x")).score == pytest.approx(0.75)


def test_composites_nest() -> None:
    inner = {"verifier": "composite", "reference": {"parts": [{"verifier": "saying", "reference": "yes"}]}}
    verdict = REGISTRY.verify_once("composite", {"parts": [inner]}, {}, Completion("x"))
    assert verdict.outcome is Outcome.CORRECT
    assert verdict.detail["parts"][0]["detail"]["parts"][0]["outcome"] == "correct"


@pytest.mark.parametrize(
    "reference",
    [
        {"parts": []},
        {"parts": [{"verifier": "nope"}]},
        {"parts": [{"verifier": "saying", "reference": "what?"}]},
        {"parts": [{"verifier": "saying", "reference": 1}]},
        {"parts": [{"verifier": "saying", "reference": "yes"}], "rule": "at_least"},
        {"parts": [{"verifier": "saying", "reference": "yes"}], "rule": "at_least", "k": 2},
        {"parts": [{"verifier": "saying", "reference": "yes"}], "k": 1},
        {"parts": [{"verifier": "saying", "reference": "yes", "params": {"x": 1}}]},
    ],
)
def test_a_broken_part_or_rule_is_an_invalid_task(reference: dict[str, Any]) -> None:
    assert REGISTRY.verify_once("composite", reference, {}, Completion("x")).outcome is Outcome.INVALID_TASK


def test_without_other_verifiers_it_is_unavailable() -> None:
    composite = Composite()
    reference, params = REGISTRY["composite"].parse({"parts": [{"verifier": "saying", "reference": "yes"}]}, {})
    task = composite.prepare(reference, params, Context())
    with pytest.raises(Unavailable):
        composite.verify(task, Completion("x"), Context())
