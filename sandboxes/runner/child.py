"""From a fork of the zygote to a process of the program's own: identity, limits, descriptors, place."""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import kernel

if TYPE_CHECKING:
    from .zygote import Order

Start = Callable[[], None]
"""What the child does once its stack is as empty as can be; never returns."""

PROGRAM, COMMAND, CALLER, CANDIDATE, TESTER, WIPER = range(6)
"""Modes: a Python program, a command line, function calls, a candidate for a tester, a tester, a cleaner."""

STACK_BYTES = 64 << 20


def become(order: Order, descriptors: Sequence[int], work: str, nested: bool) -> Start:
    """Turn this fork into the ordered process. Anything that fails here ends it with status 71 and a word on stderr."""
    try:
        job = _take(descriptors)
        if nested:
            raise OSError("no nested namespaces yet")
        else:
            _set_identity(order.uid)
        place = f"{work}/{order.place}"
        os.chdir(place)
        os.umask(0o022)
        _set_limits(order)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        return _start(order.mode, job, place)
    except Exception as error:  # noqa: BLE001 - whatever it was, this process must not go on as the zygote
        os.write(2, f"sandbox: {type(error).__name__}: {error}\n".encode())
        os._exit(71)


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
    os.write(descriptor, b"1000")
    os.close(descriptor)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _set_limits(order: Order) -> None:
    unlimited = resource.RLIM_INFINITY
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_STACK, STACK_BYTES),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_AS, order.address_space or unlimited),
        (resource.RLIMIT_CPU, order.cpu_s or unlimited),
        (resource.RLIMIT_NPROC, order.processes),
        (resource.RLIMIT_FSIZE, order.file_bytes),
        (resource.RLIMIT_NOFILE, order.open_files),
    ):
        resource.setrlimit(limit, (value, value))


def _start(mode: int, job: bytes, place: str) -> Start:
    if mode == WIPER:
        from .tidy import wipe_own

        return wipe_own
    head_size = int.from_bytes(job[:4], "little")
    head: dict[str, Any] = json.loads(job[4 : 4 + head_size])
    parts, at = [], 4 + head_size
    for size in head["parts"]:
        parts.append(job[at : at + size])
        at += size
    for name, content in zip(head["files"], parts[1:], strict=True):
        put(name, content)
    if mode == COMMAND:
        return lambda: os.execve(head["argv"][0], head["argv"], head["env"])
    if mode == PROGRAM:
        from .program import Program

        start: Start = Program(parts[0], head["file"], head["args"], place).run
    elif mode == CALLER:
        from .caller import Caller

        start = Caller(parts[0], head, place).run
    elif mode == CANDIDATE:
        from .candidate import Candidate

        start = Candidate(parts[0], head, place).run
    else:
        from .tester import Tester

        start = Tester(head, place).run
    for name in [name for name in sys.modules if name.partition(".")[0] == __package__.partition(".")[0]]:
        del sys.modules[name]
    return start


def put(name: str, content: bytes) -> None:
    """Write a file of the program below the working directory."""
    folder = os.path.dirname(name)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(name, "wb") as file:
        file.write(content)
