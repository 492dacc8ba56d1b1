"""The last tier's near side: one process of ``symbolic_worker`` for this process, started on first use.

Safe to call from any thread; a process that was forked from one with a worker starts its own. A worker that does not
answer in time is killed and replaced; no call waits longer than ``_ANSWER_S`` for one that is running.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from reward_server.verifiers.math.nodes import Apply, Node, Num, Sym

_PROGRAM: Final = Path(__file__).with_name("symbolic_worker.py")
_START_S: Final = 30.0
_ANSWER_S: Final = 3.0
_MAX_TREE: Final = 60_000


class _Worker:
    """A running worker and the two pipes to it."""

    def __init__(self) -> None:
        to_read, self.writer = os.pipe()
        self.reader, to_write = os.pipe()
        self.owner = os.getpid()
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            self.pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-P", str(_PROGRAM), *sys.path],
                {},  # nothing of this process's environment is its business
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, to_read, 0),
                    (os.POSIX_SPAWN_DUP2, to_write, 1),
                    (os.POSIX_SPAWN_DUP2, null, 2),
                ],
                setpgroup=0,
            )
        finally:
            for descriptor in (to_read, to_write, null):
                os.close(descriptor)
        os.set_blocking(self.writer, False)
        self.ready = False

    def ask(self, line: bytes) -> bytes:
        """The answer to one line; raises ``OSError`` where the worker is late or gone."""
        if not self.ready:
            self._read(_START_S)
            self.ready = True
        self._write(line)
        return self._read(_ANSWER_S)

    def _write(self, line: bytes) -> None:
        end = time.monotonic() + _ANSWER_S
        while line:
            if not select.select([], [self.writer], [], max(0.0, end - time.monotonic()))[1]:
                raise TimeoutError
            line = line[os.write(self.writer, line) :]

    def _read(self, within_s: float) -> bytes:
        end = time.monotonic() + within_s
        answer = b""
        while not answer.endswith(b"\n"):
            if not select.select([self.reader], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError
            chunk = os.read(self.reader, 1 << 12)
            if not chunk:
                raise BrokenPipeError
            answer += chunk
        return answer

    def stop(self) -> None:
        """Kill it and its forks, reap it, close the pipes. In a fork of the owner only the pipes are closed."""
        for descriptor in (self.writer, self.reader):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        if os.getpid() == self.owner:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)


_lock = threading.Lock()
_worker: _Worker | None = None
_registered = False


def _forget() -> None:
    """In a fork: the lock may have been held by a thread that is not here, and the worker is the parent's."""
    global _lock, _worker
    _lock = threading.Lock()
    if _worker is not None:
        _worker.stop()
    _worker = None


def _register() -> None:
    """Once, when the first worker starts: it must not outlive this process, nor be shared with a fork of it."""
    global _registered
    if not _registered:
        os.register_at_fork(after_in_child=_forget)
        atexit.register(shut_down)
        _registered = True


def shut_down() -> None:
    """Stop the worker of this process, if there is one."""
    global _worker
    if _worker is not None:
        _worker.stop()
    _worker = None


def ask(what: str, a: Node, b: Node) -> bool | None:
    """Whether SymPy finds two trees equal (``value``) or two differences of sides vanishing together (``equation``).

    None where it cannot tell, or not within its limits.
    """
    global _worker
    try:
        line = json.dumps([what, _plain(a), _plain(b)]).encode() + b"\n"
    except (TypeError, RecursionError):
        return None
    if len(line) > _MAX_TREE:
        return None
    with _lock:
        for _ in range(2):  # a worker that died since the last call is replaced once
            if _worker is None:
                _register()
                _worker = _Worker()
            try:
                answer = json.loads(_worker.ask(line))
            except TimeoutError:
                shut_down()
                return None
            except OSError:
                shut_down()
                continue
            return answer if isinstance(answer, bool) else None
    return None


def _plain(node: Node) -> list[Any]:
    """A tree as nested lists of text."""
    if isinstance(node, Num):
        value = Fraction(node.value)
        return ["num", hex(value.numerator), hex(value.denominator)]
    if isinstance(node, Sym):
        return ["sym", node.name]
    if isinstance(node, Apply):
        return [node.op, *(_plain(arg) for arg in node.args)]
    raise TypeError("words are not for SymPy")
