"""The words of the service: what is asked, what is answered. Frozen, standard library only.

The same words stand on the wire, in metrics and in the docs. Everything else in this package imports
from here and this module imports nothing of the project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = Any
"""A value that ``json.loads`` can return, all numbers finite."""


class Outcome(StrEnum):
    """What came of verifying one completion; each completion gets exactly one.

    The first four say something about the completion and carry a reward. The last two say that the
    item or the service is at fault, and carry none: a failure of ours must never enter training as a zero.
    """

    CORRECT = "correct"
    INCORRECT = "incorrect"
    NO_ANSWER = "no_answer"
    LIMIT_EXCEEDED = "limit_exceeded"
    INVALID_TASK = "invalid_task"
    UNAVAILABLE = "unavailable"

    @property
    def reward(self) -> float | None:
        """1.0 for ``correct``, None for the two nulls, 0.0 for the rest."""
        return _REWARDS[self]


_REWARDS: dict[Outcome, float | None] = {
    Outcome.CORRECT: 1.0,
    Outcome.INCORRECT: 0.0,
    Outcome.NO_ANSWER: 0.0,
    Outcome.LIMIT_EXCEEDED: 0.0,
    Outcome.INVALID_TASK: None,
    Outcome.UNAVAILABLE: None,
}


class Lane(StrEnum):
    """A queue for one kind of machine."""

    CPU = "cpu"
    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Limits:
    """What verifying one completion may use before the child that does it is killed."""

    time_s: float = 5.0
    """Processor seconds of the child; on a starved machine up to four times that in wall seconds."""
    memory_mb: int = 1024
    """Address space that the child may add to what it holds after loading its verifiers."""


@dataclass(frozen=True, slots=True)
class Completion:
    """Text a model wrote; a verifier gets it with its thinking already removed."""

    text: str
    truncated: bool = False
    """The trainer says that generation stopped at the length limit."""
    flags: tuple[str, ...] = ()
    """What was noticed while reading it, such as ``text_repaired``."""
    thinking: str = ""
    """What was removed, for verifiers with ``wants_thinking``; empty for all others."""

    @property
    def whole(self) -> str:
        """The text with its thinking."""
        return self.thinking + self.text


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one completion: an outcome, and why.

    A verifier fills in the first five fields. The service stamps the rest.
    """

    outcome: Outcome
    score: float | None = None
    """0..1, for example the share of tests passed; None where not everything was run."""
    detail: Mapping[str, Json] = field(default_factory=dict)
    """Why, typed per verifier: what was extracted, which rule matched, the first failing test."""
    flags: tuple[str, ...] = ()
    """Observations such as ``undecided`` or ``early_exit``. They inform and never change a reward."""
    image: str | None = None
    """Digest of the sandbox image, where a program ran."""
    reason: str | None = None
    """One stable word for why a null is a null (``deadline``, ``worker_lost``, ``bad_reference`` …)."""
    retryable: bool = False
    """For nulls: whether asking again may help."""
    verifier: str = ""
    version: str = ""
    queue_s: float = 0.0
    run_s: float = 0.0
    cached: bool = False

    @property
    def reward(self) -> float | None:
        """1.0, 0.0, or None when no one can tell."""
        return self.outcome.reward


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be right about, with the completions that tried (a GRPO group is one item)."""

    id: str
    verifier: str
    reference: Json
    completions: tuple[Completion | Verdict, ...]
    """A verdict stands where the wire already told that there is nothing to verify."""
    params: Mapping[str, Json] = field(default_factory=dict)
    thinking: str = "auto"
    """``auto``, ``prefilled`` where the chat template opens the thinking in the prompt, or ``none``."""
    fault: str | None = None
    """What is wrong with the item, so that all its completions are ``invalid_task``."""


def correct(detail: Mapping[str, Json] | None = None, *, flags: tuple[str, ...] = ()) -> Verdict:
    """A verdict of ``correct`` with score 1."""
    return Verdict(Outcome.CORRECT, 1.0, detail or {}, flags)


def incorrect(
    detail: Mapping[str, Json] | None = None, *, score: float | None = 0.0, flags: tuple[str, ...] = ()
) -> Verdict:
    """A verdict of ``incorrect``; ``score`` says how much of it was right, None where that is not known."""
    return Verdict(Outcome.INCORRECT, score, detail or {}, flags)


def no_answer(detail: Mapping[str, Json] | None = None) -> Verdict:
    """A verdict of ``no_answer``: nothing to verify was found in the completion."""
    return Verdict(Outcome.NO_ANSWER, 0.0, detail or {})
