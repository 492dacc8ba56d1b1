"""What comparing two trees says, and what it may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from reward_server.verifiers.math.limits import MAX_STEPS, MAX_SYMBOLIC_S


class Judgement(NamedTuple):
    """Equal, different, or None where no tier could tell; the tier that decided; for a difference, where it is."""

    equal: bool | None
    tier: str
    why: str = ""


def same(tier: str) -> Judgement:
    return Judgement(True, tier)


def different(tier: str, why: str) -> Judgement:
    return Judgement(False, tier, why)


def undecided(why: str) -> Judgement:
    return Judgement(None, "none", why)


class Spent(Exception):
    """The comparison took all the work that one may take."""


@dataclass(slots=True)
class Budget:
    """What one comparison may still do, shared by everything that it calls; and its tolerance."""

    steps: int = MAX_STEPS
    tolerance: float = 0.0
    symbolic_s: float = MAX_SYMBOLIC_S
    """Processor time that SymPy may still take."""

    def spend(self, cost: int = 1) -> None:
        """Count work, about a microsecond each; raises ``Spent``."""
        self.steps -= cost
        if self.steps < 0:
            raise Spent
