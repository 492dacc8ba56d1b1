"""Sandboxes kept warm, one occupant at a time, whatever makes them.

A released sandbox is taken again (policy ``warm``), and cleaned by its runner before anything else is done in it, or
destroyed (``single_use``). One that is not certainly clean is destroyed. Destroying and refilling happen on one
background thread, which starts with the first of either and holds up nobody.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from reward_server.errors import ConfigurationError, InvalidTask, LimitExceeded, Unavailable
from reward_server.sandbox.base import ImageInfo, Sandbox, SandboxDied
from reward_server.sandbox.build_cache import BuildCache
from reward_server.sandbox.channel import Channel
from reward_server.sandbox.session import NotClean, Session

T = TypeVar("T")
Policy = Literal["warm", "single_use"]
Key = tuple[str, int]

SIZES_MB = (256, 512, 1024, 2048, 4096, 8192)
_RETRY_S = 0.5
_DEATHS_OF_OURS = 5


class Box(Protocol):
    """One sandbox as a driver made it, its runner ready for the first request."""

    @property
    def channel(self) -> Channel:
        """The stream to its runner."""
        ...

    @property
    def image(self) -> ImageInfo:
        """What it was made from."""
        ...

    def destroy(self) -> None:
        """End it and leave nothing behind; may take a moment, never raises."""
        ...


class Driver(Protocol):
    """Makes sandboxes."""

    @property
    def isolation(self) -> str:
        """For the verdicts: ``docker/runc``."""
        ...

    def images(self) -> Mapping[str, ImageInfo]:
        """Images that are there; raises ``Unavailable``."""
        ...

    def create(self, image: str, size_mb: int) -> Box:
        """A fresh sandbox; raises ``Unavailable``."""
        ...

    def works(self) -> bool:
        """Whether what it relies on (a daemon) answers right now."""
        ...

    def close(self) -> None:
        """Let go of everything that is not a box. Idempotent."""
        ...


@dataclass(frozen=True, slots=True)
class PoolConfig:
    """How many, how long, how often."""

    policy: Policy = "warm"
    limit: int = 2
    """Sandboxes at once, idle ones included."""
    spare: int = 0
    """Sandboxes to make ahead in the background, for each image and size in use; pays off for ``single_use``."""
    acquire_s: float = 30.0
    """How long to try for a sandbox while the driver fails or all are taken, before ``Unavailable``."""
    largest_mb: int = 4096


@dataclass(slots=True)
class _State:
    idle: list[tuple[Key, Box]] = field(default_factory=list)
    alive: int = 0
    """Boxes that exist or are being made."""
    refilling: set[Key] = field(default_factory=set)
    closed: bool = False


class Pool:
    """``base.Sandboxes`` over a driver."""

    def __init__(self, driver: Driver, config: PoolConfig) -> None:
        self._driver, self._config, self._state, self._compiled = driver, config, _State(), BuildCache()
        self._changed = threading.Condition()
        self._chores: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def isolation(self) -> str:
        """See ``base.Sandboxes``."""
        return self._driver.isolation

    def images(self) -> Mapping[str, ImageInfo]:
        """See ``base.Sandboxes``."""
        return self._driver.images()

    def open(self, image: str, memory_mb: int = 512) -> AbstractContextManager[Sandbox]:
        """See ``base.Sandboxes``."""
        return self._open(image, memory_mb)

    @contextmanager
    def _open(self, image: str, memory_mb: int) -> Iterator[Session]:
        key = (image, self._size(memory_mb))
        box = self._acquire(key)
        session = Session(box.channel, box.image, self._driver.isolation, self._compiled)
        kept = False
        try:
            try:
                yield session
            except Exception as error:
                # tests that are at fault, say: no reason to have another sandbox made
                kept = not isinstance(error, SandboxDied) and self._keeps(session, box)
                raise
            kept = self._keeps(session, box)
        finally:
            self._release(key, box, kept=kept)

    def within(self, job: Callable[[Sandbox], T], *, image: str, memory_mb: int = 512) -> T:
        """See ``base.Sandboxes``."""
        deaths = 0
        for _ in range(self._config.limit + _DEATHS_OF_OURS):
            with self._open(image, memory_mb) as sandbox:
                try:
                    return job(sandbox)
                except SandboxDied as error:
                    last = error
            # one that another has had before may have died of that one: there are not many of these
            deaths += sandbox.is_first and not isinstance(last, NotClean) and self._driver.works()
            if deaths == 2:
                raise LimitExceeded(f"it ended its sandbox twice: {last}", limit="killed_sandbox")
        raise last

    def close(self) -> None:
        """See ``base.Sandboxes``."""
        with self._changed:
            self._state.closed = True
            boxes, self._state.idle = self._state.idle, []
            self._changed.notify_all()
        for _, box in boxes:
            box.destroy()
        if self._thread is not None:
            self._chores.put(None)
            self._thread.join()
        self._driver.close()

    def _size(self, memory_mb: int) -> int:
        for size in SIZES_MB:
            if memory_mb <= size <= self._config.largest_mb:
                return size
        raise InvalidTask(
            f"memory_mb may be at most {self._config.largest_mb} here, not {memory_mb}", reason="bad_params"
        )

    def _keeps(self, session: Session, box: Box) -> bool:
        if self._config.policy == "single_use":
            return False
        try:
            session.end()
        except SandboxDied:
            return False
        return session.dirty is None and box.channel.is_idle()

    def _acquire(self, key: Key) -> Box:
        deadline = time.monotonic() + self._config.acquire_s
        while True:
            box = self._take(key, deadline)
            if box is not None and box.channel.is_idle():
                return box
            if box is not None:
                self._discard(box)
                continue
            try:
                return self._driver.create(*key)
            except Unavailable as error:
                self._lost()
                if not error.retryable or time.monotonic() + _RETRY_S > deadline:
                    raise
                time.sleep(_RETRY_S)
            except BaseException:
                self._lost()
                raise

    def _take(self, key: Key, deadline: float) -> Box | None:
        """An idle box, or None for the right to make one."""
        with self._changed:
            while True:
                if self._state.closed:
                    raise Unavailable("the sandboxes are closed", reason="no_sandbox", retryable=False)
                for at in range(len(self._state.idle) - 1, -1, -1):
                    if self._state.idle[at][0] == key:
                        return self._state.idle.pop(at)[1]
                if self._state.alive < self._config.limit:
                    self._state.alive += 1
                    return None
                if self._state.idle:  # of another image or size: the one that has been idle longest goes
                    self._discard(self._state.idle.pop(0)[1])
                elif not self._changed.wait(deadline - time.monotonic()):
                    raise Unavailable("all sandboxes are taken", reason="no_sandbox")

    def _release(self, key: Key, box: Box, *, kept: bool) -> None:
        with self._changed:
            if kept and not self._state.closed:
                self._state.idle.append((key, box))
                self._changed.notify()
                return
        self._discard(box)
        self._refill(key)

    def _discard(self, box: Box) -> None:
        """Destroy a box in the background; its place is free at once."""
        box.channel.close()
        self._lost()
        self._later(box.destroy)

    def _lost(self) -> None:
        with self._changed:
            self._state.alive -= 1
            self._changed.notify()

    def _refill(self, key: Key) -> None:
        """Have a box made ahead where one is wanted and there is room."""
        with self._changed:
            state = self._state
            idle = sum(1 for other, _ in state.idle if other == key)
            if (
                state.closed
                or idle >= self._config.spare
                or key in state.refilling
                or state.alive >= self._config.limit
            ):
                return
            state.refilling.add(key)
            state.alive += 1
        self._later(lambda: self._make_ahead(key))

    def _make_ahead(self, key: Key) -> None:
        try:
            box = self._driver.create(*key)
        except Unavailable:
            box = None
        with self._changed:
            self._state.refilling.discard(key)
        if box is None:
            self._lost()
        else:
            self._release(key, box, kept=True)

    def _later(self, chore: Callable[[], None]) -> None:
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._do_chores, name="sandbox-pool", daemon=True)
                self._thread.start()
        self._chores.put(chore)

    def _do_chores(self) -> None:
        while (chore := self._chores.get()) is not None:
            chore()


def checked(config: PoolConfig) -> PoolConfig:
    """The config, or ``ConfigurationError`` for what cannot work."""
    if config.policy not in ("warm", "single_use"):
        raise ConfigurationError(f"the sandbox policy is warm or single_use, not {config.policy!r}")
    if config.limit < 1:
        raise ConfigurationError("a pool holds at least one sandbox")
    return config
