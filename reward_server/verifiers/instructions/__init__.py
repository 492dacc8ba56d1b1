"""Verifiable instructions: constraints on the form of a text that a program can check."""

from reward_server.verifiers.instructions.verifier import Instructions

__all__ = ["Instructions"]
