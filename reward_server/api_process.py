"""Running one API process until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import resource
import socket

import uvicorn

from reward_server.api.connection import Connection
from reward_server.api.parts import Parts
from reward_server.app import create_app
from reward_server.settings import Settings
from reward_server.wiring import assembler

GRACEFUL_S = 5
"""How long a stopping API waits for the requests it has."""
MAX_DESCRIPTORS = 65_536
KEEP_ALIVE_S = 75
"""Longer than any client keeps an idle connection, so that none asks on one that is just being closed."""


def run_api(settings: Settings, fd: int | None = None) -> None:
    """Serve HTTP on the address of the settings, or on an inherited listening socket."""
    config = uvicorn.Config(
        create_app(settings, assembler(settings)),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        loop="uvloop",
        http=Connection,
        ws="none",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACEFUL_S,
        lifespan="on",
    )
    allow_many_connections()
    # Requests are trees of many small objects that go as they came: collect rarely, and never what was loaded.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    sockets = None if fd is None else [socket.socket(fileno=fd)]
    _Server(config).run(sockets=sockets)


def allow_many_connections() -> None:
    """Take as many descriptors as the system gives: each connection holds one, and the usual first offer is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class _Server(uvicorn.Server):
    """uvicorn, which tells the service when it is about to lose patience with the requests that are left."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Part of uvicorn: stop listening and wait for the requests there are."""
        parts: Parts = self.config.app.state.parts  # type: ignore[union-attr]
        asyncio.get_running_loop().call_later(GRACEFUL_S - 1, parts.service.give_up_all)
        await super().shutdown(sockets)
