"""How two executions are kept apart in one sandbox: by uids, where the runner may change them."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Protocol

from . import tidy, usage


class Jail(Protocol):
    """Identities for executions, and the end of all that has one."""

    nested: bool

    def identity(self) -> int:
        """A number that no execution here has had; raises ``Exhausted`` when there are none left."""
        ...

    def is_spent(self) -> bool:
        """Whether so few are left that the next occupant might run out of them."""
        ...

    def make_place(self, work: str, number: int, uid: int) -> str:
        """A fresh working directory."""
        ...

    def kill(self, uid: int, pid: int) -> None:
        """SIGKILL to every process of an execution and to no other."""
        ...

    def members(self, pid: int) -> list[int]:
        """Its processes as far as they are told from pid 1: where they wait and what they hold is looked up there."""
        ...

    def alive(self, uid: int, *, ended: bool) -> bool:
        """Whether any process of it is there, zombies included; ``ended``: the first one has been waited for."""
        ...


class Exhausted(OSError):
    """All uids of this sandbox have been used: it has to be replaced."""


_SPENT = 1 << 13
"""With fewer uids left than this, a sandbox takes no other occupant."""


class UidJail:
    """A fresh uid for every execution, from a range that no other sandbox on the host uses."""

    nested = False

    def __init__(self, first: int, count: int) -> None:
        self._next, self._last = first, first + count
        try:
            os.getpriority(os.PRIO_USER, first or 1)
            self._ask_kernel = False  # gVisor finds processes of a uid that has none
        except ProcessLookupError:
            self._ask_kernel = True
        except OSError:
            self._ask_kernel = False

    def identity(self) -> int:
        """The next uid."""
        if self._next >= self._last:
            raise Exhausted
        self._next += 1
        return self._next - 1

    def is_spent(self) -> bool:
        """See ``Jail``."""
        return self._last - self._next < _SPENT

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

    def members(self, pid: int) -> list[int]:
        """The first process; memory is the control group's business."""
        return [pid]

    def alive(self, uid: int, *, ended: bool) -> bool:
        """Asks by uid, not by parent: a daemon of any depth is found."""
        if not self._ask_kernel:
            return any(_owner(pid) == uid for pid in usage.processes())
        try:
            os.getpriority(os.PRIO_USER, uid)
        except ProcessLookupError:
            return False
        return True


class NestJail:
    """Fresh namespaces for every execution, which take everything with them when they end."""

    nested = True

    def __init__(self) -> None:
        self._next = 1000

    def identity(self) -> int:
        """The next uid, which means something in its own namespace alone."""
        self._next += 1
        return self._next

    def is_spent(self) -> bool:
        """Never: each namespace has numbers of its own."""
        return False

    def make_place(self, work: str, number: int, uid: int) -> str:
        """Made by the execution itself, where no other can see it."""
        return f"{work}/{number}"

    def kill(self, uid: int, pid: int) -> None:
        """End the first process of its namespace; the kernel ends the others before the keeper hears of it."""
        for child in usage.children(pid) or [pid]:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def alive(self, uid: int, *, ended: bool) -> bool:
        """The keeper outlives all others."""
        return not ended

    def members(self, pid: int) -> list[int]:
        """All processes of an execution."""
        found, new = [], [pid]
        while new:
            found += new
            new = [child for parent in new for child in usage.children(parent)]
        return found


class as_owner:
    """Do something as a uid, where one is given: what is made belongs to it, and may be opened again by its programs.

    By the real and the saved uid this process remains root, so that none of them can send it a signal.
    """

    def __init__(self, uid: int | None) -> None:
        self._uid = uid

    def __enter__(self) -> None:
        if self._uid is not None:
            os.setegid(self._uid)
            os.seteuid(self._uid)

    def __exit__(self, *_: object) -> None:
        if self._uid is not None:
            os.seteuid(0)
            os.setegid(0)


def _owner(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return -1
