"""What travels through the queue, and what the service and the worker need of it.

A request is cut into chunks. A chunk holds completions of one lane, grouped into shares: an item's
reference and params stand once for all completions of that item in the chunk. Every completion has a
position, its number in the request; answers are keyed by it, so an answer that comes twice is dropped.

Everything is encoded with msgspec (MessagePack): text is copied and not escaped, and decoding never builds
anything but these types, so whoever can write to the queue still cannot run code in a worker.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from reward_server.repair import repair
from reward_server.types import Json, Lane, Outcome, Verdict


class Share(msgspec.Struct, array_like=True, frozen=True):
    """One item's part of a chunk."""

    verifier: str
    reference: str
    """JSON text, or empty where it travels once under ``blob``."""
    blob: str
    """Hash of a long reference, else empty."""
    params: str
    """JSON text of an object."""
    positions: list[int]
    texts: list[str]
    truncated: list[bool]
    thinking: list[str] = []
    """Empty unless the verifier wants it."""

    def parts(self) -> Iterator[tuple[int, str, str, bool]]:
        """Position, text, thinking and whether it was truncated, of each completion."""
        thinking = self.thinking or [""] * len(self.texts)
        return zip(self.positions, self.texts, thinking, self.truncated, strict=True)


class Header(msgspec.Struct, array_like=True, frozen=True):
    """What a worker needs to know of a chunk without decoding its body."""

    request: str
    reply: str
    """Key of the stream that wants the answers."""
    deadline: float
    """Unix time after which nobody waits any more."""
    sent: float
    """Unix time at which it was enqueued."""
    shares: list[tuple[str, int]]
    """Verifier and number of completions of each share, in order."""
    positions: list[int]
    size: int
    """Bytes of the body."""
    detail: str = "full"
    """``full``, ``brief`` or ``none``: how much of ``Verdict.detail`` to send back."""
    cache: bool = True
    blobs: list[str] = []
    single: bool = False
    """Requeued alone because workers were lost over the chunk it came from."""
    durable: bool = False
    """The reply is a batch's stream, where the first write of a position wins."""
    trace: str = ""
    """W3C traceparent of the request's span."""


class Chunk(msgspec.Struct, frozen=True):
    """A header and the encoded shares."""

    header: Header
    body: bytes

    @property
    def completions(self) -> int:
        """Number of completions."""
        return len(self.header.positions)


class Claim(msgspec.Struct, frozen=True):
    """A chunk that a worker holds."""

    id: bytes
    chunk: Chunk
    deliveries: int = 1
    """How many workers have held it, this one included; hand-backs do not count."""


class Answer(msgspec.Struct, array_like=True, frozen=True):
    """A verdict on its way back: ``detail`` is JSON already, and verifier and version go once per share."""

    position: int
    outcome: str
    score: float | None = None
    detail: bytes = b"{}"
    flags: tuple[str, ...] = ()
    image: str | None = None
    reason: str | None = None
    retryable: bool = False
    version: str = ""
    queue_s: float = 0.0
    run_s: float = 0.0
    cached: bool = False


class WorkerInfo(msgspec.Struct, frozen=True):
    """What a worker says of itself with every heartbeat."""

    id: str
    lane: str
    slots: int
    expires: float
    """Unix time at which it counts as gone unless it says so again."""
    environment: str = ""
    """Fingerprint of the images it runs programs in; part of the cache key."""


class Load(msgspec.Struct, frozen=True):
    """What a lane's queue holds, running work included."""

    completions: int
    bytes: int


Event = tuple[str, list[Answer]]
"""Id of an entry in the answer stream, and its answers."""


class BatchMeta(msgspec.Struct, frozen=True):
    """What is known of a batch besides its answers."""

    id: str
    run: str
    created: float
    deadline: float
    """Unix time."""
    items: list[tuple[str, str, int]]
    """Id, verifier and number of completions of each item."""
    lanes: list[str]
    flags: dict[int, tuple[str, ...]] = {}
    """What was noticed while reading completions, by position."""
    total: int = 0
    done: int = 0
    status: str = "enqueuing"
    """``enqueuing``, ``running`` or ``cancelled``."""


encode_shares = msgspec.msgpack.Encoder().encode
decode_shares = msgspec.msgpack.Decoder(list[Share]).decode
encode_header = msgspec.msgpack.Encoder().encode
decode_header = msgspec.msgpack.Decoder(Header).decode
encode_answers = msgspec.msgpack.Encoder().encode
decode_answers = msgspec.msgpack.Decoder(list[Answer]).decode
_detail = msgspec.json.Encoder().encode


def to_answer(
    position: int, verdict: Verdict, detail: str = "full", version: str = "", queue_s: float = 0.0, run_s: float = 0.0
) -> Answer:
    """Encode a verdict; ``detail`` says how much of its detail to keep."""
    encoded = encode_detail(verdict.detail, detail) if verdict.detail else b"{}"
    return Answer(
        position, verdict.outcome.value, verdict.score, encoded, verdict.flags, verdict.image, verdict.reason,
        verdict.retryable, version, queue_s, run_s,
    )  # fmt: skip


def encode_detail(detail: Mapping[str, Json], level: str = "full") -> bytes:
    """Detail as JSON text: all of it, only its short values (``brief``), or nothing (``none``)."""
    if level == "none":
        return b"{}"
    if level == "brief":
        detail = {key: value for key, value in detail.items() if _is_brief(value)}
    try:
        return _detail(detail)
    except UnicodeEncodeError:  # a lone surrogate that a verifier made itself
        return _detail(repair(detail))


def null_answer(position: int, outcome: Outcome, reason: str, *, retryable: bool, message: str = "") -> Answer:
    """An answer without a reward."""
    detail = _detail({"message": message}) if message else b"{}"
    return Answer(position, outcome.value, detail=detail, reason=reason, retryable=retryable)


def flagged(answer: Answer, flags: Mapping[int, tuple[str, ...]]) -> Answer:
    """The answer with what was noticed about its completion while it was read."""
    noticed = flags.get(answer.position)
    return msgspec.structs.replace(answer, flags=(*answer.flags, *noticed)) if noticed else answer


def _is_brief(value: Json) -> bool:
    return value is None or isinstance(value, (bool, int, float)) or (isinstance(value, str) and len(value) <= 200)


class AskingQueue(Protocol):
    """The queue as the service sees it."""

    async def load(self, lane: Lane) -> Load:
        """What the lane holds now."""
        ...

    async def workers(self, lane: Lane) -> list[WorkerInfo]:
        """The workers of the lane that are alive."""
        ...

    async def enqueue(self, lane: Lane, chunks: Sequence[Chunk], blobs: Mapping[str, bytes]) -> None:
        """Put all chunks, with the long references they name; raises ``QueueDown``."""
        ...

    async def cancel(self, lane: Lane, request: str) -> None:
        """Flag a request whose client has gone, so that workers skip what is left of it."""
        ...

    async def open_reply(self) -> str:
        """Make the stream on which answers come back; returns its key."""
        ...

    def answers(self, reply: str) -> AsyncIterator[tuple[str, list[Answer]]]:
        """Answers as they come, each with its request; raises ``QueueDown`` when the stream was lost."""
        ...

    async def has_reply(self, reply: str) -> bool:
        """Whether the stream is still there."""
        ...

    async def close_reply(self, reply: str) -> None:
        """Delete the stream: workers see that nobody asks any more."""
        ...

    async def ping(self) -> None:
        """Raises ``QueueDown`` when the server does not answer."""
        ...


class WorkingQueue(Protocol):
    """The queue as a worker sees it."""

    async def claim(self, count: int, block_s: float) -> list[Claim]:
        """Up to ``count`` new chunks, waiting for the first at most ``block_s``."""
        ...

    async def take_over(self, count: int) -> list[Claim]:
        """Chunks whose worker has not renewed its claim in time."""
        ...

    async def renew(self, claims: Sequence[Claim]) -> list[bytes]:
        """Hold on to the claims; returns the ids of those that are no longer ours."""
        ...

    async def context(self, claim: Claim) -> tuple[bool, dict[str, bytes]]:
        """Whether nobody waits for the chunk any more, and the long references it names that are still there."""
        ...

    async def cancelled(self, claims: Sequence[Claim]) -> list[bytes]:
        """The ids of those claims whose request was cancelled."""
        ...

    async def answer(self, claim: Claim, answers: Sequence[Answer]) -> None:
        """Send the answers, then let go of the chunk."""
        ...

    async def drop(self, claim: Claim) -> None:
        """Let go of a chunk that nobody waits for."""
        ...

    async def replace(self, claim: Claim, chunks: Sequence[Chunk]) -> None:
        """Put chunks back in the place of a claim, in one step: to hand it back, or in smaller parts."""
        ...

    async def heartbeat(self, info: WorkerInfo) -> None:
        """Say that this worker is alive."""
        ...

    async def leave(self) -> None:
        """Forget this worker, unless something is still pending in its name."""
        ...
