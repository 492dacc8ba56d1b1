"""What runs inside a child: verify the completions of one assignment after another, report each at once.

The child talks to its supervisor over one socketpair, in frames of a four-byte length and MessagePack.
It reports every completion as soon as it is judged, so that its death costs the one it was at.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import struct
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec

from reward_server.errors import InvalidTask, LimitExceeded, Unavailable
from reward_server.queue.base import Answer, Share, decode_shares, to_answer
from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.base import AnyVerifier, Context
from reward_server.verifiers.registry import Registry

LENGTH = struct.Struct("<I")
PREPARING, PREPARED = -1, -2
KEPT_TASKS = 512
KEPT_TASK_BYTES = 64 * 2**20


class Assignment(msgspec.Struct, array_like=True, frozen=True):
    """Part of a chunk for one child."""

    deadline: float
    detail: str
    body: bytes
    blobs: dict[str, bytes]
    only: list[int]
    """Positions still to be judged, in order."""
    queue_s: float = 0.0
    """Stamped on every answer."""


encode_assignment = msgspec.msgpack.Encoder().encode
_decode_assignment = msgspec.msgpack.Decoder(Assignment).decode
_encode_report = msgspec.msgpack.Encoder().encode
Report = Answer | int
"""An answer; ``PREPARING`` or ``PREPARED``; or, when all is done, the resident size in megabytes."""
decode_report: Callable[[bytes | memoryview], Report] = msgspec.msgpack.Decoder(Report).decode


class Child:
    """The loop of a child process."""

    def __init__(self, channel: socket.socket, registry: Registry, context: Context) -> None:
        self._channel = channel
        self._registry = registry
        self._context = context
        self._tasks: OrderedDict[tuple[str, str, str], tuple[Any, int]] = OrderedDict()
        self._task_bytes = 0
        self._memory_mb = 0

    def serve(self) -> None:
        """Work until the supervisor closes the channel."""
        while (frame := _receive(self._channel)) is not None:
            assignment = _decode_assignment(frame)
            wanted = set(assignment.only)
            for share in decode_shares(assignment.body):
                if not wanted.isdisjoint(share.positions):
                    self._judge_share(share, assignment, wanted)
            self._report(_resident_mb())

    def _judge_share(self, share: Share, assignment: Assignment, wanted: set[int]) -> None:
        try:
            verifier = self._registry[share.verifier].verifier
            self._limit_memory(verifier.limits.memory_mb)
            task = self._prepared(share, verifier, assignment.blobs)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong here must become an answer of each completion
            verdict = verdict_of(error, preparing=True)
            for position in share.positions:
                if position in wanted:
                    self._report(to_answer(position, verdict, assignment.detail, "", assignment.queue_s))
            return
        version = verifier.version
        for position, text, thinking, truncated in share.parts():
            if position not in wanted:
                continue
            if time.time() > assignment.deadline:
                self._report(Answer(position, Outcome.UNAVAILABLE.value, reason="deadline", retryable=True))
                continue
            started = time.perf_counter()
            verdict = judge(verifier, task, Completion(text, truncated, thinking=thinking), self._context)
            run_s = round(time.perf_counter() - started, 6)
            self._report(to_answer(position, verdict, assignment.detail, version, assignment.queue_s, run_s))

    def _prepared(self, share: Share, verifier: AnyVerifier, blobs: dict[str, bytes]) -> Any:
        key = (share.verifier, share.blob or share.reference, share.params)
        if (kept := self._tasks.get(key)) is not None:
            self._tasks.move_to_end(key)
            return kept[0]
        reference = share.reference
        if share.blob:
            if share.blob not in blobs:
                raise Unavailable("the reference has left the queue's server", reason="reference_missing")
            reference = blobs[share.blob].decode()
        self._report(PREPARING)
        parsed = self._registry[share.verifier].parse(json.loads(reference), json.loads(share.params))
        task = verifier.prepare(*parsed, self._context)
        self._report(PREPARED)
        self._keep(key, task, len(reference))
        return task

    def _keep(self, key: tuple[str, str, str], task: Any, size: int) -> None:
        self._tasks[key] = (task, size)
        self._task_bytes += size
        while len(self._tasks) > KEPT_TASKS or (self._task_bytes > KEPT_TASK_BYTES and len(self._tasks) > 1):
            _, (_, freed) = self._tasks.popitem(last=False)
            self._task_bytes -= freed

    def _limit_memory(self, memory_mb: int) -> None:
        """Allow the address space of the first moment plus ``memory_mb``: a MemoryError is then the completion's."""
        if memory_mb != self._memory_mb:
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (_address_space() + memory_mb * 2**20, hard))
            self._memory_mb = memory_mb

    def _report(self, report: Report) -> None:
        frame = _encode_report(report)
        self._channel.sendall(LENGTH.pack(len(frame)) + frame)


def judge(verifier: AnyVerifier, task: Any, completion: Completion, context: Context) -> Verdict:
    """The verdict of one completion, whatever the verifier raises."""
    try:
        return verifier.verify(task, completion, context)
    except Exception as error:  # noqa: BLE001 - a verifier that raises anything else has crashed, and that is no zero
        return verdict_of(error, preparing=False)


def verdict_of(error: Exception, *, preparing: bool) -> Verdict:
    """The verdict that an exception stands for; while preparing, a passed limit is the reference's own."""
    message = {"message": str(error)[:500]}
    match error:
        case InvalidTask():
            return Verdict(Outcome.INVALID_TASK, detail=message, reason=error.reason)
        case Unavailable():
            return Verdict(Outcome.UNAVAILABLE, detail=message, reason=error.reason, retryable=error.retryable)
        case LimitExceeded() | MemoryError() | RecursionError() if preparing:
            return Verdict(Outcome.INVALID_TASK, detail=message, reason="reference_limit")
        case LimitExceeded():
            return Verdict(Outcome.LIMIT_EXCEEDED, 0.0, {**message, "limit": error.limit})
        case MemoryError():
            return Verdict(Outcome.LIMIT_EXCEEDED, 0.0, {"message": "out of memory", "limit": "memory"})
        case RecursionError():
            return Verdict(Outcome.LIMIT_EXCEEDED, 0.0, {"message": "nested too deeply", "limit": "depth"})
    crash = {"message": f"{type(error).__name__}: {error}"[:500]}
    return Verdict(Outcome.UNAVAILABLE, detail=crash, reason="verifier_crashed")


def _receive(channel: socket.socket) -> bytes | None:
    head = _exactly(channel, LENGTH.size)
    return None if head is None else _exactly(channel, LENGTH.unpack(head)[0])


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    buffer, got = bytearray(size), 0
    view = memoryview(buffer)
    while got < size:
        read = channel.recv_into(view[got:])
        if read == 0:
            return None
        got += read
    return bytes(buffer)


def _address_space() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _resident_mb() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
