"""Watches the processes of an execution until they have ended, one way or the other.

A group is a uid and all processes of it. Both of its streams are drained while it runs; processor time is taken from
the sandbox's control group (so children that nobody waited for count), wall time less the wait for a processor.
Whatever happens, at the end every process of the group is dead and reaped.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import tidy, usage
from .cores import Cores
from .jail import Jail
from .limits import Limits
from .orders import Birth, Note, Zygote
from .wire import Closed

WALL_FACTOR, WALL_EXTRA_S = 2.0, 1.0
MAX_WAITED_FACTOR, MAX_WAITED_S = 4.0, 30.0
"""Even on a starved machine an execution ends after this many wall limits and seconds."""
_UNHEARD_S, _SOON_S = 10.0, 0.005
"""And one that has ended by itself is waited for somewhat longer."""
_DEATH_S = 10.0
"""What SIGKILL has to have done by then: on a starved machine it takes a while."""
_AGAIN_S = 0.0005
"""How often the end of what was killed is asked for, where no zygote tells of it."""
_LOOK_S = 0.025
_SHORT_S = 0.004
"""What has ended by then is not looked at while it runs: each look costs as much as what it sees."""
_CHUNK, _FLOOD_KEPT = 1 << 16, 1 << 20
_LAST_DRAIN = 1 << 20


@dataclass
class Stream:
    """One drained output of a group; where it has a ``sink``, the input of another, it is passed on."""

    descriptor: int
    cap: int
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    sink: int | None = None
    owed: bytes = b""
    """What the other has not taken yet. Until it has, nothing more is read: a writer is held up as by a pipe."""
    holds: bool = False
    """Where the other reads no more: hold the writer up for good, instead of draining it for nobody."""
    held: bool = False

    def kept(self) -> bytes:
        """What is told of it: all, or the beginning of a flood."""
        text = b"".join(self.chunks)
        return text[:_FLOOD_KEPT] if self.size > self.cap else text

    def waits_for(self) -> tuple[int, int]:
        """Descriptor and event of the next step."""
        return (self.sink, select.POLLOUT) if self.owed and self.sink is not None else (self.descriptor, select.POLLIN)

    def step(self) -> bool:
        """Pass on or take what can be; False when there will be no other step."""
        if self.owed:
            self._pass_on()
        elif not self.drain():
            self.close_sink()
            return False
        return not self.held

    def close_sink(self) -> None:
        """Let the other see the end of its input."""
        if self.sink is not None:
            os.close(self.sink)
        self.sink, self.owed = None, b""

    def _pass_on(self) -> None:
        try:
            while self.owed and self.sink is not None:
                self.owed = self.owed[os.write(self.sink, self.owed) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self.close_sink()
            self.held = self.holds

    def drain(self, at_most: int = _CHUNK) -> bool:
        """Take what is there; False at the end of the stream or above the cap."""
        while at_most > 0 and not self.owed and not self.held:
            try:
                data = os.read(self.descriptor, _CHUNK)
            except BlockingIOError:
                return True
            if not data:
                return False
            at_most -= len(data)
            if self.size < self.cap:
                self.chunks.append(data[: self.cap - self.size])
            self.size += len(data)
            if self.size > self.cap:
                return False
            if self.sink is not None:
                self.owed = data
                self._pass_on()
        return True


@dataclass
class Group:
    """The processes of one uid."""

    uid: int
    birth: Birth
    zygote: Zygote
    out: Stream
    err: Stream
    feed: int | None = None
    """The writing end of its standard input, where that is a pipe; whoever passes something on closes it."""
    core: int | None = None
    """Where its processes are kept while they are short."""
    end: Note | None = None
    completed: bool = False
    """It did what it was for, and was then ended: as good as an exit with status 0."""
    limit: str | None = None
    flags: list[str] = field(default_factory=list)
    wall_s: float = 0.0
    waited_s: float = 0.0
    cpu_s: float = 0.0
    peak_kb: int = 0

    @property
    def pid(self) -> int:
        """Of its first process."""
        return self.zygote.pid_of(self.birth)

    def report(self) -> dict[str, Any]:
        """The head of an ``Execution``."""
        status = self.end.status if self.end else 0
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        code = 0 if self.completed else os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        return {
            "exit_code": None if self.limit else code,
            "signal": None if self.limit or self.completed else killed,
            "limit": self.limit,
            "cpu_s": round(self.cpu_s, 6),
            "wall_s": round(self.wall_s, 6),
            "waited_s": round(self.waited_s, 6),
            "memory_mb": round(self.peak_kb / 1024, 1),
            "flags": self.flags,
        }


@dataclass
class Budget:
    """Time of an execution, or of each step of it (one call, one test)."""

    time_s: float
    cpu_from: float
    wall_from: float
    waited_from: float

    def renew(self, meter: usage.Meter) -> None:
        """Begin the next step."""
        self.cpu_from, self.wall_from, self.waited_from = meter.cpu_s(), time.monotonic(), meter.waited_s()

    @property
    def wall_s(self) -> float:
        """Wall seconds allowed, not counting the wait for a processor."""
        return WALL_FACTOR * self.time_s + WALL_EXTRA_S


class Watch:
    """Waits for groups to end and for results to come in.

    ``channels`` maps a descriptor to what is called when it can be read: it returns True for progress (the budget
    begins anew), False for none, and None when nothing more will come. ``blame`` names the group that a time limit
    strikes; ``enough`` says that the execution is over although processes remain.
    """

    def __init__(
        self,
        jail: Jail,
        meter: usage.Meter,
        cores: Cores,
        cpus: float,
        limits: Limits,
        *,
        stepwise: bool,
        driver: int,
    ) -> None:
        self.jail, self.meter, self._cores, self.cpus = jail, meter, cores, cpus
        self.stepwise, self._driver = stepwise, driver
        self.limit, self.memory_mb, self.time_s = "wall", limits.memory_mb, limits.time_s
        self.began = time.monotonic()
        self.budget = Budget(limits.time_s, 0.0, self.began, 0.0)
        self._total_s = limits.total_s or float("inf")
        self._look_s = _LOOK_S if jail.nested else float("inf")
        self._next_look = self.began + _LOOK_S

    def run(
        self,
        groups: list[Group],
        channels: dict[int, Callable[[], bool | None]],
        blame: Callable[[], Group],
        enough: Callable[[], bool],
    ) -> None:
        """Return when every group's first process has ended, a limit struck, or it is ``enough``."""
        poll = select.poll()
        zygotes = {group.zygote.channel.fileno(): group.zygote for group in groups}
        for descriptor in zygotes:
            poll.register(descriptor, select.POLLIN)
        poll.register(self._driver, 0)  # tells of nothing but the driver's end
        if not any(group.out.sink for group in groups) and self._ended_soon(groups, poll, zygotes, enough):
            return
        self.budget.renew(self.meter)  # from here on: what was over by then did not need it
        self._spread(groups)
        streams = {stream.waits_for()[0]: (group, stream) for group in groups for stream in (group.out, group.err)}
        for descriptor in (*streams, *channels):
            poll.register(descriptor, select.POLLIN)
        wait_s = self.budget.time_s / self.cpus
        while not self._over(groups, enough):
            ready = poll.poll(max(1.0, min(wait_s, self._look_s) * 1000))
            for descriptor, _ in ready:
                if descriptor == self._driver:
                    raise Closed
                if descriptor in zygotes:
                    for note in zygotes[descriptor].ends():
                        take_note(groups, note, self.began)
                elif descriptor in streams:
                    group, stream = streams[descriptor]
                    goes_on, (at, event) = stream.step(), stream.waits_for()
                    if goes_on and at == descriptor:
                        continue
                    poll.unregister(descriptor)
                    if goes_on:
                        streams[at] = (group, stream)
                        poll.register(at, event)
                    elif stream.size > stream.cap:
                        group.limit, group.flags = "output", [*group.flags, "output_flood"]
                        return
                else:
                    progress = channels[descriptor]()
                    if progress is None:
                        poll.unregister(descriptor)
                    elif progress:
                        self.budget.renew(self.meter)
            if self._over(groups, enough):
                return  # before a look at the clock: how long a process waited cannot be asked once it has gone
            if self._watched_memory(groups) > self.memory_mb:
                self.limit = "memory"
                self._strike(blame())
                return
            wait_s = self._time_left(groups)
            if wait_s <= 0 and not self._over(groups, enough):
                self._strike(blame())
                return

    def _over(self, groups: list[Group], enough: Callable[[], bool]) -> bool:
        """Whether there is nothing to wait for. An end may have been told when something else was asked."""
        for group in groups:
            while group.zygote.early:
                take_note(groups, group.zygote.early.pop(0), self.began)
        return all(group.end for group in groups) or enough()

    def _ended_soon(
        self, groups: list[Group], poll: select.poll, zygotes: dict[int, Zygote], enough: Callable[[], bool]
    ) -> bool:
        """Wait for the end of what is short; what it writes meanwhile has room in its pipes, or waits."""
        last = self.began + min(_SHORT_S, self.time_s)
        while not self._over(groups, enough):
            left_s = last - time.monotonic()
            if left_s <= 0:
                return False
            for descriptor, _ in poll.poll(left_s * 1000):
                if descriptor == self._driver:
                    raise Closed
                for note in zygotes[descriptor].ends():
                    take_note(groups, note, self.began)
        return True

    def _spread(self, groups: list[Group]) -> None:
        """Let what is not short run where there is room."""
        for group in groups:
            if group.core is not None:
                self._cores.spread()
                self._cores.release(group.zygote.pid)
                self._cores.free(group.uid, group.pid, group.core)

    def _watched_memory(self, groups: list[Group]) -> float:
        """MiB in use, where no control group caps them and it is time to look again; else 0."""
        if not self.jail.nested or time.monotonic() < self._next_look:
            return 0.0
        self._next_look = time.monotonic() + self._look_s
        members = [self.jail.members(group.pid) for group in groups]
        stored = sum(usage.stored_mb(pids[-1], tidy.WRITABLE) for pids in members)
        return stored + usage.memory_mb([pid for pids in members for pid in pids], self.memory_mb - stored)

    def _time_left(self, groups: list[Group]) -> float:
        """Seconds until the next look at the clocks; 0 when a limit has struck."""
        left = self._step_left(groups)
        total_left = self._total_s - (time.monotonic() - self.began)
        if left > 0 and total_left <= 0:
            most = (MAX_WAITED_FACTOR - 1) * self._total_s + MAX_WAITED_S
            total_left += min(self._waited_s(groups), most)
            if total_left <= 0:
                self.limit = "total_time"
                return 0
        return min(left, total_left) if left > 0 else 0

    def _step_left(self, groups: list[Group]) -> float:
        self.limit, budget = "wall", self.budget
        wall_s = time.monotonic() - budget.wall_from
        if wall_s < budget.time_s / self.cpus:
            return budget.time_s / self.cpus - wall_s
        cpu_left = budget.time_s - (self.meter.cpu_s() - budget.cpu_from)
        if cpu_left <= 0:
            self.limit = "time"
            return 0
        wall_left = budget.wall_s - wall_s
        if wall_left <= 0:
            last = MAX_WAITED_FACTOR * budget.wall_s + MAX_WAITED_S
            wall_left = min(budget.wall_s + self._waited_s(groups), last) - wall_s
            if wall_left <= 0 and wall_s < last + _UNHEARD_S and self._ends_unheard(groups):
                return _SOON_S
        return max(min(max(cpu_left / self.cpus, 0.005), max(wall_left, 0.005)), 0.0) if wall_left > 0 else 0

    def _ends_unheard(self, groups: list[Group]) -> bool:
        """Whether one has ended and the word of it is under way: on a starved machine the zygote's turn may be late."""
        return any(group.end is None and usage.has_ended(group.pid) for group in groups)

    def _waited_s(self, groups: list[Group]) -> float:
        """Seconds in which what the clock runs for wanted a processor and had none: a group, and those who start and
        watch it."""
        ours = self.meter.waited_s() - self.budget.waited_from
        return ours + max(usage.waited_s(pid) for group in groups for pid in self.jail.members(group.pid))

    def _strike(self, group: Group) -> None:
        group.limit = self.limit
        group.waited_s = self._waited_s([group])


def end(groups: list[Group], jail: Jail, began: float) -> bool:
    """Kill and reap all that is left of the groups and drain their streams; False when something would not die."""
    deadline = time.monotonic() + _DEATH_S
    _reap(groups)
    left = [group for group in groups if jail.alive(group.uid, ended=group.end is not None)]
    for group in left:
        if group.end is not None and group.limit is None:
            group.flags.append("leftover_processes")
        jail.kill(group.uid, group.pid)
    zygotes = {group.zygote.channel.fileno(): group.zygote for group in groups}
    while left or not all(group.end for group in groups):
        select.select(zygotes, [], [], _AGAIN_S)
        for zygote in zygotes.values():
            while zygote.early or _readable(zygote.channel.fileno()):
                take_note(groups, zygote.early.pop(0), began) if zygote.early else zygote.early.extend(zygote.ends())
        _reap(groups)
        if all(g.end and not jail.alive(g.uid, ended=True) for g in groups):
            break
        if time.monotonic() > deadline:
            return False
        for group in groups:
            jail.kill(group.uid, group.pid)
    for group in groups:
        for stream in (group.out, group.err):
            stream.close_sink()
            if stream.size <= stream.cap:
                stream.drain(_LAST_DRAIN)
                if stream.size > stream.cap and group.limit is None:
                    group.limit, group.flags = "output", [*group.flags, "output_flood"]
            os.close(stream.descriptor)
    return True


def take_note(groups: list[Group], note: Note, began: float) -> None:
    """Enter the end of a first process in the group that it was of."""
    for group in groups:
        if note.kind == b"e" and note.pid == group.birth.pid:
            group.end, group.wall_s = note, time.monotonic() - began
            group.cpu_s += note.cpu_s + note.system_s
            group.peak_kb = max(group.peak_kb, note.peak_kb)


def _reap(groups: list[Group]) -> None:
    """Wait for orphans, which the kernel hands to pid 1, and charge them to the first group."""
    while True:
        try:
            pid, _, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        groups[0].cpu_s += used.ru_utime + used.ru_stime
        groups[0].peak_kb = max(groups[0].peak_kb, used.ru_maxrss)


def _readable(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])
