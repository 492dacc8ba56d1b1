"""What stands before the routes: the API key, the size of bodies, and clients that go away."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reward_server.api.problems import Problem
from reward_server.telemetry import Metrics

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/docs", "/openapi.json", "/"})
"""What needs no key: probes, and what is in the repository anyway."""
CHUNK_TIMEOUT_S = 30.0
"""Longest silence within a request body."""
T = TypeVar("T")
log = structlog.get_logger()


class ClientGone(Exception):
    """Nobody waits for the response."""


class Failsafe:
    """ASGI middleware: an exception that nobody expected is logged, and an ``internal`` problem.

    Without it the framework answers in plain text and drops the connection under the next request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Part of ASGI."""
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            if scope["type"] != "http" or started:  # what was begun can only be broken off
                raise
            log.exception("a request failed", path=scope["path"])
            await Problem("internal", "the server's log says what").response()(scope, receive, send)


class ApiKey:
    """ASGI middleware: refuses requests that do not carry the key as a bearer token."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._expected = f"Bearer {key.strip()}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Part of ASGI."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS or self._allowed(scope):
            await self._app(scope, receive, send)
            return
        problem = Problem("unauthorized", "send Authorization: Bearer <API key>", {"WWW-Authenticate": "Bearer"})
        await problem.response()(scope, receive, send)

    def _allowed(self, scope: Scope) -> bool:
        given = dict(scope["headers"]).get(b"authorization", b"")
        scheme, _, token = given.partition(b" ")
        if scheme.lower() != b"bearer":
            return False
        # Constant time: how much of a guess is right must not be measurable.
        return hmac.compare_digest(b"Bearer " + token.strip(), self._expected)


class Bodies:
    """Reads request bodies, and bounds what all of them hold together."""

    def __init__(self, max_bytes: int, max_in_flight: int, metrics: Metrics) -> None:
        self._max_bytes = max_bytes
        self._max_in_flight = max_in_flight
        self._metrics = metrics
        self._in_flight = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """The body, counted as in flight until the block ends. Raises ``Problem`` or ``ClientGone``."""
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise Problem("unsupported-encoding", f"send the body as it is, not as {encoding[:40]}")
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._max_bytes:
            raise self._too_large()
        parts: list[bytes] = []
        held = 0
        try:
            async for part in _parts(request):
                held += len(part)
                self._add(len(part))
                parts.append(part)
                if held > self._max_bytes:
                    raise self._too_large()
                if self._in_flight > self._max_in_flight:
                    raise Problem("busy", "this server holds too many requests at once", {"Retry-After": "1"})
            yield b"".join(parts)
        finally:
            self._add(-held)

    def _add(self, size: int) -> None:
        self._in_flight += size
        self._metrics.bytes_in_flight.set(self._in_flight)

    def _too_large(self) -> Problem:
        # The connection stays: closing it under a client that still sends would reset it before this is read.
        return Problem("body-too-large", f"the limit is {self._max_bytes} bytes")


async def _parts(request: Request) -> AsyncIterator[bytes]:
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(CHUNK_TIMEOUT_S):
                part = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Problem(
                "body-timeout", f"nothing came for {CHUNK_TIMEOUT_S:.0f} s", {"Connection": "close"}
            ) from None
        except ClientDisconnect:
            raise ClientGone from None
        if part:
            yield part


async def unless_gone(request: Request, work: Coroutine[None, None, T]) -> T:
    """The result of ``work``, which is cancelled when the client goes away (then raises ``ClientGone``).

    Starlette does not cancel a handler for that; somebody has to listen.
    """
    working = asyncio.ensure_future(work)
    listening = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, listening}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGone
        return working.result()
    finally:
        for task in (working, listening):
            task.cancel()
        await asyncio.gather(working, listening, return_exceptions=True)


@asynccontextmanager
async def cancelled_when_gone(request: Request) -> AsyncIterator[None]:
    """Within the block the current task is cancelled when the client goes away: one listener for a whole stream."""
    task = asyncio.current_task()
    assert task is not None
    listening = asyncio.ensure_future(_gone(request))
    listening.add_done_callback(lambda done: None if done.cancelled() else task.cancel())
    try:
        yield
    finally:
        listening.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
