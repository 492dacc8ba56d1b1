"""The queue's promises, on real servers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from reward_server.cache.redis import RedisCache
from reward_server.errors import QueueDown
from reward_server.queue.asking import StreamsAskingQueue
from reward_server.queue.base import Answer, BatchMeta, Chunk, Claim, Header, Share, WorkerInfo, encode_shares
from reward_server.queue.batch_store import RedisBatchStore
from reward_server.queue.connection import Client, connect
from reward_server.queue.keys import GROUP, LaneKeys, cache_key
from reward_server.queue.working import StreamsWorkingQueue
from reward_server.types import Lane

CLAIM_S = 60.0


def chunk(request: str = "r", reply: str = "", positions: tuple[int, ...] = (0, 1), **more: Any) -> Chunk:
    """A chunk of an echo."""
    share = Share("echo", '"a"', "", "{}", list(positions), ["a"] * len(positions), [False] * len(positions))
    body = encode_shares([share])
    header = Header(
        request, reply, time.time() + 60, time.time(), [("echo", len(positions))], list(positions), len(body), **more
    )
    return Chunk(header, body)


def worker(redis: Client, name: str) -> StreamsWorkingQueue:
    """A consumer of the cpu lane."""
    return StreamsWorkingQueue(redis, Lane.CPU, name, claim_s=CLAIM_S, batch_ttl_s=60)


async def primed(redis: Client, name: str) -> StreamsWorkingQueue:
    """A consumer whose group exists."""
    made = worker(redis, name)
    await made.claim(1, 0.01)
    return made


async def silent(redis: Client, name: str, *claims: Claim, seconds: float = CLAIM_S + 1) -> None:
    """Make it so that a worker has not been heard of for a while, without waiting."""
    ids: list[Any] = [claim.id for claim in claims]
    await redis.xclaim(LaneKeys(Lane.CPU).queue, GROUP, name, 0, ids, idle=int(seconds * 1000), justid=True)


async def test_a_chunk_goes_to_one_worker_and_its_answer_to_who_asked(redis: Client) -> None:
    asking, one, two = StreamsAskingQueue(redis), await primed(redis, "one"), worker(redis, "two")
    reply = await asking.open_reply()
    await asking.enqueue(Lane.CPU, [chunk("r", reply)], {})
    (claim,) = await one.claim(5, 0.1)
    assert await two.claim(5, 0.05) == []
    assert claim.chunk.header.positions == [0, 1]
    await one.answer(claim, [Answer(0, "correct"), Answer(1, "incorrect")])
    async for request, answers in asking.answers(reply):
        assert (request, [answer.outcome for answer in answers]) == ("r", ["correct", "incorrect"])
        break


async def test_the_load_counts_what_is_queued_and_running_and_returns_to_zero(redis: Client) -> None:
    asking, one = StreamsAskingQueue(redis), await primed(redis, "one")
    await asking.enqueue(Lane.CPU, [chunk(), chunk(positions=(2, 3, 4))], {})
    assert (await asking.load(Lane.CPU)).completions == 5
    claims = await one.claim(5, 0.1)
    assert (await asking.load(Lane.CPU)).completions == 5
    for claim in claims:
        await one.drop(claim)
        await one.drop(claim)  # a second time changes nothing
    load = await asking.load(Lane.CPU)
    assert (load.completions, load.bytes) == (0, 0)


async def test_a_silent_workers_chunk_is_taken_over_and_its_deliveries_are_counted(redis: Client) -> None:
    asking, one, two = StreamsAskingQueue(redis), await primed(redis, "one"), worker(redis, "two")
    await asking.enqueue(Lane.CPU, [chunk()], {})
    (claim,) = await one.claim(1, 0.1)
    assert await two.take_over(5) == []
    await silent(redis, "one", claim)
    (taken,) = await two.take_over(5)
    assert taken.deliveries == 2


async def test_a_renewed_claim_is_not_taken_over_and_renewing_does_not_count(redis: Client) -> None:
    asking, one, two = StreamsAskingQueue(redis), await primed(redis, "one"), worker(redis, "two")
    await asking.enqueue(Lane.CPU, [chunk()], {})
    claims = await one.claim(1, 0.1)
    for _ in range(5):
        await silent(redis, "one", *claims)
        assert await one.renew(claims) == []
        assert await two.take_over(5) == []
    await silent(redis, "one", *claims)
    (taken,) = await two.take_over(5)
    assert taken.deliveries == 2


async def test_a_paused_worker_learns_that_its_claim_is_anothers_and_cannot_take_it_back(redis: Client) -> None:
    asking, one, two = StreamsAskingQueue(redis), await primed(redis, "one"), worker(redis, "two")
    await asking.enqueue(Lane.CPU, [chunk()], {})
    (claim,) = await one.claim(1, 0.1)
    await silent(redis, "one", claim)
    (taken,) = await two.take_over(5)
    assert await one.renew([claim]) == [claim.id]
    await one.replace(claim, [claim.chunk])  # ignored: not the owner
    assert await two.renew([taken]) == []
    await two.drop(taken)
    assert await one.claim(1, 0.05) == []


async def test_a_chunk_that_is_handed_back_is_there_at_once_and_uncounted(redis: Client) -> None:
    asking, one, two = StreamsAskingQueue(redis), await primed(redis, "one"), worker(redis, "two")
    await asking.enqueue(Lane.CPU, [chunk()], {})
    (claim,) = await one.claim(1, 0.1)
    await one.replace(claim, [claim.chunk])
    (again,) = await two.claim(1, 0.1)
    assert again.deliveries == 1
    await two.drop(again)
    assert (await asking.load(Lane.CPU)).completions == 0


async def test_an_answer_to_nobody_makes_no_stream(redis: Client) -> None:
    asking, one = StreamsAskingQueue(redis), await primed(redis, "one")
    reply = await asking.open_reply()
    await asking.enqueue(Lane.CPU, [chunk("r", reply)], {})
    await asking.close_reply(reply)
    (claim,) = await one.claim(1, 0.1)
    await one.answer(claim, [Answer(0, "correct"), Answer(1, "correct")])
    assert not await asking.has_reply(reply)
    assert (await asking.load(Lane.CPU)).completions == 0


async def test_a_cancelled_request_is_flagged_and_not_deleted(redis: Client) -> None:
    asking, one = StreamsAskingQueue(redis), await primed(redis, "one")
    await asking.enqueue(Lane.CPU, [chunk("gone"), chunk("kept")], {})
    await asking.cancel(Lane.CPU, "gone")
    claims = await one.claim(2, 0.1)
    assert [(await one.context(claim))[0] for claim in claims] == [True, False]
    assert await one.cancelled(claims) == [claims[0].id]


async def test_a_long_reference_travels_beside_its_chunks(redis: Client) -> None:
    asking, one = StreamsAskingQueue(redis), await primed(redis, "one")
    await asking.enqueue(Lane.CPU, [chunk(blobs=["h", "missing"])], {"h": b'"long"'})
    (claim,) = await one.claim(1, 0.1)
    assert await one.context(claim) == (False, {"h": b'"long"'})


async def test_a_worker_that_leaves_with_work_pending_stays_known_to_the_group(redis: Client) -> None:
    asking, one, two = StreamsAskingQueue(redis), await primed(redis, "one"), worker(redis, "two")
    await asking.enqueue(Lane.CPU, [chunk()], {})
    (claim,) = await one.claim(1, 0.1)
    await one.heartbeat(WorkerInfo("one", "cpu", 2, time.time() + 60))
    assert [info.slots for info in await asking.workers(Lane.CPU)] == [2]
    await one.leave()
    assert await asking.workers(Lane.CPU) == []
    await silent(redis, "one", claim)
    assert len(await two.take_over(5)) == 1


async def test_a_worker_that_leaves_idle_leaves_no_consumer(redis: Client) -> None:
    one = await primed(redis, "one")
    await one.claim(1, 0.01)
    await one.leave()
    assert await redis.xinfo_consumers(LaneKeys(Lane.CPU).queue, "workers") == []


async def test_a_silent_workers_heartbeat_runs_out(redis: Client) -> None:
    asking, one = StreamsAskingQueue(redis), worker(redis, "one")
    await one.heartbeat(WorkerInfo("one", "cpu", 2, time.time() - 1))
    assert await asking.workers(Lane.CPU) == []


async def test_a_server_that_was_emptied_is_used_again(redis: Client) -> None:
    asking, one = StreamsAskingQueue(redis), await primed(redis, "one")
    await redis.flushall()
    assert await one.claim(1, 0.05) == []  # makes its group again
    await asking.enqueue(Lane.CPU, [chunk()], {})
    assert len(await one.claim(1, 0.1)) == 1


@asynccontextmanager
async def full(redis: Client) -> AsyncIterator[None]:
    """A server that has no memory left for anybody within the block."""
    await redis.config_set("maxmemory", 1)
    try:
        yield
    finally:
        await redis.config_set("maxmemory", 0)


async def test_a_full_server_takes_nothing_and_is_still_emptied(redis: Client) -> None:
    asking, one = StreamsAskingQueue(redis), await primed(redis, "one")
    reply = await asking.open_reply()
    await asking.enqueue(Lane.CPU, [chunk("r", reply), chunk("s", reply)], {})
    claims = await one.claim(2, 0.1)
    async with full(redis):
        with pytest.raises(QueueDown, match="maxmemory"):
            await asking.enqueue(Lane.CPU, [chunk()], {})
        await one.heartbeat(WorkerInfo("one", "cpu", 2, time.time() + 60))
        assert await one.renew(claims) == []
        await one.answer(claims[0], [Answer(0, "correct"), Answer(1, "incorrect")])
        await one.replace(claims[1], [claims[1].chunk])
        (again,) = await one.claim(1, 0.1)
        await one.drop(again)
        assert (await asking.load(Lane.CPU)).completions == 0
        async for request, answers in asking.answers(reply):
            assert (request, len(answers)) == ("r", 2)
            break


async def test_the_cache_leaves_room_for_the_queue_where_nothing_is_evicted(redis: Client) -> None:
    async def keeps() -> bool:
        cache = RedisCache(redis, 60)
        await cache.put({"key": Answer(0, "correct")})
        return (await cache.get(["key"])) != [None]

    used = (await redis.info("memory"))["used_memory"]
    for share, policy, kept in ((0.9, "noeviction", False), (0.9, "allkeys-lru", True), (0.1, "noeviction", True)):
        await redis.config_set("maxmemory-policy", policy)
        await redis.config_set("maxmemory", int(used / share))
        try:
            assert await keeps() is kept, (share, policy)
        finally:
            await redis.config_set("maxmemory", 0)
            await redis.config_set("maxmemory-policy", "noeviction")
            await redis.delete(cache_key("key"))


async def test_a_full_server_still_takes_the_answers_of_a_batch(redis: Client) -> None:
    asking, one, store = StreamsAskingQueue(redis), await primed(redis, "one"), RedisBatchStore(redis, 60)
    meta = BatchMeta("b", "", time.time(), time.time() + 60, [("0", "echo", 2)], ["cpu"], total=2)
    await store.create(meta, [])
    await asking.enqueue(Lane.CPU, [chunk("b", store.answers_key("b"), durable=True)], {})
    (claim,) = await one.claim(1, 0.1)
    async with full(redis):
        await one.answer(claim, [Answer(0, "correct"), Answer(1, "incorrect")])
    kept = await store.get("b")
    assert kept is not None and kept.done == 2


async def test_a_server_that_became_a_replica_is_left_for_the_one_that_its_name_stands_for_now(redis: Client) -> None:
    asking = StreamsAskingQueue(redis)
    reply = await asking.open_reply()
    before = await redis.client_id()
    await redis.replicaof("127.0.0.1", "9")
    try:
        with pytest.raises(QueueDown, match="read only"):
            await asking.enqueue(Lane.CPU, [chunk("r", reply)], {})
    finally:
        await redis.replicaof("NO", "ONE")
    await asking.enqueue(Lane.CPU, [chunk("r", reply)], {})
    assert await redis.client_id() != before


async def test_an_idempotency_key_is_claimed_with_its_body_in_one_step(redis: Client) -> None:
    store = RedisBatchStore(redis, 60)
    claims = await asyncio.gather(*(store.claim_key("key", f"batch{n}", f"body{n}") for n in range(20)))
    assert len(set(claims)) == 1
    assert claims[0] in {(f"batch{n}", f"body{n}") for n in range(20)}


async def test_a_batch_that_is_cancelled_while_it_is_queued_stays_cancelled(redis: Client) -> None:
    store = RedisBatchStore(redis, 60)
    await store.create(BatchMeta("b", "", time.time(), time.time() + 60, [("0", "echo", 2)], ["cpu"], total=2), [])
    await store.set_cancelled("b")
    await store.set_running("b")
    kept = await store.get("b")
    assert kept is not None and kept.status == "cancelled"


async def test_a_server_that_is_not_there_is_queue_down() -> None:
    client = connect("unix:///nonexistent.sock")
    with pytest.raises(QueueDown):
        await StreamsAskingQueue(client).ping()
    await client.aclose()
