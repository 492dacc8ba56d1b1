"""A line of its own to a container's runner, past the relays of the engine.

What is said over an attach stream goes through two processes of the engine either way. That is a tenth of what a short
program costs, and with two at once as many times a core waits for a relay that the other core runs. So the runner
opens a pair of sockets and names its far end, and this side takes that end over from it (``pidfd_getfd``, Linux 5.6).
For that, this process has to see the container's and to be allowed to trace it: it does as root beside the engine, and
in a container with the host's processes and ``SYS_PTRACE``. Where it is not, the attach stream serves.
"""

from __future__ import annotations

import ctypes
import os
import socket
import stat
from contextlib import suppress

_PIDFD_GETFD = 438
"""Of all architectures (Linux, ``syscall.tbl``)."""


def take_over(pid: int, descriptor: int, inode: int) -> socket.socket | None:
    """The socket that process ``pid`` has as ``descriptor``; None where it is out of reach or not that of ``inode``.

    The engine may mean another machine's process by that number, or, as with ``runsc``, one of another kernel.
    """
    if not hasattr(os, "pidfd_open"):  # no Linux: the engine runs in a machine of its own
        return None
    libc = ctypes.CDLL(None)
    try:
        process = os.pidfd_open(pid)
    except OSError:
        return None
    try:
        taken: int = libc.syscall(_PIDFD_GETFD, process, descriptor, 0)
    finally:
        os.close(process)
    if taken < 0:
        return None
    found = os.fstat(taken)
    if found.st_ino == inode and stat.S_ISSOCK(found.st_mode):
        with suppress(OSError):
            return socket.socket(fileno=taken)
    os.close(taken)
    return None
