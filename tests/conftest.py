"""What all tests share: one running server, and the data that lies beside the checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Server, serving

SHARED = Path(__file__).resolve().parents[2] / "shared"


def lacking(what: str) -> None:
    """Skip for want of something at home; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"needs {what}")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real inputs, which are not part of the project."""
    if not (SHARED / "data").is_dir():
        lacking("the folder shared/data beside the checkout")
    return SHARED / "data"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server that tests share and leave as they found it."""
    with serving(environment={"REWARD_CLAIM_S": "2"}) as running:
        yield running
