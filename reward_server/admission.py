"""Whether the queue can take a request: before any work, and with a time to come back."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reward_server.chunks import Work
from reward_server.errors import QueueFull, TooLarge
from reward_server.queue.base import AskingQueue, WorkerInfo
from reward_server.types import Lane

FRESH_S = 0.5
"""How long what is known of the workers is used without asking again."""
MAX_RETRY_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a lane's queue may hold."""

    completions: int
    bytes: int


class Admission:
    """Compares what a request brings with what the queue holds."""

    def __init__(self, queue: AskingQueue, capacity: Capacity) -> None:
        self._queue = queue
        self._capacity = capacity
        self._workers: dict[Lane, tuple[float, list[WorkerInfo]]] = {}

    async def admit(self, lane: Lane, works: Sequence[Work], deadline_s: float) -> None:
        """Raises ``TooLarge`` for more than the empty queue holds, ``QueueFull`` for more than it holds now.

        Also ``QueueFull`` when what is queued already takes longer than the deadline.
        """
        completions = sum(len(work.positions) for work in works)
        size = sum(map(len, (text for work in works for text in work.texts)))
        if completions > self._capacity.completions or size > self._capacity.bytes:
            raise TooLarge(
                f"{completions} completions of {size} bytes are more than the empty {lane} queue holds "
                f"({self._capacity.completions} completions, {self._capacity.bytes} bytes): send fewer at a time"
            )
        load = await self._queue.load(lane)
        if load.completions == 0:
            return
        cost_s = sum(work.cost_s * len(work.positions) for work in works) / max(1, completions)
        wait_s = load.completions * cost_s / max(1, await self.slots(lane))
        retry_after_s = min(MAX_RETRY_AFTER_S, max(1.0, wait_s / 2))
        if load.completions + completions > self._capacity.completions or load.bytes + size > self._capacity.bytes:
            raise QueueFull(f"the {lane} queue holds {load.completions} completions", retry_after_s=retry_after_s)
        if wait_s > deadline_s:
            raise QueueFull(
                f"{load.completions} completions are queued, about {wait_s:.0f} s of work: more than the deadline",
                retry_after_s=retry_after_s,
            )

    def environment(self, lane: Lane) -> str:
        """Fingerprint of the images of the lane's workers, as last seen; empty where there are none."""
        _, known = self._workers.get(lane, (0.0, []))
        return known[0].environment if known else ""

    async def slots(self, lane: Lane) -> int:
        """Children of all workers of a lane."""
        return sum(worker.slots for worker in await self.workers(lane))

    async def unmanned(self, lanes: Iterable[Lane]) -> list[Lane]:
        """Those lanes that have no worker."""
        return [lane for lane in lanes if not await self.workers(lane)]

    async def workers(self, lane: Lane) -> list[WorkerInfo]:
        """The workers of a lane, as of the last half second."""
        asked, known = self._workers.get(lane, (0.0, []))
        if time.monotonic() - asked > FRESH_S:
            known = await self._queue.workers(lane)
            self._workers[lane] = (time.monotonic(), known)
        return known
