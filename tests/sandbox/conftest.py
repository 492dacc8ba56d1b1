"""One suite over the drivers: each test that takes ``sandboxes`` runs in every kind that this machine offers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from reward_server.errors import RewardServerError, Unavailable
from reward_server.sandbox.base import PYTHON, Build, Program, Sandbox, Sandboxes
from reward_server.sandbox.docker import DockerConfig
from reward_server.sandbox.docker import open_sandboxes as open_docker
from reward_server.sandbox.images import build as build_image

Run = Callable[[str], Build]

KINDS: dict[str, Callable[[], Sandboxes]] = {"docker": partial(open_docker, DockerConfig())}


def _opened(open_sandboxes: Callable[[], Sandboxes], image: str = "python") -> Sandboxes:
    """Skips where there is nothing to run on; in CI that is a failure."""
    try:
        sandboxes = open_sandboxes()
        if image not in sandboxes.images():
            sandboxes.close()
            build_image(image)
            sandboxes = open_sandboxes()
        return sandboxes
    except (Unavailable, RewardServerError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no sandboxes here: {error}")


@pytest.fixture(scope="session", params=list(KINDS))
def sandboxes(request: pytest.FixtureRequest) -> Iterator[Sandboxes]:
    opened = _opened(KINDS[request.param])
    yield opened
    opened.close()


@pytest.fixture
def sandbox(sandboxes: Sandboxes) -> Iterator[Sandbox]:
    with sandboxes.open("python") as opened:
        yield opened


@pytest.fixture
def python(sandbox: Sandbox) -> Run:
    """A Python program put into the sandbox."""
    return lambda source: sandbox.build(Program(PYTHON, source.encode()))
