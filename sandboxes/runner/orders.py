"""Zygotes as pid 1 sees them: orders to fork, and what they tell of it.

An order says in numbers what to start and brings its descriptors along: whatever a zygote had read, every program
forked from it could find in its own heap.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import NamedTuple

from .zygote import NOTE, ORDER

_TELL = ORDER.pack(-1, -1, 0)
"""Not an order, but a wish to be told now what was kept for the next note."""
_MOST_NOTES = 64


class Note(NamedTuple):
    """What a zygote says: ``s`` a process was started (or not: ``pid`` is minus an errno), ``e`` one has ended."""

    kind: bytes
    pid: int
    status: int = 0
    cpu_s: float = 0.0
    system_s: float = 0.0
    peak_kb: int = 0


class Birth:
    """A process that was ordered."""

    pid: int | None = None
    """None as long as its zygote has not told."""


class Zygote:
    """A zygote as pid 1 sees it."""

    def __init__(self, channel: int, pid: int, modules: Sequence[str]) -> None:
        self.channel, self.pid = socket.socket(fileno=channel), pid
        self.modules = {name.partition(".")[0].encode() for name in modules}
        self.early: list[Note] = []
        """Ends that were told while a start was waited for."""
        self._ordered: list[Birth] = []

    def order(self, uid: int, place: int, job_bytes: int, descriptors: Sequence[int]) -> Birth:
        """Have a process forked with its job and its descriptors 0, 1, 2 …; does not wait for it."""
        socket.send_fds(self.channel, [ORDER.pack(uid, place, job_bytes)], descriptors)
        birth = Birth()
        self._ordered.append(birth)
        return birth

    def pid_of(self, birth: Birth) -> int:
        """Its pid; asks where it has not been told yet."""
        if birth.pid is None:
            self.channel.send(_TELL)
        while birth.pid is None:
            self.early += self.ends()
        return birth.pid

    def ends(self) -> list[Note]:
        """The ends that it tells of next; blocks. The pids of what was ordered are entered on the way.

        Raises ``OSError`` where something that was ordered could not be forked.
        """
        data = self.channel.recv(_MOST_NOTES * NOTE.size)
        if not data:
            raise EOFError("the zygote has ended")
        notes = [Note(*fields) for fields in NOTE.iter_unpack(data)]
        for note in notes:
            if note.kind == b"s" and note.pid < 0:
                raise OSError(-note.pid, "the zygote could not fork")
            if note.kind == b"s" and self._ordered:
                self._ordered.pop(0).pid = note.pid
        return [note for note in notes if note.kind == b"e"]
