"""Connections to Redis or Valkey, and the one place where redis-py's errors become ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisError

from reward_server.errors import QueueDown

Client = Redis
SOCKET_TIMEOUT_S = 15.0
BLOCK_S = 2.0
"""Blocking reads wait less than the socket time-out, or every quiet moment would look like a dead server."""


def connect(url: str) -> Redis:
    """A client with a pool of its own. A command is tried three times: what it may repeat, keyed answers absorb."""
    return Redis.from_url(
        url,
        protocol=2,
        decode_responses=False,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=5.0,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 3),
        # A master that became a replica is left: the next connection asks anew which server the name stands for.
        retry_on_error=[RedisConnectionError, ReadOnlyError],
        health_check_interval=0,
    )


Entry = tuple[bytes, dict[bytes, bytes]]


def stream_entries(reply: Any) -> list[Entry]:
    """The entries in the reply of XREAD or XREADGROUP on one stream (redis-py types it as a union of everything)."""
    entries: list[Entry] = reply[0][1] if reply else []
    return entries


@asynccontextmanager
async def queue_errors() -> AsyncIterator[None]:
    """Turn redis-py's errors into ``QueueDown``: gone, read-only, out of memory or of disk, it takes nothing."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise QueueDown(f"the queue's server does not answer: {error}") from error
