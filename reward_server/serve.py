"""Everything in one process tree: an embedded Valkey unless a Redis is named, the API, and workers.

The supervisor owns the others, each in a session of its own, and starts again whichever dies. Ctrl-C reaches
the supervisor alone, which stops them in the order in which work flows: first the API, so that nothing new
comes in; then the workers, which finish or hand back what they hold; then Valkey.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import structlog

from reward_server.errors import ConfigurationError
from reward_server.queue.embedded import EmbeddedValkey, die_with_parent
from reward_server.sandboxes import lanes_of
from reward_server.settings import Settings
from reward_server.types import Lane

POLL_S = 0.2
BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
PROVEN_S, MAX_FAILED_STARTS = 15.0, 3
"""A part that has lived so long did start; before that it may be importing still, on a busy machine for seconds."""
CALM_S = 30.0
"""A part that has lived this long starts from the shortest back-off again."""
log = structlog.get_logger()


@dataclass(slots=True)
class Part:
    """A child process that is to be alive."""

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    needed: bool = True
    """Whether the server is of no use without it, so that one that never comes up ends it."""
    proven: bool = False
    """It has lived for a while."""
    not_before: float = 0.0
    pass_fds: tuple[int, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def keep_alive(self) -> None:
        """Start it when it is due; raises ``ConfigurationError`` for a needed part that never comes up."""
        now = time.monotonic()
        if self.process is not None and now - self.started > PROVEN_S:
            self.proven = True
        if self.process is not None and self.process.poll() is not None:
            calm = now - self.started > CALM_S
            self.failures = 0 if calm else self.failures + 1
            if self.needed and not self.proven and self.failures >= MAX_FAILED_STARTS:
                raise ConfigurationError(f"{self.name} does not start; what it said stands above")
            wait = BACK_OFF_S[min(self.failures, len(BACK_OFF_S) - 1)]
            log.warning("a part died", part=self.name, status=self.process.returncode, restart_in_s=wait)
            self.process, self.not_before = None, now + wait
        if self.process is None and now >= self.not_before:
            self.started = now
            self.process = subprocess.Popen(
                [sys.executable, "-m", "reward_server", *self.arguments], stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment}, pass_fds=self.pass_fds, start_new_session=True,
                preexec_fn=die_with_parent,
            )  # fmt: skip

    def ask_to_stop(self) -> None:
        """Ask it to end; does not wait. It may be asked twice."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self, timeout_s: float) -> None:
        """Ask it to end, then make it."""
        if self.process is None or self.process.poll() is not None:
            return
        self.ask_to_stop()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            log.warning("a part did not stop", part=self.name)
            self.process.kill()
            self.process.wait()


def serve(settings: Settings, announce: Callable[[str], None], environment: dict[str, str]) -> None:
    """Run until SIGINT, SIGTERM or SIGHUP; ``announce`` is told the address, the parts get ``environment``.

    Raises ``ConfigurationError``.
    """
    with _stop_signals() as stopped, _listening(settings) as listener, _queue(settings) as (url, valkey):
        host, port = listener.getsockname()[:2]
        environment, lanes = {**environment, "REDIS_URL": url}, lanes_of(settings)
        if valkey is not None:  # private to this process tree: no worker will come from elsewhere
            environment["REWARD_LANES"] = json.dumps(lanes)
        api = Part("api", ["api", "--fd", str(listener.fileno())], pass_fds=(listener.fileno(),))
        workers = [
            Part(f"worker-{lane}-{index}", ["worker", "--lane", lane], needed=lane is Lane.CPU)
            for lane in lanes
            for index in range(settings.workers)
        ]
        for part in (api, *workers):
            part.environment = environment
        announce(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
        try:
            while not stopped():
                if valkey is not None:
                    valkey.start()
                for part in (*workers, api):
                    part.keep_alive()
                time.sleep(POLL_S)
        finally:
            api.stop(settings.drain_s + 5.0)
            for worker in workers:  # all at once: they drain beside each other
                worker.ask_to_stop()
            for worker in workers:
                worker.stop(settings.drain_s + 5.0)


@contextlib.contextmanager
def _queue(settings: Settings) -> Iterator[tuple[str, EmbeddedValkey | None]]:
    if settings.redis_url is not None:
        yield settings.redis_url, None
        return
    valkey = EmbeddedValkey(settings.data_dir)
    try:
        valkey.start()
        yield valkey.url, valkey
    finally:
        valkey.stop()


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """The socket is opened here, once, so that a restarted API keeps its port and its backlog."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigurationError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None
        listener.listen(2048)
        yield listener


@contextlib.contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    """A question that turns true at the first signal to stop; the second is left to its default.

    A terminal that closes (SIGHUP) stops it too, unless whoever started it had that ignored, as nohup does.
    """
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signals.append(signal.SIGHUP)
    seen: list[int] = []

    def note(number: int, frame: object) -> None:
        seen.append(number)
        for each in signals:
            signal.signal(each, signal.SIG_DFL)

    before = {each: signal.signal(each, note) for each in signals}
    try:
        yield lambda: bool(seen)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
