"""The queue on Redis Streams, as a worker sees it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from reward_server.queue import scripts
from reward_server.queue.base import (
    Answer,
    Chunk,
    Claim,
    WorkerInfo,
    decode_header,
    encode_answers,
    encode_header,
)
from reward_server.queue.connection import Entry, queue_errors, stream_entries
from reward_server.queue.keys import GROUP, BatchKeys, LaneKeys
from reward_server.types import Lane


class StreamsWorkingQueue:
    """Claims chunks of one lane in the name of one consumer."""

    def __init__(self, redis: Redis, lane: Lane, consumer: str, *, claim_s: float, batch_ttl_s: int) -> None:
        self._redis = redis
        self._keys = LaneKeys(lane)
        self._consumer = consumer
        self._claim_ms = int(claim_s * 1000)
        self._batch_ttl_s = batch_ttl_s
        self._scanned = "0-0"
        """Where the search for lapsed claims goes on: one call looks at no more than some of them."""
        self._answer = redis.register_script(scripts.ANSWER)
        self._heartbeat = redis.register_script(scripts.HEARTBEAT)
        self._let_go = redis.register_script(scripts.LET_GO)
        self._renew = redis.register_script(scripts.RENEW)
        self._replace = redis.register_script(scripts.REPLACE)
        self._leave = redis.register_script(scripts.LEAVE)
        self._answer_batch = redis.register_script(scripts.ANSWER_BATCH)

    async def claim(self, count: int, block_s: float) -> list[Claim]:
        """New chunks; makes the group where there is none, as on a fresh or an emptied server."""
        async with queue_errors():
            try:
                read = await self._redis.xreadgroup(
                    GROUP, self._consumer, {self._keys.queue: ">"}, count=count, block=max(1, int(block_s * 1000))
                )
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
                await self._make_group()
                return []
        return [_claim(entry, 1) for entry in stream_entries(read)]

    async def take_over(self, count: int) -> list[Claim]:
        """Chunks that nobody has renewed for the claim time, with how often they were delivered."""
        async with queue_errors():
            try:
                reply: Any = await self._redis.xautoclaim(
                    self._keys.queue, GROUP, self._consumer, self._claim_ms, self._scanned, count=count
                )
            except ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
                return []
            claims, self._scanned = [], reply[0]
            for entry in reply[1]:
                held: Any = await self._redis.xpending_range(self._keys.queue, GROUP, entry[0], entry[0], 1)
                claims.append(_claim(entry, held[0]["times_delivered"] if held else 1))
        return claims

    async def renew(self, claims: Sequence[Claim]) -> list[bytes]:
        """Renew by a script that checks the owner of each claim first."""
        if not claims:
            return []
        async with queue_errors():
            lost: list[bytes] = await self._renew(
                keys=[self._keys.queue], args=[GROUP, self._consumer, *(claim.id for claim in claims)]
            )
        return lost

    async def context(self, claim: Claim) -> tuple[bool, dict[str, bytes]]:
        """Whether the request was cancelled, and the long references of the chunk that are still there."""
        header = claim.chunk.header
        async with queue_errors():
            wanted = [self._keys.cancelled(header.request), *map(self._keys.blob, header.blobs)]
            found: Any = await self._redis.mget(wanted)
        blobs = {digest: value for digest, value in zip(header.blobs, found[1:], strict=True) if value is not None}
        return found[0] is not None, blobs

    async def cancelled(self, claims: Sequence[Claim]) -> list[bytes]:
        """The ids of those claims whose request was cancelled."""
        if not claims:
            return []
        async with queue_errors():
            flags = await self._redis.mget([self._keys.cancelled(claim.chunk.header.request) for claim in claims])
        return [claim.id for claim, flag in zip(claims, flags, strict=True) if flag is not None]

    async def answer(self, claim: Claim, answers: Sequence[Answer]) -> None:
        """Answer first and let go second, so that a death in between costs a second answer and never the only one."""
        header = claim.chunk.header
        async with queue_errors():
            if header.durable:
                await self._answer_durably(header.reply, header.request, answers)
            else:
                await self._answer(keys=[header.reply], args=[header.request, encode_answers(list(answers))])
        await self.drop(claim)

    async def drop(self, claim: Claim) -> None:
        """Let go of the chunk and lower the load."""
        async with queue_errors():
            await self._let_go(
                keys=[self._keys.queue, self._keys.load],
                args=[GROUP, claim.id, claim.chunk.completions, claim.chunk.header.size],
            )

    async def replace(self, claim: Claim, chunks: Sequence[Chunk]) -> None:
        """Put chunks in the place of a claim that is still ours."""
        grown = sum(chunk.header.size for chunk in chunks) - claim.chunk.header.size
        parts = [part for chunk in chunks for part in (encode_header(chunk.header), chunk.body)]
        async with queue_errors():
            await self._replace(
                keys=[self._keys.queue, self._keys.load], args=[GROUP, self._consumer, claim.id, grown, *parts]
            )

    async def heartbeat(self, info: WorkerInfo) -> None:
        """Say that this worker is alive, and forget those that have long been silent."""
        async with queue_errors():
            await self._heartbeat(keys=[self._keys.workers], args=[info.id, msgspec.json.encode(info)])
            for name, value in (await self._redis.hgetall(self._keys.workers)).items():
                if msgspec.json.decode(value, type=WorkerInfo).expires < time.time() - 60:
                    await self._redis.hdel(self._keys.workers, name)

    async def leave(self) -> None:
        """Forget this worker; the consumer stays while something is pending in its name."""
        async with queue_errors():
            await self._leave(keys=[self._keys.queue, self._keys.workers], args=[GROUP, self._consumer])

    async def _make_group(self) -> None:
        try:
            await self._redis.xgroup_create(self._keys.queue, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _answer_durably(self, reply: str, request: str, answers: Sequence[Answer]) -> None:
        keys = BatchKeys.of_answers(reply)
        await self._answer_batch(
            keys=[keys.answers, keys.done, keys.meta],
            args=[request, encode_answers(list(answers)), self._batch_ttl_s, *(a.position for a in answers)],
        )


def _claim(entry: Entry, deliveries: int) -> Claim:
    name, fields = entry
    return Claim(name, Chunk(decode_header(fields[b"h"]), fields[b"b"]), deliveries)
