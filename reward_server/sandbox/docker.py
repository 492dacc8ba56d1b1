"""Sandboxes as containers of a Docker engine, with any OCI runtime.

Theory of operation: a container has no network, a read-only root, all capabilities dropped but SETUID, SETGID and KILL,
no new privileges, the engine's seccomp profile (the runner adds its own filter), limits on memory, processes and
processors, System V and POSIX queues switched off, no log, and nothing mounted but capped tmpfs. Its runner is spoken
to over the attach stream, or over a line of its own where one can be had (``line``). When that closes, however this
process ends, the runner exits, and the engine removes the container.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from reward_server.errors import Unavailable
from reward_server.sandbox import line, owner
from reward_server.sandbox.base import ImageInfo, SandboxDied
from reward_server.sandbox.channel import Channel
from reward_server.sandbox.inside import LABEL_RUNNER, fingerprint
from reward_server.sandbox.pool import Pool, PoolConfig, checked

LABEL = "reward-server.sandbox"
ENVIRONMENT = {"LD_BIND_NOW": "1"}
"""Of the runner, which drops it: symbols are resolved once, not again in every fork."""
LABEL_LANGUAGES = "reward-server.languages"
_RUNNER_MB = 160
"""Added to the size class for the runner and its zygotes."""
_UIDS, _FIRST_UID, _LAST_UID = 1 << 16, 1 << 20, (1 << 31) - (1 << 17)
_START_S = 60.0
_SYSCTLS = {
    "kernel.shmmni": "0",
    "kernel.msgmni": "0",
    "kernel.sem": "0 0 0 0",
    "fs.mqueue.queues_max": "0",
    "net.ipv4.tcp_max_tw_buckets": "0",  # a port of the loopback device is free once its program has ended
}


@dataclass(frozen=True, slots=True)
class DockerConfig:
    """How sandboxes are made by Docker."""

    runtime: str = "runc"
    """OCI runtime as the engine knows it: ``runc``, ``runsc``."""
    image_prefix: str = "reward-sandbox-"
    image_tag: str = "latest"
    cpus: float = 2.0
    processes: int = 512
    """Of the whole container."""
    disk_mb: int = 256
    """Of the work directory, and of /tmp; memory of the size class counts too."""
    line: bool = True
    """Whether to speak to runners past the engine where that can be."""
    pool: PoolConfig = field(default_factory=PoolConfig)


def open_sandboxes(config: DockerConfig) -> Pool:
    """The factory of this driver. Sweeps what dead owners left; raises ``Unavailable`` where no engine answers."""
    driver = DockerDriver(config)
    driver.sweep()
    return Pool(driver, checked(config.pool))


class DockerDriver:
    """``pool.Driver`` over the Docker SDK. Safe to share between threads."""

    def __init__(self, config: DockerConfig) -> None:
        self._config, self._local = config, threading.local()
        self._images: dict[str, ImageInfo] = {}
        self._outdated: set[str] = set()
        self._unremoved: set[str] = set()
        """Containers that an engine with a full disk, or none, would not remove."""
        self.isolation = f"docker/{config.runtime}"

    def images(self) -> Mapping[str, ImageInfo]:
        """Images with the configured prefix and tag; asked once, and again for an image that was not there."""
        if not self._images:
            self._images = self._list_images()
        return self._images

    def create(self, image: str, size_mb: int) -> Box:
        """Start a container and wait for its runner."""
        if image not in self.images():
            self._images = self._list_images()
        info = self._images.get(image)
        if info is None:
            what = "was built from another release" if image in self._outdated else "is not there"
            message = f"the image {self._tag(image)} {what}: build it with `reward-server images build {image}`"
            raise Unavailable(message, reason="no_image", retryable=False)
        self._remove_again()
        api, cpus = self._api(), min(self._config.cpus, float(os.cpu_count() or 1))
        container = f"reward-sandbox-{secrets.token_hex(8)}"  # ours to name: an engine that fails leaves things behind
        with engine_errors(f"no sandbox of {image}"):
            try:
                api.create_container(
                    self._tag(image),
                    name=container,
                    stdin_open=True,
                    detach=False,
                    labels={LABEL: owner.me()},
                    environment=ENVIRONMENT,
                    host_config=self._host_config(api, size_mb, cpus),
                    networking_config=None,
                    network_disabled=True,
                )
                stream = api.attach_socket(container, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
                response = getattr(stream, "_response", None)
                holders = [stream] if response is None else [response, stream]
                channel = Channel(getattr(stream, "_sock", stream), multiplexed=True, holders=holders)
                api.start(container)
                pid = api.inspect_container(container)["State"]["Pid"]
            except BaseException:
                self.remove(container)
                raise
        box = Box(self, container, channel, info)
        try:
            box = _greet(box, pid if self._config.line else None, cpus)
        except SandboxDied as error:
            box.destroy()
            raise Unavailable(f"a container of {image} did not start: {error}", reason="no_sandbox") from None
        return box

    def works(self) -> bool:
        """Whether the engine answers."""
        try:
            with engine_errors("no answer"):
                return bool(self._api().ping())
        except Unavailable:
            return False

    def sweep(self) -> None:
        """Remove containers whose owner, a process that this one can see, has ended."""
        with engine_errors("the Docker engine does not answer"):
            for container in self._api().containers(all=True, filters={"label": LABEL}):
                if owner.is_gone(container["Labels"][LABEL]):
                    self.remove(container["Id"])

    def remove(self, container: str) -> None:
        """Remove a container, running or not, now or when the next one is made; one that is gone already is fine."""
        errors: Any = import_module("docker.errors")
        try:
            with engine_errors("not removed"):
                try:
                    self._api().remove_container(container, force=True, v=True)
                except errors.NotFound:
                    pass
        except Unavailable:
            self._unremoved.add(container)
        else:
            self._unremoved.discard(container)

    def close(self) -> None:
        """Remove what could not be removed before, and let go of this thread's connections."""
        self._remove_again()
        api = getattr(self._local, "api", None)
        if api is not None:
            api.close()
            del self._local.api

    def _remove_again(self) -> None:
        for container in tuple(self._unremoved):
            self.remove(container)

    def _tag(self, image: str) -> str:
        return f"{self._config.image_prefix}{image}:{self._config.image_tag}"

    def _api(self) -> Any:
        if not hasattr(self._local, "api"):
            docker: Any = import_module("docker")
            with engine_errors("the Docker engine does not answer"):
                self._local.api = docker.APIClient(**docker.utils.kwargs_from_env(), version="auto", timeout=60)
        return self._local.api

    def _list_images(self) -> dict[str, ImageInfo]:
        found, prefix, tail = {}, self._config.image_prefix, f":{self._config.image_tag}"
        with engine_errors("the Docker engine does not answer"):
            for image in self._api().images(filters={"label": LABEL_LANGUAGES}):
                for tag in image["RepoTags"] or ():
                    name = tag.removesuffix(tail).rpartition("/")[2]
                    if tag.endswith(tail) and name.startswith(prefix.rpartition("/")[2]):
                        name = name.removeprefix(prefix.rpartition("/")[2])
                        if image["Labels"].get(LABEL_RUNNER) != fingerprint(name):
                            self._outdated.add(name)
                            continue
                        digest = next(iter(image["RepoDigests"] or ()), image["Id"])
                        languages = json.loads(image["Labels"][LABEL_LANGUAGES])
                        found[name] = ImageInfo(name, digest, languages)
        return found

    def _host_config(self, api: Any, size_mb: int, cpus: float) -> Any:
        config = self._config
        disk, memory = min(config.disk_mb, size_mb), (size_mb + _RUNNER_MB) << 20
        return api.create_host_config(
            runtime=config.runtime,
            network_mode="none",
            read_only=True,
            cap_drop=["ALL"],
            cap_add=["SETUID", "SETGID", "KILL"],
            security_opt=["no-new-privileges"],
            mem_limit=memory,
            memswap_limit=memory,
            pids_limit=config.processes,
            nano_cpus=int(cpus * 1e9),
            ipc_mode="private",
            sysctls=_SYSCTLS,
            log_config={"Type": "none", "Config": {}},
            auto_remove=True,
            tmpfs={
                "/work": f"size={disk}m,nr_inodes=100k,mode=0711,exec",
                "/tmp": f"size={disk}m,nr_inodes=20k,mode=1777,exec",
                "/dev/shm": f"size={min(disk, 64)}m,nr_inodes=4k,mode=1777",
            },
        )


@dataclass(frozen=True, slots=True)
class Box:
    """A running container."""

    driver: DockerDriver
    container: str
    channel: Channel
    image: ImageInfo

    def destroy(self) -> None:
        """Close its stream and remove it."""
        self.channel.close()
        self.driver.remove(self.container)


def _greet(box: Box, pid: int | None, cpus: float) -> Box:
    """Wait for the runner, tell it what it has, and go on over a line to process ``pid`` where that can be had."""
    channel = box.channel
    hello, _ = channel.receive(within_s=_START_S)
    own = line.take_over(pid, *hello["line"]) if pid is not None else None
    first = random.SystemRandom().randrange(_FIRST_UID, _LAST_UID)
    channel.send({"first_uid": first, "uids": _UIDS, "cpus": cpus, "line": own is not None})
    if own is not None:
        channel = Channel(own, multiplexed=False, beside=channel)
    channel.receive(within_s=_START_S)
    return replace(box, channel=channel)


class engine_errors:
    """What the SDK raises becomes ``Unavailable``: an engine that is away or refuses is no one's wrong answer."""

    def __init__(self, what: str, reason: str = "no_sandbox") -> None:
        self._what, self._reason = what, reason

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if error is None or not isinstance(error, Exception):
            return
        errors: Any = import_module("docker.errors")
        requests: Any = import_module("requests.exceptions")
        if isinstance(error, errors.DockerException | requests.RequestException | OSError):
            raise Unavailable(f"{self._what}: {error}", reason=self._reason) from error
