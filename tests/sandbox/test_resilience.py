"""What happens around the programs: dying sandboxes, dying owners, refused requests, background work."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest

from reward_server.errors import InvalidTask, LimitExceeded, Unavailable
from reward_server.sandbox import owner
from reward_server.sandbox.base import PYTHON, ExecutionLimits, Program, Sandbox, SandboxDied, Sandboxes
from reward_server.sandbox.docker import LABEL, DockerDriver
from reward_server.sandbox.pool import PoolConfig
from reward_server.sandbox.session import NotClean
from sandboxes.runner.tidy import WRITABLE
from tests.live import OPEN, sandboxes_of

ONE = Program(PYTHON, b"print(1)")
STRAY = f"{WRITABLE[0]}/stray"
"""A folder that no cleaning of the runner's is meant for, inside a sandbox."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="module")
def docker_sandboxes() -> Iterator[Sandboxes]:
    yield from sandboxes_of("docker")


def mine(engine: Any, owned_by: str | None = None) -> list[str]:
    found = engine.api.containers(all=True, filters={"label": f"{LABEL}={owned_by or owner.me()}"})
    return [box["Id"] for box in found]


def kill(engine: Any) -> None:
    for box in mine(engine):
        engine.api.kill(box)


def until(true: Callable[[], bool], within_s: float = 20) -> bool:
    end = time.monotonic() + within_s
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def run_one(sandbox: Sandbox) -> bytes:
    return sandbox.run(sandbox.build(ONE)).stdout


def test_a_sandbox_that_is_killed_while_idle_is_replaced(docker_sandboxes: Sandboxes, engine: Any) -> None:
    assert docker_sandboxes.within(run_one, image="python") == b"1\n"
    kill(engine)
    assert docker_sandboxes.within(run_one, image="python") == b"1\n"


def test_a_program_whose_sandbox_is_killed_is_run_once_more(docker_sandboxes: Sandboxes, engine: Any) -> None:
    seen: list[bytes] = []

    def job(sandbox: Sandbox) -> bytes:
        seen.append(run_one(sandbox))
        if len(seen) == 1:
            kill(engine)
        return run_one(sandbox)

    assert docker_sandboxes.within(job, image="python") == b"1\n" and len(seen) == 2


def test_a_program_that_ends_its_sandbox_twice_has_exceeded_a_limit(docker_sandboxes: Sandboxes, engine: Any) -> None:
    def job(sandbox: Sandbox) -> bytes:
        kill(engine)
        return run_one(sandbox)

    with pytest.raises(LimitExceeded) as caught:
        docker_sandboxes.within(job, image="python")
    assert caught.value.limit == "killed_sandbox"
    assert docker_sandboxes.within(run_one, image="python") == b"1\n"


def test_a_death_in_a_sandbox_that_another_has_had_is_not_the_programs(
    docker_sandboxes: Sandboxes, engine: Any
) -> None:
    def dies_twice(sandbox: Sandbox) -> bytes:
        seen.append(sandbox)
        if len(seen) < 3:
            kill(engine)
        return run_one(sandbox)

    seen: list[Sandbox] = []
    assert docker_sandboxes.within(run_one, image="python") == b"1\n"
    assert docker_sandboxes.within(dies_twice, image="python") == b"1\n" and len(seen) == 3


def test_a_missing_image_says_how_to_build_it(docker_sandboxes: Sandboxes) -> None:
    with pytest.raises(Unavailable, match="reward-server images build nothing") as caught:
        docker_sandboxes.within(run_one, image="nothing")
    assert (caught.value.reason, caught.value.retryable) == ("no_image", False)


def test_more_memory_than_there_is_is_the_tasks_fault(docker_sandboxes: Sandboxes) -> None:
    with pytest.raises(InvalidTask):
        docker_sandboxes.within(run_one, image="python", memory_mb=1 << 20)


def test_an_occupants_error_frees_the_sandbox(docker_sandboxes: Sandboxes) -> None:
    for _ in range(4):
        with pytest.raises(ZeroDivisionError), docker_sandboxes.open("python"):
            raise ZeroDivisionError
    assert docker_sandboxes.within(run_one, image="python") == b"1\n"


def test_a_run_that_is_let_go_of_leaves_the_sandbox_usable(docker_sandboxes: Sandboxes) -> None:
    with docker_sandboxes.open("python") as sandbox:
        build = sandbox.build(Program(PYTHON, b"print(input())"))
        runs = sandbox.run_each(build, (b"%d" % n for n in range(200)))
        assert next(runs).stdout == b"0\n"
        assert run_one(sandbox) == b"1\n"
        assert next(iter(sandbox.run_each(build, [b"7"]))).stdout == b"7\n"


def test_files_of_one_occupant_are_gone_for_the_next(docker_sandboxes: Sandboxes) -> None:
    seen = set()
    for _ in range(3):
        with docker_sandboxes.open("python") as sandbox:
            source = (
                "import os\nprint(os.listdir('/tmp'), os.listdir())\nfor n in ('/tmp/x', 'y'): open(n, 'w').close()"
            )
            seen.add(sandbox.run(sandbox.build(Program(PYTHON, source.encode()))).stdout)
    assert seen == {b"[] ['main.py']\n"}


def test_sandboxes_that_cannot_be_cleaned_cost_their_next_occupant_nothing(engine: Any) -> None:
    others, opened = set(mine(engine)), OPEN["docker"](PoolConfig(limit=3))
    try:
        with opened.open("python") as one, opened.open("python") as two, opened.open("python") as three:
            assert [run_one(sandbox) for sandbox in (one, two, three)] == [b"1\n"] * 3
            unclean = set(mine(engine)) - others
            for box in unclean:
                engine.containers.get(box).exec_run(["mkdir", STRAY])
        assert opened.within(run_one, image="python") == b"1\n"
        assert until(lambda: not unclean & set(mine(engine)))
    finally:
        opened.close()


def test_where_no_sandbox_can_be_cleaned_there_is_an_end_to_trying(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    create = DockerDriver.create

    def unclean(driver: DockerDriver, image: str, size_mb: int) -> Any:
        others = set(mine(engine))
        made.append(create(driver, image, size_mb))
        for box in set(mine(engine)) - others:
            engine.containers.get(box).exec_run(["mkdir", STRAY])
        return made[-1]

    monkeypatch.setattr(DockerDriver, "create", unclean)
    opened = OPEN["docker"](PoolConfig(limit=1))
    try:
        with pytest.raises(NotClean, match="files were left"):
            opened.within(run_one, image="python")
        assert 1 < len(made) < 10
    finally:
        opened.close()


def test_single_use_sandboxes_are_not_used_again_and_made_ahead(engine: Any) -> None:
    opened = OPEN["docker"](PoolConfig(policy="single_use", limit=2, spare=1))
    try:
        where = Program(PYTHON, b"import socket\nprint(socket.gethostname())")
        names = [opened.within(lambda s: s.run(s.build(where)).stdout, image="python", memory_mb=256) for _ in range(4)]
        assert len(set(names)) == 4
        assert until(lambda: any(box.encode() not in b" ".join(names) for box in mine(engine)))
    finally:
        opened.close()


def test_closing_leaves_no_container(engine: Any) -> None:
    opened = OPEN["docker"](PoolConfig(limit=2))
    before = len(mine(engine))
    opened.within(run_one, image="python")
    opened.close()
    opened.close()
    assert until(lambda: len(mine(engine)) <= before)
    with pytest.raises(Unavailable):
        opened.within(run_one, image="python")


OWNER = """
import sys, time
from tests.live import OPEN
from reward_server.sandbox import owner
from reward_server.sandbox.base import PYTHON, ExecutionLimits, Program
from reward_server.sandbox.pool import PoolConfig
from reward_server.sandbox.session import NotClean
sandboxes = OPEN[sys.argv[1]](PoolConfig())
with sandboxes.open("python") as sandbox:
    print(owner.me(), flush=True)
    build = sandbox.build(Program(PYTHON, b"import os, time\\nos.fork()\\ntime.sleep(120)"))
    sandbox.run(build, b"", ExecutionLimits(100))
"""


@pytest.mark.parametrize("kind", ["docker", "docker-runsc", "namespaces"])
def test_an_owner_killed_outright_leaves_nothing(kind: str, engine: Any) -> None:
    for opened in sandboxes_of(kind):
        opened.close()  # skips where this machine has none of the kind
    others = _runners()
    process = subprocess.Popen([sys.executable, "-c", OWNER, kind], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        name = process.stdout.readline().strip()
    time.sleep(0.5)
    its = _runners() - others
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert until(lambda: not mine(engine, name)), "a container was left"
    if kind == "namespaces":
        assert its and until(lambda: not _runners() & its), "a process was left"


def _runners() -> set[str]:
    """Processes of namespace sandboxes, of anyone."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if b"--nested" in file.read():
                    found.add(pid)
        except OSError:
            continue
    return found


def test_containers_of_dead_owners_are_swept_at_start(docker_sandboxes: Sandboxes, engine: Any) -> None:
    gone = subprocess.Popen([sys.executable, "-c", "from reward_server.sandbox import owner\nprint(owner.me())"],
                            stdout=subprocess.PIPE, text=True)  # fmt: skip
    name = gone.communicate()[0].strip()
    tag = next(iter(engine.images.list(filters={"label": "reward-server.languages"}))).id
    engine.containers.create(tag, labels={LABEL: name})
    assert mine(engine, name) and owner.is_gone(name) and not owner.is_gone(owner.me())
    OPEN["docker"](PoolConfig()).close()
    assert not mine(engine, name)


def test_a_child_of_fork_has_a_pool_of_its_own(docker_sandboxes: Sandboxes) -> None:
    assert docker_sandboxes.within(run_one, image="python") == b"1\n"
    pid = os.fork()
    if pid == 0:
        opened = OPEN["docker"](PoolConfig())
        os._exit(0 if opened.within(run_one, image="python") == b"1\n" else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert docker_sandboxes.within(run_one, image="python") == b"1\n"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_dead_engine_is_unavailable_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(Unavailable) as caught:
        OPEN["docker"](PoolConfig(acquire_s=1))
    assert caught.value.reason == "no_sandbox"
    del caught
    gc.collect()  # the SDK lets go of a socket that did not connect without closing it: here, not in another test


def test_a_sandbox_that_dies_in_use_says_so(docker_sandboxes: Sandboxes, engine: Any) -> None:
    with docker_sandboxes.open("python") as sandbox:
        kill(engine)
        with pytest.raises(SandboxDied):
            sandbox.run(sandbox.build(ONE), b"", ExecutionLimits())


def test_an_occupant_that_raises_costs_nobody_a_sandbox() -> None:
    def identity(sandbox: Sandbox) -> int:
        return int(sandbox.run(sandbox.build(Program(PYTHON, b"import os; print(os.getuid())"))).stdout)

    for sandboxes in sandboxes_of("docker"):
        before = sandboxes.within(identity, image="python")

        def broken(sandbox: Sandbox) -> None:
            identity(sandbox)
            raise InvalidTask("the tests are at fault")

        with pytest.raises(InvalidTask):
            sandboxes.within(broken, image="python")
        assert 0 < sandboxes.within(identity, image="python") - before < 100  # one sandbox's uids follow each other
