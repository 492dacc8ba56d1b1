"""The cache on Redis or Valkey: a key for each verdict, with a time to live."""

from __future__ import annotations

import time
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


ROOM_SHARE = 0.7
"""Of ``maxmemory``: what the cache may fill of a server that evicts nothing, so that the queue still has room."""
ROOM_FRESH_S = 5.0


class RedisCache:
    """Keeps answers for ``ttl_s`` seconds. When its server is down nothing is found and nothing kept."""

    def __init__(self, redis: Redis, ttl_s: int) -> None:
        self._redis = redis
        self._ttl_s = ttl_s
        self._room, self._room_until = True, 0.0

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
                if not await self._has_room():
                    return
                for key, answer in kept.items():
                    pipe.set(cache_key(key), _encode(msgspec.structs.replace(answer, cached=True)), ex=self._ttl_s)
                await pipe.execute()
        except QueueError as error:
            log.warning("the cache does not answer", error=str(error))

    async def _has_room(self) -> bool:
        """Whether verdicts may be added; asked for now and then."""
        if time.monotonic() > self._room_until:
            memory: Any = await self._redis.info("memory")
            most, bounded = memory["maxmemory"], memory["maxmemory_policy"] == "noeviction"
            self._room = not (most and bounded and memory["used_memory"] > ROOM_SHARE * most)
            self._room_until = time.monotonic() + ROOM_FRESH_S
            if not self._room:
                log.warning("the cache keeps nothing more: its server's memory belongs to the queue")
        return self._room


class NoCache:
    """For a server that keeps nothing."""

    async def get(self, keys: Sequence[str]) -> list[Answer | None]:
        """Nothing is found."""
        return [None] * len(keys)

    async def put(self, answers: Mapping[str, Answer]) -> None:
        """Nothing is kept."""
