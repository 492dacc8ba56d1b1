"""The calls that Python has no name for, by libc, and the seccomp filter of everything that is forked here.

The filter is a deny list on top of what the container's own profile and its missing capabilities already refuse:
it closes ways in which processes of one sandbox could leave something behind (System V and POSIX queues, keys),
look into each other (ptrace, process_vm_readv, pidfd_getfd, kcmp), make namespaces, or reach large and seldom
needed parts of the kernel (io_uring, bpf, perf, userfaultfd, odd socket families). It is installed once, in the
zygote, and inherited: a filter in every fork would cost more than the fork.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from functools import lru_cache

TYPE_CHECKING = False  # see ``zygote``
if TYPE_CHECKING:
    from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
plain_prctl = ctypes.CDLL(None).prctl
"""``prctl(2)`` without ``errno`` and without objects for arguments, which would cost a fork 70 pages."""
current_core = ctypes.CDLL(None).sched_getcpu
"""``sched_getcpu(3)``: the number of the core that this runs on."""
plain_fork = ctypes.PyDLL(None).fork
"""``fork(3)`` alone; -1 where it fails. What ``os.fork`` adds in the child is for other threads, and for hooks."""

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_PR_CAPBSET_DROP, _CAPABILITY_VERSION_3 = 24, 0x20080522
_FILTER_MODE = 2

# BPF: code, jump if true, jump if false, operand
_LOAD, _JEQ, _JGE, _JSET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NR, _ARCH, _ARG0 = 0, 4, 16
_ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NEW_NAMESPACES = 0x7E020080
"""CLONE_NEW{TIME,NS,CGROUP,UTS,IPC,USER,PID,NET}."""
FAMILIES = (1, 2, 10)
"""AF_UNIX, AF_INET, AF_INET6: there is no network to reach by them; multiprocessing and asyncio want them."""

# name: (x86_64, aarch64); None where the machine has no such call
_DENIED: dict[str, tuple[int | None, int]] = {
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "shmdt": (67, 197),
    "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "mq_open": (240, 180), "mq_unlink": (241, 181), "mq_timedsend": (242, 182), "mq_timedreceive": (243, 183),
    "mq_notify": (244, 184), "mq_getsetattr": (245, 185),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "memfd_secret": (447, 447),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "syslog": (103, 116), "acct": (163, 89), "quotactl": (179, 60), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "clock_adjtime": (305, 266), "adjtimex": (159, 171), "sethostname": (170, 161),
    "setdomainname": (171, 162), "iopl": (172, -1), "ioperm": (173, -1), "modify_ldt": (154, -1),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "fanotify_init": (300, 262),
    "vhangup": (153, 58), "lookup_dcookie": (212, 18), "move_pages": (279, 239), "migrate_pages": (256, 238),
    "mbind": (237, 235), "set_mempolicy": (238, 237), "personality": (135, 92), "uselib": (134, -1),
    "_sysctl": (156, -1), "nfsservctl": (180, 42),
}  # fmt: skip
_CLONE, _CLONE3, _SOCKET = (56, 220), (435, 435), (41, 198)


def prctl(option: int, argument: int = 0, pointer: int = 0) -> None:
    """``prctl(2)``; raises ``OSError``."""
    if _libc.prctl(option, ctypes.c_ulong(argument), ctypes.c_ulong(pointer), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def unshare(flags: int) -> None:
    """``unshare(2)``; raises ``OSError``."""
    if _libc.unshare(flags):
        raise OSError(ctypes.get_errno(), f"unshare {flags:#x}")


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    """``mount(2)``; raises ``OSError``."""
    if _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()):
        raise OSError(ctypes.get_errno(), f"mount {kind} on {target}")


def unmount(target: str, flags: int) -> None:
    """``umount2(2)``; raises ``OSError``."""
    if _libc.umount2(target.encode(), flags):
        raise OSError(ctypes.get_errno(), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """``pivot_root(2)``, which libc does not offer; raises ``OSError``."""
    number = _DENIED["pivot_root"][list(_ARCHES).index(os.uname().machine)]
    if _libc.syscall(ctypes.c_long(number or -1), new.encode(), old.encode()):
        raise OSError(ctypes.get_errno(), "pivot_root")


def drop_capabilities() -> None:
    """Give up every capability for good; raises ``OSError``."""
    number = 0
    while _libc.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(number), 0, 0, 0) == 0:
        number += 1
    header = ctypes.create_string_buffer(struct.pack("II", _CAPABILITY_VERSION_3, 0))
    if _libc.capset(header, ctypes.create_string_buffer(24)):
        raise OSError(ctypes.get_errno(), "capset")


@lru_cache(maxsize=1)
def _program() -> tuple[Any, Any]:
    """The filter and its header, kept: forks of the zygote install the same."""
    program = _filter(os.uname().machine)
    code = ctypes.create_string_buffer(program, len(program))
    return code, ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code)))


def deny_dangerous_calls() -> None:
    """Install the filter in this process and all that it will start; raises ``OSError`` where the kernel has none."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, _FILTER_MODE, ctypes.addressof(_program()[1]))


def _filter(machine: str) -> bytes:
    """The filter as BPF instructions for this kind of machine; raises ``OSError`` for a kind not in the tables."""
    if machine not in _ARCHES:
        raise OSError(errno.ENOSYS, f"no system call table for {machine}")
    column = list(_ARCHES).index(machine)
    denied = _ERRNO | errno.EPERM
    steps: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _ARCH),
        (_JEQ, 1, 0, _ARCHES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NR),
    ]
    if machine == "x86_64":  # the x32 calls are the same table under other numbers
        steps += [(_JGE, 0, 1, 0x40000000), (_RETURN, 0, 0, denied)]
    for numbers in _DENIED.values():
        number = numbers[column]
        if number is not None and number >= 0:
            steps += [(_JEQ, 0, 1, number), (_RETURN, 0, 0, denied)]
    # clone3 hides its flags in memory; libc falls back to clone where it is missing
    steps += [(_JEQ, 0, 1, _CLONE3[column]), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    steps += [(_JEQ, 0, 4, _CLONE[column]), (_LOAD, 0, 0, _ARG0), (_JSET, 0, 1, _NEW_NAMESPACES)]
    steps += [(_RETURN, 0, 0, denied), (_RETURN, 0, 0, _ALLOW)]
    steps += [(_JEQ, 0, 2 + len(FAMILIES), _SOCKET[column]), (_LOAD, 0, 0, _ARG0)]
    steps += [(_JEQ, len(FAMILIES) - at, 0, family) for at, family in enumerate(FAMILIES)]
    steps += [(_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
