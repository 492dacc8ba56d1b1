"""From a fork of the zygote to a process of the program's own: identity, limits, descriptors, place."""

from __future__ import annotations

import gc
import json
import os
import resource
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from . import kernel, nest
from .caller import Caller
from .candidate import Candidate
from .program import Program, fresh_module, open_streams
from .tester import Tester
from .tidy import wipe_own

Start = Callable[[], None]
"""What the child does once its stack is as empty as can be; never returns."""

PROGRAM, COMMAND, CALLER, CANDIDATE, TESTER, WIPER = range(6)
"""Modes: a Python program, a command line, function calls, a candidate for a tester, a tester, a cleaner."""

STACK_BYTES = 64 << 20
_OURS = __package__
_SAMPLE = b"""
class Sample:
    def method(self, numbers, *rest, **more):
        return sorted({number: str(number) for number in numbers}.items(), key=lambda pair: -pair[0])
def main():
    lines = "3 1 2\\n4 5".split("\\n")
    rows = [list(map(int, line.split())) for line in lines]
    return " ".join(f"{key}:{value!r}" for key, value in Sample().method(rows[0])) + str(sum(rows[1]) / 2)
if __name__ == "rehearsal":
    main()
"""
_SAMPLE_HEAD = json.dumps(
    {"mode": 0, "file": "main.py", "args": [], "files": [], "parts": [1, 2], "limits": {}, "pipe": False}
)


def become(uid: int, place: str, channel: int, nested: int) -> Start:
    """Turn this fork into a process of ``uid`` in ``place``, wait for a job, and return how to do it.

    ``nested`` is the size in MiB of what it may write to in namespaces of its own, or 0 for a uid of its own.

    Anything that fails here ends it with status 71 and a word on stderr.
    """
    try:
        if nested:
            nest.enter(uid, place, nested)
        else:
            _set_identity(uid)
        os.chdir(place)
        os.umask(0o022)
        _rehearse()
        head, parts = _wait(channel)
        _set_limits(head["limits"])
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        return _start(head, parts, place)
    except Exception as error:  # noqa: BLE001 - whatever it was, this process must not go on as the zygote
        os.write(2, f"sandbox: {type(error).__name__}: {error}\n".encode())
        os._exit(71)


def _rehearse() -> None:
    """Do once what every program will do, while nobody waits for it yet.

    After a fork the first write to each page costs a fault and a copy; most of those that a short program needs are
    had here, ahead of the job. And drop the runner's modules, for the program to have ``import wire`` to itself.
    """
    for name in [name for name in sys.modules if name.startswith(_OURS)]:
        del sys.modules[name]
    head = json.loads(_SAMPLE_HEAD)
    bytes(4).join([b"parts"] * 3)
    _set_limits(head["limits"])
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    module = fresh_module("rehearsal", "/dev/null")
    with open(module.__file__ or "", "wb") as file:
        file.write(_SAMPLE)
    exec(compile(_SAMPLE, module.__file__ or "", "exec", dont_inherit=True), module.__dict__)
    del sys.modules["rehearsal"]
    if "numpy.random" in sys.modules:  # forks share its state; the standard library's ``random`` sees to itself
        sys.modules["numpy.random"].seed()
    module.__dict__.clear()
    gc.collect()


def _wait(channel: int) -> tuple[dict[str, Any], list[bytes]]:
    """Wait for the word to go, and take descriptors and job from it; without it, end."""
    sock = socket.socket(fileno=channel)
    word, descriptors, _, _ = socket.recv_fds(sock, 1, 8)
    if not word:
        os._exit(0)
    sock.close()
    job = _take(descriptors)
    at = 4 + int.from_bytes(job[:4], "little")
    head: dict[str, Any] = json.loads(job[4:at])
    parts = []
    for size in head["parts"]:
        parts.append(job[at : at + size])
        at += size
    return head, parts


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


def _set_limits(wanted: Mapping[str, int]) -> None:
    """Set each limit so that the program cannot raise it again; 0 means none."""
    for name, value in (("CORE", 0), ("STACK", STACK_BYTES), ("MSGQUEUE", 0), ("MEMLOCK", 0)):
        _set_limit(name, value)
    for name, value in wanted.items():
        _set_limit(name, value or resource.RLIM_INFINITY)


def _set_limit(name: str, value: int) -> None:
    """Lower a limit, never above what it is. gVisor has some that it refuses to set: the container's hold there."""
    kind = getattr(resource, f"RLIMIT_{name}")
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = hard if value == resource.RLIM_INFINITY else min(value, hard)
    with suppress(ValueError):
        resource.setrlimit(kind, (value, value))


def _start(head: dict[str, Any], parts: list[bytes], place: str) -> Start:
    mode = head["mode"]
    if mode == WIPER:
        return wipe_own
    for name, content in zip(head["files"], parts[1:], strict=True):
        put(name, content)
    if mode == COMMAND:
        return lambda: os.execve(head["argv"][0], head["argv"], head["env"])
    if head.get("pipe"):
        open_streams()
    start: Start
    if mode == PROGRAM:
        start = Program(parts[0], head, place).run
    elif mode == CALLER:
        start = Caller(parts[0], head, place).run
    elif mode == CANDIDATE:
        start = Candidate(parts[0], head, place).run
    else:
        start = Tester(head, place).run
    return start


def put(name: str, content: bytes) -> None:
    """Write a file of the program below the working directory."""
    folder = os.path.dirname(name)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(name, "wb") as file:
        file.write(content)
