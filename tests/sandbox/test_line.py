"""A container's runner is spoken to past the engine where that can be, and over the engine where not."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from reward_server.errors import Unavailable
from reward_server.sandbox import line
from reward_server.sandbox.base import PYTHON, Program, SandboxDied
from reward_server.sandbox.build_cache import BuildCache
from reward_server.sandbox.docker import Box, DockerConfig, DockerDriver
from reward_server.sandbox.session import Session
from tests.live import IMAGE_TAG, absent
from tests.processes import engine_standing_still


@contextmanager
def container(**config: Any) -> Iterator[Box]:
    driver = DockerDriver(DockerConfig(image_tag=IMAGE_TAG, **config))
    try:
        box = driver.create("python", 256)
    except Unavailable as error:
        absent(str(error))
    try:
        yield box
    finally:
        box.destroy()
        driver.close()


def run_one(box: Box) -> bytes:
    session = Session(box.channel, box.image, box.driver.isolation, BuildCache())
    return session.run(session.build(Program(PYTHON, b"print(1)"))).stdout


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_programs_run_while_the_engines_relay_stands_still() -> None:
    if os.getuid():
        absent("to take a descriptor over from a container needs root")
    with container() as box:
        pid = box.driver._api().inspect_container(box.container)["State"]["Pid"]
        with engine_standing_still([pid]):
            assert run_one(box) == b"1\n"


def test_where_no_line_is_to_be_had_the_engine_passes_on() -> None:
    with container(line=False) as box:
        assert run_one(box) == b"1\n"


def test_a_kernel_of_its_own_has_no_descriptor_to_take_over() -> None:
    with container(runtime="runsc") as box:
        assert run_one(box) == b"1\n"


def test_a_runner_that_fails_is_quoted_although_it_is_spoken_to_elsewhere() -> None:
    with container() as box:
        box.channel.send({"do": "nonsense"})
        with pytest.raises(SandboxDied, match="KeyError: 'nonsense'"):
            box.channel.receive(within_s=30)


def test_a_socket_is_taken_over_from_the_process_that_named_it() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        taken = line.take_over(os.getpid(), theirs.fileno(), os.fstat(theirs.fileno()).st_ino)
        assert taken is not None
        with taken:
            taken.send(b"x")
            assert ours.recv(1) == b"x"


def test_what_is_not_the_socket_that_was_named_is_left_alone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, open("/dev/null") as file:
        before = descriptors()
        inode = os.fstat(ours.fileno()).st_ino
        assert line.take_over(os.getpid(), theirs.fileno(), inode) is None
        assert line.take_over(os.getpid(), file.fileno(), os.fstat(file.fileno()).st_ino) is None
        assert line.take_over(os.getpid(), 10_000, inode) is None
        assert line.take_over(0, theirs.fileno(), inode) is None
        assert line.take_over(1 << 30, theirs.fileno(), inode) is None
        assert descriptors() == before
