"""Cutting work into chunks, and chunks into smaller ones.

Chunks travel, not jobs: a chunk is about ``chunk_s`` of estimated work, so that a microsecond verifier pays
its share of a queue round trip that serves hundreds, and a slow one is spread over all children.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from reward_server.queue.base import Chunk, Header, Share, decode_shares, encode_shares

MIN_CHEAP = 32
"""Completions in a chunk of a verifier that is cheaper than the queue."""
MAX_COMPLETIONS = 256
MAX_BYTES = 2**20
MAX_SANDBOX = 4
LONG_REFERENCE = 64 * 1024
"""A reference over this many bytes travels once, under its hash."""


@dataclass(slots=True)
class Work:
    """Completions of one item that must be verified."""

    verifier: str
    reference: str
    blob: str
    params: str
    cost_s: float
    positions: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    truncated: list[bool] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    """Empty unless the verifier wants it."""


def target_s(works: Sequence[Work], slots: int, chunk_s: float) -> float:
    """Estimated seconds of a chunk: ``chunk_s``, less where a request would else leave children idle."""
    total = sum(work.cost_s * len(work.positions) for work in works)
    return min(chunk_s, max(total / max(1, 2 * slots), chunk_s / 20))


def cut(works: Iterable[Work], header: Header, seconds: float, *, sandbox: bool = False) -> Iterator[Chunk]:
    """Cut work into chunks of about ``seconds``; ``header`` is the pattern of theirs.

    A chunk has one verifier, so that quick answers do not wait for slow ones.
    """
    most = MAX_SANDBOX if sandbox else MAX_COMPLETIONS
    shares: list[Share] = []
    count, size, cost = 0, 0, 0.0
    for work in sorted(works, key=lambda work: work.verifier):
        start = 0
        if shares and shares[-1].verifier != work.verifier:
            yield _chunk(header, shares)
            shares, count, size, cost = [], 0, 0, 0.0
        reference_size = len(work.reference) + len(work.params) + 64
        for index, text in enumerate(work.texts):
            full = count >= most or size >= MAX_BYTES or (cost >= seconds and (sandbox or count >= MIN_CHEAP))
            full = full or (cost >= seconds and work.cost_s > seconds / MIN_CHEAP)
            if full:
                if index > start:
                    shares.append(_share(work, start, index))
                yield _chunk(header, shares)
                shares, start, count, size, cost = [], index, 0, 0, 0.0
            if index == start:
                size += reference_size
            count, size, cost = (
                count + 1,
                size + len(text) + len(work.thinking[index] if work.thinking else ""),
                cost + work.cost_s,
            )
        shares.append(_share(work, start, len(work.texts)))
    if shares:
        yield _chunk(header, shares)


def pick(work: Work, wanted: Callable[[int], bool]) -> Work:
    """The work of those positions that are wanted; the same object where that is all of them."""
    keep = [i for i, position in enumerate(work.positions) if wanted(position)]
    if len(keep) == len(work.positions):
        return work
    return Work(
        work.verifier, work.reference, work.blob, work.params, work.cost_s,
        [work.positions[i] for i in keep], [work.texts[i] for i in keep], [work.truncated[i] for i in keep],
        [work.thinking[i] for i in keep if work.thinking],
    )  # fmt: skip


def without(chunk: Chunk, known: set[int]) -> Chunk:
    """The chunk less some positions."""
    shares = []
    for share in decode_shares(chunk.body):
        keep = [i for i, position in enumerate(share.positions) if position not in known]
        if keep:
            shares.append(_pick(share, keep))
    return _chunk(chunk.header, shares)


def singles(chunk: Chunk) -> list[Chunk]:
    """A chunk for each completion, marked as such."""
    header = msgspec.structs.replace(chunk.header, single=True)
    return [
        _chunk(header, [_pick(share, [i])]) for share in decode_shares(chunk.body) for i in range(len(share.positions))
    ]


def _chunk(header: Header, shares: list[Share]) -> Chunk:
    body = encode_shares(shares)
    header = msgspec.structs.replace(
        header,
        shares=[(share.verifier, len(share.positions)) for share in shares],
        positions=[position for share in shares for position in share.positions],
        size=len(body),
        blobs=sorted({share.blob for share in shares if share.blob}),
    )
    return Chunk(header, body)


def _share(work: Work, start: int, end: int) -> Share:
    return Share(
        work.verifier, "" if work.blob else work.reference, work.blob, work.params,
        work.positions[start:end], work.texts[start:end], work.truncated[start:end], work.thinking[start:end],
    )  # fmt: skip


def _pick(share: Share, indices: list[int]) -> Share:
    return msgspec.structs.replace(
        share,
        positions=[share.positions[i] for i in indices],
        texts=[share.texts[i] for i in indices],
        truncated=[share.truncated[i] for i in indices],
        thinking=[share.thinking[i] for i in indices if share.thinking],
    )
