"""Durable batches: the same question as ``/v1/rewards``, whose answers outlive the client and the API.

A batch owns the stream its answers go to, so any API process can tell how far it is, and a restart loses
nothing. The stream is the event log too. The first write of a completion's answer wins.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from reward_server.admission import Admission
from reward_server.chunks import cut, target_s
from reward_server.errors import RewardServerError
from reward_server.planning import Planner
from reward_server.queue.base import Answer, AskingQueue, BatchMeta, Event, Header, flagged, null_answer
from reward_server.service import ItemResult, Request
from reward_server.types import Lane, Outcome

POLL_S = 1.0
FIRST = "0"


class BatchConflict(RewardServerError):
    """The idempotency key was used for another body."""


class BatchStore(Protocol):
    """Where batches are kept; see ``queue.batch_store``."""

    def answers_key(self, batch_id: str) -> str:
        """Key of the stream that a batch's answers go to."""
        ...

    async def claim_key(self, key: str, batch_id: str, digest: str) -> tuple[str, str]:
        """The batch that an idempotency key stands for, and the hash of the body that it was used for."""
        ...

    async def create(self, meta: BatchMeta, answers: Sequence[Answer]) -> None:
        """Store a batch."""
        ...

    async def set_running(self, batch_id: str) -> None:
        """All of the batch is queued."""
        ...

    async def set_cancelled(self, batch_id: str) -> None:
        """Nobody wants the rest of the batch; this stays so, also for one that is being queued."""
        ...

    async def get(self, batch_id: str) -> BatchMeta | None:
        """The batch, None where there is none."""
        ...

    async def events(self, batch_id: str, after: str, block_s: float) -> list[Event]:
        """Answers later than an event."""
        ...


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as a client sees it."""

    meta: BatchMeta
    status: str
    """``running``, ``finished`` or ``cancelled``."""
    done: int


class Batches:
    """Creates batches and tells of them."""

    def __init__(
        self, planner: Planner, queue: AskingQueue, store: BatchStore, admission: Admission, *, chunk_s: float,
        cache_enabled: bool,
    ) -> None:  # fmt: skip
        self._planner = planner
        self._queue = queue
        self._store = store
        self._admission = admission
        self._chunk_s = chunk_s
        self._cache_enabled = cache_enabled

    async def create(self, request: Request, body: bytes, key: str | None) -> BatchView:
        """Enqueue everything, then return the batch; the one that exists where ``key`` was used before.

        Raises ``BatchConflict`` where the key was used for another body, ``QueueFull``, ``TooLarge``, ``QueueDown``.
        """
        digest = hashlib.sha256(body).hexdigest()
        batch_id = uuid.uuid4().hex
        if key is not None:
            # The body's hash is claimed with the key: of two bodies at the same moment, one is refused at once.
            batch_id, claimed = await self._store.claim_key(key, batch_id, digest)
            if claimed != digest:
                raise BatchConflict(f"Idempotency-Key {key!r} was used for another request")
            known = await self._store.get(batch_id)
            if known is not None and known.status != "enqueuing":
                return view(known)
        # Not there, or left half-enqueued by a process that died: enqueue it all, answers are keyed.
        await self._enqueue(batch_id, request)
        created = await self._store.get(batch_id)
        assert created is not None
        return view(created)

    async def get(self, batch_id: str) -> BatchView | None:
        """A batch, None where there is none."""
        meta = await self._store.get(batch_id)
        return None if meta is None else view(meta)

    async def cancel(self, batch_id: str) -> BatchView | None:
        """Skip what is not answered yet; None where there is no such batch."""
        known = await self.get(batch_id)
        if known is None or known.status != "running":
            return known
        await self._store.set_cancelled(batch_id)
        for lane in known.meta.lanes:
            await self._queue.cancel(Lane(lane), batch_id)
        return await self.get(batch_id)

    async def results(self, known: BatchView) -> list[ItemResult]:
        """All answers so far, the missing ones as nulls; complete once the batch is not running any more."""
        answers: dict[int, Answer] = {}
        after = FIRST
        while events := await self._store.events(known.meta.id, after, 0.0):
            after = events[-1][0]
            for _, found in events:
                for answer in found:
                    answers.setdefault(answer.position, flagged(answer, known.meta.flags))
        reason = {"cancelled": "cancelled", "running": "pending"}.get(known.status, "deadline")
        results, start = [], 0
        for index, (item_id, verifier, count) in enumerate(known.meta.items):
            positions = range(start, start + count)
            start += count
            got = [answers.get(p) or null_answer(p, Outcome.UNAVAILABLE, reason, retryable=True) for p in positions]
            results.append(ItemResult(index, item_id, verifier, got))
        return results

    async def events(self, batch_id: str, after: str) -> AsyncIterator[Event | None]:
        """New answers as they come, None when there was nothing for a while; ends when the batch does."""
        seen: set[int] = set()
        while True:
            known = await self.get(batch_id)
            events = await self._store.events(batch_id, after, POLL_S if known and known.status == "running" else 0.0)
            for name, answers in events:
                after = name
                fresh = [answer for answer in answers if answer.position not in seen]
                seen.update(answer.position for answer in fresh)
                if fresh:
                    yield name, fresh
            if not events:
                if known is None or known.status != "running":
                    return
                yield None

    async def _enqueue(self, batch_id: str, request: Request) -> None:
        plan = self._planner.plan(request.items, request.detail)
        for lane, works in plan.works.items():
            await self._admission.admit(lane, works, request.deadline_s)
        now = time.time()
        counted = zip(request.items, plan.counts, strict=True)
        meta = BatchMeta(
            batch_id, request.run, now, now + request.deadline_s,
            [(item.id, item.verifier, count) for item, count in counted], list(plan.works), plan.flags,
            len(plan.answers),
        )  # fmt: skip
        await self._store.create(meta, [answer for answer in plan.answers if answer is not None])
        for lane, works in plan.works.items():
            header = Header(
                batch_id, self._store.answers_key(batch_id), meta.deadline, now, [], [], 0, request.detail,
                self._cache_enabled, durable=True,
            )  # fmt: skip
            seconds = target_s(works, await self._admission.slots(lane), self._chunk_s)
            chunks = cut(works, header, seconds, sandbox=lane is Lane.SANDBOX)
            await self._queue.enqueue(lane, list(chunks), plan.blobs.get(lane, {}))
        await self._store.set_running(batch_id)


def view(meta: BatchMeta) -> BatchView:
    """What the stored words mean at this moment."""
    if meta.done < meta.total and meta.status == "cancelled":
        return BatchView(meta, "cancelled", meta.done)
    finished = meta.done >= meta.total or time.time() > meta.deadline
    return BatchView(meta, "finished" if finished else "running", meta.done)
