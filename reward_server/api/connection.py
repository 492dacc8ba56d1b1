"""What a connection may cost: uvicorn's protocol, with limits on heads that never end and clients that never read.

uvicorn bounds neither. A head that drips in, or one of gigabytes, and an answer that nobody takes would each hold
memory and a descriptor for as long as the other side likes. Bodies have limits of their own (``guard.Bodies``).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from reward_server.api.problems import Problem

MAX_HEAD_BYTES = 64 * 1024
"""Request line and headers."""
HEAD_S = 30.0
"""From the connection, or from the first byte of a later request, to the end of the head."""
STALL_S = 300.0
"""A client that takes nothing of an answer for this long is cut off."""
LINGER_S = 2.0
"""A refused head is read for so long: closing at once would reset the connection before the refusal is read."""


class Connection(HttpToolsProtocol):
    """One connection, kept alive over many requests."""

    _in_head = True
    _heads = 0
    """Complete ones so far."""
    _refused = False
    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Part of ``asyncio.Protocol``."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of ``asyncio.Protocol``."""
        for timer in (self._head_timer, self._stall_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Part of ``asyncio.Protocol``."""
        if self._refused or self.transport.is_closing():
            return
        in_head, heads = self._in_head, self._heads
        super().data_received(data)
        if in_head and heads == self._heads:  # nothing but head, and no end of it
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse_head()
        elif not self._in_head and self.cycle is not None and self.cycle.response_complete:
            self._await_head()  # this is the rest of a body that was refused, and must not last forever either

    def on_message_begin(self) -> None:
        """Part of httptools: a request begins."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """Part of httptools: its head is there."""
        super().on_headers_complete()  # raises for a head that makes no sense
        self._in_head, self._head_bytes = False, 0
        self._heads += 1
        if self._head_timer is not None:
            self._head_timer.cancel()

    def on_message_complete(self) -> None:
        """Part of httptools: its body is there, and what comes next is another head."""
        self._in_head = True
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Part of ``asyncio.Protocol``: more is waiting to be read than the buffers hold."""
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Part of ``asyncio.Protocol``."""
        super().resume_writing()
        if self._stall_timer is not None:
            self._stall_timer.cancel()

    def _await_head(self) -> None:
        self._schedule(HEAD_S, self._head_too_slow)

    def _schedule(self, seconds: float, action: Callable[[], None]) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
        self._head_timer = self.loop.call_later(seconds, action)

    def _head_too_slow(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
        else:  # reading pauses while an earlier request of this connection is answered
            self._await_head()

    def _refuse_head(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()
            return
        problem = Problem("headers-too-large", f"the limit is {MAX_HEAD_BYTES} bytes")
        body = json.dumps(problem.body()).encode()
        head = (
            f"HTTP/1.1 {problem.status} Request Header Fields Too Large\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self._refused = True
        self._schedule(LINGER_S, self.transport.abort)

    def _watch(self, before: int) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
        self._stall_timer = self.loop.call_later(STALL_S, self._check, before)

    def _check(self, before: int) -> None:
        """Cut the client off, unless it has taken something; a slow one takes a little each time."""
        now = self.transport.get_write_buffer_size()
        if now < before:
            self._watch(now)
        else:
            self.transport.abort()
