"""Files that tests name to a program: ``f(tmp_path / "in.txt")``.

Tester and candidate are two users. What lies below the directory for temporary files, belongs to the tester and is
named in a call, is opened to the candidate, with what is in it; so is the directory of a file that is yet to be
written. A file in the tester's own working directory is copied over. All else stays shut.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from typing import Any

SHARED = "/tmp/"
_MOST_FILES, _MOST_BYTES, _LONGEST = 1000, 1 << 20, 300


def lend(value: Any, copy: Callable[[str, bytes], Any], share: Callable[[], Any]) -> None:
    """Open to the candidate what ``value`` names, if it is a path, and have it ``share`` what it makes, or ``copy`` the
    file."""
    try:
        path = value if type(value) is str else os.fspath(value)
        if type(path) is not str or len(path) > _LONGEST or "\n" in path:
            return
        if path.startswith(SHARED):
            _open(os.path.normpath(path))
            share()
        elif path[:1] not in ("/", "") and not path.startswith("..") and os.path.isfile(path):
            if os.path.getsize(path) <= _MOST_BYTES:
                with open(path, "rb") as file:
                    copy(path, file.read())
    except (OSError, TypeError, ValueError):
        return


def is_path(value: Any) -> bool:
    """Whether it may name a file."""
    return type(value) is str or hasattr(type(value), "__fspath__")


def receive(path: str, content: bytes) -> None:
    """The candidate's side: put a copy into its own working directory."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def _open(path: str) -> None:
    if not path.startswith(SHARED):
        return
    parts = path.split("/")[2:]
    above = [SHARED + "/".join(parts[:count]) for count in range(1, len(parts))]
    folders = list(above)
    while not os.path.lexists(path) and folders:  # what is yet to be made
        path = folders.pop()
    for folder in above:
        _try(folder, 0o011)
    for count, inner in enumerate(_below(path)):
        if count >= _MOST_FILES:
            return
        _try(inner, 0o077 if os.path.isdir(inner) else 0o066)


def _below(path: str) -> Iterator[str]:
    yield path
    for folder, folders, files in os.walk(path):
        yield from (os.path.join(folder, name) for name in (*folders, *files))


def _try(path: str, bits: int) -> None:
    try:
        _allow(path, bits)
    except OSError:  # another's, or a link
        return


def _allow(path: str, bits: int) -> None:
    """Set bits of the mode. By descriptor: the candidate may write where this path leads, and put a link there."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        here = os.readlink(f"/proc/self/fd/{descriptor}").startswith(SHARED)
        if here and found.st_uid == os.getuid() and found.st_mode & bits != bits:
            os.fchmod(descriptor, stat.S_IMODE(found.st_mode) | bits)
    finally:
        os.close(descriptor)
