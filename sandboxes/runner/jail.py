"""How two executions are kept apart in one sandbox: by uids, where the runner may change them."""

from __future__ import annotations

import os
import signal
from typing import Protocol

from . import tidy, usage


class Jail(Protocol):
    """Identities for executions, and the end of all that has one."""

    nested: bool

    def identity(self) -> int:
        """A number that no execution here has had; raises ``Exhausted`` when there are none left."""
        ...

    def make_place(self, work: str, number: int, uid: int) -> str:
        """A fresh working directory."""
        ...

    def kill(self, uid: int, pid: int) -> None:
        """SIGKILL to every process of an execution and to no other."""
        ...

    def alive(self, uid: int, pid: int, *, ended: bool) -> bool:
        """Whether any process of it is there, zombies included; ``ended``: the first one has been waited for."""
        ...


class Exhausted(Exception):
    """All uids of this sandbox have been used: it has to be replaced."""


class UidJail:
    """A fresh uid for every execution, from a range that no other sandbox on the host uses."""

    nested = False

    def __init__(self, first: int, count: int) -> None:
        self._next, self._last = first, first + count
        try:
            os.getpriority(os.PRIO_USER, 0)
            self._ask_kernel = True
        except OSError:  # gVisor has no PRIO_USER
            self._ask_kernel = False

    def identity(self) -> int:
        """The next uid."""
        if self._next >= self._last:
            raise Exhausted
        self._next += 1
        return self._next - 1

    def make_place(self, work: str, number: int, uid: int) -> str:
        """A directory of root's, which the uid may fill as its group."""
        return tidy.make_place(work, number, uid)

    def kill(self, uid: int, pid: int) -> None:
        """Sent as that uid, without capabilities, so that it reaches no other."""
        os.setresuid(uid, uid, 0)
        try:
            os.kill(-1, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        finally:
            os.setresuid(0, 0, 0)

    def alive(self, uid: int, pid: int, *, ended: bool) -> bool:
        """Asks by uid, not by parent: a daemon of any depth is found."""
        if not self._ask_kernel:
            return any(_owner(pid) == uid for pid in usage.processes())
        try:
            os.getpriority(os.PRIO_USER, uid)
        except ProcessLookupError:
            return False
        return True


def _owner(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return -1
