"""Sandboxes from namespaces alone: no Docker, and no root where the kernel allows users to make namespaces.

For development and small jobs, Python programs only. The runner builds its own walls (``sandboxes/runner/nest.py``);
this side starts it and speaks to it over a socket pair, whose end is the sandbox's end. Where the kernel, AppArmor or a
container around us gives less than is promised, ``open_sandboxes`` refuses and names the setting.
"""

from __future__ import annotations

import os
import random
import socket
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reward_server.errors import ConfigurationError, Unavailable
from reward_server.sandbox.base import ImageInfo, SandboxDied
from reward_server.sandbox.channel import Channel
from reward_server.sandbox.inside import folder
from reward_server.sandbox.pool import Pool, PoolConfig, checked

_START_S = 60.0
_FIRST_UID, _LAST_UID = 1 << 20, (1 << 31) - (1 << 17)
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "LD_BIND_NOW": "1"}
_SETTINGS = (
    ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces is 0; set it to 1024 or more"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0; set it to 1"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "kernel.apparmor_restrict_unprivileged_userns is 1; set it to 0, or give the interpreter a profile with userns",
    ),
)


@dataclass(frozen=True, slots=True)
class NamespacesConfig:
    """How sandboxes are made of namespaces."""

    python: str | None = None
    """Interpreter for programs; None takes the one that runs this, or the system's where others may not read it."""
    disk_mb: int = 64
    """Of each of a program's three writable places."""
    pool: PoolConfig = field(default_factory=PoolConfig)


def open_sandboxes(config: NamespacesConfig) -> Pool:
    """The factory of this driver; raises ``ConfigurationError`` naming the setting that stands in the way."""
    driver = NamespacesDriver(config)
    try:
        driver.create("python", 256).destroy()
    except Unavailable as error:
        raise ConfigurationError(f"no sandboxes from namespaces: {_reason()} ({error})") from None
    return Pool(driver, checked(config.pool))


class NamespacesDriver:
    """``pool.Driver`` by namespaces."""

    isolation = "namespaces"

    def __init__(self, config: NamespacesConfig) -> None:
        self._config, self._python = config, _interpreter(config.python)
        version = subprocess.run([self._python, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        self._image = ImageInfo("python", f"host:{version}", {"python": version})

    def images(self) -> Mapping[str, ImageInfo]:
        """The host's Python is the one image."""
        return {"python": self._image}

    def create(self, image: str, size_mb: int) -> Box:
        """Start a runner in namespaces of its own."""
        if image != "python":
            message = f"the namespaces driver has no image {image!r}: use the docker driver"
            raise Unavailable(message, reason="no_image", retryable=False)
        ours, theirs = socket.socketpair()
        command = [self._python, "-m", "runner", "--nested", str(self._config.disk_mb)]
        command += [str(random.SystemRandom().randrange(_FIRST_UID, _LAST_UID)), *_prefixes(self._python)]
        try:
            process = subprocess.Popen(
                command, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=subprocess.PIPE, cwd=folder(),
                env=_ENVIRONMENT, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            ours.close()
            raise Unavailable(f"the runner did not start: {error}", reason="no_sandbox") from None
        finally:
            theirs.close()
        box = Box(process, Channel(ours, multiplexed=False), self._image)
        try:
            box.channel.receive(within_s=_START_S)
            box.channel.send({"first_uid": 0, "uids": 0, "cpus": float(os.cpu_count() or 1), "line": False})
            box.channel.receive(within_s=_START_S)
        except SandboxDied as error:
            said = box.end().strip().splitlines()
            raise Unavailable(f"{said[-1] if said else error}", reason="no_sandbox") from None
        return box

    def works(self) -> bool:
        """Nothing but the kernel is needed."""
        return True

    def close(self) -> None:
        """Nothing to let go of."""


@dataclass(frozen=True, slots=True)
class Box:
    """A runner and all that is below it."""

    process: subprocess.Popen[bytes]
    channel: Channel
    image: ImageInfo

    def end(self) -> str:
        """Kill it, and return what it wrote to its standard error."""
        self.channel.close()
        self.process.kill()
        _, errors = self.process.communicate()
        return errors[-4096:].decode("utf-8", "replace")

    def destroy(self) -> None:
        """Kill the outermost process; the kernel kills the namespaces in it."""
        self.end()


def _interpreter(wanted: str | None) -> str:
    """A Python that a process without rights can run; raises ``ConfigurationError``."""
    here = os.path.realpath(sys.executable)
    for candidate in (wanted,) if wanted else (here, "/usr/local/bin/python3", "/usr/bin/python3"):
        if candidate and os.path.exists(candidate) and _open_to_all(Path(os.path.realpath(candidate))):
            return os.path.realpath(candidate)
    raise ConfigurationError(f"no Python that everyone may read: {wanted or here}; name one in the setting")


def _open_to_all(path: Path) -> bool:
    if os.getuid() != 0:
        return os.access(path, os.X_OK)
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.parents))


def _prefixes(python: str) -> list[str]:
    """Folders outside the system's that the interpreter lives in."""
    script = "import sys; print(sys.base_prefix)"
    prefix = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    return [] if prefix in ("/usr", "/") else [prefix]


def _reason() -> str:
    for path, value, advice in _SETTINGS:
        try:
            if Path(path).read_text().strip() == value:
                return advice
        except OSError:
            continue
    return (
        "the kernel, or the container around this process, does not allow it (a container needs its own /proc unmasked)"
    )
