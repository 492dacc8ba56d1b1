"""Keeps what a short execution takes on one core.

This process, a zygote and its forks (a tester and its candidate, too) work one after another, and on the same pages.
Spread over two cores they end hardly sooner and take an eighth more processor time, for the pages and for waking each
other: two executions at once have not that to spare. Which core it is, the kernel decides anew for every request and
every few milliseconds. What lasts is set free, to run where there is room.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from . import kernel, usage
from .jail import as_owner

_SLICE_S = 0.005
"""So long short executions are kept on a core, one after another, until one is left to the kernel."""
_MOST_TASKS = 16
"""As many as a program has started after a few milliseconds; a fork bomb is not to be followed while its time runs."""


class Cores:
    """Where this process and the zygotes run."""

    def __init__(self) -> None:
        self._all = os.sched_getaffinity(0)
        self._at: int | None = None
        """The core that this process is kept on."""
        self._since = 0.0
        self._of: dict[int, int | None] = {}
        """The core that a zygote is kept on."""

    def gather(self, zygote: int) -> int | None:
        """Keep this process, a zygote and what it forks next on the core where this process is; which, if any."""
        if self._at is None:
            self._at, self._since = kernel.current_core(), time.monotonic()
            _set(0, {self._at})
        elif time.monotonic() - self._since > _SLICE_S:
            self.spread()
        self._keep(zygote, self._at)
        return self._at

    def spread(self) -> None:
        """Let this process run on any core."""
        if self._at is not None:
            self._at = None
            _set(0, self._all)

    def release(self, zygote: int) -> None:
        """Let a zygote run on any core, and what it forks next."""
        self._keep(zygote, None)

    def free(self, uid: int, pid: int, core: int) -> None:
        """Let a process of ``uid`` that was kept on a core run on any, and all that it has started, unless it has
        chosen others for itself."""
        self._free_from(core, pid)  # which is still root's where it has not come far
        with as_owner(uid):
            for _ in range(2):  # what was being forked the first time has a name the second time
                for task in islice(_tasks(pid), _MOST_TASKS):
                    self._free_from(core, task)

    def _free_from(self, core: int, task: int) -> None:
        with suppress(OSError):
            if os.sched_getaffinity(task) == {core}:
                _set(task, self._all)

    def _keep(self, zygote: int, core: int | None) -> None:
        if self._of.get(zygote) != core:
            self._of[zygote] = core
            _set(zygote, self._all if core is None else {core})


def _tasks(pid: int) -> Iterator[int]:
    """Threads of a process and of its descendants. Each is given before what it started is looked for."""
    for thread in usage.threads(pid):
        yield thread
        for child in usage.children(pid, thread):
            yield from _tasks(child)


def _set(task: int, cores: set[int]) -> None:
    with suppress(OSError):  # it has ended, or a host has taken that core away: nothing but speed depends on it
        os.sched_setaffinity(task, cores)
