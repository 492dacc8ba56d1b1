"""One registry with the mathematics verifier."""

from __future__ import annotations

import pytest

from reward_server.verifiers.math import MathVerifier
from reward_server.verifiers.registry import Registry


@pytest.fixture(scope="session")
def registry() -> Registry:
    found = Registry()
    found.register(MathVerifier())
    return found
