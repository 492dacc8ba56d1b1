"""A pool outlives its Docker engine. Runs against an engine of its own, which it may stop: slow, and needs root."""

from __future__ import annotations

import gc
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest

from reward_server.errors import Unavailable
from reward_server.sandbox.base import PYTHON, Program, Sandbox, SandboxDied
from reward_server.sandbox.docker import LABEL, LABEL_LANGUAGES, DockerConfig, open_sandboxes
from reward_server.sandbox.inside import LABEL_RUNNER, fingerprint
from reward_server.sandbox.pool import PoolConfig
from tests.live import absent

DISK_MB = 1200
BASE = "python:3.11-slim-bookworm"
DOCKERFILE = f"""FROM {BASE}
COPY runner /opt/sandbox/runner
RUN mkdir -p /work
WORKDIR /opt/sandbox
ENV PYTHONHASHSEED=0
LABEL {LABEL_LANGUAGES}='{{"python": "3"}}' {LABEL_RUNNER}={fingerprint("python")}
CMD ["python3", "-m", "runner"]
"""
RUNNER = Path(__file__).resolve().parents[2] / "sandboxes" / "runner"

pytestmark = [
    pytest.mark.slow,
    # the SDK lets go of a socket that did not connect without closing it
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    """Of those sockets while the mark above holds."""
    yield
    gc.collect()


class Engine:
    """A Docker engine with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.data = folder, folder / "data"
        self.data.mkdir()
        # a disk of its own, which may be filled
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "engine", self.data], check=True)
        self.host = f"unix://{folder}/docker.sock"
        (folder / "daemon.json").write_text("{}")

    def start(self) -> None:
        folder = self._folder
        command = ["dockerd", "--bridge=none", "--iptables=false", f"--config-file={folder}/daemon.json"]
        command += [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
        self._log = (folder / "log").open("a")
        self._process = subprocess.Popen([*command, f"--host={self.host}"], stdout=self._log, stderr=self._log)
        for _ in range(120):
            if subprocess.run(["docker", "-H", self.host, "info"], capture_output=True).returncode == 0:
                return
            time.sleep(0.5)
        raise AssertionError((folder / "log").read_text()[-2000:])

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)
        self._log.close()
        mounts = Path("/proc/mounts").read_text().split()
        for mount in sorted((word for word in mounts if word.startswith(f"{self._folder}/")), reverse=True):
            if mount == str(self.data):
                continue
            subprocess.run(["umount", "--lazy", mount], capture_output=True)

    def build(self) -> None:
        save = subprocess.Popen(["docker", "save", BASE], stdout=subprocess.PIPE)
        subprocess.run(["docker", "-H", self.host, "load"], stdin=save.stdout, check=True, capture_output=True)
        assert save.stdout is not None
        save.stdout.close()
        assert save.wait() == 0
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as tar:
            tar.add(RUNNER, "runner", filter=lambda info: None if "__pycache__" in info.name else info)
            info = tarfile.TarInfo("Dockerfile")
            info.size = len(DOCKERFILE)
            tar.addfile(info, io.BytesIO(DOCKERFILE.encode()))
        context.seek(0)
        client = docker.DockerClient(base_url=self.host)
        client.images.build(
            fileobj=context, custom_context=True, tag="reward-sandbox-python:latest", network_mode="host"
        )
        client.close()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    if os.getuid() or not shutil.which("dockerd"):
        absent("an engine of one's own needs dockerd and root")
    if subprocess.run(["docker", "image", "inspect", BASE], capture_output=True).returncode:
        absent(f"no image {BASE}")
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    engine = Engine(folder)
    engine.start()
    try:
        engine.build()
        yield engine
    finally:
        engine.stop()
        subprocess.run(["umount", "--lazy", engine.data], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def run_one(sandbox: Sandbox) -> bytes:
    return sandbox.run(sandbox.build(Program(PYTHON, b"print(1)"))).stdout


def test_a_restarted_engine_interrupts_no_one_for_good(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    sandboxes = open_sandboxes(DockerConfig(pool=PoolConfig(limit=2, acquire_s=60)))
    try:
        assert sandboxes.within(run_one, image="python") == b"1\n"
        engine.stop()
        restart = threading.Timer(3, engine.start)
        restart.start()
        assert sandboxes.within(run_one, image="python") == b"1\n"
        restart.join()
    finally:
        sandboxes.close()


def test_an_engine_that_stops_under_a_program_is_no_fault_of_the_program(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    sandboxes = open_sandboxes(DockerConfig(pool=PoolConfig(limit=2, acquire_s=60)))
    restarts: list[threading.Timer] = []

    def job(sandbox: Sandbox) -> bytes:
        for restart in restarts:
            restart.join()
        if len(restarts) < 3:
            engine.stop()
            restarts.append(threading.Timer(2, engine.start))
            restarts[-1].start()
        return run_one(sandbox)

    try:
        assert sandboxes.within(job, image="python") == b"1\n" and len(restarts) == 3
    finally:
        for restart in restarts:
            restart.join()
        sandboxes.close()


def test_an_engine_that_stays_away_is_unavailable(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    sandboxes = open_sandboxes(DockerConfig(pool=PoolConfig(limit=2, acquire_s=2)))
    try:
        with sandboxes.open("python") as sandbox:
            engine.stop()
            with pytest.raises(SandboxDied):
                run_one(sandbox)
        with pytest.raises(Unavailable) as caught:
            sandboxes.within(run_one, image="python")
        assert caught.value.reason == "no_sandbox" and caught.value.retryable
    finally:
        engine.start()
        sandboxes.close()


def fill(disk: Path) -> Path:
    """A file that leaves no room on a disk."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return filler


def test_a_full_disk_is_unavailable_until_there_is_room_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    sandboxes = open_sandboxes(DockerConfig(pool=PoolConfig(limit=2, acquire_s=3)))
    try:
        with sandboxes.open("python") as before:
            filler = fill(engine.data)
            try:
                assert run_one(before) == b"1\n"  # what is there needs nothing of the disk
                with pytest.raises(Unavailable) as caught:
                    sandboxes.within(run_one, image="python")
                assert caught.value.reason == "no_sandbox" and caught.value.retryable, caught.value
            finally:
                filler.unlink()
            assert sandboxes.within(run_one, image="python") == b"1\n"
    finally:
        sandboxes.close()
    with closing(docker.DockerClient(base_url=engine.host)) as client:
        deadline = time.monotonic() + 20
        while (left := client.containers.list(all=True, filters={"label": LABEL})) and time.monotonic() < deadline:
            time.sleep(0.5)
    assert left == []
