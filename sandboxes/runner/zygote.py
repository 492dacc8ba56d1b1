"""The process that is forked: a warm interpreter that gets descriptors and numbers, and never a request.

Whatever this process had read, every program forked from it could find in its own heap. So an order says in numbers
what to start and brings its descriptors along; source and inputs lie in a memfd that only the child reads.
"""

from __future__ import annotations

import errno
import gc
import os
import select
import signal
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from importlib import import_module

from . import kernel
from .child import Start, become

PLAIN = (
    "abc argparse array ast asyncio base64 bisect calendar cmath collections collections.abc concurrent.futures "
    "contextlib copy csv ctypes dataclasses datetime decimal enum fractions functools gc hashlib heapq inspect io "
    "itertools json linecache logging math multiprocessing numbers operator os pathlib pickle platform pprint "
    "queue random re secrets select shutil signal socket statistics string struct subprocess sys tempfile textwrap "
    "threading time timeit tokenize traceback types typing unittest uuid warnings weakref zlib zoneinfo"
).split()
"""Preloaded modules of the standard library: common in programs, and dear to import."""

_ORDER = struct.Struct("<8q")
_NOTE = struct.Struct("<ciiddq")
_MAX_DESCRIPTORS = 8


@dataclass(frozen=True, slots=True)
class Order:
    """One process to start, in numbers."""

    mode: int
    """``child.MODES``."""
    uid: int
    place: int
    """Number of its working directory."""
    address_space: int
    """Bytes; 0 for no cap."""
    cpu_s: int
    processes: int
    file_bytes: int
    open_files: int


@dataclass(frozen=True, slots=True)
class Note:
    """What a zygote says: ``s`` a process was started (or not: ``pid`` is minus an errno), ``e`` one has ended."""

    kind: bytes
    pid: int
    status: int = 0
    cpu_s: float = 0.0
    system_s: float = 0.0
    peak_kb: int = 0


class Zygote:
    """A zygote as pid 1 sees it."""

    def __init__(self, channel: socket.socket, pid: int) -> None:
        self.channel, self.pid = channel, pid
        self.early: list[Note] = []
        """Ends that were told while a start was waited for."""

    def start(self, order: Order, descriptors: Sequence[int]) -> int:
        """Start a process with these as its job, 0, 1, 2, 3 …; returns its pid, raises ``OSError``."""
        socket.send_fds(self.channel, [_ORDER.pack(*astuple(order))], descriptors)
        while True:
            note = self.note()
            if note.kind == b"s":
                break
            self.early.append(note)
        if note.pid < 0:
            raise OSError(-note.pid, "the zygote could not fork")
        return note.pid

    def note(self) -> Note:
        """The next thing it says; blocks."""
        data = self.channel.recv(_NOTE.size)
        if len(data) < _NOTE.size:
            raise EOFError("the zygote has ended")
        return Note(*_NOTE.unpack(data))


def fork_zygote(
    modules: Sequence[str], wanted: Sequence[str], work: str, *, nested: bool, close: Sequence[int]
) -> tuple[Zygote, Start | None]:
    """Fork a zygote that preloads ``modules``, and of ``wanted`` what is installed.

    Returns the handle in pid 1, and a ``Start`` in every process forked from the zygote, which must unwind to the
    bottom of the stack and run it there.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid:
        theirs.close()
        return Zygote(ours, pid), None
    ours.close()
    for descriptor in close:
        os.close(descriptor)
    for name in modules:
        import_module(name)
    for name in wanted:
        with suppress(ImportError):
            import_module(name)
    if not nested:
        kernel.deny_dangerous_calls()
    start = _serve(theirs, work, nested)
    return Zygote(theirs, 0), start


def _serve(channel: socket.socket, work: str, nested: bool) -> Start:
    """Fork on order and tell of ends; returns in the children alone."""
    waker, woken = os.pipe()
    os.set_blocking(waker, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    poll.register(waker, select.POLLIN)
    gc.collect()
    gc.freeze()
    channel.send(_NOTE.pack(b"s", os.getpid(), 0, 0.0, 0.0, 0))
    while True:
        ready = [descriptor for descriptor, _ in poll.poll()]
        if waker in ready:
            os.read(waker, 4096)
            _tell_ends(channel)
        if channel.fileno() not in ready:
            continue
        data, descriptors, _, _ = socket.recv_fds(channel, _ORDER.size, _MAX_DESCRIPTORS)
        if not data:
            os._exit(0)
        order = Order(*_ORDER.unpack(data))
        try:
            pid = os.fork()
        except OSError as error:
            pid = -(error.errno or errno.EAGAIN)
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            channel.close()
            return become(order, descriptors, work, nested)
        for descriptor in descriptors:
            os.close(descriptor)
        channel.send(_NOTE.pack(b"s", pid, 0, 0.0, 0.0, 0))


def _tell_ends(channel: socket.socket) -> None:
    while True:
        try:
            pid, status, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        channel.send(_NOTE.pack(b"e", pid, status, used.ru_utime, used.ru_stime, used.ru_maxrss))
