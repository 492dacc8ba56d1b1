"""Records that a process of the sandbox writes: counted and capped here, never read."""

from __future__ import annotations

import os

HEADER = 4
"""A record is its length as four bytes, little end first, then the record."""


class Records:
    """Collects records from a descriptor, up to ``cap`` bytes in one and ``total`` in all."""

    def __init__(self, descriptor: int, cap: int, total: int) -> None:
        self._descriptor, self._cap, self._total = descriptor, cap, total
        self._data, self._at, self.count = bytearray(), 0, 0
        self.flooded = False
        """Whether a record, or all of them, would be larger than they may be."""

    def take(self) -> bool | None:
        """Read what is there: True for a new whole record, None at the end of the stream or of patience."""
        before = self.count
        while not self.flooded:
            try:
                data = os.read(self._descriptor, 1 << 16)
            except BlockingIOError:
                return self.count > before
            if not data:
                break
            self._data += data
            self.flooded = len(self._data) > self._total
            self._advance()
        return None

    def _advance(self) -> None:
        while len(self._data) >= self._at + HEADER:
            size = int.from_bytes(self._data[self._at : self._at + HEADER], "little")
            if size > self._cap:
                self.flooded = True
            if len(self._data) < self._at + HEADER + size:
                return
            self._at += HEADER + size
            self.count += 1

    def whole(self) -> bytes:
        """The whole records."""
        return bytes(self._data[: self._at])
