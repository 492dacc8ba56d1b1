"""The cache on Redis or Valkey: a key for each verdict, with a time to live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis

from reward_server.cache.base import KEPT
from reward_server.errors import QueueError
from reward_server.queue.base import Answer
from reward_server.queue.connection import queue_errors
from reward_server.queue.keys import cache_key

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Answer).decode
log = structlog.get_logger()


class RedisCache:
    """Keeps answers for ``ttl_s`` seconds. When its server is down nothing is found and nothing kept."""

    def __init__(self, redis: Redis, ttl_s: int) -> None:
        self._redis = redis
        self._ttl_s = ttl_s

    async def get(self, keys: Sequence[str]) -> list[Answer | None]:
        """One round trip for all keys."""
        if not keys:
            return []
        try:
            async with queue_errors():
                found: Any = await self._redis.mget([cache_key(key) for key in keys])
        except QueueError as error:
            log.warning("the cache does not answer", error=str(error))
            return [None] * len(keys)
        return [None if value is None else _decode(value) for value in found]

    async def put(self, answers: Mapping[str, Answer]) -> None:
        """One round trip for all answers."""
        kept = {key: answer for key, answer in answers.items() if answer.outcome in KEPT}
        if not kept:
            return
        try:
            async with queue_errors(), self._redis.pipeline(transaction=False) as pipe:
                for key, answer in kept.items():
                    pipe.set(cache_key(key), _encode(msgspec.structs.replace(answer, cached=True)), ex=self._ttl_s)
                await pipe.execute()
        except QueueError as error:
            log.warning("the cache does not answer", error=str(error))


class NoCache:
    """For a server that keeps nothing."""

    async def get(self, keys: Sequence[str]) -> list[Answer | None]:
        """Nothing is found."""
        return [None] * len(keys)

    async def put(self, answers: Mapping[str, Answer]) -> None:
        """Nothing is kept."""
