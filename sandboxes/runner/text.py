"""Moves the interpreter's code into huge pages, once, before the first fork.

A fork does not inherit the pages of a file: it runs into them one by one, sixty faults in a short program, and a
thousand entries are undone at its end; both are a tenth of what a fork costs. Of a huge page it inherits the one entry.
So code and constants are copied into anonymous huge pages, which then take the place of the file's, as Node.js does
under ``--use-largepages``. What this needs (Linux 6.1, huge pages not forbidden, code of more than 2 MiB) is
tried out in a fork first; where it is not there, nothing is changed.
"""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False  # see ``zygote``
if TYPE_CHECKING:
    from collections.abc import Iterator

HUGE = 2 << 20
_READ_WRITE, _READ_EXECUTE = 3, 5
_PRIVATE_ANONYMOUS = 0x22
_COLLAPSE = 25
"""``MADV_COLLAPSE``."""
_MOVE_OVER = 3
"""``MREMAP_MAYMOVE | MREMAP_FIXED``."""


def move() -> bool:
    """Move what can be of the file that holds the interpreter's code; whether anything was."""
    places = list(_places())
    if not places or not _can_be_moved(places):
        return False
    try:
        for start, end in places:
            _move(start, end)
    except OSError:  # huge pages have run short since
        return False
    return True


def _places() -> Iterator[tuple[int, int]]:
    """Stretches of that file, mapped read-only and without a gap, as far as huge pages fill them."""
    code = ctypes.cast(ctypes.pythonapi.Py_IncRef, ctypes.c_void_p).value or 0
    stretches: list[tuple[int, int, str]] = []
    with open("/proc/self/maps") as maps:
        for line in maps:
            span, modes, _, _, inode, *name = line.split(None, 5)
            start, end = (int(number, 16) for number in span.split("-"))
            if "w" in modes or inode == "0" or not name:
                continue
            if stretches and stretches[-1][1:] == (start, name[0]):
                start = stretches.pop()[0]
            stretches.append((start, end, name[0]))
    for start, end, _ in stretches:
        if start <= code < end:
            start, end = -(-start // HUGE) * HUGE, end // HUGE * HUGE
            if start < end:
                yield start, end


def _can_be_moved(places: list[tuple[int, int]]) -> bool:
    """Whether it works in a fork, which then still runs."""
    pid = os.fork()
    if pid == 0:
        try:
            for start, end in places:
                _move(start, end)
            os._exit(0 if sum(range(100)) == 4950 else 1)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def _move(start: int, end: int) -> None:
    """Copy, collapse, and put the copy over the original in one call; raises ``OSError``, with nothing changed."""
    libc = ctypes.CDLL(None, use_errno=True)
    address, size = ctypes.c_void_p, ctypes.c_size_t
    libc.mmap.restype = libc.mremap.restype = address
    room = libc.mmap(None, size(end - start + HUGE), _READ_WRITE, _PRIVATE_ANONYMOUS, -1, ctypes.c_long(0))
    if room == address(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    copy, length = address(-(-room // HUGE) * HUGE), size(end - start)
    assert copy.value is not None
    ctypes.memmove(copy, start, end - start)
    if libc.madvise(copy, length, _COLLAPSE) or libc.mprotect(copy, length, _READ_EXECUTE):
        libc.munmap(address(room), size(end - start + HUGE))
        raise OSError(ctypes.get_errno(), "no huge pages")
    if libc.mremap(copy, length, length, _MOVE_OVER, address(start)) != start:
        error = OSError(ctypes.get_errno(), "mremap")
        libc.munmap(address(room), size(end - start + HUGE))
        raise error
    libc.munmap(address(room), size(copy.value - room))  # what was left over for the sake of the boundary
    libc.munmap(address(copy.value + end - start), size(room + HUGE - copy.value))
