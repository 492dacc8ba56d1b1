"""What the service and the worker need of a cache of verdicts.

A key covers everything that a verdict depends on. Nulls and ``limit_exceeded`` are never kept: they say how
things were at the time and not what is right.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from reward_server.queue.base import Answer, Chunk, Share, decode_shares
from reward_server.types import Outcome

KEPT = frozenset({Outcome.CORRECT.value, Outcome.INCORRECT.value, Outcome.NO_ANSWER.value})


class Cache(Protocol):
    """Answers by key."""

    async def get(self, keys: Sequence[str]) -> list[Answer | None]:
        """Kept answers in the order of the keys; None where there is none, or where the cache is down."""
        ...

    async def put(self, answers: Mapping[str, Answer]) -> None:
        """Keep those answers that may be kept; loses them where the cache is down."""
        ...


class Keys:
    """Makes the keys of what is worth keeping."""

    def __init__(self, version_of: Callable[[str], str | None], environment_of: Callable[[str], str]) -> None:
        """``version_of`` gives a verifier's version, None for one that is not cached.

        ``environment_of`` gives the fingerprint of the images that the verifier runs programs in.
        """
        self._version_of = version_of
        self._environment_of = environment_of

    def of_item(
        self, verifier: str, reference: str, params: str, detail: str
    ) -> Callable[[str, str, bool], str] | None:
        """A function from (text, thinking, truncated) to the key, None where the verifier is not cached.

        ``reference`` and ``params`` are canonical JSON, or the hash under which a long reference travels;
        ``detail`` is the level of detail that the answer holds.
        """
        version = self._version_of(verifier)
        if version is None:
            return None
        head = hashlib.sha256()
        for part in (verifier, version, reference, params, detail, self._environment_of(verifier)):
            encoded = part.encode()
            head.update(len(encoded).to_bytes(8, "little"))
            head.update(encoded)

        def key(text: str, thinking: str, truncated: bool) -> str:
            digest = head.copy()
            encoded = thinking.encode()
            digest.update((b"\1" if truncated else b"\0") + len(encoded).to_bytes(8, "little") + encoded)
            digest.update(text.encode())
            return digest.hexdigest()

        return key

    def of_chunk(self, chunk: Chunk) -> dict[int, str]:
        """Keys by position, without those that are not cached."""
        if all(self._version_of(verifier) is None for verifier, _ in chunk.header.shares):
            return {}
        return {
            position: key
            for share in decode_shares(chunk.body)
            for position, key in self._of_share(share, chunk.header.detail)
        }

    def _of_share(self, share: Share, detail: str) -> list[tuple[int, str]]:
        key = self.of_item(share.verifier, share.blob or share.reference, share.params, detail)
        if key is None:
            return []
        return [(position, key(text, thinking, truncated)) for position, text, thinking, truncated in share.parts()]
