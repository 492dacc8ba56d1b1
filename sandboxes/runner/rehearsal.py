"""Goes through a conversation of tester and candidate in the zygote, so that no fork is the first to have one.

The interpreter adapts code while it runs it, and fills caches: both are writes, and in a fork each costs a page. What
was done here ahead is done for all of them. The values are made up; nothing of it stays but what the interpreter knows.
"""

from __future__ import annotations

import json
import socket
from typing import Any

from .link import Link

_TIMES = 20
"""Enough for the interpreter to adapt what it runs."""
_VALUES: tuple[Any, ...] = (1, "text", 0.5, [1, 2], {"key": [1]}, (1, "a"), None, True)


def rehearse() -> None:
    """Have one end call a function of the other's, which is the same process: the answer is there before it asks."""
    ends = socket.socketpair()
    tester, candidate = Link(ends[0].fileno(), strict=True), Link(ends[1].fileno(), strict=False)
    candidate.send(["ready", [candidate.codec.encode(_same)]])
    (handle,) = tester.receive()[1]
    proxy = tester.codec.decode(handle)
    for value in _VALUES * _TIMES:
        written = json.loads(json.dumps(candidate.codec.encode(value)).encode())
        candidate.send(["r", [written, []]])
        assert proxy(value) == value
        candidate.answer(candidate.receive())
        tester.receive()
    for end in ends:
        end.close()


def _same(value: Any) -> Any:
    return value
