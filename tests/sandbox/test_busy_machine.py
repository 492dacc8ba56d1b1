"""A clock that is read late strikes no program that had ended in time."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reward_server.sandbox.base import PYTHON, ExecutionLimits, Program, Sandboxes
from tests.live import sandboxes_of


@pytest.fixture
def namespaces() -> Iterator[Sandboxes]:
    yield from sandboxes_of("namespaces")


def children(pid: int) -> list[int]:
    return [
        int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()
    ]


def runners() -> set[int]:
    """Pid 1 of each sandbox of this process, as seen from outside."""
    return {
        inner
        for outer in children(os.getpid())
        if b"--nested" in Path(f"/proc/{outer}/cmdline").read_bytes()
        for inner in children(outer)
    }


def test_a_program_that_ended_while_its_watcher_had_no_turn_is_not_struck(namespaces: Sandboxes) -> None:
    others = runners()
    with namespaces.open("python") as sandbox:
        (runner,) = runners() - others
        build = sandbox.build(Program(PYTHON, b"import time\ntime.sleep(0.5)\nprint('done')"))
        limits = ExecutionLimits(time_s=0.2)  # and 1.4 seconds of wall time
        threads = [
            threading.Timer(after, os.kill, (runner, number))
            for after, number in ((0.3, signal.SIGSTOP), (2.5, signal.SIGCONT))
        ]
        for thread in threads:
            thread.start()
        execution = sandbox.run(build, b"", limits)
        for thread in threads:
            thread.join()
    assert (execution.limit, execution.stdout) == (None, b"done\n")
    assert execution.wall_s > 2
