"""The stream to one runner: a socket, framed, with a deadline on every exchange."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from reward_server.sandbox.base import SandboxDied
from reward_server.sandbox.frame import BadFrame, Frame, Head, pack, read

_STREAM = struct.Struct(">BxxxI")
_CHUNK = 1 << 18
_STDERR_KEPT = 4096
_LAST_WORDS_S = 0.5


class Channel:
    """One runner's stream; ``multiplexed`` is Docker's attach format, output and errors in pieces with headers.

    ``beside`` is another one that ends with this: nothing is said there any more, but by a runner that fails.
    """

    def __init__(
        self, sock: socket.socket, *, multiplexed: bool, holders: Sequence[Any] = (), beside: Channel | None = None
    ) -> None:
        self._socket, self._multiplexed, self._holders, self._beside = sock, multiplexed, holders, beside
        self._raw, self._ready = bytearray(), bytearray()
        self._left, self._is_error = 0, False
        self._errors = bytearray()
        self._deadline = 0.0
        self._held: list[bytes] = []
        self.occupants = 0
        """How many have had the sandbox so far."""

    def hold(self, head: Head, parts: Sequence[bytes] = ()) -> None:
        """Keep a frame that is not answered, to be sent with the next one: each way through an engine costs both."""
        self._held += pack(head, parts)

    def forget_held(self) -> None:
        """Send nothing of what is held."""
        self._held.clear()

    def send(self, head: Head, parts: Sequence[bytes] = (), *, within_s: float = 60.0) -> None:
        """Send a frame; raises ``SandboxDied``."""
        try:
            self._socket.settimeout(within_s)
            buffers = [*self._held, *pack(head, parts)]
            self._held.clear()
            if sum(map(len, buffers)) < _CHUNK:
                self._socket.sendall(b"".join(buffers))
            else:
                for buffer in buffers:
                    self._socket.sendall(buffer)
        except OSError as error:
            raise self._died(error) from None

    def receive(self, *, within_s: float) -> Frame:
        """The next frame; raises ``SandboxDied`` when the stream ends, time passes or it is no frame."""
        self._deadline = time.monotonic() + within_s
        try:
            return read(self._exactly)
        except (OSError, BadFrame) as error:
            raise self._died(error) from None

    def is_idle(self) -> bool:
        """Whether the stream is open, as far as one can tell without asking, and nothing has come unasked."""
        try:
            self._socket.settimeout(0)
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return not self._ready
        except OSError:
            pass
        return False

    def close(self) -> None:
        """End the stream, and with it the runner. Idempotent.

        Shut down first: the SDK's ``holders`` of the same socket would keep the stream open.
        """
        if self._beside is not None:
            self._beside.close()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for holder in self._holders:
            with suppress(OSError, ValueError):  # the SDK's response flushes a file that closed with the socket
                holder.close()
        self._socket.close()

    def _exactly(self, size: int) -> bytes:
        while len(self._ready) < size:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the runner did not answer")
            self._socket.settimeout(left)
            data = self._socket.recv(_CHUNK)
            if not data:
                raise ConnectionError("the stream ended")
            if self._multiplexed:
                self._raw += data
                self._sort()
            else:
                self._ready += data
        taken = bytes(self._ready[:size])
        del self._ready[:size]
        return taken

    def _sort(self) -> None:
        """Move what came in to output or errors."""
        at, raw = 0, self._raw
        while at < len(raw):
            if self._left == 0:
                if len(raw) - at < _STREAM.size:
                    break
                stream, self._left = _STREAM.unpack_from(raw, at)
                self._is_error = stream == 2
                at += _STREAM.size
            piece = raw[at : at + self._left]
            at += len(piece)
            self._left -= len(piece)
            if self._is_error:
                self._errors = (self._errors + piece)[-_STDERR_KEPT:]
            else:
                self._ready += piece
        del raw[:at]

    def _died(self, error: Exception) -> SandboxDied:
        if self._beside is not None:
            self._errors = self._beside.last_errors()
        said = self._errors.decode("utf-8", "replace").strip().splitlines()
        self.close()
        return SandboxDied(f"the sandbox has gone: {error}" + (f" ({said[-1]})" if said else ""))

    def last_errors(self) -> bytearray:
        """What has come as errors by the end of the stream, which is waited for no longer than a moment."""
        self._deadline = time.monotonic() + _LAST_WORDS_S
        with suppress(OSError):
            self._exactly(_CHUNK)
        return self._errors
