"""Parameters of the ``code`` verifier."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reward_server.sandbox.base import WALL_EXTRA_S, WALL_FACTOR, ExecutionLimits
from reward_server.verifiers.base import StrictModel

LONGEST_S = 150.0
"""What leaves the verifier time to say so, before its own limit of 160 seconds."""
_USUAL_S = 120.0


class CodeParams(StrictModel):
    """How programs are taken out of completions, and what each of their runs may use."""

    time_s: float = Field(10.0, gt=0, le=120)
    """Processor seconds of one test, with all processes it starts; wall time is bounded by 2 × this + 1 s."""
    memory_mb: int = Field(512, ge=16, le=8192)
    """Memory of one test, with all processes it starts."""
    extract: Literal["last_fence", "none"] = "last_fence"
    """``last_fence``: the last fenced block of the language; ``none``: the completion is the program."""
    stop_at_first_failure: bool = True
    """Do not run the rest after a failed test; the score is then null unless everything passed."""
    isolation: Literal["strict", "shared"] = "strict"
    """``shared`` runs assert and pytest code in the program's own process: lower trust, and the verdict says so."""
    seed: int = 0
    """Order of the tests, where it does not matter."""
    total_s: float | None = Field(None, gt=0, le=LONGEST_S)
    """Wall seconds of all tests of one completion together, less the wait for a processor. Where not given: ``time_s``
    for each test, at least the wall time of one, and at most 120."""

    def total(self, tests: int) -> float:
        """Seconds that so many tests may take together."""
        if self.total_s is not None:
            return self.total_s
        wall_s = WALL_FACTOR * self.time_s + WALL_EXTRA_S
        return min(max(self.time_s * tests, wall_s), max(wall_s, _USUAL_S), LONGEST_S)

    def execution_limits(self, tests: int = 0) -> ExecutionLimits:
        """Limits of one test, and of ``tests`` of them where one process goes through them all."""
        total_s = self.total(tests) if tests else 0.0
        return ExecutionLimits(time_s=self.time_s, total_s=total_s, memory_mb=self.memory_mb)
