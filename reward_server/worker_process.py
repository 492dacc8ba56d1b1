"""Running one worker until it is told to stop. Apart from the API's, so that no worker loads a web framework."""

from __future__ import annotations

import asyncio
import signal

import uvloop

from reward_server.settings import Settings
from reward_server.types import Lane
from reward_server.wiring import assembled_worker


def run_worker(settings: Settings, lane: Lane) -> None:
    """Work a lane."""
    uvloop.run(_work(settings, lane))


async def _work(settings: Settings, lane: Lane) -> None:
    async with assembled_worker(settings, lane) as worker:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, worker.stop)
        await worker.run()
