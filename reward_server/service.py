"""The one use case: items in → cache → queue → verdicts out, order kept.

It knows protocols and no driver. What it promises: each completion gets exactly one answer, by the deadline,
and whatever is not known by then is ``unavailable`` with its reason, never a zero.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass

import msgspec
import structlog

from reward_server.admission import Admission
from reward_server.cache.base import Cache
from reward_server.chunks import Work, cut, pick, target_s
from reward_server.costs import Costs
from reward_server.errors import QueueError
from reward_server.flights import Flights
from reward_server.planning import Plan, Planner
from reward_server.queue.base import Answer, AskingQueue, Header, null_answer
from reward_server.types import Item, Lane, Outcome
from reward_server.waiting import Waiting

RECONNECT_S = 0.2
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Request:
    """What one client asks."""

    items: Sequence[Item]
    deadline_s: float
    run: str = ""
    detail: str = "full"
    trace: str = ""
    """W3C traceparent of the caller's span."""
    internal: bool = False
    """Asked by a route of ours and not by a client: may name a hidden verifier."""


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The answers of one item, in the order of its completions."""

    index: int
    id: str
    verifier: str
    answers: list[Answer]


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """What the service may be told."""

    chunk_s: float = 0.1
    cache_enabled: bool = True
    no_worker_grace_s: float = 10.0
    absent_lanes: frozenset[Lane] = frozenset()
    """Lanes that nobody will ever work here, so that there is nothing to wait for."""


class RewardService:
    """Scores requests. ``start`` before the first, ``close`` after the last."""

    def __init__(
        self, planner: Planner, queue: AskingQueue, cache: Cache, admission: Admission, costs: Costs,
        options: ServiceOptions,
    ) -> None:  # fmt: skip
        self._planner = planner
        self._queue = queue
        self._cache = cache
        self._admission = admission
        self._costs = costs
        self._options = options
        self._flights = Flights()
        self._waiting: dict[str, Waiting] = {}
        self._reply = ""
        self._pump: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._closed = False
        """Cancelling alone does not end the pump: a connection that is just being opened may swallow that."""

    async def start(self) -> None:
        """Open the stream on which answers come back; raises ``QueueDown``."""
        self._reply = await self._queue.open_reply()
        self._pump = asyncio.create_task(self._deliver())

    async def close(self) -> None:
        """Answer nobody any more."""
        self._closed = True
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, *self._background, return_exceptions=True)
        with contextlib.suppress(QueueError):
            await self._queue.close_reply(self._reply)

    def give_up_all(self) -> None:
        """Answer all that is still waiting with ``unavailable``: this process is about to end."""
        for waiting in list(self._waiting.values()):
            for lane in waiting.open_lanes():
                waiting.give_up(lane, "shutting_down")

    async def score(self, request: Request) -> AsyncGenerator[ItemResult, None]:
        """Each item as soon as all its completions have an answer.

        Raises ``QueueFull``, ``TooLarge`` or ``QueueDown`` before any work was queued. Closing the generator
        cancels what is left.
        """
        received = time.monotonic()
        plan = self._planner.plan(request.items, request.detail, internal=request.internal)
        await self._look_up(plan)
        for lane, works in plan.works.items():
            await self._admission.admit(lane, works, request.deadline_s)
        waiting = Waiting(plan, self._flights)
        self._waiting[waiting.request] = waiting
        try:
            for lane in plan.works:
                await self._send(lane, self._led(lane, waiting, request), waiting, request)
            async for index in self._finished(waiting, received, request.deadline_s):
                item = request.items[index]
                yield ItemResult(index, item.id, item.verifier, waiting.answers_of(index))
        finally:
            self._leave(waiting)

    async def _look_up(self, plan: Plan) -> None:
        """Take kept answers out of the work."""
        if not self._options.cache_enabled:
            plan.keys.clear()
        kept = await self._cache.get(list(plan.keys.values())) if plan.keys else []
        for position, answer in zip(plan.keys, kept, strict=True):
            if answer is not None:
                plan.answers[position] = msgspec.structs.replace(answer, position=position)
        for lane, works in list(plan.works.items()):
            left = [rest for work in works if (rest := pick(work, lambda p: plan.answers[p] is None)).positions]
            plan.works[lane] = left
            if not left:
                del plan.works[lane]

    def _led(self, lane: Lane, waiting: Waiting, request: Request) -> list[Work]:
        """The work of a lane less the completions that somebody is asking about already."""

        def leads(position: int) -> bool:
            key = waiting.plan.keys.get(position)
            if key is None:
                return True
            if self._flights.lead(key):
                waiting.leads[position] = key
                return True
            self._flights.follow(key, self._follower(position, lane, waiting, request))
            return False

        return [led for work in waiting.plan.works[lane] if (led := pick(work, leads)).positions]

    def _follower(
        self, position: int, lane: Lane, waiting: Waiting, request: Request
    ) -> Callable[[Answer | None], None]:
        def follow(answer: Answer | None) -> None:
            if answer is not None:
                waiting.take(msgspec.structs.replace(answer, position=position))
            elif waiting.request in self._waiting:
                own = [pick(work, lambda p: p == position) for work in waiting.plan.works[lane]]
                self._spawn(self._ask_again(lane, [work for work in own if work.positions], waiting, request))

        return follow

    async def _ask_again(self, lane: Lane, works: list[Work], waiting: Waiting, request: Request) -> None:
        try:
            await self._send(lane, works, waiting, request)
        except QueueError:
            for position in works[0].positions:
                waiting.take(null_answer(position, Outcome.UNAVAILABLE, "queue_down", retryable=True))

    async def _send(self, lane: Lane, works: list[Work], waiting: Waiting, request: Request) -> None:
        if not works:
            return
        now = time.time()
        header = Header(
            waiting.request, self._reply, now + request.deadline_s, now, [], [], 0, request.detail,
            self._options.cache_enabled, trace=request.trace,
        )  # fmt: skip
        seconds = target_s(works, await self._admission.slots(lane), self._options.chunk_s)
        chunks = cut(works, header, seconds, sandbox=lane is Lane.SANDBOX)
        await self._queue.enqueue(lane, list(chunks), waiting.plan.blobs.get(lane, {}))

    async def _finished(self, waiting: Waiting, received: float, deadline_s: float) -> AsyncIterator[int]:
        """Indices of items as they finish; at the deadline, or when nobody is there to work, all that are left."""
        deadline, grace = received + deadline_s, received + self._options.no_worker_grace_s
        for lane in self._options.absent_lanes.intersection(waiting.open_lanes()):
            waiting.give_up(lane, "no_worker")
        while waiting.unfinished or not waiting.finished.empty():
            now = time.monotonic()
            if now >= deadline:
                for lane in waiting.open_lanes():
                    waiting.give_up(lane, "deadline")
            elif now >= grace:
                for lane in await self._unmanned(waiting):
                    waiting.give_up(lane, "no_worker")
                grace = now + 1.0
            try:
                async with asyncio.timeout(max(0.0, min(deadline, grace) - now)):
                    index = await waiting.finished.get()
            except TimeoutError:
                continue
            yield index

    async def _unmanned(self, waiting: Waiting) -> list[Lane]:
        try:
            return await self._admission.unmanned(waiting.open_lanes())
        except QueueError:
            return []

    def _leave(self, waiting: Waiting) -> None:
        """Forget the request, and flag what is left of it, so that workers skip it."""
        del self._waiting[waiting.request]
        waiting.abandon()
        for lane in waiting.given_up:
            self._spawn(self._flag(lane, waiting.request))

    async def _flag(self, lane: Lane, request: str) -> None:
        with contextlib.suppress(QueueError):
            await self._queue.cancel(lane, request)

    async def _deliver(self) -> None:
        """Hand answers to those who wait for them, for as long as the process lives."""
        while not self._closed:
            try:
                async for request, answers in self._queue.answers(self._reply):
                    if waiting := self._waiting.get(request):
                        for answer in answers:
                            waiting.take(answer)
                            if answer.run_s and not answer.cached:
                                self._costs.observe(waiting.verifier_of(answer.position), answer.run_s)
            except QueueError as error:
                log.warning("the queue does not answer", error=str(error))
                await self._reopen()

    async def _reopen(self) -> None:
        """Come back after an outage. Where the reply stream did not survive it, neither did the work."""
        while not self._closed:
            await asyncio.sleep(RECONNECT_S)
            try:
                if not await self._queue.has_reply(self._reply):
                    self._reply = await self._queue.open_reply()
                    for waiting in list(self._waiting.values()):
                        for lane in waiting.open_lanes():
                            waiting.give_up(lane, "queue_lost")
                return
            except QueueError:
                continue

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
