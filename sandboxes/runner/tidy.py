"""Working directories: made fresh for each execution, and left with nothing in them."""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False  # see ``zygote``
if TYPE_CHECKING:
    from collections.abc import Iterator

BUDGET = 200_000
"""Entries that a wiper removes before it gives up, and with it the sandbox."""
SHARED = ("/tmp", "/dev/shm")
"""Places that every program may write to, beside its own directory."""
WRITABLE = ("/work", *SHARED)


def open_places(work: str) -> None:
    """Give the mounted places their modes; some runtimes take those of the image's folders instead of the mount's."""
    os.chmod(work, 0o711)
    for place in SHARED:
        os.chmod(place, 0o1777)


def make_place(work: str, number: int, uid: int) -> str:
    """A directory of root's that the group of ``uid`` may fill, made with no capability but SETGID."""
    place = f"{work}/{number}"
    os.setegid(uid)
    try:
        os.mkdir(place, 0o770)
    finally:
        os.setegid(0)
    os.chmod(place, 0o770)
    return place


def clear(place: str) -> bool:
    """Remove what lies directly in ``place`` and root may remove; whether nothing is left."""
    empty = True
    for name in os.listdir(place):
        path = f"{place}/{name}"
        try:
            os.unlink(path)
        except OSError:
            try:
                os.rmdir(path)
            except OSError:
                empty = False
    return empty


def wipe_own() -> None:
    """As a process of the uid that made them: remove everything below the working directory and the shared places.

    Iterative and bounded, since what lies there may be 100,000 levels deep or locked by its own modes.
    """
    try:
        budget = BUDGET
        for place in (".", *SHARED):
            budget = _wipe(place, budget)
        os._exit(0 if budget > 0 else 1)
    finally:
        os._exit(1)


def _wipe(place: str, budget: int) -> int:
    """Depth first, by descriptors and ``chdir``, never by a path that could be too long or lead elsewhere."""
    start = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    os.fchdir(start)
    top = os.fstat(start).st_ino
    while budget > 0:
        folder = None
        for name in _names():
            budget -= 1
            if budget <= 0:
                break
            try:
                info = os.lstat(name)
                if not stat.S_ISDIR(info.st_mode):
                    os.unlink(name)
                elif info.st_uid == os.getuid():
                    os.chmod(name, 0o700)
                    folder = name
                    os.rmdir(name)
                    folder = None
            except OSError:
                if folder is not None:
                    break
        if folder is not None:
            os.chdir(folder)
        elif os.stat(".").st_ino == top:
            break
        else:
            os.chdir("..")
    os.close(start)
    return budget


def _names() -> Iterator[str]:
    with os.scandir(".") as entries:
        names = [entry.name for entry in entries]
    return iter(names)
