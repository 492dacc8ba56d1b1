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
import struct
import sys
from functools import partial
from importlib import import_module

from . import kernel, program
from .child import DESCRIPTORS, become, limit_for_all

TYPE_CHECKING = False  # as ``typing`` has it: what is imported here costs the forks of the lightest zygote as well
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from .child import Start

BARE = "abc codecs collections contextlib functools io itertools operator os stat time types warnings".split()
"""What has been loaded by the time the first zygote is forked, or as good as."""
LIGHT = ("_json _bisect _heapq _random bisect collections.abc copy enum heapq json math re string typing").split()
"""On top, what most short programs import. Every MiB more costs each fork 0.1 ms."""
CALLS = "datetime fractions decimal random statistics".split()
"""On top, what function and assert tests import for the program (``prelude``)."""
FULL = (
    "argparse array ast asyncio base64 calendar cmath concurrent.futures copyreg csv ctypes dataclasses "
    "gc hashlib inspect linecache logging multiprocessing numbers pathlib pickle platform pprint "
    "queue secrets select shutil signal socket struct subprocess tempfile textwrap threading timeit "
    "tokenize traceback unittest unittest.mock uuid weakref zlib zoneinfo"
).split()
"""The rest of the standard library that is common in programs, and dear to import."""
SCIENCE = "numpy numpy.random numpy.linalg".split()
"""On top of all, where it is installed."""

_hidden: list[Any] = []
# The protocol below is spoken by others too (``templates``): a change is made in sandboxes/images/rocq/serve.c as well,
# and shown by tests/sandbox/test_templates.py and tests/verifiers/test_proof.py.
ORDER = struct.Struct("<qqq")
"""A uid, the number of a place, and the length of the job."""
NOTE = struct.Struct("<ciiddq")
"""What a zygote says (``orders.Note``)."""
_DESCRIPTOR_BYTES = 4


def fork_zygote(
    modules: Sequence[str], work: str, *, nested: int, close: Sequence[int], beside: list[Any]
) -> tuple[int, int] | Start:
    """Fork a zygote that preloads those of ``modules`` that are installed.

    ``beside`` are those that are there already. Returns the channel to it and its pid, and in the zygote what it does
    from then on: it must unwind to the bottom of the stack and run it there, so that programs find few frames below
    their own.
    """
    sockets = import_module("_socket")  # the module around it would bring ``enum``, and 70 pages
    ours, theirs = (end.detach() for end in sockets.socketpair(sockets.AF_UNIX, sockets.SOCK_SEQPACKET))
    pid = os.fork()
    if pid:
        os.close(theirs)
        return ours, pid
    for descriptor in (ours, *close):
        os.close(descriptor)
    for name in modules:
        try:
            import_module(name)
        except ImportError:
            continue
    _with_pipes_as_streams(program.prepare)
    if set(CALLS) <= set(modules):  # the lighter ones are spared what only they need
        _with_pipes_as_streams(import_module(".rehearsal", __package__).prepare)
    if nested:
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    else:
        kernel.deny_dangerous_calls()
    limit_for_all()
    if not nested:
        os.setgroups([])
    # a program may have modules of these names; they are kept, for to let go of them would cost every fork; as would
    # what the frames below hold
    _hidden.extend(sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == __package__)
    _hidden.append((beside, modules))

    def serve() -> None:
        _serve(theirs, work, nested)

    return serve


def _serve(orders: int, work: str, nested: int) -> None:
    """Fork on order and tell of ends; a child goes its own way from here and does not return.

    In plain calls of the modules in C: what this process writes to after a fork is copied as well.
    """
    waker, woken = os.pipe()
    os.set_blocking(waker, False)
    os.set_blocking(woken, False)
    # `signal.signal` would look its arguments up in enums, which costs every fork 80 pages
    signals, sockets, no_wait = import_module("_signal"), import_module("_socket"), os.WNOHANG
    handle, wake, child_ends, by_default = signals.signal, signals.set_wakeup_fd, signals.SIGCHLD, signals.SIG_DFL
    handle(child_ends, operator.is_)  # a handler in C that does nothing: what counts is the byte in the pipe
    wake(woken, warn_on_full_buffer=False)
    channel = sockets.socket(sockets.AF_UNIX, sockets.SOCK_SEQPACKET, 0, orders)
    poll, room = select.poll(), sockets.CMSG_SPACE(DESCRIPTORS * _DESCRIPTOR_BYTES)
    descriptors_of = {_DESCRIPTOR_BYTES * count: struct.Struct(f"{count}i").unpack for count in range(DESCRIPTORS + 1)}
    poll.register(orders, select.POLLIN)
    poll.register(waker, select.POLLIN)
    close, read, write_at, wait, pack, unpack = os.close, os.read, os.pwrite, os.wait4, NOTE.pack, ORDER.unpack
    hooked = "threading" in sys.modules  # whose hooks only ``os.fork`` runs
    fork, seeds = os.fork if hooked else kernel.plain_fork, list(_seeds(hooked))
    victim, usual = _open_victim()
    gc.collect()
    gc.freeze()
    channel.send(pack(b"s", os.getpid(), 0, 0.0, 0.0, 0))
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
                data, ancillary, _, _ = channel.recvmsg(ORDER.size, room)
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
                pid = fork()
            except OSError:
                pid = -1
            if pid == 0:
                wake(-1)
                handle(child_ends, by_default)
                channel.detach()  # closed with all other descriptors, and not again when this frame ends
                become(uid, f"{work}/{place}", job_bytes, given, seeds, nested)()
            write_at(victim, usual, 0)
            for descriptor in given:
                close(descriptor)
            kept += pack(b"s", pid if pid > 0 else -errno.EAGAIN, 0, 0.0, 0.0, 0)
            if pid < 0:
                channel.send(kept)
                kept = b""


def _seeds(hooked: bool) -> Iterator[Callable[[], object]]:
    """What sets generators of random numbers anew in a fork, which would share their state; ``random`` has a hook."""
    if "random" in sys.modules and not hooked:
        yield partial(import_module("_random").Random.seed, sys.modules["random"]._inst)
    if "numpy.random" in sys.modules:
        yield sys.modules["numpy.random"].seed


def _open_victim() -> tuple[int, bytes]:
    """The file that says how soon the kernel kills this process where memory is short, and what it says."""
    descriptor = os.open("/proc/self/oom_score_adj", os.O_RDWR)
    return descriptor, os.pread(descriptor, 16, 0).strip()


def _with_pipes_as_streams(prepare: Any) -> None:
    """Have something prepared while 1 and 2 are pipes, as they will be in the forks."""
    own = [os.dup(number) for number in (1, 2)]
    pipe = os.pipe()
    for number in (1, 2):
        os.dup2(pipe[1], number)
    prepare()
    for number, kept in enumerate(own, 1):
        os.dup2(kept, number)
    for descriptor in (*own, *pipe):
        os.close(descriptor)
