"""Ask for rewards when generation ends, and collect them when TRL wants them.

This hides the time of verification behind whatever TRL computes in between: the log-probabilities of the old policy
(vLLM correction, several updates per rollout) or of the reference (beta > 0). Where it computes neither, there is
nothing to hide behind, and the wait is the same as without.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trainer_client.adapters.trl import Judged, RemoteReward, columns_of
from trainer_client.wire import Outcome, null


class Prefetch:
    """The one reward function that ``VerifiedGRPOTrainer`` hands to TRL."""

    def __init__(self, reward: RemoteReward) -> None:
        self.reward = reward
        self.__name__ = reward.__name__
        self.judged: list[Judged] = []
        """This rank's part of the last batch."""
        self.error: Exception | None = None
        """Why there are no verdicts at all. Kept, not raised: other ranks are about to wait for ours."""
        self.wait_s = 0.0
        """Seconds that the trainer stood still for the last batch."""
        self._asked: concurrent.futures.Future[list[Judged]] | None = None

    def submit(
        self,
        loop: asyncio.AbstractEventLoop,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        completion_ids: Sequence[Sequence[int]],
        columns: Mapping[str, Sequence[Any]],
        step: int,
    ) -> None:
        """Start asking on ``loop``."""
        question = self.reward.judge(prompts, completions, completion_ids, columns, step=step)
        self._asked = asyncio.run_coroutine_threadsafe(question, loop)

    async def __call__(
        self,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        completion_ids: Sequence[Sequence[int]],
        *,
        log_extra: Callable[[str, list[Any]], None],
        **unused: Any,
    ) -> list[float | None]:
        """The rewards of what was submitted last, which is what TRL asks for."""
        if self._asked is None:
            raise RuntimeError("rewards were asked for before anything was generated: is this TRL 1.16?")
        began = time.monotonic()
        self.error = None
        try:
            self.judged = await asyncio.wrap_future(self._asked)
        except Exception as error:  # noqa: BLE001 - whatever it is, all ranks must raise it together
            self.error = error
            lost = null(Outcome.UNAVAILABLE, "client_error", str(error))
            self.judged = [Judged(lost, None, None, len(ids), False) for ids in completion_ids]
        self._asked = None
        self.wait_s = time.monotonic() - began
        for column, values in columns_of(self.judged).items():
            log_extra(column, values)
        return [each.reward for each in self.judged]
