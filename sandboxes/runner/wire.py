"""Frames between the runner and its driver.

A frame is ``<II`` (bytes that follow, bytes of the head), the head as JSON, then binary parts whose lengths the head
lists under ``parts``. ``reward_server.sandbox.frame`` speaks the same, written apart: neither imports the other.
"""

from __future__ import annotations

import os
import select
import struct
from typing import Any

from . import jsons

_HEADER = struct.Struct("<II")
MAX_FRAME = 512 << 20
_CHUNK = 1 << 16


class Closed(Exception):
    """The driver has gone: the sandbox ends."""


class Reader:
    """Frames from a descriptor; what has come after one is kept for the next."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._data = descriptor, bytearray()

    def frame(self) -> tuple[dict[str, Any], list[bytes]]:
        """The next one as head and parts; raises ``Closed`` at the end of the stream or for a malformed frame."""
        size, head_size = _HEADER.unpack(self._exactly(_HEADER.size))
        if size > MAX_FRAME or head_size > size:
            raise Closed
        head = jsons.read(self._exactly(head_size))
        return head, [self._exactly(part) for part in head["parts"]]

    def has_more(self) -> bool:
        """Whether another has begun to come."""
        return bool(self._data or select.select([self._descriptor], [], [], 0)[0])

    def _exactly(self, size: int) -> bytes:
        while (missing := size - len(self._data)) > 0:
            data = os.read(self._descriptor, min(max(missing, _CHUNK), 1 << 20))
            if not data:
                raise Closed
            self._data += data
        taken = bytes(memoryview(self._data)[:size])
        del self._data[:size]
        return taken


def write(fd: int, head: dict[str, Any], parts: list[bytes] | None = None) -> None:
    """Send one frame; blocks until the driver has taken it."""
    parts = parts or []
    text = jsons.written({**head, "parts": [len(part) for part in parts]})
    size = len(text) + sum(map(len, parts))
    view = memoryview(b"".join([_HEADER.pack(size, len(text)), text, *parts]))
    while view:
        view = view[os.write(fd, view[: 1 << 20]) :]
