"""A crew of children, without a queue around it."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from reward_server.children import Zygote
from reward_server.crew import Crew
from reward_server.queue.base import Chunk, Header, Share, encode_shares
from reward_server.types import Limits
from tests.processes import ROOT, alive, forks, wait_for


@pytest.fixture
def zygote(monkeypatch: pytest.MonkeyPatch) -> Zygote:
    """A zygote with the misbehaving verifiers."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return Zygote("tests.misbehaving:registry", "reward_server.contexts:cpu_context")


@pytest_asyncio.fixture
async def crew(zygote: Zygote) -> AsyncIterator[Crew]:
    """Two children at most."""
    made = Crew(zygote, 2, lambda _: Limits(time_s=0.4, memory_mb=128))
    await made.warm_up()
    yield made
    await made.close()


def chunk(*texts: str) -> Chunk:
    """Completions for the misbehaving verifier, whose reference is ``a``."""
    share = Share("misbehaving", '"a"', "", "{}", list(range(len(texts))), list(texts), [False] * len(texts))
    body = encode_shares([share])
    counts, positions = [("misbehaving", len(texts))], list(range(len(texts)))
    return Chunk(Header("r", "", time.time() + 60, time.time(), counts, positions, len(body)), body)


async def outcomes(crew: Crew, *texts: str) -> list[str]:
    """Outcomes in order."""
    return [answer.outcome for answer in await crew.judge(chunk(*texts), {})]


async def test_every_position_is_answered_in_order(crew: Crew) -> None:
    assert await outcomes(crew, "a", "b", "die", "spin", "a") == [
        "correct", "incorrect", "unavailable", "limit_exceeded", "correct",
    ]  # fmt: skip


async def test_work_that_is_given_up_never_confuses_one_child_with_another(crew: Crew) -> None:
    """Cancelling while a child is being born used to shift every later child's process id by one."""
    for turn in range(12):
        given_up = [asyncio.create_task(crew.judge(chunk("die", "spin"), {})) for _ in range(3)]
        await asyncio.sleep(0.002 * turn)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
    results = [*await asyncio.gather(outcomes(crew, "spin", "a"), outcomes(crew, "a", "spin"))]
    assert results == [["limit_exceeded", "correct"], ["correct", "limit_exceeded"]]


async def test_given_up_work_leaves_no_child_running(zygote: Zygote, crew: Crew) -> None:
    task = asyncio.create_task(crew.judge(chunk("stall"), {}))
    await asyncio.sleep(0.3)
    assert zygote.pid is not None
    (stalled,) = forks(zygote.pid)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await outcomes(crew, "a") == ["correct"]
    wait_for(lambda: not alive(stalled))


async def test_a_machine_that_takes_no_more_processes_costs_nobody_elses_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    zygote = Zygote("tests.misbehaving:registry_of_a_full_machine", "reward_server.contexts:cpu_context")
    crew = Crew(zygote, 3, lambda _: Limits(time_s=0.5, memory_mb=128))
    await crew.warm_up()
    first, second, third = await asyncio.gather(
        *(crew.judge(chunk(*texts), {}) for texts in (["spin", "a"], ["a", "die", "b"], ["a", "b"]))
    )
    await crew.close()
    said = [[answer.reason or answer.outcome for answer in answers] for answers in (first, second, third)]
    # The second child died, and no other could be had in its place; what was known by then is kept.
    assert said == [["limit_exceeded", "no_child"], ["correct", "no_child", "no_child"], ["no_child", "no_child"]]


async def test_a_zygote_without_room_for_a_channel_lives_on(crew: Crew, zygote: Zygote) -> None:
    assert zygote.pid is not None
    pid, room = zygote.pid, resource.prlimit(zygote.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, room[1]))
    both = await asyncio.gather(outcomes(crew, "a", "b"), outcomes(crew, "a", "b"))
    assert sorted(both) == [["correct", "incorrect"], ["unavailable", "unavailable"]]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, room)
    assert [*await asyncio.gather(outcomes(crew, "a"), outcomes(crew, "b"))] == [["correct"], ["incorrect"]]
    assert zygote.pid == pid


async def test_two_at_once_is_the_most_there_is(crew: Crew) -> None:
    started = time.monotonic()
    await asyncio.gather(*(outcomes(crew, "spin") for _ in range(4)))
    assert time.monotonic() - started > 0.7  # two rounds of 0.4 s of processor time
