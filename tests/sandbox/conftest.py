"""One suite over the drivers: each test that takes ``sandbox`` runs in every kind that this machine offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from reward_server.sandbox.base import PYTHON, Build, Program, Sandbox, Sandboxes
from tests.live import DRIVERS, sandboxes_of

Python = Callable[[str], Build]


@pytest.fixture(scope="session", params=DRIVERS)
def sandboxes(request: pytest.FixtureRequest) -> Iterator[Sandboxes]:
    yield from sandboxes_of(request.param)


@pytest.fixture
def sandbox(sandboxes: Sandboxes) -> Iterator[Sandbox]:
    with sandboxes.open("python") as opened:
        yield opened


@pytest.fixture
def python(sandbox: Sandbox) -> Python:
    """Puts a Python program into the sandbox."""
    return lambda source: sandbox.build(Program(PYTHON, source.encode("utf-8", "surrogateescape")))


def needs_numpy(sandbox: Sandbox) -> None:
    """Skips where the interpreter is the host's own and has no numpy; an image must have it."""
    if sandbox.isolation == "namespaces" and not sandbox.run(sandbox.build(Program(PYTHON, b"import numpy"))).ok:
        pytest.skip("the host's interpreter has no numpy")
