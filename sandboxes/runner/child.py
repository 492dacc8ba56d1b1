"""From a fork of the zygote to a process of the program's own: identity, limits, descriptors, place."""

from __future__ import annotations

import os
import resource
from functools import partial
from marshal import loads
from os import chdir, closerange, dup2, pread, setresgid, setresuid, setsid
from resource import setrlimit

from . import kernel, nest
from .kernel import plain_prctl as be_dumpable
from .program import open_streams, run, write_file
from .tidy import wipe_own

TYPE_CHECKING = False  # see ``zygote``
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Start = Callable[[], None]
    """What the child does once it is all set; never returns."""

PROGRAM, COMMAND, CALLER, CANDIDATE, TESTER, WIPER, FORKED = range(7)
"""Modes: a Python program, a command line, function calls, a candidate for a tester, a tester, a cleaner, and what a
template makes of its fork (``templates``; never seen here)."""

talking: dict[int, Any] = {}
"""The classes of the modes that talk to others; empty in a zygote that has none of them (``rehearsal.prepare``)."""

STACK_BYTES = 64 << 20
DESCRIPTORS = 8
"""What one process is given at most: its job, 0, 1, 2, and the channels of its mode."""
_SAME_FOR_ALL = {"CORE": 0, "STACK": STACK_BYTES, "MSGQUEUE": 0, "MEMLOCK": 0}


def become(
    uid: int,
    place: str,
    job_bytes: int,
    given: Sequence[int],
    seeds: Sequence[Callable[[], object]],
    nested: int,
) -> Start:
    """Turn this fork into a process of ``uid`` in ``place``, read its job, and return how to do it.

    ``given`` are descriptors: of the job, and of what is to be 0, 1, 2 …. ``seeds`` are called. ``nested`` is the size
    in MiB of what it may write to in namespaces of its own, or 0 for a uid of its own.
    All in one plain function on purpose: the first write to each page after a fork costs a fault and a copy,
    and every object that is looked at is written to, functions and frames included.

    Anything that fails here ends it with status 71 and a word on stderr.
    """
    try:
        if nested:
            nest.enter(uid, place, nested)
            kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # as a change of uid leaves it, until nothing of ours is open
        else:
            setsid()
            setresgid(uid, uid, uid)
            setresuid(uid, uid, uid)
        chdir(place)
        for seed in seeds:
            seed()
        job, *channels = given
        assert job >= len(channels)  # what a zygote has open takes up the lowest
        head, source, files = loads(pread(job, job_bytes, 0))
        for target, descriptor in enumerate(channels):
            dup2(descriptor, target)
        closerange(len(channels), 1 << 16)
        for kind, value in head["limits"]:
            try:
                setrlimit(kind, (value, value))
            except ValueError:
                lower(kind, value)
        be_dumpable(kernel.PR_SET_DUMPABLE, 1, 0, 0, 0)
        return _start(head, source, files, place)
    except Exception as error:  # noqa: BLE001 - whatever it was, this process must not go on as the zygote
        os.write(2, f"sandbox: {type(error).__name__}: {error}\n".encode())
        os._exit(71)


def limit_for_all() -> None:
    """In the zygote: every limit that a job may leave as it is gets soft = hard, or the value that all have."""
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
        return partial(os.execve, head["argv"][0], head["argv"], head["env"])
    if head.get("pipe"):
        open_streams()
    if mode == PROGRAM:
        return partial(run, source, head, place)
    return talking[mode](source, head, place).run  # type: ignore[no-any-return] # the classes are not here to ask


def put(name: str, content: bytes) -> None:
    """Write a file of the program below the working directory."""
    folder = os.path.dirname(name)
    if folder:
        os.makedirs(folder, exist_ok=True)
    write_file(name, content)
