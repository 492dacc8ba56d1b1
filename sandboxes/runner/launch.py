"""Starts the processes of an execution and cleans up after them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from . import child, tidy
from .jail import Jail, UidJail
from .supervise import Group, Stream, Watch, end
from .usage import Meter
from .zygote import Order, Zygote

_SCIENCE = (b"numpy", b"scipy", b"pandas", b"sympy", b"sklearn", b"networkx")


@dataclass
class Limits:
    """``ExecutionLimits`` of the driver, with the language's address space in."""

    time_s: float = 10.0
    address_space_mb: int = 0
    processes: int = 64
    output_bytes: int = 8 << 20
    file_mb: int = 64
    open_files: int = 256


@dataclass
class Job:
    """What one process is to do: a mode, a head that its code in ``child`` reads, source and files."""

    mode: int
    head: dict[str, Any]
    source: bytes = b""
    files: dict[str, bytes] = field(default_factory=dict)

    def pack(self) -> list[bytes]:
        """As the child reads it."""
        parts = [self.source, *self.files.values()]
        head = {**self.head, "files": list(self.files), "parts": [len(part) for part in parts]}
        text = json.dumps(head).encode()
        return [len(text).to_bytes(4, "little"), text, *parts]


@dataclass
class Launcher:
    """The means by which executions are started in this sandbox."""

    jail: Jail
    plain: Zygote
    science: Zygote
    work: str
    meter: Meter
    cpus: float = 1.0
    serial: int = 0
    dirty: str | None = None
    """Why this sandbox must not have another occupant."""
    places: dict[int, str] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    """Places that outlive an execution: those of builds."""

    @classmethod
    def of(cls, plain: Zygote, science: Zygote, work: str, nested: bool) -> Launcher:
        """For these zygotes; ``open`` must follow."""
        return cls(UidJail(0, 0), plain, science, work, Meter())

    def open(self, first_uid: int, uids: int, cpus: float) -> None:
        """Take the range of identities and the number of processors that the driver gives."""
        self.cpus = cpus
        if not self.jail.nested:
            self.jail = UidJail(first_uid, uids)

    def zygote(self, source: bytes) -> Zygote:
        """The one whose preloaded modules fit."""
        return self.science if any(name in source for name in _SCIENCE) else self.plain

    def new_place(self) -> tuple[int, int]:
        """A fresh uid and the number of its fresh directory."""
        uid, self.serial = self.jail.identity(), self.serial + 1
        self.places[self.serial] = self.jail.make_place(self.work, self.serial, uid)
        return uid, self.serial

    def start(
        self,
        job: Job,
        limits: Limits,
        stdin: bytes | int,
        *,
        extra: Sequence[int] = (),
        stdout: int | None = None,
        stepwise: bool = False,
        at: tuple[int, int] | None = None,
        like: bytes = b"",
    ) -> Group:
        """Start one process in a group of its own; raises ``OSError`` where nothing can be started.

        ``stdin`` is the input or a descriptor; ``stdout`` a descriptor in place of a drained pipe; ``extra`` become
        3, 4 … ``stepwise`` executions have no processor limit over the whole; ``like``: source that picks the zygote.
        """
        uid, number = at or self.new_place()
        zygote = self.zygote(like or job.source)
        given: list[int] = []
        with _as_owner(uid if not self.jail.nested else None):
            given.append(_memfd(job.pack()))
            given.append(_memfd([stdin]) if isinstance(stdin, bytes) else os.dup(stdin))
            out, out_write = os.pipe()
            err, err_write = os.pipe()
        if stdout is not None:
            os.close(out_write)
            out_write = os.dup(stdout)
        given += [out_write, err_write]
        for descriptor in (out, err):
            os.set_blocking(descriptor, False)
        order = Order(
            job.mode,
            uid,
            number,
            limits.address_space_mb << 20,
            0 if stepwise else math.ceil(limits.time_s) + 1,
            limits.processes,
            limits.file_mb << 20,
            limits.open_files,
        )
        try:
            pid = zygote.start(order, [*given, *extra])
        except OSError:
            os.close(out)
            os.close(err)
            raise
        finally:
            for descriptor in given:
                os.close(descriptor)
        return Group(uid, pid, zygote, Stream(out, limits.output_bytes), Stream(err, limits.output_bytes))

    def finish(self, groups: list[Group], watch: Watch, ooms: int) -> None:
        """End the groups, enter what the memory limit did, and leave no file; or call the sandbox dirty."""
        if not end(groups, self.jail, watch.began):
            self.dirty = "a process would not die"
        if self.meter.oom_kills() > ooms:
            for group in groups:
                group.limit = group.limit or "memory"
        for group in groups:
            if group.limit is None and group.cpu_s > watch.budget.time_s and not watch.stepwise:
                group.limit = "time"
        for number, place in list(self.places.items()):
            if number not in self.kept:
                self.clean(number, place, groups)

    def clean(self, number: int, place: str, groups: list[Group]) -> None:
        """Empty a working directory and the shared places, then remove it."""
        for attempt in range(2):
            if all([tidy.clear(folder) for folder in (place, *tidy.SHARED)]):
                os.rmdir(place)
                del self.places[number]
                return
            if attempt == 0:
                for group in groups:
                    self.wipe(group.uid, number)
        self.dirty = self.dirty or "files would not go away"
        del self.places[number]

    def wipe(self, uid: int, number: int) -> None:
        """Have a process of the uid remove what only it may."""
        limits = Limits(time_s=2.0)
        watch = Watch(self.meter, limits.time_s, self.cpus)
        group = self.start(Job(child.WIPER, {}), limits, b"", at=(uid, number))
        watch.run([group], {}, lambda: group, lambda: False)
        if not end([group], self.jail, watch.began):
            self.dirty = "a wiper would not die"


class _as_owner:
    """Makes descriptors belong to a uid, so that its programs may open ``/dev/stdout`` again."""

    def __init__(self, uid: int | None) -> None:
        self._uid = uid

    def __enter__(self) -> None:
        if self._uid is not None:
            os.seteuid(self._uid)

    def __exit__(self, *_: object) -> None:
        if self._uid is not None:
            os.seteuid(0)


def _memfd(parts: Sequence[bytes]) -> int:
    descriptor = os.memfd_create("input")
    for part in parts:
        view = memoryview(part)
        while view:
            view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
