"""A worker's children: judges a chunk to its last completion, whatever that does to the children.

A child that was killed at a limit gives that completion ``limit_exceeded``. One that died otherwise costs
nobody anything at first: the completion it was at is run once more, alone; a second death is
``unavailable`` with reason ``verifier_crashed``.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping

import structlog

from reward_server.child import Assignment
from reward_server.children import ChildHandle, End, Zygote
from reward_server.errors import Unavailable
from reward_server.queue.base import Answer, Chunk, null_answer
from reward_server.types import Limits, Outcome

WATCH_S = 0.02
CLOSE_S = 5.0
log = structlog.get_logger()


class Crew:
    """At most ``slots`` children, made when needed and kept while they behave."""

    def __init__(
        self, zygote: Zygote, slots: int, limits_of: Callable[[str], Limits], *, max_growth_mb: int = 512
    ) -> None:
        self.slots = slots
        self._zygote = zygote
        self._limits_of = limits_of
        self._max_growth_mb = max_growth_mb
        self._idle: list[ChildHandle] = []
        self._free = asyncio.Semaphore(slots)
        self._busy: dict[ChildHandle, _Progress] = {}
        self._watch: asyncio.Task[None] | None = None

    async def judge(self, chunk: Chunk, blobs: Mapping[str, bytes]) -> list[Answer]:
        """Answers for every position of the chunk, in order.

        The time until a child was free counts as the queue's. Where no child can be had, what is left is null.
        """
        progress = _Progress(chunk)
        async with self._free:
            header = chunk.header
            queue_s = max(0.0, round(time.time() - header.sent, 6))
            while only := progress.next():
                try:
                    child = await self._child()
                except Unavailable as error:
                    log.error("no child process", error=str(error))
                    progress.give_up(error.reason)
                    break
                assignment = Assignment(header.deadline, header.detail, chunk.body, dict(blobs), only, queue_s)
                self._busy[child] = progress
                try:
                    end = await child.run(assignment, progress.take)
                except asyncio.CancelledError:
                    child.kill()
                    raise
                finally:
                    del self._busy[child]
                if end is End.DONE:
                    self._release(child)
                elif end is End.LIMIT:
                    progress.killed(child.preparing)
                else:
                    progress.died(child.preparing)
        return progress.in_order()

    async def warm_up(self) -> None:
        """Start the zygote and one child, so that the first completion does not wait for either."""
        self._watch = asyncio.create_task(self._enforce())
        self._release(await ChildHandle.start(self._zygote))

    async def close(self) -> None:
        """End every child."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        children = [child for child in [*self._busy, *self._idle] if child.alive]
        for child in children:
            child.kill()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.gather(*(child.gone.wait() for child in children))
        self._zygote.stop()

    async def _child(self) -> ChildHandle:
        while self._idle:
            child = self._idle.pop()
            if child.alive:
                return child
        return await ChildHandle.start(self._zygote)

    def _release(self, child: ChildHandle) -> None:
        """Keep a child, unless it has grown too much: caches of a long life are not a leak that must last."""
        if child.resident_mb - (child.first_resident_mb or child.resident_mb) > self._max_growth_mb:
            child.close()
        elif child.alive:
            self._idle.append(child)

    async def _enforce(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            for child, progress in list(self._busy.items()):
                try:
                    child.enforce(self._limits_of(progress.verifier()))
                except Exception:
                    log.exception("a limit could not be enforced")


class _Progress:
    """How far a chunk has come."""

    def __init__(self, chunk: Chunk) -> None:
        self._positions = chunk.header.positions
        self._answers: dict[int, Answer] = {}
        self._deaths: dict[int, int] = {}
        self._verifiers: list[str] = []
        self._share_ends: list[int] = []
        for verifier, count in chunk.header.shares:
            self._verifiers += [verifier] * count
            self._share_ends += [len(self._verifiers)] * count
        self._at = 0

    def take(self, answer: Answer) -> None:
        """Note an answer; the first of a position counts."""
        self._answers.setdefault(answer.position, answer)
        self._advance()

    def next(self) -> list[int]:
        """What to run next: all that is left, or alone what a child has died over."""
        self._advance()
        left = [position for position in self._positions[self._at :] if position not in self._answers]
        return left[:1] if left and left[0] in self._deaths else left

    def verifier(self) -> str:
        """Verifier of the completion being judged."""
        return self._verifiers[min(self._at, len(self._verifiers) - 1)]

    def killed(self, preparing: bool) -> None:
        """The child was killed at its time limit."""
        if preparing:  # the reference passes the limit against itself: nothing a completion could do about it
            self._share("reference_limit", Outcome.INVALID_TASK, retryable=False)
        else:
            position = self._positions[self._at]
            detail = b'{"message":"the time limit was reached","limit":"time"}'
            self.take(Answer(position, Outcome.LIMIT_EXCEEDED.value, 0.0, detail, run_s=0.0))

    def died(self, preparing: bool) -> None:
        """The child died, or made no progress."""
        position = self._positions[self._at]
        self._deaths[position] = self._deaths.get(position, 0) + 1
        if self._deaths[position] < 2:
            return
        if preparing:
            self._share("verifier_crashed", Outcome.UNAVAILABLE, retryable=False)
        else:
            self.take(null_answer(position, Outcome.UNAVAILABLE, "verifier_crashed", retryable=False))

    def give_up(self, reason: str) -> None:
        """Nothing can be run any more."""
        for position in self._positions:
            self._answers.setdefault(position, null_answer(position, Outcome.UNAVAILABLE, reason, retryable=True))

    def in_order(self) -> list[Answer]:
        """Answers by position."""
        return [self._answers[position] for position in self._positions if position in self._answers]

    def _share(self, reason: str, outcome: Outcome, *, retryable: bool) -> None:
        end = self._share_ends[self._at]
        for position in self._positions[self._at : end]:
            self._answers.setdefault(position, null_answer(position, outcome, reason, retryable=retryable))
        self._advance()

    def _advance(self) -> None:
        while self._at < len(self._positions) and self._positions[self._at] in self._answers:
            self._at += 1
