"""Killable child processes with limits, one socketpair each, as the supervisor sees them.

A limit on time counts processor seconds of the child: on a busy machine a slow answer is nobody's fault.
Time in which the child neither ran nor waited for a processor is only a backstop, and passing it is a
failure of ours and not of the completion.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import cast

from reward_server.child import LENGTH, PREPARED, PREPARING, Assignment, decode_report, encode_assignment
from reward_server.errors import Unavailable
from reward_server.queue.base import Answer
from reward_server.types import Limits
from reward_server.zygote import NO_CHILD, PID

WALL_FACTOR = 4
START_S = 60.0


class End(Enum):
    """How an assignment ended."""

    DONE = auto()
    LIMIT = auto()
    """We killed the child because it had used up its processor time."""
    DIED = auto()
    """It died by itself, or had to be killed because it made no progress."""


class Zygote:
    """Handle of the zygote process; starts it on first use and again when it died."""

    def __init__(self, registry_path: str, context_path: str) -> None:
        self._paths = (registry_path, context_path)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._lock = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None else None

    async def fork(self) -> tuple[int, socket.socket]:
        """A new child: its process id and our end of its channel. Raises ``Unavailable`` when none can be had."""
        for _ in range(2):
            try:
                pid, ours = await self._fork()
            except (OSError, EOFError, TimeoutError):  # the zygote is gone or hangs: the next one may do better
                self.stop()
                continue
            if pid != NO_CHILD:
                return pid, ours
            ours.close()
            break  # the zygote and its other children are well, and stay
        raise Unavailable("no child process could be started", reason="no_child")

    async def _fork(self) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair()
        try:
            ours.setblocking(False)
            with theirs:
                async with self._lock:
                    if self._control is None:
                        await self._start()
                    assert self._control is not None
                    socket.send_fds(self._control, [b"f"], [theirs.fileno()])
            try:
                return await _read_pid(ours), ours
            except EOFError:
                if self._process is not None and self._process.poll() is None:
                    return NO_CHILD, ours  # it died at birth, or its channel did not fit into the zygote's table
                raise
        except BaseException:  # given up on: the child, if there is one, finds its channel closed
            ours.close()
            raise

    def stop(self) -> None:
        """End the zygote, and with it every child."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "reward_server.zygote", str(theirs.fileno()), *self._paths]
            # A session of its own: Ctrl-C is for the supervisor, which drains.
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
            )
        ours.setblocking(False)
        self._control = ours
        await _read_pid(ours)


async def _read_pid(channel: socket.socket) -> int:
    async with asyncio.timeout(START_S):
        data = await asyncio.get_running_loop().sock_recv(channel, PID.size)
    if len(data) < PID.size:
        raise EOFError
    return int(PID.unpack(data)[0])


class ChildHandle(asyncio.Protocol):
    """One child: give it an assignment, hear of each answer, kill it at a limit."""

    def __init__(self, pid: int) -> None:
        self._clock = (~pid << 3) | 2  # the kernel's clock id of a process's processor time
        self._pidfd = os.pidfd_open(pid)
        self._buffer = bytearray()
        self._on_answer: Callable[[Answer], None] | None = None
        self._ended: asyncio.Future[End] | None = None
        self._transport: asyncio.Transport | None = None
        self._killed_by: End | None = None
        self._schedstat = f"/proc/{pid}/schedstat"
        self._since = (0.0, 0.0, 0.0)
        self._moved = True
        self.alive = True
        self.gone = asyncio.Event()
        """Set when the child has ended."""
        self.preparing = False
        self.resident_mb = 0
        self.first_resident_mb: int | None = None

    @classmethod
    async def start(cls, zygote: Zygote) -> ChildHandle:
        """Fork a child."""
        pid, channel = await zygote.fork()
        try:
            handle = cls(pid)
            await asyncio.get_running_loop().create_connection(lambda: handle, sock=channel)
        except OSError as error:  # it is dead already, or there is no descriptor left to watch it with
            channel.close()
            raise Unavailable(f"a child could not be had: {error}", reason="no_child") from None
        except BaseException:
            channel.close()
            raise
        return handle

    async def run(self, assignment: Assignment, on_answer: Callable[[Answer], None]) -> End:
        """Run an assignment to its end; answers arrive through ``on_answer`` as they are given."""
        assert self._transport is not None
        self._on_answer = on_answer
        self._ended = asyncio.get_running_loop().create_future()
        self.preparing = False
        if not self.alive:
            return End.DIED
        frame = encode_assignment(assignment)
        self._moved = True
        self._transport.writelines([LENGTH.pack(len(frame)), frame])
        return await self._ended

    def enforce(self, limits: Limits) -> None:
        """Kill the child if what it is at has passed ``limits``; called every so often.

        The clocks are read here and not with every answer, so a completion may have one interval more.
        """
        if self._ended is None or self._ended.done() or self._killed_by is not None:
            return
        if self._moved:
            self._moved, self._since = False, self._clocks()
            return
        cpu_s, wall_s, starved_s = (now - then for now, then in zip(self._clocks(), self._since, strict=True))
        if cpu_s > limits.time_s:
            self.kill(End.LIMIT)
        elif wall_s - starved_s > WALL_FACTOR * limits.time_s + 1.0:
            self.kill(End.DIED)

    def kill(self, end: End = End.DIED) -> None:
        """End the child whatever it is doing."""
        if not self.alive:
            return
        self._killed_by = end
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def close(self) -> None:
        """Let an idle child go: it ends when its channel closes."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of ``asyncio.Protocol``."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's does not inherit from asyncio's

    def data_received(self, data: bytes) -> None:
        """Part of ``asyncio.Protocol``: cut what came into reports."""
        self._buffer += data
        start, progress = 0, False
        view = memoryview(bytes(self._buffer))
        while len(view) - start >= LENGTH.size:
            (size,) = LENGTH.unpack_from(view, start)
            if len(view) - start - LENGTH.size < size:
                break
            start += LENGTH.size
            self._take(decode_report(view[start : start + size]))
            start += size
            progress = True
        del self._buffer[:start]
        self._moved = self._moved or progress

    def connection_lost(self, error: Exception | None) -> None:
        """Part of ``asyncio.Protocol``: the child is gone."""
        self.alive = False
        self.gone.set()
        os.close(self._pidfd)
        self._pidfd = -1
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(self._killed_by or End.DIED)

    def _take(self, report: Answer | int) -> None:
        if isinstance(report, Answer):
            if self._on_answer is not None:
                self._on_answer(report)
        elif report in (PREPARING, PREPARED):
            self.preparing = report == PREPARING
        else:
            self.resident_mb = report
            if self.first_resident_mb is None:
                self.first_resident_mb = report
            if self._ended is not None and not self._ended.done():
                self._ended.set_result(End.DONE)

    def _clocks(self) -> tuple[float, float, float]:
        """Processor seconds of the child, wall seconds, and seconds it waited for a processor."""
        wall_s = time.monotonic()
        try:
            cpu_s = time.clock_gettime(self._clock)
            with open(self._schedstat) as schedstat:
                return cpu_s, wall_s, int(schedstat.read().split()[1]) / 1e9
        except OSError:  # it has just died; its channel will say so
            return self._since[0], wall_s, self._since[2]
