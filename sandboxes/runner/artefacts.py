"""What a compiler made: read for the driver's cache, and put back where the same source comes again.

Both happen while no process but pid 1 can write there: after the compiler has been killed and reaped, and before any
program of the build runs. What is put back is root's, so no program can alter it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

MOST_FILES = 500


def made_files(place: str, at_most: int) -> dict[str, tuple[int, bytes]]:
    """Relative name to mode and content of all files below ``place``; empty where one is not plain or cannot be read,
    or all of them are more than ``MOST_FILES`` or ``at_most`` bytes."""
    found: dict[str, tuple[int, bytes]] = {}
    try:
        for folder, _, names in os.walk(place, onerror=_refuse):
            for name in names:
                path = os.path.join(folder, name)
                info = os.lstat(path)
                at_most -= info.st_size
                if not stat.S_ISREG(info.st_mode) or at_most < 0 or len(found) >= MOST_FILES:
                    return {}
                with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                    found[os.path.relpath(path, place)] = (stat.S_IMODE(info.st_mode) & 0o755, file.read())
    except (OSError, UnicodeError):
        return {}
    return found


def put_back(place: str, files: Iterable[tuple[tuple[str, int], bytes]]) -> None:
    """Make the files anew, below ``place``."""
    for (name, mode), content in files:
        path = os.path.join(place, name)
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, mode)
    os.chmod(place, 0o755)


def take_away(place: str) -> None:
    """Remove what was put back, which no other than root could add to."""
    for folder, folders, names in os.walk(place, topdown=False):
        for name in names:
            os.unlink(os.path.join(folder, name))
        for name in folders:
            os.rmdir(os.path.join(folder, name))


def _refuse(error: OSError) -> None:
    raise error
