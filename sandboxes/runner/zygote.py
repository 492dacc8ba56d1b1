"""The process that is forked: a warm interpreter that gets descriptors and numbers, and never a request.

Whatever this process had read, every program forked from it could find in its own heap. So an order says in numbers
what to start and brings its descriptors along; source and inputs lie in a memfd that only the child reads.
"""

from __future__ import annotations

import errno
import gc
import operator
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

from . import kernel, program
from .child import DESCRIPTORS, Start, become, limit_for_all

LIGHT = (
    "_json _bisect _heapq _random abc bisect collections collections.abc contextlib copy enum functools heapq io "
    "itertools json math operator os re string sys time types typing"
).split()
"""What most short programs import. Every MiB more costs each fork 0.1 ms."""
CALLS = "datetime fractions decimal random statistics".split()
"""On top, what function and assert tests import for the program (``prelude``)."""
FULL = (
    "argparse array ast asyncio base64 calendar cmath concurrent.futures copyreg csv ctypes dataclasses "
    "gc hashlib inspect linecache logging multiprocessing numbers pathlib pickle platform pprint "
    "queue secrets select shutil signal socket struct subprocess tempfile textwrap threading timeit "
    "tokenize traceback unittest unittest.mock uuid warnings weakref zlib zoneinfo"
).split()
"""The rest of the standard library that is common in programs, and dear to import."""
SCIENCE = "numpy numpy.random numpy.linalg".split()
"""On top of both, where it is installed."""

_hidden: list[Any] = []
# The protocol below is spoken by others too (``templates``): a change is made in sandboxes/images/rocq/serve.c as well,
# and shown by tests/sandbox/test_templates.py and tests/verifiers/test_proof.py.
_ORDER = struct.Struct("<qqq")
"""A uid, the number of a place, and the length of the job."""
_TELL = _ORDER.pack(-1, -1, 0)
"""Not an order, but a wish to be told now what was kept for the next note."""
_NOTE = struct.Struct("<ciiddq")
_MOST_NOTES = 64
_DESCRIPTOR_BYTES = 4


class Note(NamedTuple):
    """What a zygote says: ``s`` a process was started (or not: ``pid`` is minus an errno), ``e`` one has ended."""

    kind: bytes
    pid: int
    status: int = 0
    cpu_s: float = 0.0
    system_s: float = 0.0
    peak_kb: int = 0


class Birth:
    """A process that was ordered."""

    pid: int | None = None
    """None as long as its zygote has not told."""


class Zygote:
    """A zygote as pid 1 sees it."""

    def __init__(self, channel: socket.socket, pid: int, modules: Sequence[str]) -> None:
        self.channel, self.pid = channel, pid
        self.modules = {name.partition(".")[0].encode() for name in modules}
        self.early: list[Note] = []
        """Ends that were told while a start was waited for."""
        self._ordered: list[Birth] = []

    def order(self, uid: int, place: int, job_bytes: int, descriptors: Sequence[int]) -> Birth:
        """Have a process forked with its job and its descriptors 0, 1, 2 …; does not wait for it."""
        socket.send_fds(self.channel, [_ORDER.pack(uid, place, job_bytes)], descriptors)
        birth = Birth()
        self._ordered.append(birth)
        return birth

    def pid_of(self, birth: Birth) -> int:
        """Its pid; asks where it has not been told yet."""
        if birth.pid is None:
            self.channel.send(_TELL)
        while birth.pid is None:
            self.early += self.ends()
        return birth.pid

    def ends(self) -> list[Note]:
        """The ends that it tells of next; blocks. The pids of what was ordered are entered on the way.

        Raises ``OSError`` where something that was ordered could not be forked.
        """
        data = self.channel.recv(_MOST_NOTES * _NOTE.size)
        if not data:
            raise EOFError("the zygote has ended")
        notes = [Note(*fields) for fields in _NOTE.iter_unpack(data)]
        for note in notes:
            if note.kind == b"s" and note.pid < 0:
                raise OSError(-note.pid, "the zygote could not fork")
            if note.kind == b"s" and self._ordered:
                self._ordered.pop(0).pid = note.pid
        return [note for note in notes if note.kind == b"e"]


def fork_zygote(
    modules: Sequence[str], work: str, *, nested: int, close: Sequence[int], beside: list[Zygote]
) -> Zygote | Start:
    """Fork a zygote that preloads those of ``modules`` that are installed.

    ``beside`` are those that are there already. Returns the handle in pid 1, and in the zygote what it does from then
    on: it must unwind to the bottom of the stack and run it there, so that programs find few frames below their own.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid:
        theirs.close()
        return Zygote(ours, pid, modules)
    ours.close()
    for descriptor in close:
        os.close(descriptor)
    for name in modules:
        with suppress(ImportError):
            import_module(name)
    with _pipes_as_streams():
        program.prepare()
        if set(CALLS) <= set(modules):  # the lightest one is spared what only they need
            import_module(".rehearsal", __package__).prepare()
    if nested:
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    else:
        kernel.deny_dangerous_calls()
    limit_for_all()
    if not nested:
        os.setgroups([])
    # a program may have modules of these names; they are kept, for to let go of them would cost every fork; as would
    # what the frames below hold, and a socket object would close by its number what is by then another's descriptor
    _hidden.extend(sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == __package__)
    _hidden.append((ours, beside, modules))
    return partial(_serve, theirs.detach(), work, nested)


def _serve(orders: int, work: str, nested: int) -> None:
    """Fork on order and tell of ends; a child goes its own way from here and does not return.

    In plain calls of the modules in C: what this process writes to after a fork is copied as well.
    """
    waker, woken = os.pipe()
    os.set_blocking(waker, False)
    os.set_blocking(woken, False)
    # `signal.signal` would look its arguments up in enums, which costs every fork 80 pages
    handle, child_ends, by_default = import_module("_signal").signal, int(signal.SIGCHLD), int(signal.SIG_DFL)
    wake, no_wait = signal.set_wakeup_fd, os.WNOHANG
    handle(child_ends, operator.is_)  # a handler in C that does nothing: what counts is the byte in the pipe
    wake(woken, warn_on_full_buffer=False)
    as_socket, family, kind = import_module("_socket").socket, int(socket.AF_UNIX), int(socket.SOCK_SEQPACKET)
    channel = as_socket(family, kind, 0, orders)
    poll, room = select.poll(), socket.CMSG_SPACE(DESCRIPTORS * _DESCRIPTOR_BYTES)
    descriptors_of = {_DESCRIPTOR_BYTES * count: struct.Struct(f"{count}i").unpack for count in range(DESCRIPTORS + 1)}
    poll.register(orders, select.POLLIN)
    poll.register(waker, select.POLLIN)
    close, read, write_at, wait, pack, unpack = os.close, os.read, os.pwrite, os.wait4, _NOTE.pack, _ORDER.unpack
    victim, usual = _open_victim()
    gc.collect()
    gc.freeze()
    channel.send(_NOTE.pack(b"s", os.getpid(), 0, 0.0, 0.0, 0))
    kept = b""
    """Notes of starts: they can wait, since each one costs pid 1 a turn."""
    while True:
        for ready, _ in poll.poll():
            if ready == waker:
                read(waker, 4096)
                try:
                    while (end := wait(-1, no_wait))[0]:
                        used = end[2]
                        channel.send(kept + pack(b"e", end[0], end[1], used.ru_utime, used.ru_stime, used.ru_maxrss))
                        kept = b""
                except ChildProcessError:
                    pass
                continue
            try:
                data, ancillary, _, _ = channel.recvmsg(_ORDER.size, room)
            except ConnectionResetError:  # pid 1 has gone, and had not listened any more
                data = b""
            if not data:
                os._exit(0)
            uid, place, job_bytes = unpack(data)
            if uid < 0:
                if kept:  # else they are on their way
                    channel.send(kept)
                    kept = b""
                continue
            given = descriptors_of[len(ancillary[0][2])](ancillary[0][2])
            # a child is the first to go when memory is short, and is so from the start; and a fork before its template
            write_at(victim, b"1000" if uid or nested else b"500", 0)
            try:
                pid = os.fork()
            except OSError as error:
                pid = -(error.errno or errno.EAGAIN)
            if pid == 0:
                wake(-1)
                handle(child_ends, by_default)
                channel.detach()  # closed with all other descriptors, and not again when this frame ends
                become(uid, f"{work}/{place}", job_bytes, given, nested)()
            write_at(victim, usual, 0)
            for descriptor in given:
                close(descriptor)
            kept += pack(b"s", pid, 0, 0.0, 0.0, 0)
            if pid < 0:
                channel.send(kept)
                kept = b""


def _open_victim() -> tuple[int, bytes]:
    """The file that says how soon the kernel kills this process where memory is short, and what it says."""
    descriptor = os.open("/proc/self/oom_score_adj", os.O_RDWR)
    return descriptor, os.pread(descriptor, 16, 0).strip()


@contextmanager
def _pipes_as_streams() -> Iterator[None]:
    """1 and 2 are pipes for the time being, as they will be in the forks."""
    own = [os.dup(number) for number in (1, 2)]
    pipe = os.pipe()
    for number in (1, 2):
        os.dup2(pipe[1], number)
    yield
    for number, kept in enumerate(own, 1):
        os.dup2(kept, number)
    for descriptor in (*own, *pipe):
        os.close(descriptor)
