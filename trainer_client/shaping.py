"""From a verdict to the number that a trainer maximises, in one place.

A trainer that sums several reward functions counts our null as zero, that is as *wrong*. So everything that shapes a
reward is combined here, in one function, and a null stays a null whatever else is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from trainer_client.wire import Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Shaping:
    """How verdicts become rewards. With no argument: 1.0 for right, 0.0 for wrong, None for null."""

    use: Literal["reward", "score"] = "reward"
    """``reward`` is binary; ``score`` is the share that was right, where the verifier could say it."""
    signed: bool = False
    """Map 0..1 to -1..1, as DAPO does."""
    overlong: tuple[int, int] | None = None
    """(longest completion, soft cache) in tokens: DAPO's soft overlong punishment (arXiv 2503.14476, eq. 13)."""
    format_markers: Sequence[str] = ()
    """Texts that must stand in the completion exactly once each and in this order, as ``<think>``, ``</think>``."""
    format: Literal["gate"] | float = "gate"
    """What the markers do: ``gate`` makes a right answer without them wrong; a number is added where they are there."""

    def __post_init__(self) -> None:
        """Refuse what would punish the right. Raises ``ValueError``."""
        if self.overlong is not None and not self.signed:
            raise ValueError(
                "overlong punishment needs signed rewards: on 0/1 a right answer at full length scores like a wrong one"
            )
        if self.overlong is not None and not 0 < self.overlong[1] <= self.overlong[0]:
            raise ValueError(f"overlong is (longest completion, soft cache), both in tokens: {self.overlong}")

    def value(self, verdict: Verdict) -> float | None:
        """How right the completion was, 0..1, before any shaping: what dynamic sampling compares."""
        if verdict.reward is None or self.use == "reward" or verdict.score is None:
            return verdict.reward
        return verdict.score

    def reward(self, verdict: Verdict, text: str, tokens: int) -> float | None:
        """The reward of a completion of ``tokens`` tokens; None for a null verdict."""
        value = self.value(verdict)
        if value is None:
            return None
        formatted = bool(self.format_markers) and in_order(text, self.format_markers)
        if self.format_markers and self.format == "gate" and not formatted:
            value = 0.0
        reward = 2.0 * value - 1.0 if self.signed else value
        if formatted and self.format != "gate":
            reward += self.format
        return reward + self._overlong(tokens)

    def _overlong(self, tokens: int) -> float:
        if self.overlong is None:
            return 0.0
        longest, cache = self.overlong
        return -min(1.0, max(0.0, (tokens - (longest - cache)) / cache))


def in_order(text: str, markers: Sequence[str]) -> bool:
    """Whether each marker stands in ``text`` exactly once, each behind the one before. Linear in ``text``."""
    places = [text.find(marker) for marker in markers]
    return -1 not in places and places == sorted(places) and all(text.count(marker) == 1 for marker in markers)


def why(verdict: Verdict) -> str:
    """One line that says where a verdict comes from, for the tables of a trainer."""
    detail = verdict.detail or {}
    if verdict.reward is None:
        return f"{verdict.reason}: {detail['error']}" if "error" in detail else str(verdict.reason)
    if verdict.outcome is Outcome.NO_ANSWER:
        return "no answer was found"
    known = (f"{key}={detail[key]!r}" for key in ("rule", "reason", "limit", "first_failure") if key in detail)
    return " ".join((*known, *verdict.flags))[:500]


def extracted(verdict: Verdict) -> str:
    """What the verifier took for the answer, where it says so."""
    value = (verdict.detail or {}).get("extracted")
    return "" if value is None else str(value)[:500]
