"""Frames between the runner and its driver.

A frame is ``<II`` (bytes that follow, bytes of the head), the head as JSON, then binary parts whose lengths the head
lists under ``parts``. ``reward_server.sandbox.frame`` speaks the same, written apart: neither imports the other.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any

_HEADER = struct.Struct("<II")
MAX_FRAME = 512 << 20


class Closed(Exception):
    """The driver has gone: the sandbox ends."""


def read(fd: int) -> tuple[dict[str, Any], list[bytes]]:
    """The next frame as head and parts; raises ``Closed`` at the end of the stream or for a malformed frame."""
    size, head_size = _HEADER.unpack(_exactly(fd, _HEADER.size))
    if size > MAX_FRAME or head_size > size:
        raise Closed
    head = json.loads(_exactly(fd, head_size))
    parts = [_exactly(fd, part) for part in head.get("parts", ())]
    return head, parts


def write(fd: int, head: dict[str, Any], parts: list[bytes] | None = None) -> None:
    """Send one frame; blocks until the driver has taken it."""
    parts = parts or []
    text = json.dumps({**head, "parts": [len(part) for part in parts]}).encode()
    size = len(text) + sum(map(len, parts))
    view = memoryview(b"".join([_HEADER.pack(size, len(text)), text, *parts]))
    while view:
        view = view[os.write(fd, view[: 1 << 20]) :]


def _exactly(fd: int, size: int) -> bytes:
    if size == 0:
        return b""
    data = os.read(fd, min(size, 1 << 20))
    if len(data) == size:
        return data
    chunks, missing = [data], size - len(data)
    while missing:
        if not chunks[-1]:
            raise Closed
        chunks.append(os.read(fd, min(missing, 1 << 20)))
        missing -= len(chunks[-1])
    return b"".join(chunks)
