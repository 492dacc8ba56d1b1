"""What the service answers when the queue's server is cut off, hangs, or has no room left."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reward_server.queue.embedded import EmbeddedValkey
from tests.processes import ROOT, Server, alive, command_of, descendants, serving, wait_for
from tests.service.test_faults import FAST_CLAIMS, check, in_background, slow_items, wait_for_batch

RIGHT = {"verifier": "echo", "reference": "a", "completions": ["a", "b"]}


class Proxy:
    """A way over TCP to a server on a unix socket, that can be cut or held."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        self._flows = threading.Event()
        self._flows.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection that there is, in the middle of whatever it does."""
        for end in list(self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nothing passes, and nobody is told."""
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    def close(self) -> None:
        """Let nobody in any more."""
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._target))
                threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        ends = {near, far}
        self._open |= ends
        with near, far, contextlib.suppress(OSError):
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(2**16)
                    self._flows.wait()
                    if not data:
                        return
                    (near if end is far else far).sendall(data)
        self._open -= ends


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy in front of a real server."""
    valkey = EmbeddedValkey()
    valkey.start()
    made = Proxy(valkey.socket)
    yield made
    made.close()
    valkey.stop()


def test_connections_that_are_cut_again_and_again_and_a_server_that_hangs_lose_nothing(proxy: Proxy) -> None:
    with serving(environment={"REDIS_URL": proxy.url, **FAST_CLAIMS}) as server:
        items = slow_items(600, 0.004)
        batch = server.client.post("/v1/batches", json={"items": items}).json()
        thread, results = in_background(lambda: server.score(items))
        for _ in range(8):
            time.sleep(0.2)
            proxy.cut()
        with proxy.held():
            time.sleep(2.0)  # longer than a claim
        thread.join()
        check(items, results[0])
        check(items, wait_for_batch(server, batch["id"]))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of sixteen megabytes."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(tmp_path)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_a_full_disk_is_said_to_be_our_fault_and_costs_nothing_that_was_taken(small_disk: Path) -> None:
    with serving("--data-dir", str(small_disk), environment=FAST_CLAIMS) as server:
        batch = server.client.post("/v1/batches", json={"items": [RIGHT]}).json()
        check_echo(wait_for_batch(server, batch["id"])["items"][0])
        filler = small_disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 2**16)
        wait_for(lambda: refuses(server), 30)
        filler.unlink()
        wait_for(lambda: not refuses(server), 30)
        check_echo(server.client.get(f"/v1/batches/{batch['id']}").json()["items"][0])


def refuses(server: Server) -> bool:
    """Whether a batch is refused, which may only be for want of a queue."""
    response = server.client.post("/v1/batches", json={"items": [{**RIGHT, "completions": ["a" * 50_000, "a"]}]})
    if response.status_code == 202:
        return False
    assert (response.status_code, response.json()["type"]) == (503, "urn:reward-server:problem:queue-down")
    assert int(response.headers["Retry-After"]) >= 1
    return True


def check_echo(result: dict[str, list[float]]) -> None:
    """The answer of ``RIGHT``."""
    assert result["rewards"] == [1.0, 0.0]


@pytest.fixture
def terminal() -> Iterator[None]:
    """Started from a terminal, also where these tests run under nohup, whose children would ignore SIGHUP."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("terminal")
def test_a_server_that_is_stopped_while_it_starts_stops_at_once(tmp_path: Path) -> None:
    for seconds, number in ((0.0, signal.SIGINT), (1.5, signal.SIGHUP)):
        environment = {"REWARD_SANDBOX_DRIVER": "auto", "TMPDIR": str(tmp_path)}
        with serving(environment=environment, ready=False) as server:
            time.sleep(seconds)
            server.process.send_signal(number)
            assert server.process.wait(60) == 0
            assert "a part did not stop" not in server.log()
        assert list(tmp_path.iterdir()) == []


def test_the_api_takes_as_many_descriptors_as_the_system_gives() -> None:
    program = (
        "import resource as r, reward_server.api_process as api; r.setrlimit(r.RLIMIT_NOFILE, (128, 500));"
        "api.allow_many_connections(); print(r.getrlimit(r.RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "(500, 500)", done.stderr


def test_a_supervisor_that_is_killed_leaves_no_process_and_its_folder_goes_with_the_next_start(tmp_path: Path) -> None:
    environment = {"TMPDIR": str(tmp_path)}
    with serving(environment=environment) as server:
        family = descendants(server.process.pid)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        wait_for(lambda: not any(alive(pid) for pid in family), 30)
    left = set(tmp_path.iterdir())
    assert left
    (tmp_path / "reward-notes").mkdir()  # somebody else's
    with serving(environment=environment, ready=False) as first, serving(environment=environment) as second:
        assert not left & set(tmp_path.iterdir())
        assert len(list(tmp_path.iterdir())) == 3
        first.wait_ready()
        assert first.score([RIGHT]) and second.score([RIGHT])
    assert list(tmp_path.iterdir()) == [tmp_path / "reward-notes"]


def test_a_command_that_is_killed_takes_the_server_that_it_started_with_it(tmp_path: Path) -> None:
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(one) + "\n" for one in slow_items(1_000, 0.5)))
    command = [sys.executable, "-m", "reward_server", "score", str(tmp_path / "items.jsonl")]
    environment = {**os.environ, "REWARD_SANDBOX_DRIVER": "none", "REWARD_REGISTRY": "tests.misbehaving:registry"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        wait_for(lambda: any("zygote" in command_of(pid) for pid in descendants(process.pid)), 60)
        family = descendants(process.pid)
        process.kill()
    wait_for(lambda: not any(alive(pid) for pid in family), 30)
