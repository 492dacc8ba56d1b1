"""What compilers made, by source: a program that comes again, a checker above all, is compiled once.

The key is all that goes into a compilation: image, command, environment, source. Files are kept as they were before
any program of the build had run, and are root's when they are put back, so that none can alter what another gets.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

from reward_server.sandbox.base import Execution, ImageInfo, Program

LARGEST = 16 << 20
"""Bytes of one build that are still kept."""


@dataclass(frozen=True, slots=True)
class Made:
    """A compilation that went well."""

    execution: Execution
    files: tuple[tuple[str, int, bytes], ...]
    """Relative name, mode and content."""

    @property
    def size(self) -> int:
        """Bytes that it holds, about."""
        return sum(len(name) + len(content) for name, _, content in self.files) + 1000


class BuildCache:
    """The builds that were used last, up to a size. Safe to share between threads."""

    def __init__(self, capacity: int = 128 << 20) -> None:
        self._capacity, self._size = capacity, 0
        self._made: OrderedDict[bytes, Made] = OrderedDict()
        self._lock = threading.Lock()

    def key(self, image: ImageInfo, program: Program) -> bytes:
        """Of a program in an image; its files and arguments are there when it runs, not when it is compiled."""
        language = program.language
        told = repr((image.digest, language.name, language.file, language.compile, sorted(language.env.items())))
        return hashlib.sha256(told.encode() + b"\0" + program.source).digest()

    def get(self, key: bytes) -> Made | None:
        """What was kept."""
        with self._lock:
            made = self._made.get(key)
            if made is not None:
                self._made.move_to_end(key)
            return made

    def put(self, key: bytes, made: Made) -> None:
        """Keep a build, and let go of those that were not used for longest."""
        with self._lock:
            old = self._made.pop(key, None)
            self._made[key] = made
            self._size += made.size - (old.size if old else 0)
            while self._size > self._capacity:
                self._size -= self._made.popitem(last=False)[1].size
