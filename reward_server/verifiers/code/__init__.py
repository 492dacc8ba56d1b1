"""Programs against unit tests."""

from reward_server.verifiers.code.verifier import CodeVerifier

__all__ = ["CodeVerifier"]
