"""Parameters of the ``code`` verifier."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reward_server.sandbox.base import ExecutionLimits
from reward_server.verifiers.base import StrictModel


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
    total_s: float = Field(300.0, gt=0, le=300)
    """Seconds of all tests of one completion together."""

    def execution_limits(self) -> ExecutionLimits:
        """Limits of one test."""
        return ExecutionLimits(time_s=self.time_s, memory_mb=self.memory_mb)
