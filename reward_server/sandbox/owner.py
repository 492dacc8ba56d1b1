"""Who a sandbox belongs to: a process, told from others of the same number by when it started."""

from __future__ import annotations

import os


def me() -> str:
    """This process as ``namespace:pid:start``."""
    return f"{_namespace()}:{os.getpid()}:{_started(os.getpid())}"


def is_gone(name: str) -> bool:
    """Whether the process has certainly ended; False for one whose process namespace cannot be seen from here."""
    try:
        namespace, pid, started = name.split(":")
        return namespace == _namespace() and _started(int(pid)) != started
    except ValueError:
        return False


def _namespace() -> str:
    return os.readlink("/proc/self/ns/pid").strip("pid:[]") + "." + _boot()


def _boot() -> str:
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def _started(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rsplit(b")", 1)[1].split()[19].decode()
    except (OSError, IndexError):
        return "-"
