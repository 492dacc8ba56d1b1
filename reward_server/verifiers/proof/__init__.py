"""Formal proofs, checked by a prover in a sandbox."""

from reward_server.verifiers.proof.verifier import Proof

__all__ = ["Proof"]
