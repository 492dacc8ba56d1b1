"""Processes, other than Python's, that programs are forked from: a prover that has done its imports.

They speak the zygotes' protocol, so to all who start and watch executions they are zygotes like the others. Each is
started by the command line of its language, as root, on a source that it reads alone: what a run adds comes by standard
input, to a fork that has the run's own uid by then. So nothing of one run is ever in what another is forked from, and a
template may be kept for any occupant who comes with the same source.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from . import child, tidy
from .launch import Job, Launcher, memfd
from .orders import Zygote

MOST = 6
"""Templates at once. Their memory is the sandbox's: a run that fails for want of it is repeated without the others."""
ORDERS = 3
"""The descriptor that orders come by, named to the command by the variable ``SANDBOX_ORDERS``."""
_START_S = 30.0

Key = tuple[bytes, tuple[str, ...]]


@dataclass
class Templates:
    """Those of one sandbox, by source and command line, the one used last at the end."""

    launcher: Launcher
    held: dict[Key, tuple[Zygote, int]] = field(default_factory=dict)
    """With the number of its directory."""

    def zygote(self, key: Key, argv: Sequence[str], env: dict[str, str]) -> Zygote | None:
        """The template of a source, started where there is none; None where it cannot be had."""
        if self.launcher.jail.nested:
            return None
        found = self.held.pop(key, None)
        if found is not None and _has_gone(found[0]):
            self._drop(found)
            found = None
        if found is None:
            for old in list(self.held)[: 1 - MOST]:
                self._drop(self.held.pop(old))
            found = self._start(argv, env)
        if found is None:
            return None
        self.held[key] = found
        return found[0]

    def drop_others(self, zygote: Zygote) -> bool:
        """Keep that one alone; whether any had to go."""
        others = [key for key, (held, _) in self.held.items() if held is not zygote]
        for key in others:
            self._drop(self.held.pop(key))
        return bool(others)

    def places(self) -> set[str]:
        """Names of the directories that belong to them."""
        return {str(number) for _, number in self.held.values()}

    def _start(self, argv: Sequence[str], env: dict[str, str]) -> tuple[Zygote, int] | None:
        launcher, starter = self.launcher, self.launcher.zygotes[0]
        launcher.serial += 1
        number = launcher.serial
        launcher.places[number] = tidy.make_place(launcher.work, number, 0)
        launcher.kept.add(number)
        job = Job(child.COMMAND, {"argv": list(argv), "env": {**env, "SANDBOX_ORDERS": str(ORDERS)}})
        job.head.update(mode=job.mode, limits=[])
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        nothing = os.open("/dev/null", os.O_RDWR)
        packed = job.pack()
        given = memfd(packed)
        try:
            launcher.cores.release(starter.pid)
            birth = starter.order(0, number, len(packed), [given, nothing, nothing, nothing, theirs.fileno()])
            pid = starter.pid_of(birth)
        finally:
            theirs.close()
            os.close(nothing)
            os.close(given)
        zygote = Zygote(ours.detach(), pid, ())
        try:
            zygote.channel.settimeout(_START_S)
            zygote.ends()  # which has none yet, but is there
            zygote.channel.settimeout(None)
        except (OSError, EOFError) as error:
            if isinstance(error, TimeoutError):
                os.kill(pid, signal.SIGKILL)
            self._drop((zygote, number))
            return None
        return zygote, number

    def _drop(self, template: tuple[Zygote, int]) -> None:
        """It and its forks end when their channels do."""
        zygote, number = template
        zygote.channel.close()
        place = self.launcher.places.pop(number)
        self.launcher.kept.discard(number)
        with suppress(OSError):  # a reset finds what is left
            tidy.clear(place)
            os.rmdir(place)


def _has_gone(zygote: Zygote) -> bool:
    poll = select.poll()
    poll.register(zygote.channel, 0)
    return bool(poll.poll(0))
