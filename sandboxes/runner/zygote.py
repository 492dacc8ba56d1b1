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
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, NamedTuple

from . import kernel, prelude
from .candidate import open_output
from .child import Start, become, limit_for_all
from .pages import inherit_page_tables
from .program import open_streams
from .rehearsal import rehearse

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
_ORDER = struct.Struct("<qq")
_DESCRIPTOR = struct.Struct("i")
_NOTE = struct.Struct("<ciiddq")


class Note(NamedTuple):
    """What a zygote says: ``s`` a process was started (or not: ``pid`` is minus an errno), ``e`` one has ended."""

    kind: bytes
    pid: int
    status: int = 0
    cpu_s: float = 0.0
    system_s: float = 0.0
    peak_kb: int = 0


class Spare:
    """A process that was forked ahead: it has its identity and place, and waits to be told what to be."""

    def __init__(self, uid: int, place: int, channel: socket.socket) -> None:
        self.uid, self.place, self.channel = uid, place, channel
        self.pid: int | None = None

    def go(self, descriptors: Sequence[int]) -> None:
        """Give it its job and its descriptors 0, 1, 2 …; raises ``OSError`` where it has died meanwhile."""
        socket.send_fds(self.channel, [b"g"], descriptors)
        self.channel.close()


class Zygote:
    """A zygote as pid 1 sees it."""

    def __init__(self, channel: socket.socket, pid: int, modules: Sequence[str]) -> None:
        self.channel, self.pid = channel, pid
        self.modules = {name.partition(".")[0].encode() for name in modules}
        self.early: list[Note] = []
        """Ends that were told while a start was waited for."""
        self.spares: list[Spare] = []
        self._ordered: list[Spare] = []

    def order(self, uid: int, place: int) -> None:
        """Have a process forked ahead; does not wait for it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        socket.send_fds(self.channel, [_ORDER.pack(uid, place)], [theirs.fileno()])
        theirs.close()
        spare = Spare(uid, place, ours)
        self.spares.append(spare)
        self._ordered.append(spare)

    def started(self, spare: Spare) -> int:
        """Its pid, as soon as it has one; raises ``OSError`` where it could not be forked."""
        while spare.pid is None:
            note = self.note()
            if note.kind == b"e":
                self.early.append(note)
        if spare.pid < 0:
            raise OSError(-spare.pid, "the zygote could not fork")
        return spare.pid

    def note(self) -> Note:
        """The next thing it says; blocks. The pid of what was ordered is entered on the way."""
        data = self.channel.recv(_NOTE.size)
        if len(data) < _NOTE.size:
            raise EOFError("the zygote has ended")
        note = Note(*_NOTE.unpack(data))
        if note.kind == b"s" and self._ordered:
            self._ordered.pop(0).pid = note.pid
        return note


def fork_zygote(
    modules: Sequence[str], work: str, *, nested: int, close: Sequence[int], beside: list[Zygote]
) -> Zygote | Start:
    """Fork a zygote that preloads those of ``modules`` that are installed.

    ``beside`` are those that are there already. Returns the handle in pid 1, and a ``Start`` in every process forked
    from the zygote, which must unwind to the bottom of the stack and run it there.
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
    if set(CALLS) <= set(modules):
        prelude.prepare()
        rehearse()
    if nested:
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    else:
        kernel.deny_dangerous_calls()
    limit_for_all()
    # a program may have modules of these names; they are kept, for to let go of them would cost every fork; as would
    # what the frames below hold, and a socket object would close by its number what is by then another's descriptor
    _hidden.extend(sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == __package__)
    _hidden.append((ours, beside, modules))
    return _serve(theirs.detach(), work, nested)


def _serve(orders: int, work: str, nested: int) -> Start:
    """Fork on order and tell of ends; returns in the children alone.

    In plain calls of the modules in C: what this process writes to after a fork is copied as well.
    """
    waker, woken = os.pipe()
    os.set_blocking(waker, False)
    os.set_blocking(woken, False)
    # `signal.signal` would look its arguments up in enums, which costs every fork 80 pages
    restore, child_ends, by_default = import_module("_signal").signal, int(signal.SIGCHLD), int(signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    as_socket, family, kind = import_module("_socket").socket, int(socket.AF_UNIX), int(socket.SOCK_SEQPACKET)
    channel = as_socket(family, kind, 0, orders)
    poll, room = select.poll(), socket.CMSG_SPACE(_DESCRIPTOR.size)
    poll.register(orders, select.POLLIN)
    poll.register(waker, select.POLLIN)
    _open_streams_ahead()
    inherit_page_tables()
    gc.collect()
    gc.freeze()
    channel.send(_NOTE.pack(b"s", os.getpid(), 0, 0.0, 0.0, 0))
    while True:
        ready = [descriptor for descriptor, _ in poll.poll()]
        if waker in ready:
            os.read(waker, 4096)
            _tell_ends(channel)
        if orders not in ready:
            continue
        data, ancillary, _, _ = channel.recvmsg(_ORDER.size, room)
        if not data:
            os._exit(0)
        uid, place = _ORDER.unpack(data)
        (theirs,) = _DESCRIPTOR.unpack(ancillary[0][2])
        try:
            pid = os.fork()
        except OSError as error:
            pid = -(error.errno or errno.EAGAIN)
        if pid == 0:
            signal.set_wakeup_fd(-1)
            restore(child_ends, by_default)
            channel.detach()  # closed with all other descriptors, and not again when this frame ends
            return become(uid, f"{work}/{place}", as_socket(family, kind, 0, theirs), nested)
        os.close(theirs)
        channel.send(_NOTE.pack(b"s", pid, 0, 0.0, 0.0, 0))


def _open_streams_ahead() -> None:
    """Make the standard streams of the forks while 1 and 2 are pipes, and give this process its own back."""
    own = [os.dup(number) for number in (1, 2)]
    pipe = os.pipe()
    for number in (1, 2):
        os.dup2(pipe[1], number)
    open_streams()
    open_output()
    for number, kept in enumerate(own, 1):
        os.dup2(kept, number)
    for descriptor in (*own, *pipe):
        os.close(descriptor)


def _tell_ends(channel: Any) -> None:
    while True:
        try:
            pid, status, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        channel.send(_NOTE.pack(b"e", pid, status, used.ru_utime, used.ru_stime, used.ru_maxrss))
