"""``reward-server doctor``: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reward_server.errors import ConfigurationError, RewardServerError
from reward_server.queue.asking import StreamsAskingQueue
from reward_server.queue.connection import connect
from reward_server.queue.embedded import EmbeddedValkey
from reward_server.sandboxes import driver_of
from reward_server.settings import LOOPBACK, Settings
from reward_server.verifiers.registry import Registry
from reward_server.zygote import load

MIN_FREE_MB = 500
_EXTRAS = {"verifiers": ("jsonschema", "langdetect", "syllapy", "yaml", "z3"), "gym": ("reasoning_gym",)}
"""Modules that single verifiers need, by the extra that brings them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one look."""

    what: str
    works: bool
    says: str
    todo: str = ""
    needed: bool = True
    """Whether the server cannot run without it."""


def examine(settings: Settings) -> bool:
    """Look at everything, print a table; whether the server can run here."""
    findings = [look(settings) for look in _LOOKS]
    table = Table()
    for column in ("what", "", "found", "what to do"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        mark = Text("ok", "green") if finding.works else Text("no" if finding.needed else "absent", "red")
        table.add_row(finding.what, mark, Text(finding.says), Text("" if finding.works else finding.todo))
    Console().print(table)
    return all(finding.works or not finding.needed for finding in findings)


def _python(settings: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    linux = sys.platform == "linux"
    return Finding("python", linux, f"{version} on {sys.platform}", "the server runs on Linux; the client anywhere")


def _queue(settings: Settings) -> Finding:
    if settings.redis_url is not None:
        try:
            asyncio.run(_ping(settings.redis_url))
        except RewardServerError as error:
            return Finding("queue", False, str(error), "check REDIS_URL, or unset it to use the embedded Valkey")
        return Finding("queue", True, "the server at REDIS_URL answers")
    valkey = EmbeddedValkey()
    try:
        valkey.start()
        return Finding("queue", True, "the embedded Valkey starts")
    except (RewardServerError, OSError, ImportError, RuntimeError) as error:
        todo = "install the server extra, or run a Redis or Valkey and set REDIS_URL"
        return Finding("queue", False, str(error), todo)
    finally:
        valkey.stop()


async def _ping(url: str) -> None:
    redis = connect(url)
    try:
        await StreamsAskingQueue(redis).ping()
    finally:
        await redis.aclose()


def _verifiers(settings: Settings) -> Finding:
    try:
        registry: Registry = load(settings.registry)()
    except RewardServerError as error:
        return Finding("verifiers", False, str(error), "uninstall or mend the package that brings it")
    return Finding("verifiers", True, ", ".join(sorted(entry.verifier.name for entry in registry)))


def _children(settings: Settings) -> Finding:
    works = hasattr(os, "pidfd_open") and os.path.exists("/proc/self/statm")
    return Finding(
        "killable children", works, "pidfd and /proc" if works else "no pidfd or /proc", "Linux 5.3 or newer"
    )


def _disk(settings: Settings) -> Finding:
    where = str(settings.data_dir or tempfile.gettempdir())
    there = Path(where)
    while not there.exists():
        there = there.parent
    free_mb = shutil.disk_usage(there).free // 2**20
    if not os.access(there, os.W_OK):
        return Finding("disk", False, f"{there} is not ours to write", "choose another --data-dir, or TMPDIR")
    return Finding("disk", free_mb > MIN_FREE_MB, f"{free_mb} MB free in {where}", "make room, or set TMPDIR")


def _address(settings: Settings) -> Finding:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            says = f"{settings.host}:{settings.port}: {error.strerror}"
            return Finding("address", False, says, "stop what listens there, or choose another --port")
    return Finding("address", True, f"{settings.host}:{settings.port} is free")


def _key(settings: Settings) -> Finding:
    says = "set" if settings.api_key else "none, and none needed on this address"
    needless = settings.api_key is not None or settings.host in LOOPBACK
    return Finding("API key", needless, says if needless else "none", "set REWARD_API_KEY", needed=False)


def _libraries(settings: Settings) -> Finding:
    missing = [
        (extra, name) for extra, names in _EXTRAS.items() for name in names if importlib.util.find_spec(name) is None
    ]
    if not missing:
        return Finding("libraries of verifiers", True, "all there")
    extras = ",".join(dict.fromkeys(extra for extra, _ in missing))
    says = f"without {', '.join(name for _, name in missing)} some verifiers are unavailable"
    return Finding("libraries of verifiers", False, says, f"pip install 'reward-server[{extras}]'", needed=False)


def _sandboxes(settings: Settings) -> Finding:
    try:
        driver = driver_of(settings)
    except ConfigurationError as error:
        todo = "programs cannot be verified here; start Docker and run `reward-server images build python`"
        return Finding("sandboxes", False, str(error), todo, needed=False)
    return Finding("sandboxes", True, driver)


_LOOKS: tuple[Callable[[Settings], Finding], ...] = (
    _python,
    _queue,
    _verifiers,
    _libraries,
    _children,
    _disk,
    _address,
    _key,
    _sandboxes,
)
