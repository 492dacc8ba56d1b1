"""A grader over every driver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live import DRIVERS, Grader, sandboxes_of


@pytest.fixture(scope="session", params=DRIVERS)
def grade(request: pytest.FixtureRequest) -> Iterator[Grader]:
    """Judges programs in real sandboxes."""
    for sandboxes in sandboxes_of(request.param):
        yield Grader(sandboxes)
