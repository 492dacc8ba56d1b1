"""Durable batches in Redis: a hash that describes one, a bitmap of what is answered, a stream of answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis

from reward_server.queue import scripts
from reward_server.queue.base import Answer, BatchMeta, Event, decode_answers, encode_answers
from reward_server.queue.connection import queue_errors, stream_entries
from reward_server.queue.keys import BatchKeys, idempotency_key

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(BatchMeta).decode


class RedisBatchStore:
    """Keeps batches, for ``ttl_s`` seconds after they are finished or past their deadline."""

    def __init__(self, redis: Redis, ttl_s: int) -> None:
        self._redis = redis
        self._ttl_s = ttl_s
        self._answer = redis.register_script(scripts.ANSWER_BATCH)

    def answers_key(self, batch_id: str) -> str:
        """Key of the stream that a batch's answers go to."""
        return BatchKeys(batch_id).answers

    async def claim_key(self, key: str, batch_id: str, digest: str) -> tuple[str, str]:
        """What ``key`` stands for: the batch and hash given, unless the key was used before."""
        async with queue_errors():
            name = idempotency_key(key)
            claim = f"{batch_id}:{digest}"
            if await self._redis.set(name, claim, nx=True, ex=self._ttl_s):
                return batch_id, digest
            kept: Any = await self._redis.get(name)
        known_id, _, known_digest = (kept.decode() if kept else claim).partition(":")
        return known_id, known_digest

    async def create(self, meta: BatchMeta, answers: Sequence[Answer]) -> None:
        """Store a batch with the answers that are known at once. Storing the same one again changes nothing."""
        keys = BatchKeys(meta.id)
        until = int(meta.deadline) + self._ttl_s
        async with queue_errors():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hsetnx(keys.meta, "meta", _encode(meta))
                pipe.hset(keys.meta, "total", meta.total)
                pipe.hsetnx(keys.meta, "done", 0)
                pipe.hsetnx(keys.meta, "status", meta.status)
                pipe.xadd(keys.answers, {b"hello": b""})
                for key in (keys.meta, keys.answers):
                    pipe.expireat(key, until)
                await pipe.execute()
            if answers:
                await self._answer(
                    keys=[keys.answers, keys.done, keys.meta],
                    args=[meta.id, encode_answers(list(answers)), self._ttl_s, *(a.position for a in answers)],
                )
                await self._redis.expireat(keys.done, until)

    async def set_running(self, batch_id: str) -> None:
        """All of the batch is queued."""
        async with queue_errors():
            await self._redis.hset(BatchKeys(batch_id).meta, "status", "running")

    async def set_cancelled(self, batch_id: str) -> None:
        """A field of its own: whoever is still queueing the batch must not undo it."""
        async with queue_errors():
            await self._redis.hset(BatchKeys(batch_id).meta, "cancelled", 1)

    async def get(self, batch_id: str) -> BatchMeta | None:
        """The batch, None where there is none (any more)."""
        async with queue_errors():
            found: Any = await self._redis.hgetall(BatchKeys(batch_id).meta)
        if b"meta" not in found:
            return None
        return msgspec.structs.replace(
            _decode(found[b"meta"]), total=int(found[b"total"]), done=int(found[b"done"]),
            status="cancelled" if b"cancelled" in found else found[b"status"].decode(),
        )  # fmt: skip

    async def events(self, batch_id: str, after: str, block_s: float) -> list[Event]:
        """Answers later than the event ``after`` (``0`` for all), waiting for the first at most ``block_s``."""
        key = BatchKeys(batch_id).answers
        async with queue_errors():
            block = int(block_s * 1000) or None
            entries = stream_entries(await self._redis.xread({key: after}, count=256, block=block))
        return [(name.decode(), decode_answers(fields[b"a"]) if b"a" in fields else []) for name, fields in entries]
