"""What a connection may cost: heads that never end, and clients that never read."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import uvicorn

from reward_server.api import connection
from reward_server.api.connection import Connection

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


class App:
    """Reads the body and answers with its length; under ``/endless`` it answers until nobody listens."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Part of ASGI."""
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/endless":
            listening = asyncio.create_task(receive())
            while not listening.done():
                await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
                await asyncio.sleep(0)  # sending to nobody does not wait, and who listens must have a turn
            self.gone.set()
            return
        await send({"type": "http.response.body", "body": str(size).encode()})


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> App:
    """An application behind connections with little patience."""
    monkeypatch.setattr(connection, "HEAD_S", 1.0)
    monkeypatch.setattr(connection, "STALL_S", 1.5)
    return App()


@pytest_asyncio.fixture
async def address(app: App) -> AsyncIterator[tuple[str, int]]:
    """Where it listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, http=Connection, log_level="error", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        with contextlib.suppress(ValueError):  # signal handlers are not for tests
            config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        yield listener.getsockname()[:2]
        await server.shutdown(sockets=[listener])


@pytest_asyncio.fixture
async def streams(address: tuple[str, int]) -> AsyncIterator[Streams]:
    """A connection."""
    reader, writer = await asyncio.open_connection(*address, limit=2**22)
    yield reader, writer
    writer.close()


async def ask(streams: Streams, data: bytes) -> bytes:
    """Send, and read until a response is whole or the connection ends."""
    reader, writer = streams
    writer.write(data)
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        return head + await asyncio.wait_for(reader.read(1000), 10)
    return b""


async def test_a_head_of_usual_size_and_a_long_body_pass(streams: Streams) -> None:
    body = (
        b"POST / HTTP/1.1\r\nHost: x\r\nX-A: "
        + b"a" * 30_000
        + b"\r\nContent-Length: 3000000\r\n\r\n"
        + b"b" * 3_000_000
    )
    for _ in range(2):  # and again on the same connection
        assert b"3000000" in await ask(streams, body)


async def test_pipelined_requests_are_answered_in_order(streams: Streams) -> None:
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
    streams[1].write(b"".join(post % (size, b"x" * size) for size in (100_000, 7, 100_000)))
    for size in (100_000, 7, 100_000):
        assert b"200 OK" in await asyncio.wait_for(streams[0].readuntil(b"\r\n\r\n"), 10)
        chunk = await asyncio.wait_for(streams[0].readuntil(b"0\r\n\r\n"), 10)
        assert str(size).encode() in chunk


@pytest.mark.parametrize(
    "head", [GET + b"X-A: " + b"a" * 100_000, b"GET /" + b"a" * 100_000, GET + b"X-A: b\r\n" * 20_000]
)
async def test_a_head_without_end_is_431(streams: Streams, head: bytes) -> None:
    answer = await ask(streams, head)
    assert b"431" in answer and b"urn:reward-server:problem:headers-too-large" in answer


@pytest.mark.parametrize(
    "nonsense", ["GET /\u00e9 HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT a:80 HTTP/1.1\r\n\r\n", "\x16\x03"]
)
async def test_a_head_that_makes_no_sense_is_400_and_no_error_of_ours(
    streams: Streams, nonsense: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert b"400 Bad Request" in await ask(streams, nonsense.encode())
    assert "exception" not in caplog.text.lower() and "fatal" not in caplog.text.lower()


async def test_a_head_that_drips_in_ends_the_connection(streams: Streams) -> None:
    reader, writer = streams
    for byte in GET * 3:
        writer.write(bytes([byte]))
        with contextlib.suppress(TimeoutError, ConnectionError):
            assert await asyncio.wait_for(reader.read(1), 0.05) == b""
            return
    pytest.fail("it was waited for")


async def test_a_connection_that_says_nothing_is_ended(streams: Streams) -> None:
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(streams[0].read(1), 10) == b""


async def test_a_client_that_reads_nothing_is_cut_off(app: App, streams: Streams) -> None:
    streams[1].write(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.wait_for(app.gone.wait(), 10)


async def test_a_client_that_reads_slowly_is_not(app: App, streams: Streams) -> None:
    streams[1].write(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
    for _ in range(25):  # longer than the patience
        await asyncio.sleep(0.1)
        assert await asyncio.wait_for(streams[0].read(2**23), 10)
    assert not app.gone.is_set()
