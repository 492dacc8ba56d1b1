"""From a fork of the zygote to a process of the program's own: identity, limits, descriptors, place."""

from __future__ import annotations

import gc
import marshal
import os
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any

from . import kernel, nest
from .caller import Caller
from .candidate import Candidate
from .program import Program, open_streams, write_file
from .tester import Tester
from .tidy import wipe_own

Start = Callable[[], None]
"""What the child does once its stack is as empty as can be; never returns."""

PROGRAM, COMMAND, CALLER, CANDIDATE, TESTER, WIPER, FORKED = range(7)
"""Modes: a Python program, a command line, function calls, a candidate for a tester, a tester, a cleaner, and what a
template makes of its fork (``templates``; never seen here)."""

STACK_BYTES = 64 << 20
DESCRIPTORS = 8
"""What one process is given at most: its job, 0, 1, 2, and the channels of its mode."""
_ANCILLARY = socket.CMSG_SPACE(DESCRIPTORS * 4)
_UNPACK = {4 * count: Struct(f"{count}i").unpack for count in range(1, DESCRIPTORS + 1)}
_SMALL = b"text = str(1)\nint(text)\n"
_NO_JOB = marshal.dumps(({"mode": 0, "limits": [(0, 0)]}, b"", {}))
_SAME_FOR_ALL = {"CORE": 0, "STACK": STACK_BYTES, "MSGQUEUE": 0, "MEMLOCK": 0}


def become(uid: int, place: str, channel: Any, nested: int) -> Start:
    """Turn this fork into a process of ``uid`` in ``place``, wait for a job, and return how to do it.

    ``nested`` is the size in MiB of what it may write to in namespaces of its own, or 0 for a uid of its own.
    What is done from here on is plain on purpose: the first write to each page after a fork costs a fault and a copy,
    and every object that is looked at is written to.

    Anything that fails here ends it with status 71 and a word on stderr.
    """
    try:
        if nested:
            nest.enter(uid, place, nested)
            kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # as a change of uid leaves it, until nothing of ours is open
        else:
            _set_identity(uid)
        os.chdir(place)
        if "numpy.random" in sys.modules:  # forks share its state; the standard library's ``random`` sees to itself
            sys.modules["numpy.random"].seed()
        _warm_up()
        head, source, files = _wait(channel)
        for kind, value in head["limits"]:
            lower(kind, value)
        kernel.be_dumpable()
        return _start(head, source, files, place)
    except Exception as error:  # noqa: BLE001 - whatever it was, this process must not go on as the zygote
        os.write(2, f"sandbox: {type(error).__name__}: {error}\n".encode())
        os._exit(71)


def _warm_up() -> None:
    """Touch ahead, while nobody waits, the pages that any program will touch; and as few others as can be."""
    exec(compile(_SMALL, "main.py", "exec", dont_inherit=True), {"__name__": "small"})
    marshal.loads(_NO_JOB)
    gc.collect()


def _wait(channel: Any) -> tuple[dict[str, Any], bytes, dict[str, bytes]]:
    """Wait for the word to go, and take descriptors and job from it; without it, end."""
    word, ancillary, _, _ = channel.recvmsg(1, _ANCILLARY)
    if not word:
        os._exit(0)
    channel.detach()  # closed with all others
    packed = ancillary[0][2]
    job: tuple[dict[str, Any], bytes, dict[str, bytes]] = marshal.loads(_take(_UNPACK[len(packed)](packed)))
    return job


def read_all(descriptor: int) -> bytes:
    """The content of a memfd, which is closed."""
    size = os.fstat(descriptor).st_size
    data = os.pread(descriptor, size, 0)
    while len(data) < size:
        data += os.pread(descriptor, size - len(data), len(data))
    os.close(descriptor)
    return data


def _take(descriptors: Sequence[int]) -> bytes:
    """Move the descriptors to 0, 1, 2, 3 …, close all others, and return the job."""
    job = read_all(descriptors[0])
    rest = descriptors[1:]
    high = [os.dup(descriptor) if descriptor < len(rest) else descriptor for descriptor in rest]
    for target, descriptor in enumerate(high):
        os.dup2(descriptor, target)
    os.closerange(len(rest), 1 << 16)
    return job


def _set_identity(uid: int) -> None:
    os.setsid()
    descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(descriptor, b"1000" if uid else b"500")  # of a template and its forks, a fork is what has to go
    os.close(descriptor)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def limit_for_all() -> None:
    """In the zygote: every limit that a job may leave as it is gets soft = hard, or the value that all have."""
    os.umask(0o022)
    for name in ("AS", "CPU", "NPROC", "FSIZE", "NOFILE"):
        kind = getattr(resource, f"RLIMIT_{name}")
        lower(kind, resource.getrlimit(kind)[1])
    for name, value in _SAME_FOR_ALL.items():
        lower(getattr(resource, f"RLIMIT_{name}"), value)


def lower(kind: int, value: int) -> None:
    """Set a limit so that it cannot be raised again: to ``value``, or where that is higher to what it is."""
    try:
        resource.setrlimit(kind, (value, value))
    except ValueError:  # above the hard limit; or gVisor, which refuses to set some: the container's hold there
        try:
            hard = resource.getrlimit(kind)[1]
            resource.setrlimit(kind, (hard, hard))
        except ValueError:
            return


def _start(head: dict[str, Any], source: bytes, files: dict[str, bytes], place: str) -> Start:
    mode = head["mode"]
    if mode == WIPER:
        return wipe_own
    for name, content in files.items():
        put(name, content)
    if mode == COMMAND:
        return lambda: os.execve(head["argv"][0], head["argv"], head["env"])
    if head.get("pipe"):
        open_streams()
    start: Start
    if mode == PROGRAM:
        start = Program(source, head, place).run
    elif mode == CALLER:
        start = Caller(source, head, place).run
    elif mode == CANDIDATE:
        start = Candidate(source, head, place).run
    else:
        start = Tester(head, place).run
    return start


def put(name: str, content: bytes) -> None:
    """Write a file of the program below the working directory."""
    folder = os.path.dirname(name)
    if folder:
        os.makedirs(folder, exist_ok=True)
    write_file(name, content)
