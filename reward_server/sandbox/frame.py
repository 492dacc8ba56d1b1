"""Frames between a driver and the runner in its sandbox.

A frame is ``<II`` (bytes that follow, bytes of the head), the head as JSON, then binary parts whose lengths the head
lists under ``parts``. ``sandboxes/runner/wire.py`` speaks the same, written apart: neither imports the other.
What comes in was written by pid 1 of a sandbox that runs hostile programs, so it is bounded and parsed with suspicion.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

_HEADER = struct.Struct("<II")
MAX_HEAD = 1 << 20
MAX_FRAME = 256 << 20

Head = dict[str, Any]
Frame = tuple[Head, list[bytes]]


class BadFrame(ValueError):
    """What came in is no frame: the sandbox cannot be trusted any more."""


def pack(head: Head, parts: Sequence[bytes] = ()) -> list[bytes]:
    """A frame as buffers to send in order (parts are not copied)."""
    text = json.dumps({**head, "parts": [len(part) for part in parts]}).encode()
    size = len(text) + sum(map(len, parts))
    if size > MAX_FRAME:
        raise ValueError(f"{size} bytes are more than one frame holds")
    return [_HEADER.pack(size, len(text)) + text, *parts]


def read(exactly: Callable[[int], bytes]) -> Frame:
    """The next frame from a source of exact byte counts; raises ``BadFrame``."""
    size, head_size = _HEADER.unpack(exactly(_HEADER.size))
    if size > MAX_FRAME or head_size > min(size, MAX_HEAD):
        raise BadFrame(f"a frame of {size} bytes, head {head_size}")
    try:
        head = json.loads(exactly(head_size))
        sizes = head["parts"]
        if not all(type(part) is int and part >= 0 for part in sizes) or head_size + sum(sizes) != size:
            raise BadFrame("parts and size disagree")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadFrame(f"no head: {error}") from None
    return head, [exactly(part) for part in sizes]
