"""What is wrong with a row, from the verdicts on its probes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reward_server.audit.probes import Probe, Question
from reward_server.types import Json


class Kind(StrEnum):
    """Ways in which a row is unfit."""

    UNREADABLE = "unreadable"
    """The reference or a parameter cannot be used."""
    GOLD_REJECTED = "gold_rejected"
    """The reference is wrong about itself, or the solution is wrong about the reference."""
    FLAKY = "flaky"
    """The same completion gets different verdicts."""
    WEAK = "weak"
    """Nonsense, a program that does nothing, or one that always gives the same answer passes."""
    MUTANT_SURVIVES = "mutant_survives"
    """A program with one operator or number changed passes (some changes change nothing: a warning)."""
    SLOW = "slow"
    """The right answer takes longer than allowed, or passes a limit."""
    DUPLICATE = "duplicate"
    """An earlier row asks the same and expects the same."""
    CONTRADICTION = "contradiction"
    """An earlier row asks the same and expects something else."""
    UNDECIDED = "undecided"
    """The service could not tell: ask again."""


WARNINGS = frozenset((Kind.MUTANT_SURVIVES, Kind.DUPLICATE, Kind.UNDECIDED))
"""Kinds that leave a row fit to train on."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one row."""

    row: int
    kind: Kind
    message: str

    @property
    def breaks(self) -> bool:
        """Whether the row should not be trained on."""
        return self.kind not in WARNINGS


def findings(question: Question, verdicts: Sequence[Mapping[str, Any]], *, slow_s: float) -> list[Finding]:
    """Everything wrong with a row, by the verdicts on its probes in order."""
    found: dict[Kind, str] = {}
    outcomes: dict[str, set[str]] = {}
    survivors: list[str] = []
    mutants = 0
    for probe, verdict in zip(question.probes, verdicts, strict=True):
        outcome = verdict["outcome"]
        message = message_of(verdict)
        if outcome == "unavailable":
            found.setdefault(Kind.UNDECIDED, message)
            continue
        if outcome == "invalid_task":
            found.setdefault(Kind.UNREADABLE, message)
            continue
        outcomes.setdefault(f"{probe.kind} {probe.text.rstrip()}", set()).add(outcome)
        mutants += probe.kind == "mutant"
        survivors += [probe.note] if probe.kind == "mutant" and outcome == "correct" else []
        for kind, text in _about(probe, verdict, outcome, message, slow_s):
            found.setdefault(kind, text)
    if any(len(different) > 1 for different in outcomes.values()):
        found[Kind.FLAKY] = "the same completion was " + " and ".join(sorted(set().union(*outcomes.values())))
        found.pop(Kind.GOLD_REJECTED, None)
    if survivors:
        found[Kind.MUTANT_SURVIVES] = f"{len(survivors)} of {mutants} changed programs pass: {'; '.join(survivors)}"
    return [Finding(question.index, kind, text[:400]) for kind, text in found.items()]


def _about(
    probe: Probe, verdict: Mapping[str, Any], outcome: str, message: str, slow_s: float
) -> list[tuple[Kind, str]]:
    if probe.kind in ("gold", "solution"):
        what = "the reference about itself" if probe.kind == "gold" else "the solution"
        if outcome == "limit_exceeded":
            return [(Kind.SLOW, f"{what} passes a limit: {message}")]
        if outcome != "correct":
            return [(Kind.GOLD_REJECTED, f"{what} is {outcome}: {message}")]
        if float(verdict.get("run_s") or 0.0) > slow_s:
            return [(Kind.SLOW, f"{what} takes {verdict['run_s']:.2f} s")]
    elif probe.kind in ("nonsense", "stub", "constant") and outcome == "correct":
        return [(Kind.WEAK, f"{probe.text[:150]!r} passes")]
    return []


def message_of(verdict: Mapping[str, Any]) -> str:
    """What the verdict says about why: its message, or that of the first test that failed, or all of its detail."""
    detail = verdict.get("detail") or {}
    failure = detail.get("first_failure") or {}
    told = (detail.get("message"), failure.get("message"), detail.get("problem"), detail.get("difference"))
    said = next(filter(None, told), verdict.get("reason"))
    return str(said or json.dumps(failure or detail, default=str, ensure_ascii=False))[:300]


def asked_and_expected(prompt: Json, reference: Json) -> tuple[str, str]:
    """Hashes of what is asked and of what is expected, white space and case aside."""
    asked, expected = (
        " ".join(json.dumps(one, sort_keys=True, default=str).split()).casefold() for one in (prompt, reference)
    )
    return hashlib.sha256(asked.encode()).hexdigest(), hashlib.sha256(expected.encode()).hexdigest()
