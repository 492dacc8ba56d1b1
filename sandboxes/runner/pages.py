"""Has forks inherit the page tables of code and constants, too.

A fork copies the page tables of memory that was written to, and leaves those of a mapped file to be filled by faults:
80 of them for a short program, a quarter of all that it costs. The kernel tells the two apart by whether the mapping
has a page of its own. So the zygote gives each one such a page, by writing to it what is there.
"""

from __future__ import annotations

import ctypes
import mmap
from contextlib import suppress

_FILES = ("/python3", "/libpython", "/libc.so", "/libc-", "/ld-linux", "/ld-2")
_libc = ctypes.CDLL(None)
_libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def inherit_page_tables() -> None:
    """For the interpreter and the C library, as far as the kernel lets a process write to what it executes."""
    with suppress(OSError), open("/proc/self/maps", encoding="utf-8") as maps:
        for line in maps.read().splitlines():
            span, modes, _, _, _, *path = line.split(maxsplit=5)
            if modes in ("r-xp", "r--p") and path and any(name in path[0] for name in _FILES):
                first, end = (int(number, 16) for number in span.split("-"))
                _own_one_page(first, end - first, mmap.PROT_READ | (mmap.PROT_EXEC if "x" in modes else 0))


def _own_one_page(first: int, size: int, modes: int) -> None:
    if _libc.mprotect(first, size, modes | mmap.PROT_WRITE) == 0:
        ctypes.memmove(first, first, 1)
        _libc.mprotect(first, size, modes)
