"""Logic: derivations checked line by line, models evaluated, puzzles checked by their rules."""

from reward_server.verifiers.logic.verifier import Logic

__all__ = ["Logic"]
