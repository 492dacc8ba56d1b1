"""What a completion of each verifier costs, learnt from the answers: chunks are cut and requests admitted by it."""

from __future__ import annotations

WEIGHT = 0.02
"""Of a new observation in the moving average."""


class Costs:
    """Moving averages of seconds per completion, by verifier."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def of(self, verifier: str, guess_s: float) -> float:
        """The average, or the verifier's own guess as long as there is none."""
        return self._seconds.get(verifier, guess_s)

    def observe(self, verifier: str, run_s: float) -> None:
        """Take in how long one completion took."""
        known = self._seconds.get(verifier)
        self._seconds[verifier] = run_s if known is None else known + WEIGHT * (run_s - known)
