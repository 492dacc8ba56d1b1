"""What verifiers may use, by lane. Loaded by the zygote of every worker, and so light."""

from __future__ import annotations

from reward_server.sandboxes import open_sandboxes
from reward_server.settings import read_settings
from reward_server.verifiers.base import Context
from reward_server.verifiers.registry import Registry


def cpu_context(registry: Registry) -> Context:
    """What verifiers may use in a child of the ``cpu`` lane."""
    return registry.context


def sandbox_context(registry: Registry) -> Context:
    """What verifiers may use in a child of the ``sandbox`` lane: a pool of its own, of one sandbox for each image."""
    return registry.with_sandboxes(open_sandboxes(read_settings()))
