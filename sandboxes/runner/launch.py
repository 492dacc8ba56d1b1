"""Starts the processes of an execution and cleans up after them."""

from __future__ import annotations

import marshal
import os
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from . import child, tidy
from .cores import Cores
from .jail import Jail, NestJail, UidJail, as_owner
from .limits import Limits
from .orders import Zygote
from .program import write_file
from .supervise import Group, Stream, Watch, end
from .usage import Meter

_IMPORTS = re.compile(rb"^[ \t]*(?:from[ \t]+([\w.]+)|import[ \t]+([\w., \t]+))", re.MULTILINE)
_WORD = re.compile(rb"(?:^|,)\s*(\w+)")
_ALWAYS = {b"sys", b"__future__", b"builtins"}
_GATHERED = (child.PROGRAM, child.FORKED, child.CANDIDATE, child.TESTER)
"""Modes of what comes in numbers or in pairs, to be kept on one core. A single process of calls gains nothing by that,
and a command, as that of a compiler, might take the one core for all that there are."""
_TALKS = 2
"""The first zygote that has what calls, candidates and testers need."""
_LIMIT = struct.Struct("<qq")
_SCIENCE = {b"numpy", b"scipy", b"pandas", b"sklearn", b"matplotlib", b"sympy", b"networkx"}


@dataclass
class Job:
    """What one process is to do: a mode, a head that its code in ``child`` reads, source and files."""

    mode: int
    head: dict[str, Any]
    source: bytes = b""
    files: dict[str, bytes] = field(default_factory=dict)

    def pack(self) -> bytes:
        """As the child reads it; a fork of a template is given its limits and nothing else."""
        if self.mode == child.FORKED:
            return b"".join(_LIMIT.pack(kind, value) for kind, value in self.head["limits"])
        return marshal.dumps((self.head, self.source, self.files))


@dataclass
class Ready:
    """A process that has all it needs, but has not been ordered."""

    uid: int
    place: int
    zygote: Zygote
    job_bytes: int
    given: list[int]
    """Descriptors for it: its job, 0, 1, 2, and the channels of its mode."""
    out: Stream
    err: Stream
    feed: int | None
    gathers: bool
    """Whether it is kept on this core while it is short."""


@dataclass
class Launcher:
    """The means by which executions are started in this sandbox."""

    jail: Jail
    zygotes: list[Zygote]
    """From the lightest to the scientific one."""
    work: str
    meter: Meter
    driver: int = -1
    """The descriptor that requests come on: when its other end has gone, there is no one to work for."""
    cpus: float = 1.0
    cores: Cores = field(default_factory=Cores)
    serial: int = 0
    dirty: str | None = None
    """Why this sandbox must not have another occupant."""
    places: dict[int, str] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    """Places that outlive an execution: those of builds."""

    def __post_init__(self) -> None:
        self._guessed = b"", self.zygotes[0]

    @classmethod
    def of(cls, zygotes: list[Zygote], work: str, nested: bool) -> Launcher:
        """For these zygotes; ``open`` must follow."""
        meter = Meter()
        meter.waits_with([zygote.pid for zygote in zygotes])
        return cls(NestJail() if nested else UidJail(0, 0), zygotes, work, meter)

    def open(self, first_uid: int, uids: int, cpus: float, driver: int) -> None:
        """Take the range of identities and the number of processors that the driver gives."""
        self.cpus, self.driver = cpus, driver
        if not self.jail.nested:
            self.jail = UidJail(first_uid, uids)

    def zygote(self, source: bytes, *, talks: bool = False) -> Zygote:
        """The lightest one that has preloaded what the source seems to import; a guess that only costs time.

        The lightest two have nothing for what ``talks``: calls, candidates and testers.
        """
        if source != self._guessed[0]:  # a program comes once for every test
            self._guessed = source, self._guess(source)
        guessed = self._guessed[1]
        return self.zygotes[_TALKS] if talks and guessed in self.zygotes[:_TALKS] else guessed

    def _guess(self, source: bytes) -> Zygote:
        lines = (source_line or names for source_line, names in _IMPORTS.findall(source))
        names = {name for line in lines for name in _WORD.findall(line)}
        if names & _SCIENCE:
            return self.zygotes[-1]
        able = (zygote for zygote in self.zygotes[:-1] if names - _ALWAYS <= zygote.modules)
        return next(able, self.zygotes[-2])

    def new_place(self) -> tuple[int, int]:
        """A fresh uid and the number of its fresh directory."""
        uid, self.serial = self.jail.identity(), self.serial + 1
        self.places[self.serial] = self.jail.make_place(self.work, self.serial, uid)
        return uid, self.serial

    def watch(self, limits: Limits, *, stepwise: bool = False) -> Watch:
        """The clocks of an execution, which begin to run."""
        return Watch(self.jail, self.meter, self.cores, self.cpus, limits, stepwise=stepwise, driver=self.driver)

    def start(
        self,
        job: Job,
        limits: Limits,
        stdin: bytes | None,
        *,
        extra: Sequence[int] = (),
        stepwise: bool = False,
        at: tuple[int, int] | None = None,
        of: Zygote | None = None,
    ) -> Group:
        """Start one process in a group of its own; where it cannot be forked, ``Watch.run`` raises ``OSError``.

        ``stdin`` is the input, or None for a pipe whose other end is ``Group.feed``; ``extra`` become 3, 4 …
        ``stepwise`` executions have no processor limit over the whole; ``of``: the zygote, if not as the source has it.
        """
        ready = self.prepare(job, limits, stdin, stepwise=stepwise, at=at, of=of)
        return self.go(ready, extra, keep_place=at is not None)

    def prepare(
        self,
        job: Job,
        limits: Limits,
        stdin: bytes | None,
        *,
        stepwise: bool = False,
        at: tuple[int, int] | None = None,
        of: Zygote | None = None,
    ) -> Ready:
        """Have ready what ``start`` needs: to be done while another runs. ``of``: the zygote, where it is known."""
        zygote = of or self.zygote(job.source)
        job.head.update(mode=job.mode, limits=limits.of_process(stepwise), pipe=stdin is None)
        uid, number = at or self.new_place()
        self.kept.add(number)
        feed, own = None, not self.jail.nested and job.mode != child.FORKED  # a fork uses what it has and no more
        with as_owner(uid if own else None):
            if job.mode in (child.PROGRAM, child.CALLER, child.CANDIDATE):
                self._write_own_file(job, self.places[number], limits)
            packed = job.pack()
            given = [memfd(packed)]
            if stdin is None:
                read, feed = os.pipe()
                given.append(read)
            else:
                given.append(memfd(stdin))
            out, out_write = os.pipe()
            err, err_write = os.pipe()
        given += [out_write, err_write]
        for descriptor in (out, err) if feed is None else (out, err, feed):
            os.set_blocking(descriptor, False)
        streams = Stream(out, limits.output_bytes), Stream(err, limits.output_bytes)
        return Ready(uid, number, zygote, len(packed), given, *streams, feed, job.mode in _GATHERED)

    def _write_own_file(self, job: Job, place: str, limits: Limits) -> None:
        """Write the program's own file here: a fork takes ten times as long. What cannot be, the fork may try."""
        name = job.head["file"]
        job.files = {other: content for other, content in job.files.items() if other != name}
        if not self.jail.nested and len(job.source) <= limits.file_mb << 20:
            try:
                write_file(f"{place}/{name}", job.source)
                return
            except OSError:  # no space: the program's fault or that of one beside it, and not ours to die of
                pass
        job.files[name] = job.source

    def go(self, ready: Ready, extra: Sequence[int] = (), *, keep_place: bool = False) -> Group:
        """Start what is ready."""
        core = None
        if not self.jail.nested:  # there, three processes stand for one, and start in more than a moment
            if ready.gathers:
                core = self.cores.gather(ready.zygote.pid)
            else:
                self.cores.release(ready.zygote.pid)
        birth = ready.zygote.order(ready.uid, ready.place, ready.job_bytes, [*ready.given, *extra])
        for descriptor in ready.given:
            os.close(descriptor)
        if not keep_place:
            self.kept.discard(ready.place)
        return Group(ready.uid, birth, ready.zygote, ready.out, ready.err, feed=ready.feed, core=core)

    def forget(self, ready: Ready) -> None:
        """Do without it."""
        for descriptor in (*ready.given, ready.out.descriptor, ready.err.descriptor):
            os.close(descriptor)
        self.kept.discard(ready.place)
        place = self.places.pop(ready.place, None)
        if place is not None and not self.jail.nested:
            tidy.clear(place)
            os.rmdir(place)

    def finish(self, groups: list[Group], watch: Watch, ooms: int) -> None:
        """End the groups, enter what the memory limit did, and leave no file; or call the sandbox dirty."""
        if not end(groups, self.jail, watch.began):
            self.dirty = "a process would not die"
        if self.meter.oom_kills() > ooms:
            for group in groups:
                group.limit = group.limit or "memory"
        for group in groups:
            if group.limit is None and group.cpu_s > watch.time_s and not watch.stepwise:
                group.limit = "time"
        for number, place in list(self.places.items()):
            if self.jail.nested:
                self.places.pop(number)  # it went away with its namespaces
            elif number not in self.kept:
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
        watch = self.watch(limits)
        group = self.start(Job(child.WIPER, {}), limits, b"", at=(uid, number))
        watch.run([group], {}, lambda: group, lambda: False)
        if not end([group], self.jail, watch.began):
            self.dirty = "a wiper would not die"


def memfd(content: bytes) -> int:
    """A descriptor to read ``content`` from."""
    descriptor = os.memfd_create("input")
    os.fchmod(descriptor, 0o600)  # gVisor lets a process open descriptors of others, as far as modes allow
    written, view = 0, memoryview(content)
    while written < len(view):
        written += os.pwrite(descriptor, view[written:], written)  # so that it is read from the start
    return descriptor
