"""What the tests of the trainer share. The test files import torch and TRL, and skip where they are missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.trainer_client.faulty_server import FaultyServer


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    from tests.trainer_client.rl.build import by_first_symbol

    with FaultyServer() as server:
        server.judge = by_first_symbol
        yield server
