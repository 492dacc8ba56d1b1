"""A verifier that does nothing, so that what is measured is plumbing."""

from __future__ import annotations

from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect
from reward_server.verifiers.base import Context, Example, NoDetail, NoParams
from reward_server.verifiers.defaults import default_registry
from reward_server.verifiers.registry import Registry

_CORRECT, _INCORRECT = correct(), incorrect()


class Nothing:
    """Right if the completion is not as short as the reference; a comparison of two lengths."""

    name = "nothing"
    version = "1"
    lane = Lane.CPU
    limits = Limits(time_s=1.0)
    cost_s = 1e-6
    Reference = str
    Params = NoParams
    Detail = NoDetail
    examples = (
        Example("longer", "a", "bb", Outcome.CORRECT),
        Example("shorter", "a", "", Outcome.INCORRECT),
    )

    def prepare(self, reference: str, params: NoParams, context: Context) -> int:
        return len(reference)

    def verify(self, task: int, completion: Completion, context: Context) -> Verdict:
        return _CORRECT if len(completion.text) > task else _INCORRECT


def registry() -> Registry:
    """The default verifiers and ``nothing``."""
    made = default_registry(third_party=False)
    made.register(Nothing())
    return made
