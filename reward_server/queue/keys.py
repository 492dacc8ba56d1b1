"""Names of the keys. A ``{tag}`` keeps keys that meet in one script on one slot of a cluster."""

from __future__ import annotations

from dataclasses import dataclass

from reward_server.types import Lane

PREFIX = "reward"
GROUP = "workers"


@dataclass(frozen=True, slots=True)
class LaneKeys:
    """The keys of one shard of a lane."""

    lane: Lane
    shard: int = 0

    def _key(self, *parts: str) -> str:
        return ":".join((PREFIX, f"{{{self.lane}:{self.shard}}}", *parts))

    @property
    def queue(self) -> str:
        """Stream of chunks."""
        return self._key("queue")

    @property
    def load(self) -> str:
        """Hash of completions and bytes that the stream holds."""
        return self._key("load")

    @property
    def workers(self) -> str:
        """Hash of worker id to ``WorkerInfo``."""
        return self._key("workers")

    def blob(self, digest: str) -> str:
        """A long reference."""
        return self._key("blob", digest)

    def cancelled(self, request: str) -> str:
        """Flag of a request whose client has gone."""
        return self._key("cancelled", request)


def reply_key(name: str) -> str:
    """Stream on which an API process gets its answers."""
    return f"{PREFIX}:{{reply:{name}}}:answers"


@dataclass(frozen=True, slots=True)
class BatchKeys:
    """The keys of a durable batch."""

    id: str

    @property
    def answers(self) -> str:
        """Stream of answers: results and event log in one."""
        return f"{PREFIX}:{{batch:{self.id}}}:answers"

    @property
    def done(self) -> str:
        """Bitmap of answered positions."""
        return f"{PREFIX}:{{batch:{self.id}}}:done"

    @property
    def meta(self) -> str:
        """Hash that describes the batch."""
        return f"{PREFIX}:{{batch:{self.id}}}:meta"

    @classmethod
    def of_answers(cls, key: str) -> BatchKeys:
        """The batch whose answer stream this is."""
        return cls(key.split("batch:", 1)[1].split("}", 1)[0])


def idempotency_key(key: str) -> str:
    """Name of the batch that a client's Idempotency-Key made."""
    return f"{PREFIX}:idempotency:{key}"


def cache_key(digest: str) -> str:
    """A verdict that need not be worked out twice."""
    return f"{PREFIX}:verdict:{digest}"
