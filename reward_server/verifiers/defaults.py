"""The verifiers that every server has: an explicit list."""

from __future__ import annotations

from reward_server.verifiers.base import AnyVerifier
from reward_server.verifiers.code import CodeVerifier
from reward_server.verifiers.registry import Registry


def default_verifiers() -> list[AnyVerifier]:
    """A fresh instance of each."""
    return [CodeVerifier()]


def default_registry(*, third_party: bool = True) -> Registry:
    """All verifiers there are: ours, then those of installed packages."""
    registry = Registry()
    for verifier in default_verifiers():
        registry.register(verifier)
    if third_party:
        registry.load_entry_points()
    return registry
