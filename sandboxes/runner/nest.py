"""Namespaces instead of a container, and instead of uids: what the runner does under ``--nested``.

Theory of operation: ``enclose`` makes the sandbox itself. It gives up root where it has it, unshares everything and
builds a root of its own: system directories bound read-only, a few devices, and tmpfs. Its child is pid 1 in there and
serves. ``enter`` makes the place of one execution: user, process, mount and ipc namespaces nested in the sandbox's,
with their own /proc, /tmp, /dev/shm and working directory, all of which vanish with the last process. Three processes
stand for one execution: a *keeper* outside, whose end the zygote tells of and which ends as the program did; an *init*,
first in the process namespace, at whose end the kernel kills everything in it; and the program.

Not covered, beside what the runner's own list says: memory is watched and not capped (there is no control group
without root); processes are one user's as far as the host is concerned; what they write is in that user's memory.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from . import kernel
from .tidy import WRITABLE

TYPE_CHECKING = False  # see ``zygote``
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

signal: Any = import_module("_signal")
NEWNS, NEWIPC, NEWUTS, NEWUSER, NEWPID, NEWNET, NEWCGROUP = (
    0x20000, 0x8000000, 0x4000000, 0x10000000, 0x20000000, 0x40000000, 0x2000000,
)  # fmt: skip
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
DETACH = 2
_KEPT_FLAGS = NOSUID | NODEV | NOEXEC | 1024 | 2048
_RELATIME = (4096, 1 << 21)
_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/mime.types",
)
_DEVICES = ("null", "zero", "full", "random", "urandom")
_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
_RUNNER = "/opt/sandbox/runner"
_USERS = "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"


def enclose(uid: int, disk_mb: int, prefixes: Sequence[str]) -> None:
    """Make the sandbox. Returns in its pid 1; the process that called waits for that one and ends with it.

    ``uid`` is taken where this process is root. Raises ``OSError`` where the kernel gives less than this needs.
    """
    own_files = _own_files()
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    _unshare_as(0, NEWUSER | NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS | NEWCGROUP)
    pid = os.fork()
    if pid:
        for descriptor in (0, 1):
            os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    _make_root(disk_mb, prefixes, own_files)


def enter(uid: int, place: str, disk_mb: int) -> None:
    """Put this fork of the zygote into namespaces of its own. Returns in the program; keeper and init never return."""
    os.setsid()
    _unshare_as(uid, NEWUSER | NEWNS | NEWPID | NEWIPC)
    told, tell = os.pipe()
    pid = os.fork()
    if pid:
        _keep(pid, told)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    for held in WRITABLE:
        kernel.mount("tmpfs", held, "tmpfs", NOSUID | NODEV, f"size={disk_mb}m,nr_inodes=20k,mode=1777")
    kernel.mount("proc", "/proc", "proc", NOSUID | NODEV | NOEXEC)
    os.mkdir(place, 0o700)
    kernel.drop_capabilities()
    kernel.deny_dangerous_calls()
    program = os.fork()
    if program:
        _be_init(program, tell)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, 0)
    os.close(told)
    os.close(tell)


def _keep(init: int, told: int) -> None:
    """The keeper: ends as its init says that the program ended."""
    try:
        os.dup2(told, 0)
        os.closerange(1, 1 << 16)
        os.waitpid(init, 0)
        said = os.read(0, 4)
        code = os.waitstatus_to_exitcode(int.from_bytes(said, "little")) if said else -signal.SIGKILL
        if code < 0:
            if code not in (-signal.SIGKILL, -signal.SIGSTOP):
                signal.signal(-code, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
        os._exit(code)
    finally:
        os._exit(71)


def _be_init(program: int, tell: int) -> None:
    """The first process of the namespace: reaps, and ends when the program has, which ends all others."""
    try:
        os.dup2(tell, 0)
        os.closerange(1, 1 << 16)
        while True:
            pid, status = os.wait()
            if pid == program:
                os.write(0, status.to_bytes(4, "little"))
                os._exit(0)
    finally:
        os._exit(71)


def _unshare_as(uid: int, flags: int) -> None:
    outer_uid, outer_gid = os.getuid(), os.getgid()
    kernel.unshare(flags)
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{uid} {outer_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)


def _own_files() -> dict[str, bytes]:
    """The runner's modules, read while they can be: where they lie may be closed to the user it becomes."""
    folder = os.path.dirname(os.path.abspath(__file__))
    files = {}
    for name in os.listdir(folder):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as file:
                files[name] = file.read()
    return files


def _make_root(disk_mb: int, prefixes: Sequence[str], own_files: dict[str, bytes]) -> None:
    kernel.mount("none", "/", "", REC | PRIVATE)
    root = "/tmp"
    kernel.mount("tmpfs", root, "tmpfs", NOSUID | NODEV, "size=4m,nr_inodes=1k,mode=755")
    for path in dict.fromkeys((*_SYSTEM, *(f"/{prefix.lstrip('/')}" for prefix in prefixes))):
        if os.path.islink(path):
            os.symlink(os.readlink(path), root + path)
        elif os.path.exists(path) and not any(path.startswith(f"{system}/") for system in ("/usr", "/lib")):
            _bind(path, root + path)
    os.makedirs(root + _RUNNER)
    for name, content in own_files.items():
        with open(f"{root}{_RUNNER}/{name}", "wb") as file:
            file.write(content)
    os.makedirs(f"{root}/dev")
    for device in _DEVICES:
        _bind(f"/dev/{device}", f"{root}/dev/{device}", read_only=False)
    for link, target in _LINKS.items():
        os.symlink(target, f"{root}/dev/{link}")
    with open(f"{root}/etc/passwd", "w") as users:
        users.write(_USERS)
    for held in (*WRITABLE, "/proc"):
        os.makedirs(root + held, exist_ok=True)
    kernel.mount("proc", f"{root}/proc", "proc", NOSUID | NODEV | NOEXEC)
    os.chdir(root)
    kernel.pivot_root(".", ".")
    kernel.unmount(".", DETACH)
    os.chdir("/")
    for held in WRITABLE:
        kernel.mount("tmpfs", held, "tmpfs", NOSUID | NODEV, f"size={disk_mb}m,nr_inodes=20k,mode=755")
    kernel.mount("none", "/", "", REMOUNT | BIND | RDONLY | NOSUID | NODEV)
    sys.path[0] = os.path.dirname(_RUNNER)
    sys.path_importer_cache.clear()
    sys.modules[__package__].__path__ = [_RUNNER]


def _bind(source: str, target: str, *, read_only: bool = True) -> None:
    """Bind a file or folder; read-only keeps the flags that the kernel has locked."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    kernel.mount(source, target, "", BIND | REC)
    held = os.statvfs(target).f_flag
    flags = (held & _KEPT_FLAGS) | (_RELATIME[1] if held & _RELATIME[0] else 0)
    if read_only:
        kernel.mount("none", target, "", REMOUNT | BIND | RDONLY | NOSUID | flags)
