"""The verifiers that every server has: an explicit list."""

from __future__ import annotations

from pathlib import Path

from reward_server.settings import read_settings
from reward_server.types import Lane
from reward_server.verifiers.base import AnyVerifier
from reward_server.verifiers.choice import Choice
from reward_server.verifiers.code import CodeVerifier
from reward_server.verifiers.composite import Composite
from reward_server.verifiers.execute import Execute
from reward_server.verifiers.extraction import Extraction
from reward_server.verifiers.format import Format
from reward_server.verifiers.graph import Graph
from reward_server.verifiers.gym import Gym
from reward_server.verifiers.instructions import Instructions
from reward_server.verifiers.logic import Logic
from reward_server.verifiers.match import Match
from reward_server.verifiers.math import MathVerifier
from reward_server.verifiers.plan import Plan
from reward_server.verifiers.proof import Proof
from reward_server.verifiers.regex import Regex
from reward_server.verifiers.registry import Registry
from reward_server.verifiers.sql import Sql
from reward_server.verifiers.tool_call import ToolCall

_SLOW_TO_LOAD = frozenset(("gym",))
"""Their libraries take seconds to import: their examples run in the conformance test and not at every start."""


def default_verifiers(files: Path | None = None) -> list[AnyVerifier]:
    """A fresh instance of each; ``files`` is where the server keeps what references name by hash."""
    return [
        Choice(),
        Match(),
        MathVerifier(),
        Regex(),
        Format(),
        Extraction(),
        ToolCall(),
        Instructions(),
        Sql(files),
        Logic(),
        Graph(),
        Plan(),
        Gym(),
        Composite(),
        Composite(Lane.SANDBOX),
        Proof(),
        CodeVerifier(),
        Execute(),
    ]


def default_registry(*, third_party: bool = True) -> Registry:
    """All verifiers there are: ours, then those of installed packages."""
    registry = Registry()
    for verifier in default_verifiers(read_settings().files_dir):
        registry.register(verifier, check_examples=verifier.name not in _SLOW_TO_LOAD)
    if third_party:
        registry.load_entry_points()
    return registry
