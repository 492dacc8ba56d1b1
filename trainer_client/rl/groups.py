"""What dynamic sampling decides from: rows of verdicts and the groups that they form. No torch, no I/O."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from trainer_client.adapters.trl import Judged
from trainer_client.wire import Outcome


class Row(NamedTuple):
    """What every rank knows of every completion: small, for it is gathered over ranks."""

    outcome: str
    value: float | None
    reward: float | None
    tokens: int
    truncated: bool
    lost: bool
    reason: str
    queue_s: float
    run_s: float
    source: str

    @classmethod
    def of(cls, judged: Judged, source: str) -> Row:
        """The row of one completion; ``source`` names where its prompt comes from."""
        verdict = judged.verdict
        return cls(
            outcome=str(verdict.outcome),
            value=judged.value,
            reward=judged.reward,
            tokens=judged.tokens,
            truncated=judged.truncated,
            lost=judged.lost,
            reason=verdict.reason or "",
            queue_s=verdict.queue_s,
            run_s=verdict.run_s,
            source=source,
        )

    @property
    def right(self) -> bool:
        """Verified right."""
        return self.outcome == Outcome.CORRECT


class Kind(StrEnum):
    """What a group has to teach: only a mixed one moves a policy whose advantages are relative to its group."""

    MIXED = "mixed"
    RIGHT = "all_right"
    WRONG = "all_wrong"
    NULL = "null"


def kind(values: Sequence[float | None]) -> Kind:
    """The kind of a group from the verdicts of its members, compared exactly; nulls are neither right nor wrong."""
    known = [value for value in values if value is not None]
    if not known:
        return Kind.NULL
    if min(known) != max(known):
        return Kind.MIXED
    return Kind.RIGHT if known[0] == 1.0 else Kind.WRONG


def kinds(rows: Sequence[Row], size: int) -> list[Kind]:
    """The kinds of consecutive groups of ``size`` rows."""
    return [kind([row.value for row in rows[at : at + size]]) for at in range(0, len(rows), size)]


class Place(NamedTuple):
    """Where a group was generated."""

    rank: int
    round: int
    group: int
    """Its number among those of this rank and round."""


class Sampling:
    """Dynamic sampling (DAPO, arXiv 2503.14476, section 3.2) as every rank computes it for itself from gathered rows.

    Differs from the paper in that fresh prompts are asked for by need (the deficit over the share of useful groups so
    far) and that a batch still short after ``max_rounds`` is topped up with groups of zero advantage, so that shapes,
    and with them the ranks, stay in step. verl's recipe raises there.
    """

    def __init__(self, *, ranks: int, size: int, needed: int) -> None:
        """``needed`` groups of ``size`` completions for each of ``ranks`` ranks."""
        self.ranks = ranks
        self.size = size
        self.needed = needed
        self.rounds: list[list[list[Kind]]] = []

    def add(self, rows: Sequence[Row]) -> None:
        """Take in one round: the rows of all ranks, in rank order, each rank with as many."""
        share = len(rows) // self.ranks
        self.rounds.append([kinds(rows[r * share : (r + 1) * share], self.size) for r in range(self.ranks)])

    def wanted(self) -> int:
        """Groups that every rank should sample next, the same number on all; 0 when there are enough in all."""
        groups = [kind for of in self.rounds for rank in of for kind in rank]
        mixed = groups.count(Kind.MIXED)
        short = self.needed * self.ranks - mixed
        if short <= 0:
            return 0
        useful = max(mixed, 0.5) / len(groups)
        return min(self.needed, math.ceil(short / useful / self.ranks))

    def choose(self) -> tuple[list[list[Place]], int]:
        """The groups that each rank trains on, and how many of them all are a top-up.

        A rank trains on its own groups first; what it has too many of goes to ranks that are short.
        """
        found: dict[Kind, list[list[Place]]] = {kind: [[] for _ in range(self.ranks)] for kind in Kind}
        for round, of in enumerate(self.rounds):
            for rank, groups in enumerate(of):
                for number, kind in enumerate(groups):
                    found[kind][rank].append(Place(rank, round, number))
        mixed = found[Kind.MIXED]
        chosen = [places[: self.needed] for places in mixed]
        surplus = [place for places in mixed for place in places[self.needed :]]
        topped_up = 0
        for rank, places in enumerate(chosen):
            missing = self.needed - len(places)
            places += surplus[:missing]
            del surplus[:missing]
            rest = found[Kind.RIGHT][rank] + found[Kind.WRONG][rank] + found[Kind.NULL][rank]
            top_up = rest[: self.needed - len(places)]
            topped_up += len(top_up)
            places += top_up
            places.sort()
        return chosen, topped_up
