"""The queue on Redis Streams, as the service sees it."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
import structlog
from redis.asyncio import Redis

from reward_server.errors import QueueDown
from reward_server.queue.base import Answer, Chunk, Load, WorkerInfo, decode_answers, encode_header
from reward_server.queue.connection import BLOCK_S, queue_errors, stream_entries
from reward_server.queue.keys import LaneKeys, reply_key
from reward_server.types import Lane

REPLY_TTL_S = 60
BLOB_TTL_S = 86_400
CANCEL_TTL_S = 3_600
log = structlog.get_logger()
_info = msgspec.json.Decoder(WorkerInfo).decode


class StreamsAskingQueue:
    """Puts chunks on the lanes' streams and reads answers from a stream of its own."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def load(self, lane: Lane) -> Load:
        """What the lane holds now, running work included."""
        async with queue_errors():
            held = await self._redis.hmget(LaneKeys(lane).load, ["completions", "bytes"])
        return Load(*(int(value or 0) for value in held))

    async def workers(self, lane: Lane) -> list[WorkerInfo]:
        """The workers of the lane whose heartbeat is fresh."""
        async with queue_errors():
            found = await self._redis.hvals(LaneKeys(lane).workers)
        now = time.time()
        return [info for info in map(_info, found) if info.expires > now]

    async def enqueue(self, lane: Lane, chunks: Sequence[Chunk], blobs: Mapping[str, bytes]) -> None:
        """Put all chunks in one transaction, long references first."""
        keys = LaneKeys(lane)
        async with queue_errors(), self._redis.pipeline(transaction=True) as pipe:
            for digest, reference in blobs.items():
                pipe.set(keys.blob(digest), reference, ex=BLOB_TTL_S)
            for chunk in chunks:
                pipe.xadd(keys.queue, {b"h": encode_header(chunk.header), b"b": chunk.body})
            pipe.hincrby(keys.load, "completions", sum(chunk.completions for chunk in chunks))
            pipe.hincrby(keys.load, "bytes", sum(chunk.header.size for chunk in chunks))
            await pipe.execute()

    async def cancel(self, lane: Lane, request: str) -> None:
        """Flag the request; its chunks are skipped when a worker meets them."""
        async with queue_errors():
            await self._redis.set(LaneKeys(lane).cancelled(request), 1, ex=CANCEL_TTL_S)

    async def open_reply(self) -> str:
        """Make the stream on which answers come back; it lives as long as ``answers`` reads it."""
        reply = reply_key(uuid.uuid4().hex)
        async with queue_errors():
            await self._make(reply)
        return reply

    async def answers(self, reply: str) -> AsyncIterator[tuple[str, list[Answer]]]:
        """Answers as they come; raises ``QueueDown`` when the server failed or lost the stream."""
        last, renewed = b"0", 0.0
        while True:
            async with queue_errors():
                entries = stream_entries(await self._redis.xread({reply: last}, count=64, block=int(BLOCK_S * 1000)))
                if time.monotonic() - renewed > REPLY_TTL_S / 6:
                    if not await self._redis.expire(reply, REPLY_TTL_S):
                        raise QueueDown("the reply stream is gone")
                    renewed = time.monotonic()
            for _, fields in entries:
                if request := fields.get(b"r"):
                    try:
                        answers = decode_answers(fields[b"a"])
                    except msgspec.DecodeError as error:  # a worker of another release: the deadline will answer
                        log.error("an answer could not be read", error=str(error))
                        continue
                    yield request.decode(), answers
            if entries:  # trimmed after they were handed on: somebody waits for them
                last = entries[-1][0]
                async with queue_errors():
                    await self._redis.xtrim(reply, minid=last, approximate=False)

    async def has_reply(self, reply: str) -> bool:
        """Whether the stream is still there."""
        async with queue_errors():
            return bool(await self._redis.exists(reply))

    async def close_reply(self, reply: str) -> None:
        """Delete the stream."""
        async with queue_errors():
            await self._redis.delete(reply)

    async def ping(self) -> None:
        """Raises ``QueueDown`` when the server does not answer."""
        async with queue_errors():
            await self._redis.ping()

    async def _make(self, reply: str) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.xadd(reply, {b"hello": b""})
            pipe.expire(reply, REPLY_TTL_S)
            await pipe.execute()
