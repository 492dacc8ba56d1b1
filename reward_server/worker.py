"""The one loop: claim → verify → answer → acknowledge; takes over what the dead left.

The worker is a supervisor: it never runs a verifier itself. It holds its claims by renewing them, answers
before it lets go of a chunk, and puts back what it cannot finish. It knows protocols and no driver.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import structlog

from reward_server.cache.base import Cache, Keys
from reward_server.chunks import singles, without
from reward_server.crew import Crew
from reward_server.errors import QueueError
from reward_server.queue.base import Answer, Claim, WorkerInfo, WorkingQueue, null_answer
from reward_server.tracing import Attributes, Tracer
from reward_server.types import Outcome

T = TypeVar("T")
MAX_DELIVERIES = 3
BLOCK_S = 1.0
RETRY_S = 0.2
FRESH_S = 0.5
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """What a worker may be told."""

    id: str
    lane: str
    claim_s: float = 30.0
    drain_s: float = 10.0
    prefetch: int = 1
    """Chunks held ready for each slot beyond the one it runs."""
    environment: str = ""


class Worker:
    """Claims chunks and has its crew judge them until it is told to stop."""

    def __init__(
        self, queue: WorkingQueue, crew: Crew, cache: Cache, keys: Keys, tracer: Tracer, options: WorkerOptions
    ) -> None:
        self._queue = queue
        self._crew = crew
        self._cache = cache
        self._keys = keys
        self._tracer = tracer
        self._options = options
        self._held: dict[bytes, _Held] = {}
        self._room = asyncio.Event()
        self._stopping = asyncio.Event()
        self._done = asyncio.Event()
        self._capacity = crew.slots * (1 + options.prefetch)

    def stop(self) -> None:
        """Claim no more; ``run`` returns when what is held has been finished or handed back."""
        self._stopping.set()
        self._room.set()

    async def run(self) -> None:
        """Work until ``stop``."""
        if not await self._warm_up():
            await self._crew.close()
            return
        beats = [
            asyncio.create_task(self._every(self._options.claim_s / 3, self._heartbeat)),
            asyncio.create_task(self._every(self._options.claim_s / 3, self._renew)),
            asyncio.create_task(self._every(self._options.claim_s / 3, self._take_over)),
            asyncio.create_task(self._every(1.0, self._forget_cancelled)),
        ]
        claiming = asyncio.create_task(self._claim())
        log.info("worker ready", worker=self._options.id, lane=self._options.lane, slots=self._crew.slots)
        try:
            await self._stopping.wait()
        finally:
            # Not cancelled: a chunk that is on its way to us would lie unclaimed until its claim lapses.
            await asyncio.wait([claiming], timeout=2 * BLOCK_S)
            claiming.cancel()
            await asyncio.gather(claiming, return_exceptions=True)
            await self._drain()
            self._done.set()
            await asyncio.wait(beats, timeout=BLOCK_S)
            for beat in beats:
                beat.cancel()
            with contextlib.suppress(QueueError, TimeoutError):
                async with asyncio.timeout(2.0):
                    await self._queue.leave()
            await self._crew.close()

    async def _warm_up(self) -> bool:
        """Have the crew ready; False when told to stop meanwhile, which may take a busy machine a while."""
        warming, stopping = asyncio.create_task(self._crew.warm_up()), asyncio.create_task(self._stopping.wait())
        await asyncio.wait((warming, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if self._stopping.is_set():
            warming.cancel()
            await asyncio.gather(warming, return_exceptions=True)
            return False
        await warming
        return True

    async def _claim(self) -> None:
        while not self._stopping.is_set():
            self._room.clear()
            if (room := self._capacity - len(self._held)) <= 0:
                await self._room.wait()
                continue
            try:
                claims = await self._queue.claim(room, BLOCK_S)
            except QueueError as error:
                log.warning("the queue does not answer", error=str(error))
                await asyncio.sleep(RETRY_S)
                continue
            for claim in claims:
                self._hold(claim)

    def _hold(self, claim: Claim) -> None:
        if claim.id not in self._held:
            held = _Held(claim)
            self._held[claim.id] = held
            held.task = asyncio.create_task(self._work(held))

    async def _work(self, held: _Held) -> None:
        claim = held.claim
        try:
            if claim.deliveries > MAX_DELIVERIES:
                await self._persist(lambda: self._split_or_give_up(claim))
                return
            gone, blobs = await self._context(claim)
            if gone or time.time() > claim.chunk.header.deadline:
                await self._persist(lambda: self._queue.drop(claim))
                return
            about: Attributes = {"reward.completions": claim.chunk.completions, "reward.lane": self._options.lane}
            with self._tracer.span("reward.chunk", claim.chunk.header.trace, about):
                answers = await self._answers(claim, blobs)
            await self._persist(lambda: self._queue.answer(claim, answers))
        except Exception:
            log.exception("a chunk could not be worked on", request=claim.chunk.header.request)
        finally:
            self._held.pop(claim.id, None)
            self._room.set()

    async def _context(self, claim: Claim) -> tuple[bool, Mapping[str, bytes]]:
        """Whether nobody waits for the chunk any more, and its long references.

        One that has only just been sent is not asked about: if it was cancelled, ``_forget_cancelled`` will find it.
        """
        header = claim.chunk.header
        if not header.blobs and 0 <= time.time() - header.sent < FRESH_S:
            return False, {}
        return await self._persist(lambda: self._queue.context(claim))

    async def _answers(self, claim: Claim, blobs: Mapping[str, bytes]) -> list[Answer]:
        """Cached answers and fresh ones."""
        chunk = claim.chunk
        known: dict[int, Answer] = {}
        keys = self._keys.of_chunk(chunk) if chunk.header.cache else {}
        if keys:
            found = zip(keys, await self._cache.get(list(keys.values())), strict=True)
            known = {p: msgspec.structs.replace(answer, position=p) for p, answer in found if answer is not None}
        rest = without(chunk, set(known)) if known else chunk
        fresh = await self._crew.judge(rest, blobs) if rest.completions else []
        if keys:
            await self._cache.put({keys[answer.position]: answer for answer in fresh if answer.position in keys})
        return [*known.values(), *fresh]

    async def _split_or_give_up(self, claim: Claim) -> None:
        """Workers died over this chunk again and again: run its completions one by one, and give up on those."""
        header = claim.chunk.header
        log.warning("chunk has cost several workers", request=header.request, completions=claim.chunk.completions)
        if header.single or claim.chunk.completions == 1:
            answers = [null_answer(p, Outcome.UNAVAILABLE, "worker_lost", retryable=True) for p in header.positions]
            await self._queue.answer(claim, answers)
        else:
            await self._queue.replace(claim, singles(claim.chunk))

    async def _renew(self) -> None:
        for lost in await self._queue.renew([held.claim for held in self._held.values()]):
            if lost in self._held:  # another worker has it now and will answer
                self._held[lost].abandon()

    async def _take_over(self) -> None:
        room = self._capacity - len(self._held)
        if room > 0 and not self._stopping.is_set():
            for claim in await self._queue.take_over(room):
                log.info("taking over", request=claim.chunk.header.request, deliveries=claim.deliveries)
                self._hold(claim)

    async def _forget_cancelled(self) -> None:
        """Stop work whose client has gone, also what is stuck in one completion."""
        claims = {held.claim.id: held.claim for held in self._held.values()}
        for cancelled in await self._queue.cancelled(list(claims.values())):
            if cancelled in self._held:
                self._held[cancelled].abandon()
            await self._queue.drop(claims[cancelled])

    async def _heartbeat(self) -> None:
        options = self._options
        expires = time.time() + options.claim_s
        info = WorkerInfo(options.id, options.lane, self._crew.slots, expires, options.environment)
        await self._queue.heartbeat(info)

    async def _every(self, interval_s: float, action: Callable[[], Awaitable[None]]) -> None:
        # Not ended by cancelling alone: a connection that is just being opened may swallow that.
        while not self._done.is_set():
            try:
                await action()
            except QueueError as error:
                log.warning("the queue does not answer", error=str(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(interval_s):
                    await self._done.wait()

    async def _persist(self, action: Callable[[], Awaitable[T]]) -> T:
        """Try until the queue's server answers: a verdict that is known must not be lost to its restart."""
        while True:
            try:
                return await action()
            except QueueError as error:
                log.warning("the queue does not answer", error=str(error))
                await asyncio.sleep(RETRY_S)

    async def _drain(self) -> None:
        """Finish what finishes in time and hand back the rest, uncounted."""
        tasks = [held.task for held in self._held.values() if held.task]
        if tasks:
            await asyncio.wait(tasks, timeout=self._options.drain_s)
        for held in list(self._held.values()):
            held.abandon()
            with contextlib.suppress(QueueError):
                await self._queue.replace(held.claim, [held.claim.chunk])


class _Held:
    """A claim, and the task that works on it."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.task: asyncio.Task[None] | None = None

    def abandon(self) -> None:
        """Stop at once and answer nothing."""
        if self.task is not None:
            self.task.cancel()
