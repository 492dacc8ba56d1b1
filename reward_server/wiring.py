"""The composition root: the only file that names concrete drivers. Settings in, assembled parts out."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from reward_server.admission import Admission, Capacity
from reward_server.batches import Batches
from reward_server.cache.base import Cache, Keys
from reward_server.cache.redis import NoCache, RedisCache
from reward_server.children import Zygote
from reward_server.costs import Costs
from reward_server.crew import Crew
from reward_server.errors import ConfigurationError, InvalidTask, QueueError
from reward_server.planning import Planner
from reward_server.queue.asking import StreamsAskingQueue
from reward_server.queue.batch_store import RedisBatchStore
from reward_server.queue.connection import Client, connect
from reward_server.queue.working import StreamsWorkingQueue
from reward_server.sandboxes import sandbox_environment
from reward_server.service import RewardService, ServiceOptions
from reward_server.settings import Settings
from reward_server.telemetry import Metrics
from reward_server.tracing import Tracer
from reward_server.types import Lane, Limits
from reward_server.verifiers.registry import Registry
from reward_server.worker import Worker, WorkerOptions
from reward_server.zygote import load

if TYPE_CHECKING:
    from reward_server.api.parts import Parts


def assembler(settings: Settings) -> Callable[[], AbstractAsyncContextManager[Parts]]:
    """A function that assembles the parts of an API process, connected to the queue."""
    from reward_server.api.guard import Bodies  # a worker never loads the web framework
    from reward_server.api.parts import Parts

    @asynccontextmanager
    async def assemble() -> AsyncIterator[Parts]:
        registry: Registry = load(settings.registry)()
        redis, cache_redis = _redis(settings), connect(settings.cache_url) if settings.cache_url else None
        queue, metrics, costs = StreamsAskingQueue(redis), Metrics(), Costs()
        tracer = Tracer(settings.otlp_endpoint, "reward-api")
        admission = Admission(queue, Capacity(settings.queue_max_completions, settings.queue_max_bytes))
        keys = _keys(settings, registry, admission.environment)
        planner = Planner(
            registry, keys.of_item, costs, think_open=settings.think_open, think_close=settings.think_close,
            max_depth=settings.max_json_depth,
        )  # fmt: skip
        absent = frozenset() if settings.lanes is None else frozenset(Lane) - frozenset(settings.lanes)
        options = ServiceOptions(settings.chunk_s, settings.cache_enabled, settings.no_worker_grace_s, absent)
        service = RewardService(planner, queue, _cache(settings, cache_redis or redis), admission, costs, options)
        batches = Batches(
            planner, queue, RedisBatchStore(redis, settings.batch_ttl_s), admission, chunk_s=settings.chunk_s,
            cache_enabled=settings.cache_enabled,
        )  # fmt: skip
        bodies = Bodies(settings.max_body_bytes, settings.max_bytes_in_flight, metrics)
        await service.start()
        try:
            yield Parts(settings, registry, service, batches, admission, queue, metrics, tracer, bodies)
        finally:
            await service.close()
            tracer.close()
            for client in (redis, cache_redis):
                if client is not None:
                    await client.aclose()

    return assemble


@asynccontextmanager
async def assembled_worker(settings: Settings, lane: Lane) -> AsyncIterator[Worker]:
    """A worker of one lane, connected to the queue."""
    registry: Registry = load(settings.registry)()
    environment = sandbox_environment(settings) if lane is Lane.SANDBOX else ""
    redis, cache_redis = _redis(settings), connect(settings.cache_url) if settings.cache_url else None
    name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    queue = StreamsWorkingQueue(redis, lane, name, claim_s=settings.claim_s, batch_ttl_s=settings.batch_ttl_s)
    tracer = Tracer(settings.otlp_endpoint, "reward-worker")
    zygote = Zygote(settings.registry, f"reward_server.contexts:{lane}_context")
    crew = Crew(zygote, settings.slots, _limits_of(registry), max_growth_mb=settings.child_max_growth_mb)
    options = WorkerOptions(
        name, lane, claim_s=settings.claim_s, drain_s=settings.drain_s, prefetch=1 if lane is Lane.CPU else 0,
        environment=environment,
    )  # fmt: skip
    try:
        keys = _keys(settings, registry, lambda _: environment)
        yield Worker(queue, crew, _cache(settings, cache_redis or redis), keys, tracer, options)
    finally:
        tracer.close()
        for client in (redis, cache_redis):
            if client is not None:
                await client.aclose()


async def manned(settings: Settings, lane: Lane) -> bool:
    """Whether a worker of the lane is alive; False too when the queue does not answer."""
    redis = _redis(settings)
    try:
        return bool(await StreamsAskingQueue(redis).workers(lane))
    except QueueError:
        return False
    finally:
        await redis.aclose()


def _redis(settings: Settings) -> Client:
    if settings.redis_url is None:
        raise ConfigurationError("set REDIS_URL; only `reward-server serve` starts a Valkey of its own")
    return connect(settings.redis_url)


def _cache(settings: Settings, redis: Client) -> Cache:
    return RedisCache(redis, settings.cache_ttl_s) if settings.cache_enabled else NoCache()


def _keys(settings: Settings, registry: Registry, environment_of: Callable[[Lane], str]) -> Keys:
    def version_of(name: str) -> str | None:
        try:
            verifier = registry[name].verifier
        except InvalidTask:
            return None
        worth_it = settings.cache_enabled and verifier.cost_s >= settings.cache_min_cost_s
        return verifier.version if worth_it else None

    return Keys(version_of, lambda name: environment_of(registry[name].verifier.lane))


def _limits_of(registry: Registry) -> Callable[[str], Limits]:
    def limits_of(name: str) -> Limits:
        try:
            return registry[name].verifier.limits
        except InvalidTask:
            return Limits()

    return limits_of
