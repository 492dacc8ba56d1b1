"""Programs forked from a process with their source loaded: told apart, contained, kept for whoever comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reward_server.sandbox.base import Execution, ExecutionLimits, Language, Program, Sandboxes
from sandboxes.runner.templates import MOST
from tests.live import sandboxes_of

SERVER = r"""
import os, resource, select, socket, struct, sys
names = {}
exec(open(sys.argv[1]).read(), names)
def serve(orders):
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, orders)
    tell = lambda kind, pid, status: channel.send(struct.pack("<ciiddq", kind, pid, status, 0.0, 0.0, 0))
    tell(b"s", os.getpid(), 0)
    forks = 0
    while True:
        while forks and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            tell(b"e", *ended)
            forks -= 1
        if not select.select([channel], [], [], 0.001)[0]:
            continue
        order, given, _, _ = socket.recv_fds(channel, 24, 8)
        if not order:
            os._exit(0)
        uid, place, job_bytes = struct.unpack("<qqq", order)
        if uid < 0:  # starts are told at once
            continue
        pid = os.fork()
        if pid == 0:
            channel.close()
            os.chdir(f"../{place}")
            open("/proc/self/oom_score_adj", "w").write("1000")
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            for kind, value in struct.iter_unpack("<qq", os.pread(given[0], job_bytes, 0)):
                resource.setrlimit(kind, (value, value))
            for target, descriptor in enumerate(given[1:]):
                os.dup2(descriptor, target)
            os.closerange(3, 256)
            return
        for descriptor in given:
            os.close(descriptor)
        forks += 1
        tell(b"s", pid, 0)
if "SANDBOX_ORDERS" in os.environ:
    serve(int(os.environ["SANDBOX_ORDERS"]))
exec(sys.stdin.read(), names)
"""
TOY = Language(
    name="toy",
    image="python",
    file="source.py",
    run=("/usr/bin/python3", "-c", SERVER, "{build}/source.py"),
    template=True,
)
SOURCE = "import os, secrets\ntoken = secrets.token_hex(8)\n"
SHOW = "print(token, os.getuid())"


@pytest.fixture
def docker() -> Iterator[Sandboxes]:
    yield from sandboxes_of("docker")


def run(sandboxes: Sandboxes, source: str, *texts: str, limits: ExecutionLimits | None = None) -> list[Execution]:
    """The texts one after another, for an occupant of their own."""
    with sandboxes.open("python") as sandbox:
        build = sandbox.build(Program(TOY, source.encode()))
        return [sandbox.run(build, text.encode(), limits) for text in texts]


def shown(executions: list[Execution]) -> list[list[str]]:
    assert all(one.ok for one in executions), executions
    return [one.stdout.decode().split() for one in executions]


def test_a_source_is_loaded_once_and_each_run_has_a_uid_of_its_own(docker: Sandboxes) -> None:
    told = shown(run(docker, SOURCE, SHOW, SHOW) + run(docker, SOURCE, SHOW))
    assert len({token for token, _ in told}) == 1
    assert len({uid for _, uid in told}) == 3 and "0" not in {uid for _, uid in told}


def test_what_a_run_does_is_not_in_the_next_one(docker: Sandboxes) -> None:
    leave = "token = 'mine'\nopen('left', 'w').close()\nopen('/tmp/left', 'w').close()\nprint(1)"
    look = "print(token, os.listdir('.'), os.listdir('/tmp'))"
    _, second = run(docker, SOURCE, leave, look)
    assert b"mine" not in second.stdout and b"left" not in second.stdout and second.ok


def test_a_run_cannot_reach_what_it_was_forked_from(docker: Sandboxes) -> None:
    attack = (
        "for attempt in (lambda: os.kill(os.getppid(), 9), lambda: os.setuid(0), lambda: os.listdir('/work'),\n"
        "                lambda: open(f'/proc/{os.getppid()}/mem'), lambda: os.listdir(f'/proc/{os.getppid()}/fd')):\n"
        "    try: attempt(); print('reached')\n"
        "    except PermissionError: pass\n"
    )
    first, second = run(docker, SOURCE, attack, SHOW)
    assert first.ok and first.stdout == b"" and second.ok


def test_a_limit_holds_in_a_fork(docker: Sandboxes) -> None:
    limits = ExecutionLimits(time_s=1)
    slow, after = run(docker, SOURCE, "while True: pass", SHOW, limits=limits)
    assert slow.limit == "time" and after.ok


def test_a_source_that_fails_fails_as_a_program_does(docker: Sandboxes) -> None:
    (told,) = run(docker, "raise SystemExit(7)", SHOW)
    assert told.exit_code == 7


def test_memory_that_idle_templates_hold_is_given_to_a_run_that_needs_it(docker: Sandboxes) -> None:
    for number in range(MOST - 1):
        run(docker, f"held = {number}, b'x' * (200 << 20)", "print(1)")
    (told,) = run(docker, SOURCE, "held = b'x' * (450 << 20)\nprint(1)")
    assert told.ok, told
    (too_much,) = run(docker, SOURCE, "held = b'x' * (900 << 20)")
    assert too_much.limit == "memory"


def test_more_sources_than_are_kept_are_served_as_well(docker: Sandboxes) -> None:
    sources = [SOURCE + f"number = {number}\n" for number in range(MOST + 2)]
    for source in sources * 2:
        assert run(docker, source, "print(number)")[0].stdout == source.split()[-1].encode() + b"\n"


def test_a_template_that_has_ended_is_started_again(docker: Sandboxes) -> None:
    mortal = SOURCE + "import threading\nthreading.Timer(1, os._exit, [0]).start()\n"
    first = shown(run(docker, mortal, SHOW))
    second = shown(run(docker, SOURCE, "import time\ntime.sleep(1.5)\n" + SHOW))
    third = shown(run(docker, mortal, SHOW))
    assert len({told[0][0] for told in (first, second, third)}) == 3
