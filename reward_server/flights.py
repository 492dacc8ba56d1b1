"""In-flight de-duplication: the same question, asked again before its first answer, is asked once.

The first to ask leads, the others follow. A leader whose answer may not be shared (a null, or a limit that
says how things were and not what is right) leaves its followers to ask for themselves.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from reward_server.cache.base import KEPT
from reward_server.queue.base import Answer

Follow = Callable[[Answer | None], None]
"""Called with the leader's answer, or None when the follower has to ask for itself."""


class Flights:
    """Questions in flight, by cache key."""

    def __init__(self) -> None:
        self._followers: dict[str, list[Follow]] = {}

    def lead(self, key: str) -> bool:
        """Whether the caller leads: nobody else has asked ``key``."""
        if key in self._followers:
            return False
        self._followers[key] = []
        return True

    def follow(self, key: str, follow: Follow) -> None:
        """Wait for the leader of ``key``."""
        self._followers[key].append(follow)

    def land(self, key: str, answer: Answer | None) -> None:
        """The leader has its answer, or gave up (None)."""
        followers = self._followers.pop(key, [])
        shared = None
        if answer is not None and answer.outcome in KEPT:
            shared = msgspec.structs.replace(answer, cached=True, run_s=0.0)
        for follow in followers:
            follow(shared)
