"""The last tier's near side: questions to the one SymPy process of this process and its forks, ``symbolic_worker``.

The process is started ahead (``start`` returns at once; ``ready`` waits until SymPy is loaded, two seconds or so), so
that no completion waits for it. Every question travels with the writing end of a pipe of its own, which makes
asking safe from any thread and any fork: whoever forks after ``start`` shares the process. It ends when the last of
them is gone. One that died, or does not answer, is replaced.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from reward_server.errors import Unavailable
from reward_server.verifiers.math.judgement import Budget
from reward_server.verifiers.math.nodes import Apply, Node, Num, Sym

_PROGRAM: Final = Path(__file__).with_name("symbolic_worker.py")
_START_S: Final = 60.0
_ANSWER_S: Final = 20.0
"""A hundred times the processor time of a question: passing it means that the machine is at fault."""
_GRACE_S: Final = 0.05
"""Time in which the socket of a process that dies may close after its pipes."""
_MAX_TREE: Final = 60_000
_LEAST_S: Final = 0.01
"""Processor time below which no question is worth asking."""


class _Late(Exception):
    """Nothing came in time."""


class _Server:
    """A running SymPy process and the socket to it."""

    def __init__(self) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(_ANSWER_S)
        self.owner = os.getpid()
        self.loaded = False
        """Whether it has answered once, and so has SymPy in memory."""
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", str(_PROGRAM), *sys.path],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},  # neither the environment of this process is its business, nor any of its descriptors
                process_group=0,  # nor is Ctrl-C
            )

    def ask(self, line: bytes) -> bytes:
        """The answer to one line, empty where the question passed its limits; raises ``_Late`` or ``OSError``."""
        reader, writer = os.pipe()
        try:
            try:
                socket.send_fds(self.control, [line], [writer])
            finally:
                os.close(writer)
            if not _readable(reader, _ANSWER_S if self.loaded else _START_S):
                raise _Late
            answer = os.read(reader, 1 << 12)
        except TimeoutError as error:
            raise _Late from error
        finally:
            os.close(reader)
        if not answer and _readable(self.control.fileno(), _GRACE_S):  # nothing is said there but that it has gone
            raise BrokenPipeError
        self.loaded = True
        return answer

    def stop(self) -> None:
        """Leave it; in the process that started it, also end it and what it forked."""
        self.control.close()
        if os.getpid() == self.owner:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        else:
            self.process.returncode = 0  # it is not this process's to wait for


_lock = threading.Lock()
_server: _Server | None = None
_registered = False


def start() -> None:
    """Have the process loading SymPy in the background, if it is not there yet."""
    _running()


def ready() -> None:
    """Wait until SymPy is loaded, so that the time is not taken from a completion."""
    if not _running().loaded:
        with contextlib.suppress(Unavailable):
            ask("value", Num(1), Num(1), Budget())


def shut_down() -> None:
    """Leave the process and end it if it is this process's own."""
    global _server
    with _lock:
        server, _server = _server, None
    if server is not None:
        server.stop()


def ask(what: str, a: Node, b: Node, budget: Budget) -> bool | None:
    """Whether SymPy finds two trees equal (``value``), two differences of sides vanishing together (``equation``), or
    a constant within a radius of a decimal, given as a pair (``rounds``).

    None where it cannot tell, or not within the processor time that is left in the budget. Raises ``Unavailable``
    where it does not answer for other reasons.
    """
    if budget.symbolic_s < _LEAST_S:
        return None
    try:
        right = [_plain(part) for part in b.args] if what == "rounds" and isinstance(b, Apply) else _plain(b)
        line = json.dumps([what, _plain(a), right, budget.symbolic_s]).encode()
    except (TypeError, RecursionError):
        return None
    if len(line) > _MAX_TREE:
        return None
    for _ in range(3):  # one that died since the last question is replaced
        server = _running()
        try:
            answer = server.ask(line)
        except OSError:
            _replace(server)
            continue
        except _Late:
            _replace(server)
            break
        found, used_s = json.loads(answer) if answer else (None, budget.symbolic_s)
        budget.symbolic_s -= used_s
        return found if isinstance(found, bool) else None
    raise Unavailable("the process of SymPy does not answer", reason="symbolic_late", retryable=True)


def _running() -> _Server:
    global _server, _registered
    with _lock:
        if not _registered:
            os.register_at_fork(after_in_child=_unlock)
            atexit.register(shut_down)
            _registered = True
        if _server is None:
            _server = _Server()
        return _server


def _replace(server: _Server) -> None:
    """Give up on one, unless another thread has done so."""
    global _server
    with _lock:
        if _server is server:
            _server = None
            server.stop()


def _unlock() -> None:
    """In a fork: the lock may have been held by a thread that is not here."""
    global _lock
    _lock = threading.Lock()


def _readable(descriptor: int, within_s: float) -> bool:
    """Whether there is something to read, or an end, within a time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(within_s * 1e3))


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
